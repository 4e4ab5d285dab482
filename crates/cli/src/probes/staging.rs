//! Staging, and the way back.

use anyhow::Context as _;
use plimsoll_kit::CheckState;
use plimsoll_paper::{Bars, Decimal, NewOrder, OrderStatus, Side, Venue, VenueConfig};
use plimsoll_snapshot::deploy::Config;
use serde_json::Value;

use super::Surroundings;
use crate::glue::sections::DEPLOY;

/// Longest that a deploy or the way back may take, seconds.
const BACK_MAX_S: i64 = 300;
const DRILL: &str = "run `plimsoll rollback --drill`";

/// The newest deploy to staging ended healthy.
pub(super) fn deploy(around: &Surroundings) -> CheckState {
    let fix = "run `plimsoll deploy staging`";
    newest(around, "staging.deploy", |plan| plan["kind"] == "deploy", fix)
}

/// The backtest of the configuration ends with 0; without one that of the demo, whose books have to be right.
pub(super) fn backtest(around: &Surroundings) -> CheckState {
    let fix = "run it by hand; `verify.backtest` of the configuration names it";
    match around.config.backtest.split_first() {
        None => around.demo(|state, _| state.clone()),
        Some((program, args)) => {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            match around.program.tool(program, &args) {
                Ok(ran) if ran.code == 0 => CheckState::ok(ran.last_words()),
                Ok(ran) => CheckState::failed(ran.complaint(), fix),
                Err(state) => state,
            }
        }
    }
}

/// An order is placed and cancelled at the paper venue.
pub(super) fn paper_trade(_around: &Surroundings) -> CheckState {
    match placed_and_cancelled() {
        Ok(OrderStatus::Canceled) => {
            CheckState::ok("an order was accepted, rested, and was cancelled")
        }
        Ok(status) => CheckState::failed(format!("the order is {status:?}"), "report this"),
        Err(error) => CheckState::failed(format!("{error:#}"), "report this"),
    }
}

/// The price is far below the market, so that the order rests.
fn placed_and_cancelled() -> anyhow::Result<OrderStatus> {
    const MINUTE_NS: i64 = 60_000_000_000;
    let bars = Bars::sample()?;
    let config = VenueConfig::default().for_bars(&bars);
    let mut venue = Venue::new(config, bars.px_scale(), bars.volume_scale(), MINUTE_NS)?;
    let bar = bars.get(0).context("there is no bar")?;
    venue.advance(bar, 2 * MINUTE_NS)?;
    let (qty, px): (Decimal, Decimal) = ("1".parse()?, "100".parse()?);
    let order = NewOrder::limit("verify-1", Side::Buy, qty, px);
    venue.place(&order, 2 * MINUTE_NS)?;
    venue.advance(bars.get(1).context("there is one bar only")?, 3 * MINUTE_NS)?;
    let state = venue.order("verify-1").context("the venue lost it")?;
    anyhow::ensure!(state.status == OrderStatus::Accepted, "it does not rest: {:?}", state.status);
    venue.cancel("verify-1", 3 * MINUTE_NS)?;
    venue.advance(bars.get(2).context("there are two bars only")?, 4 * MINUTE_NS)?;
    Ok(venue.order("verify-1").context("the venue lost it")?.status)
}

/// The store of the profile staging has rows.
pub(super) fn metrics(around: &Surroundings) -> CheckState {
    let args = ["metrics", "gaps", "--profile", "staging"];
    around.program.own(&args, "is `metrics.store` of the profile staging there?")
}

/// The newest rollback on staging ended within [`BACK_MAX_S`].
pub(super) fn drill(around: &Surroundings) -> CheckState {
    newest(around, "rollback.drill", |plan| plan["kind"] == "rollback", DRILL)
}

/// Every strategy that is deployed to staging lives, has its lease, and may send.
pub(super) fn resumes(around: &Surroundings) -> CheckState {
    const FIX: &str = "run `plimsoll lease list`; `plimsoll rollback` starts and arms anew";
    let config: Config = match around.store.config().section(DEPLOY) {
        Ok(config) => config,
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    };
    let services = config.staging.into_iter().flat_map(|staging| staging.services.into_values());
    let wanted: Vec<String> = services.filter_map(|service| service.lease).collect();
    if wanted.is_empty() {
        return around.absent("rollback.resumes", "no strategy is deployed to staging", DRILL);
    }
    let ran = match around.program.ran(&["lease", "list", "--json"]) {
        Ok(ran) => ran,
        Err(state) => return state,
    };
    let list: Option<Value> = serde_json::from_str(&ran.out).ok();
    let Some(leases) = list.as_ref().and_then(|list| list.get("leases")?.as_array()) else {
        return CheckState::failed(ran.complaint(), FIX);
    };
    let is_trading = |lease: &Value| {
        lease["is_alive"] == true && lease["reserved_for"].is_null() && lease["fenced_by"].is_null()
    };
    let still = wanted
        .iter()
        .find(|name| !leases.iter().any(|lease| lease["name"] == ***name && is_trading(lease)));
    match still {
        None => CheckState::ok(format!("{} live and armed", wanted.join(", "))),
        Some(name) => CheckState::failed(format!("nobody sends under the lease {name}"), FIX),
    }
}

/// The newest snapshot could be restored.
pub(super) fn snapshot(around: &Surroundings) -> CheckState {
    match around.program.ran(&["snapshot", "verify"]) {
        Ok(ran) if ran.code == 0 => CheckState::ok(ran.last_words()),
        Ok(ran) if ran.err.contains("there is no store") => {
            let fix = "`plimsoll snapshot create` makes one";
            around.absent("rollback.snapshot", "there is no snapshot yet", fix)
        }
        Ok(ran) => CheckState::failed(ran.complaint(), "run `plimsoll snapshot verify`"),
        Err(state) => state,
    }
}

/// The newest plan of a kind; it has to be done, within the time for it.
fn newest(
    around: &Surroundings,
    check: &str,
    is_wanted: fn(&Value) -> bool,
    fix: &str,
) -> CheckState {
    let ran = match around.program.ran(&["deploy", "list", "staging", "--json"]) {
        Ok(ran) => ran,
        Err(state) => return state,
    };
    if ran.code == 2 {
        return CheckState::skipped(ran.complaint());
    }
    let list: Option<Value> = serde_json::from_str(&ran.out).ok();
    let Some(deploys) = list.as_ref().and_then(|list| list.get("deploys")?.as_array()) else {
        return CheckState::failed(ran.complaint(), "run `plimsoll deploy list`, to see why");
    };
    // The oldest comes first.
    let mut plans = deploys.iter().rev().filter_map(|deployed| deployed.get("plan"));
    let Some(plan) = plans.find(|plan| is_wanted(plan)) else {
        return around.absent(check, "there is none yet", fix);
    };
    let moment = |name: &str| plan.get(name).and_then(Value::as_i64).unwrap_or_default();
    let took_s = (moment("last_ns") - moment("began_ns")) / 1_000_000_000;
    let id = plan.get("id").and_then(Value::as_str).unwrap_or("?");
    match plan.get("state").and_then(Value::as_str).unwrap_or("?") {
        "done" if took_s <= BACK_MAX_S => CheckState::ok(format!("{id} done in {took_s} s")),
        "done" => CheckState::failed(format!("{id} took {took_s} s"), fix),
        other => CheckState::failed(format!("{id} is {other}"), fix),
    }
}
