//! Section `review`.

use plimsoll_review::{Config, Problem};
use plimsoll_ssot::{Complaint, Layers, Loosens};

/// Its name.
pub(crate) const NAME: &str = "review";

pub(super) fn register(layers: Layers) -> Layers {
    let complaint = |Problem { key, found, wanted, .. }: Problem| {
        Complaint::new(format!("`{key}` is {found}, wanted {wanted}"), vec![key])
    };
    layers.with_section(
        super::section(NAME, |config: &Config| config.problems(), complaint)
            .with_limit("max_budget_usd", Loosens::Up)
            .with_limit("blocks_on", Loosens::AnyChange)
            .with_limit("disabled_lints", Loosens::AnyChange)
            .with_limit("exclude", Loosens::AnyChange),
    )
}
