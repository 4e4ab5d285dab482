//! A delivery to a stand-in of Discord, on real threads and a real outbox.

use std::sync::Once;
use std::time::Duration;

use plimsoll_alerts::{
    Delivery, DeliveryConfig, DeliveryPorts, ReceiverConfig, Route, SecretRef, Secrets, Urgent,
};
use tempfile::TempDir;
use testbed::DiscordStandIn;

/// Twenty times what anything here takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Chooses the TLS provider, as a program's `main` does.
pub(crate) fn provide_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
}

/// A Discord, an outbox, and what leads from one to the other.
pub(crate) struct Place {
    pub(crate) discord: DiscordStandIn,
    pub(crate) dir: TempDir,
    secrets: Secrets,
}

impl Place {
    pub(crate) fn new() -> Self {
        provide_tls();
        let discord = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
        let secrets = Secrets::of([("HOOK", discord.webhook_url().as_str())]);
        Self { discord, dir: tempfile::tempdir().unwrap(), secrets }
    }

    /// Everything to Discord at once, each alert on its own.
    pub(crate) fn config() -> DeliveryConfig {
        let route =
            Route::new("all", ["ops"]).with_group_by(["rule", "n"]).with_urgent(Urgent::Info);
        DeliveryConfig::default()
            .with_receiver("ops", ReceiverConfig::discord(SecretRef::env("HOOK")))
            .with_route(route)
    }

    pub(crate) fn start(&self, config: &DeliveryConfig, ports: DeliveryPorts) -> Delivery {
        Delivery::start(self.dir.path(), config, &self.secrets, ports).unwrap()
    }
}
