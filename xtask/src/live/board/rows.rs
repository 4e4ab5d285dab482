//! Rows of those tables that a demo does not fill, from a seed: the same in every store.

use std::time::Duration;

use plimsoll_metrics::{
    AgentSpawn, AlertRecord, AlertRecordKind, AlertRecordState, AlertSeverity, Channel,
    ClaudeSession, ClaudeTdd, ClaudeToolCall, Health, HealthStatus, Instrument, LatencyStage,
    Metrics, OpsEvent, OpsKind, OrderLatency, PositionChange, PositionSide, RalphIteration,
    SessionState, Timestamp,
};

const SEED: u64 = 20_261_124;
/// Beginning of the generated rows before their end, ns.
const SPAN_NS: i64 = 10 * 3_600 * 1_000_000_000;

/// Numbers from a seed, by a linear congruence.
#[derive(Debug)]
struct Numbers(u64);

impl Numbers {
    /// Below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn whole(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap_or(0)
    }

    fn real(&mut self, bound: u64) -> f64 {
        f64::from(u32::try_from(self.below(bound.saturating_mul(1_000))).unwrap_or(0)) / 1_000.0
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(words.len() as u64)).unwrap_or(0);
        words.get(at).copied().unwrap_or("-")
    }

    fn span(&mut self) -> Duration {
        Duration::from_millis(self.below(90_000).saturating_add(1))
    }
}

/// Emits `steps` rows of each kind, the last one at `end_ns`.
pub(super) fn emit(metrics: &Metrics, steps: u64, end_ns: i64) -> anyhow::Result<()> {
    let line = metrics
        .strategy("carry-002")?
        .account("paper-B")?
        .instrument("BTC-PERP", "PAPER", "USDC")?;
    let mut numbers = Numbers(SEED);
    let steps = i64::try_from(steps)?;
    for step in 1..=steps {
        // No two rows of a table share a moment, so that there is one newest row.
        let at = Timestamp::from_nanos(end_ns - SPAN_NS + SPAN_NS / steps * step);
        agents(&line, &mut numbers, at, step);
        trading(&line, &mut numbers, at);
        if step % 10 == 0 {
            alerts(&line, &mut numbers, at, step);
        }
        if step % 400 == 0 {
            // As fast as a drainer without a core of its own can follow.
            crate::machine::pause(Duration::from_millis(40));
        }
    }
    Ok(())
}

fn agents(line: &Instrument, numbers: &mut Numbers, at: Timestamp, step: i64) {
    let (project, model) =
        (numbers.one_of(&["plimsoll", "desk"]), numbers.one_of(&["large", "small"]));
    let session = format!("session-{}", step / 25);
    let call = format!("call-{step}");
    line.emit(
        &RalphIteration::new(&format!("loop-{}", step / 40), step % 40 + 1)
            .project(project)
            .ralph_mode("guard")
            .model(model)
            .outcome(numbers.one_of(&["continued", "finished", "halted"]))
            .breaker(numbers.one_of(&["no_progress", "errors", "budget"]))
            .output_tokens(numbers.whole(5_000))
            .tool_calls(numbers.whole(30))
            .files_changed(numbers.whole(9))
            .cost_usd(numbers.real(3))
            .duration_ms(numbers.span())
            .checks_passed(numbers.below(4) > 0)
            .at(at),
    );
    line.emit(
        &AgentSpawn::new(&session, &call)
            .project(project)
            .agent_type(numbers.one_of(&["reviewer", "builder", "searcher"]))
            .model(model)
            .outcome(numbers.one_of(&["completed", "failed"]))
            .duration_ms(numbers.span())
            .cost_usd(numbers.real(2))
            .input_tokens(numbers.whole(9_000))
            .output_tokens(numbers.whole(4_000))
            .tool_calls(numbers.whole(20))
            .at(at),
    );
    self::session(line, &session, at, step);
    let tool =
        ClaudeToolCall::new(&session, &call, numbers.one_of(&["Bash", "Edit", "Read", "Grep"]))
            .project(project)
            .agent_type("main")
            .duration_ms(numbers.span())
            .at(at);
    let failed = numbers.below(8) == 0;
    line.emit(&if failed {
        tool.outcome("error").error_class("timeout")
    } else {
        tool.outcome("ok")
    });
    line.emit(
        &ClaudeTdd::new(&session, "edit")
            .project(project)
            .rule("test-first")
            .test_first(numbers.below(5) > 0)
            .at(at),
    );
}

/// Values of a session only grow.
fn session(line: &Instrument, session: &str, at: Timestamp, step: i64) {
    let of_session = step % 25 + 1;
    line.emit(
        &ClaudeSession::new(session, SessionState::Running)
            .project("plimsoll")
            .model(if step / 25 % 2 == 0 { "large" } else { "small" })
            .duration_ms(Duration::from_secs(u64::try_from(of_session).unwrap_or(0) * 60))
            .cost_usd(f64::from(i32::try_from(of_session).unwrap_or(0)) * 0.07)
            .tool_calls(of_session * 3)
            .errors(of_session / 5)
            .input_tokens(of_session * 1_200)
            .output_tokens(of_session * 340)
            .cache_read_tokens(of_session * 9_000)
            .cache_write_tokens(of_session * 800)
            .lines_added(of_session * 11)
            .lines_removed(of_session * 4)
            .at(at),
    );
}

fn trading(line: &Instrument, numbers: &mut Numbers, at: Timestamp) {
    let up = numbers.below(12) > 0;
    let status = if up { HealthStatus::Up } else { HealthStatus::Degraded };
    line.emit(
        &Health::new("gateway", status)
            .channel(Channel::Market)
            .host("host-1")
            .last_msg_age_ms(numbers.span())
            .store_lag_ms(numbers.span())
            .clock_offset_ms(numbers.real(40) - 20.0)
            .cpu_ratio(numbers.real(1))
            .disk_free_ratio(0.5 + numbers.real(1) / 2.0)
            .rows_spooled(numbers.whole(10_000))
            .reconnects(numbers.whole(5))
            .at(at),
    );
    line.emit(
        &PositionChange::new(PositionSide::Long, 0.1 + numbers.real(3))
            .avg_px(64_000.0)
            .mark_px(64_000.0 + numbers.real(500))
            .mark_age_ms(Duration::from_millis(numbers.below(900)))
            .notional_base(numbers.real(90_000))
            .unrealized_pnl(numbers.real(900) - 450.0)
            .limit_used_ratio(numbers.real(1))
            .at(at),
    );
    let stage = if numbers.below(50) == 0 { LatencyStage::Timeout } else { LatencyStage::Ack };
    line.emit(
        &OrderLatency::new("order", stage, Duration::from_micros(numbers.below(900_000) + 1))
            .at(at),
    );
}

fn alerts(line: &Instrument, numbers: &mut Numbers, at: Timestamp, step: i64) {
    let (episode, message) = (format!("episode-{}", step / 20), format!("message-{step}"));
    let rule = if step % 40 < 20 { "drawdown_warning" } else { "error_rate" };
    let state = if step % 20 == 0 { AlertRecordState::Firing } else { AlertRecordState::Resolved };
    // Of three rows of one step, one is told, one is taken by a person.
    let after = |ms: i64| Timestamp::from_nanos(at.as_nanos() + ms * 1_000_000);
    line.emit(
        &AlertRecord::new(AlertRecordKind::Transition, rule)
            .severity(AlertSeverity::Warning)
            .state(state)
            .alert_id(episode.as_str())
            .unit("ratio")
            .value(0.05 + numbers.real(1) / 20.0)
            .threshold(0.05)
            .active_at(at)
            .at(at),
    );
    line.emit(
        &AlertRecord::new(AlertRecordKind::Delivery, rule)
            .receiver(numbers.one_of(&["discord", "phone"]))
            .alert_id(episode.as_str())
            .message_id(message.as_str())
            .latency_ms(numbers.span())
            .sent_at(after(1))
            .delivered(numbers.below(9) > 0)
            .attempts(1_i64)
            .at(after(1)),
    );
    line.emit(
        &AlertRecord::new(AlertRecordKind::Ack, rule)
            .alert_id(episode.as_str())
            .actor("on-call")
            .detail("seen")
            .at(after(2)),
    );
    line.emit(
        &OpsEvent::new(kind_of(step), "carry-002", "done")
            .actor("on-call")
            .from_value("0.05")
            .to_value("0.04")
            .at(after(3)),
    );
}

fn kind_of(step: i64) -> OpsKind {
    if step % 20 == 0 { OpsKind::Deploy } else { OpsKind::Limit }
}
