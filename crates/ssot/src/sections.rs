//! The sections that belong to no other crate: services and their ports, versions, what runs
//! where, files and paths, people, money and limits.
//!
//! They are plain data. Who needs one gets its values by glue and does not depend on this crate.

mod contacts;
mod files;
mod limits;
mod money;
mod number;
mod services;
mod staging;
mod versions;

pub use contacts::{Contacts, Escalation, Person};
pub use files::{DerivedFiles, Paths};
pub use limits::{Limits, PortfolioLimits, PositionDefault, PositionLimit, TimeOfDay};
pub use money::{Accounting, Strategies, Strategy};
pub use number::{NotInRange, Positive, Ratio};
pub use services::{Ports, Service, Services};
pub use staging::Staging;
pub use versions::{Runtime, Versions};

use crate::layers::Layers;
use crate::spec::{Loosens, SectionSpec};

/// Registers all of them, with their checks.
#[must_use]
pub fn register(layers: Layers) -> Layers {
    layers
        .with_section(with_schema(SectionSpec::new("services", &Services::default())))
        .with_section(
            with_schema(SectionSpec::new("ports", &Ports::default())).with_check(Ports::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("versions", &Versions::default()))
                .with_check(Versions::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("runtime", &Runtime::default()))
                .with_check(Runtime::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("paths", &Paths::default())).with_check(Paths::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("derived_files", &DerivedFiles::default()))
                .with_check(DerivedFiles::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("staging", &Staging::default()))
                .with_check(Staging::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("contacts", &Contacts::default()))
                .with_check(Contacts::problems),
        )
        .with_section(
            with_schema(SectionSpec::new("accounting", &Accounting::default()))
                .with_check(Accounting::problems),
        )
        .with_section(with_schema(SectionSpec::new("strategies", &Strategies::default())))
        .with_section(limits())
        .with_check(services::problems)
}

fn limits() -> SectionSpec<Limits> {
    with_schema(SectionSpec::new("limits", &Limits::default()))
        .with_check(Limits::problems)
        .with_limit("drawdown_warn_ratio", Loosens::Up)
        .with_limit("drawdown_critical_ratio", Loosens::Up)
        .with_limit("drawdown_kill_ratio", Loosens::Up)
        .with_limit("max_daily_loss_ratio", Loosens::Up)
        .with_limit("max_leverage", Loosens::Up)
        .with_limit("session_start", Loosens::AnyChange)
        .with_limit("position_default.max_equity_ratio", Loosens::Up)
        .with_limit("position_default", Loosens::AnyChange)
        .with_limit("position", Loosens::AnyChange)
        .with_limit("portfolio.max_gross_ratio", Loosens::Up)
        .with_limit("portfolio.max_net_ratio", Loosens::Up)
        .with_limit("portfolio.max_leverage", Loosens::Up)
}

#[cfg(feature = "schema")]
fn with_schema<T>(spec: SectionSpec<T>) -> SectionSpec<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned + schemars::JsonSchema,
{
    spec.with_schema(schemars::schema_for!(T).as_value().to_string())
}

#[cfg(not(feature = "schema"))]
fn with_schema<T>(spec: SectionSpec<T>) -> SectionSpec<T> {
    spec
}
