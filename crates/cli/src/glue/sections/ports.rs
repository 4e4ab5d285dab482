//! Ports of all sections, each one used once.

use plimsoll_paper::Config as Paper;
use plimsoll_ssot::sections::Ports;
use plimsoll_ssot::{Complaint, Ssot};
use plimsoll_station::Config as Station;

/// Ports that several sections claim. Ports of `ports` among each other are that section's matter.
pub(super) fn unique(ssot: &Ssot) -> Vec<Complaint> {
    let Ok(Ports(ports)) = ssot.section("ports").map(plimsoll_ssot::Section::into_inner) else {
        return Vec::new();
    };
    let listens = [
        (super::paper::NAME, ssot.section::<Paper>(super::paper::NAME).map(|p| p.listen)),
        (super::station::NAME, ssot.section::<Station>(super::station::NAME).map(|s| s.listen)),
    ];
    let taken = listens.into_iter().flat_map(|(section, listen)| {
        let port = listen.map_or(0, |listen| listen.port());
        ports.iter().filter(move |(_, taken)| taken.get() == port).map(move |(name, _)| {
            let message =
                format!("port {port} is used by `ports.{name}` and by `{section}.listen`");
            Complaint::new(message, [format!("{section}.listen"), format!("ports.{name}")])
        })
    });
    taken.collect()
}
