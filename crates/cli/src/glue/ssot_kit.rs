//! What the configuration says, as the kit wants it.

use std::collections::BTreeMap;

use plimsoll_kit::{Facts, Person, Service};
use plimsoll_ssot::sections::{Contacts, Ports, Runtime, Services, Staging, Versions};
use plimsoll_ssot::{Problems, Scalar, Section, Ssot};
use serde::de::DeserializeOwned;

/// From production and from staging.
pub(crate) fn facts(real: &Ssot, staging: &Ssot) -> Result<Facts, Problems> {
    let Runtime(runtime) = section(real, "runtime")?;
    let contacts: Contacts = section(real, "contacts")?;
    let staged: Staging = section(real, "staging")?;
    let mut facts = Facts::default();
    facts.python = runtime.get("python").cloned();
    facts.rust = runtime.get("rust").cloned();
    facts.staging_file = staged.compose_file;
    facts.services = services(real, staging)?;
    facts.people = contacts
        .people
        .into_iter()
        .map(|(who, told)| {
            let mut person = Person::default();
            (person.name, person.role, person.reach) = (told.name, told.role, told.reach);
            (who, person)
        })
        .collect();
    facts.escalation =
        contacts.escalation.into_iter().map(|step| (step.contact, step.after_minutes)).collect();
    Ok(facts)
}

fn section<T: DeserializeOwned>(ssot: &Ssot, name: &str) -> Result<T, Problems> {
    ssot.section(name).map(Section::into_inner)
}

fn services(real: &Ssot, staging: &Ssot) -> Result<Vec<Service>, Problems> {
    let (Ports(here), Ports(there)) = (section(real, "ports")?, section(staging, "ports")?);
    let Versions(versions) = section(staging, "versions")?;
    let Services(services) = section(staging, "services")?;
    let service = |(name, told): (String, plimsoll_ssot::sections::Service)| {
        let mut service = Service::default();
        service.version = versions.get(&name).cloned().unwrap_or_default();
        service.image = told.image.unwrap_or_default();
        (service.host, service.health_path) = (told.host, told.health_path);
        let port = |port: String| {
            let (staged, real) = (there.get(&port)?.get(), here.get(&port)?.get());
            Some((port, staged, real))
        };
        service.ports = told.ports.into_iter().filter_map(port).collect();
        service.name = name;
        service
    };
    Ok(services.into_iter().map(service).collect())
}

/// Variables that hold secrets in any profile, with the key that refers to each first.
pub(crate) fn secrets(all: &[Ssot]) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    for setting in all.iter().flat_map(Ssot::settings) {
        if let Some(name) = variable(&setting.value) {
            secrets.entry(name.to_owned()).or_insert(setting.key);
        }
    }
    secrets
}

/// The name in `${NAME}`; whatever else stands between braces could be a value, and is not repeated.
fn variable(value: &Scalar) -> Option<&str> {
    let Scalar::Text(text) = value else { return None };
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}
