//! What runs beside the strategies, and on which ports.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::spec::Complaint;
use crate::ssot::{Section, Ssot};

/// Section `ports`: TCP ports by name, each one used once.
///
/// The name begins with the service, such as `questdb_ilp`. Defaults are the services' own:
/// `questdb_http` 9000, `questdb_ilp` 9009, grafana 3000, redis 6379; null takes one away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Ports(pub BTreeMap<String, NonZeroU16>);

impl Default for Ports {
    fn default() -> Self {
        let ports =
            [("grafana", 3000), ("questdb_http", 9000), ("questdb_ilp", 9009), ("redis", 6379)];
        let named = |(name, port): (&str, u16)| Some((name.to_owned(), NonZeroU16::new(port)?));
        Self(ports.into_iter().filter_map(named).collect())
    }
}

impl Ports {
    /// Returns which ports are used twice.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let mut first: BTreeMap<NonZeroU16, &str> = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, port) in &self.0 {
            match first.get(port) {
                Some(other) => {
                    let message = format!("port {port} is used by `{other}` and by `{name}`");
                    let keys = [name.as_str(), other].map(|name| Key::of(name).to_string());
                    problems.push(Complaint::new(message, keys));
                }
                None => drop(first.insert(*port, name)),
            }
        }
        problems
    }
}

/// Section `services`: what runs beside the strategies, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Services(pub BTreeMap<String, Service>);

/// One service. Its version is `versions.NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Service {
    /// Address it listens on. Default 127.0.0.1.
    pub host: String,
    /// Container image without a tag, such as questdb/questdb. Default none.
    pub image: Option<String>,
    /// Names of its ports in the section `ports`. Default none.
    pub ports: Vec<String>,
    /// Path at which it says over HTTP that it is well, such as /ping. Default none.
    pub health_path: Option<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), image: None, ports: Vec::new(), health_path: None }
    }
}

/// Which services name what is not there.
pub(super) fn problems(ssot: &Ssot) -> Vec<Complaint> {
    let services = ssot.section::<Services>("services").map(Section::into_inner);
    let ports = ssot.section::<Ports>("ports").map(Section::into_inner);
    let (Ok(Services(services)), Ok(Ports(ports))) = (services, ports) else { return Vec::new() };
    services.iter().flat_map(|(name, service)| service_problems(name, service, &ports)).collect()
}

fn service_problems(
    name: &str,
    service: &Service,
    ports: &BTreeMap<String, NonZeroU16>,
) -> Vec<Complaint> {
    let key = Key::of("services").name(name);
    let mut problems = Vec::new();
    for (at, port) in service.ports.iter().enumerate() {
        if !ports.contains_key(port) {
            let message = format!("`ports` has no `{port}`");
            problems.push(Complaint::new(message, [key.name("ports").index(at).to_string()]));
        }
    }
    let image = service.image.as_deref().unwrap_or_default();
    // A registry may have a port; a tag stands behind the last slash.
    let last = image.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || image.contains('@') {
        let message = format!("the image names its version, which belongs in `versions.{name}`");
        problems.push(Complaint::new(message, [key.name("image").to_string()]));
    }
    if service.health_path.as_ref().is_some_and(|path| !path.starts_with('/')) {
        let message = "a path begins with `/`";
        problems.push(Complaint::new(message, [key.name("health_path").to_string()]));
    }
    problems
}
