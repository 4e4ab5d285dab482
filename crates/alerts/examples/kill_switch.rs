//! A strategy that stops itself when its drawdown passes 10 %, and stays stopped.
//!
//! `cargo run -p plimsoll-alerts --example kill_switch`

use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    AlertState, Condition, Drawdown, Engine, Measure, Now, PeakReset, Query, Rule, Severity,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (equity, peak, flow) = (Query::last("equity"), Query::last("peak"), Query::last("flow"));
    let drawdown = Drawdown::new(equity, peak, Some(flow), PeakReset::Manual);
    let limit = Condition::above(0.10);
    let kill = Rule::measuring("kill", Measure::Drawdown(drawdown), limit, Severity::Critical);
    let mut engine = Engine::new(vec![kill.latched()])?;
    let equity = engine.series("equity", &[])?;
    let peak = engine.series("peak", &[])?;
    let flow = engine.series("flow", &[])?;

    // A year of days: a withdrawal, which is no loss, then a fall and a recovery.
    let days = [(peak, 100.0), (equity, 104.0), (flow, -20.0), (equity, 83.0), (equity, 75.0)];
    let mut is_trading = true;
    for (day, (series, value)) in days.into_iter().chain([(equity, 84.0)]).enumerate() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * u64::try_from(day)?);
        for change in engine.observe_row(&[(series, value)], at, Now::of_row(at)) {
            is_trading &= change.to != AlertState::Firing;
        }
    }
    assert!(!is_trading, "75 is 10.7 % under the peak of 84, and the stop is latched");
    Ok(())
}
