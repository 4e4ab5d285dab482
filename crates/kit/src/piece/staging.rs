//! The rehearsal of production, as a compose file.

use std::collections::BTreeSet;

use super::{Piece, Rendered, Source};
use crate::facts::Service;

const GUARD: &str = "scripts/staging-guard.sh";

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let services = services(source);
    if services.is_empty() {
        return Vec::new();
    }
    let compose = source.whole(
        Piece::Staging,
        &source.facts.staging_file,
        include_str!("../../templates/staging.yml"),
    );
    let (texts, volumes) = texts(&services);
    let text = compose.text.replace("SERVICES\n", &texts).replace("VOLUMES\n", &volumes);
    vec![
        Rendered { text, ..compose },
        source.whole(Piece::Staging, GUARD, include_str!("../../templates/staging-guard.sh")),
    ]
}

/// What can be started: services with an image and a version.
fn services<'a>(source: &'a Source<'_>) -> Vec<&'a Service> {
    let is_whole = |service: &&Service| !service.image.is_empty() && !service.version.is_empty();
    let has_file = !source.facts.staging_file.is_empty() && source.has(Piece::Staging);
    source.facts.services.iter().filter(is_whole).filter(|_| has_file).collect()
}

/// The folder of the compose file, if there will be one.
pub(super) fn folder(source: &Source<'_>) -> Option<String> {
    let file = &source.facts.staging_file;
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    (!services(source).is_empty()).then(|| format!("/{folder}"))
}

fn texts(services: &[&Service]) -> (String, String) {
    let mut taken: BTreeSet<u16> =
        services.iter().flat_map(|service| &service.ports).map(|(_, _, real)| *real).collect();
    let (mut texts, mut volumes) = (String::new(), String::new());
    for service in services {
        texts.push_str(&text(service, &mut taken));
        if data(service).is_some() {
            volumes.push_str(&format!("  {}-data:\n", service.name));
        }
    }
    if volumes.is_empty() {
        volumes.push_str("  {}\n");
    }
    (texts, volumes)
}

/// Where the service keeps what has to survive it.
fn data(service: &Service) -> Option<&'static str> {
    let known = [
        ("questdb", "/var/lib/questdb"),
        ("grafana", "/var/lib/grafana"),
        ("redis", "/data"),
        ("postgres", "/var/lib/postgresql/data"),
    ];
    let image = service.image.rsplit('/').next()?;
    known.iter().find(|(name, _)| image.starts_with(name)).map(|(_, path)| *path)
}

fn is_redis(service: &Service) -> bool {
    service.image.rsplit('/').next().is_some_and(|image| image.starts_with("redis"))
}

fn text(service: &Service, taken: &mut BTreeSet<u16>) -> String {
    let mut text = format!(
        "  {}:\n    <<: *defaults\n    image: {}:{}\n",
        service.name, service.image, service.version
    );
    if is_redis(service) {
        // What trades keeps its state here: rather refuse a write than forget a position.
        text.push_str(
            "    command: [redis-server, --appendonly, \"yes\", --maxmemory-policy, noeviction]\n",
        );
    }
    if !service.ports.is_empty() {
        text.push_str("    ports:\n");
    }
    for (_, wanted, real) in &service.ports {
        let port = free(*wanted, taken);
        text.push_str(&format!("      - \"127.0.0.1:{port}:{real}\"\n"));
    }
    if let Some(path) = data(service) {
        text.push_str(&format!("    volumes:\n      - {}-data:{path}\n", service.name));
    }
    if let Some(check) = health(service) {
        text.push_str(&format!("    healthcheck:\n      <<: *health\n      test:{check}\n"));
    }
    text
}

/// The port, or the next one that nobody has.
fn free(wanted: u16, taken: &mut BTreeSet<u16>) -> u16 {
    let port = (wanted..=u16::MAX).find(|port| !taken.contains(port)).unwrap_or(wanted);
    taken.insert(port);
    port
}

fn health(service: &Service) -> Option<String> {
    if is_redis(service) {
        return Some(" [CMD, redis-cli, ping]".to_owned());
    }
    let (_, _, port) = service.ports.first()?;
    let path = service.health_path.as_deref().unwrap_or_default();
    let at = format!("http://127.0.0.1:{port}{path}");
    // An image has one of the three, or none that is better than an open port.
    let open = format!("bash -c ':>/dev/tcp/127.0.0.1/{port}'");
    let tries = match path {
        "" => vec![open],
        _ => vec![
            format!("curl -fsSo /dev/null {at} ||"),
            format!("wget -qO /dev/null {at} ||"),
            open,
        ],
    };
    let tries = tries.join("\n          ");
    Some(format!("\n        - CMD-SHELL\n        - >-\n          {tries}"))
}
