//! Limits of the configuration as the rules need them.

use plimsoll_alerts::{Limits, OpenOrders, PositionLimit, PositionMax, PositionSize, TimeOfDay};
use plimsoll_ssot::sections::{self as ssot, Positive};

/// The same limits in the words of alerts. The ssot has checked them: an entry has one size.
pub(crate) fn limits(from: &ssot::Limits) -> Limits {
    let mut to = Limits::default();
    to.drawdown_warn_ratio = from.drawdown_warn_ratio.get();
    to.drawdown_critical_ratio = from.drawdown_critical_ratio.get();
    to.drawdown_kill_ratio = from.drawdown_kill_ratio.get();
    to.max_daily_loss_ratio = from.max_daily_loss_ratio.get();
    to.max_leverage = from.max_leverage.get();
    to.session_start = time_of_day(from.session_start);
    to.position_default = from.position_default.as_ref().map(|default| {
        let max = PositionMax::EquityRatio(default.max_equity_ratio.get());
        size(max, default.count_open_orders)
    });
    to.position = from.position.iter().filter_map(position).collect();
    to.max_gross_ratio = from.portfolio.max_gross_ratio.map(Positive::get);
    to.max_net_ratio = from.portfolio.max_net_ratio.map(Positive::get);
    to
}

fn position(from: &ssot::PositionLimit) -> Option<PositionLimit> {
    let max = from.max_qty.map(|max| PositionMax::Qty(max.get()));
    let max = max.or(from.max_notional.map(|max| PositionMax::Notional(max.get())));
    let max = max.or(from.max_equity_ratio.map(|max| PositionMax::EquityRatio(max.get())));
    let limit = PositionLimit::new(from.r#match.as_str(), size(max?, from.count_open_orders));
    Some(limit.of_account(from.account.as_str()))
}

fn size(max: PositionMax, counts_orders: bool) -> PositionSize {
    let size = PositionSize::new(max);
    match if counts_orders { OpenOrders::Count } else { OpenOrders::Ignore } {
        OpenOrders::Ignore => size.without_orders(),
        _ => size,
    }
}

fn time_of_day(from: ssot::TimeOfDay) -> TimeOfDay {
    let part = |minutes: u16| u8::try_from(minutes).unwrap_or(0);
    let (hour, minute) = (part(from.minutes() / 60), part(from.minutes() % 60));
    TimeOfDay::new(hour, minute).unwrap_or(TimeOfDay::MIDNIGHT)
}
