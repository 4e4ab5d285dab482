//! A loop's end as an alert: it goes to whoever the routes name, with its cost and its reason.

use std::error::Error;
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    Alert, AlertState, Cause, Class, Condition, Delivery, Engine, Now, Rule, Sample, Severity,
    Text, Unit,
};
use plimsoll_ralph::{Announce, Cause as Why, LoopEnd};

/// Name of the rule that routes and silences know it by.
const RULE: &str = "ralph_loop_end";
const METRIC: &str = "ralph_loop_cost_usd";

/// The way to the receivers.
#[derive(Debug)]
pub(crate) struct AlertRoute<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) now: SystemTime,
}

impl Announce for AlertRoute<'_> {
    fn announce(&mut self, end: &LoopEnd) -> Result<(), Box<dyn Error + Send + Sync>> {
        let alert = alert(end, self.now)?;
        // An end does not last: it is told as one message, and never again.
        let over = over(alert.clone(), self.now);
        self.delivery.tell(alert)?;
        self.delivery.tell(over)?;
        Ok(())
    }
}

/// What an engine says of it. A bound that was reached is a warning, all else is for information.
fn alert(end: &LoopEnd, now: SystemTime) -> Result<Alert, Box<dyn Error + Send + Sync>> {
    let severity = if end.is_trip() { Severity::Warning } else { Severity::Info };
    let title = format!("{} of {} {}; cost, USD", end.loop_id, end.project, end.reason());
    let text = Text::new(title, Unit::None).explained(end.to_string(), end.advice());
    let rule = Rule::new(RULE, METRIC, Condition::at_least(0.0), severity);
    let mut engine = Engine::new(vec![rule.of_class(Class::SelfCheck).with_text(text)])?;
    let why = match &end.cause {
        Some(why) => why.name(),
        None => end.how.as_str(),
    };
    let labels = [
        ("loop_id", end.loop_id.as_str()),
        ("project", end.project.as_str()),
        ("ralph_mode", end.mode.name()),
        ("exit_reason", why),
    ];
    let series = engine.series(METRIC, &labels)?;
    let clocks = Now::new(now, Duration::ZERO);
    let changes = engine.observe(series, Sample::new(cost_usd(end), now), clocks).to_vec();
    let fired = changes.iter().find(|change| change.to == AlertState::Firing);
    let alert = fired.and_then(|change| engine.alert(change));
    let mut alert = alert.ok_or("the cost of a loop is no number")?;
    // When it was, not when it was found; and one id, however often it is told.
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(end.at_ms);
    (alert.row_at, alert.active_at, alert.fired_at) = (at, Some(at), Some(at));
    alert.alert_id = format!("{RULE}-{}-{}", end.loop_id, end.at_ms);
    alert.threshold = match &end.cause {
        Some(Why::Budget { max_nano_usd, .. }) => Some(usd(*max_nano_usd)),
        _ => None,
    };
    Ok(alert)
}

fn over(mut alert: Alert, now: SystemTime) -> Alert {
    (alert.from, alert.to) = (alert.to, AlertState::Resolved);
    alert.cause = Cause::Person;
    alert.wall_at = now;
    alert
}

/// What is known of it; the text says what is not.
fn cost_usd(end: &LoopEnd) -> f64 {
    usd(end.usage.cost_nano_usd)
}

#[allow(clippy::cast_precision_loss, reason = "a cost is shown with four digits")]
fn usd(nano_usd: u64) -> f64 {
    nano_usd as f64 / 1e9
}
