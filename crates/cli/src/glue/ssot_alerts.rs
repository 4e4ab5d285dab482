//! Limits of the configuration, as the rules need them.

use plimsoll_alerts as alerts;
use plimsoll_ssot::sections;

/// Limits of account and strategy. Those of single positions stay with the engine, which alone can
/// evaluate them.
pub(crate) fn limits(of: &sections::Limits) -> alerts::Limits {
    let mut limits = alerts::Limits::default();
    limits.drawdown_warn_ratio = of.drawdown_warn_ratio.get();
    limits.drawdown_critical_ratio = of.drawdown_critical_ratio.get();
    limits.drawdown_kill_ratio = of.drawdown_kill_ratio.get();
    limits.max_daily_loss_ratio = of.max_daily_loss_ratio.get();
    limits.max_leverage = of.max_leverage.get();
    limits.max_gross_ratio = of.portfolio.max_gross_ratio.map(sections::Positive::get);
    limits.max_net_ratio = of.portfolio.max_net_ratio.map(sections::Positive::get);
    limits
}
