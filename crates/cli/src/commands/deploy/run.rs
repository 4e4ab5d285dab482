//! Running the plan of a deploy, and saying how it ended.

use std::time::Duration;

use plimsoll_snapshot::deploy::{Executor, Processes, Protect, Subject, plan};
use plimsoll_snapshot::plan::{
    Event, OnFailure, PlanError, PlanState, PlanSummary, Plans, RunOptions, StepError, StepState,
};
use plimsoll_snapshot::trading::{HaltFile, Leases};
use plimsoll_snapshot::{CreateOptions, create};
use serde_json::json;

use super::site::Site;
use crate::commands::snapshot::{FailedParts, PartArgs, Place, pause, tool_version};
use crate::commands::trading::actor;
use crate::failure::{Exit, Failure, causes};
use crate::glue::snapshot_alerts::Quiet;
use crate::glue::snapshot_metrics::{Done, OpsKind, record};
use crate::moment::{Stopwatch, now};
use crate::stop::Stop;

/// Makes the snapshot at the beginning with what is configured.
struct Snapshots<'a>(&'a Place);

impl Protect for Snapshots<'_> {
    fn protect(&mut self, tag: &str) -> Result<String, StepError> {
        self.capture(tag).map_err(|failure| StepError::new(failure.to_string().trim_end()))
    }
}

impl Snapshots<'_> {
    fn capture(&self, tag: &str) -> Result<String, Failure> {
        let mut parts = self.0.parts(&PartArgs::default())?;
        let store = self.0.open()?;
        let options = CreateOptions::new(now(), tool_version())
            .with_config_digest(&self.0.config_digest)
            .with_tags([tag]);
        let manifest = create(&store, &mut parts, &options)?;
        let failed = FailedParts::of(&manifest).required;
        if failed.is_empty() {
            return Ok(manifest.id.to_string());
        }
        Err(Failure::refused(anyhow::anyhow!("{} not captured", failed.join(", "))))
    }
}

/// What is asked of the plan.
enum Go {
    Begin,
    Continue(String),
    Undo(String),
}

/// A deploy or rollback under way.
pub(crate) struct Running;

impl Running {
    /// Writes the plan down and runs it.
    pub(crate) fn begin(
        site: &mut Site,
        subject: &Subject,
        is_json: bool,
    ) -> Result<Exit, Failure> {
        carry_out(site, subject, &Go::Begin, is_json)
    }
}

/// Continues or undoes the plan that was cut short.
pub(crate) fn cut_short(site: &mut Site, is_undo: bool, is_json: bool) -> Result<Exit, Failure> {
    let plans = Plans::list(&site.plans_dir())?;
    let is_open =
        |plan: &&PlanSummary| matches!(plan.state, PlanState::Unfinished | PlanState::HalfUndone);
    let open = plans.iter().find(is_open).ok_or_else(|| {
        Failure::refused(anyhow::anyhow!("no deploy of {} was cut short", site.name))
    })?;
    let subject: Subject = serde_json::from_str(&open.subject)?;
    // One that is being undone can only be undone to the end.
    let is_undo = is_undo || open.state == PlanState::HalfUndone;
    let go = if is_undo { Go::Undo(open.id.clone()) } else { Go::Continue(open.id.clone()) };
    carry_out(site, &subject, &go, is_json)
}

fn carry_out(site: &mut Site, subject: &Subject, go: &Go, is_json: bool) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let watch = Stopwatch::start();
    let purpose = format!("{} of {}", subject.request.as_str(), site.name);
    let plans = Plans::open(site.plans_dir(), &purpose).map_err(failure)?;
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut services = Processes::new(site.dir.join("run"), variables);
    let _quiet = quiet(site, &purpose);
    let (leases, halt) = (Leases::new(&site.trading_dir), HaltFile::new(&site.trading_dir));
    let mut executor = Executor {
        subject,
        releases: &site.releases,
        services: &mut services,
        protect: &mut Snapshots(&site.place),
        accounts: &mut site.accounts,
        leases: &leases,
        halt: &halt,
        cancel: site.cancel.as_ref(),
        pause: &pause,
        clock: &now,
    };
    let mut observe = |event: &Event<'_>| tell(event);
    let is_wanted = || stop.is_wanted();
    let mut options = RunOptions {
        clock: &now,
        on_failure: OnFailure::Undo,
        stop: &is_wanted,
        observe: &mut observe,
    };
    let result = match go {
        Go::Begin => {
            let plan = plan(subject)?;
            plans.begin::<Executor<'_>>(&plan, &mut executor, &mut options)
        }
        Go::Continue(id) => plans.resume(id, &mut executor, &mut options),
        Go::Undo(id) => plans.undo(id, "asked for", &mut executor, &mut options),
    };
    let took = watch.elapsed();
    let result = result.inspect_err(|error| halt_if_stuck(&halt, error));
    drop(plans);
    if is_json {
        let newest = Plans::list(&site.plans_dir())?.into_iter().next_back();
        println!("{}", json!({ "version": 1, "plan": newest }));
    }
    note(site, subject, &result, took);
    match result {
        Ok(summary) => Ok(ended(subject, &summary, took, is_json)),
        Err(error) => Err(failure(error)),
    }
}

/// What a deploy stops by itself pages nobody until its deadline; a loss does. That it cannot be announced ends nothing.
fn quiet(site: &Site, purpose: &str) -> Option<Quiet> {
    let span = Duration::from_secs(u64::from(site.settings.deadline_secs));
    match Quiet::begin(&site.alerts_dir, purpose, span, now()) {
        Ok(quiet) => quiet,
        Err(error) => {
            eprintln!(
                "warning: no maintenance was announced, so people may be paged: {}",
                causes(&error)
            );
            None
        }
    }
}

/// Nobody may trade between two versions: what could not be taken back is halted and said.
fn halt_if_stuck(halt: &HaltFile, error: &PlanError) {
    let PlanError::Undo { id, step, .. } = error else { return };
    let reason = format!("deploy {id}: step `{step}` could not be taken back");
    match halt.halt(&reason, "deploy", now()) {
        Ok(_) => eprintln!("HALTED: {reason}"),
        Err(error) => eprintln!("NOT HALTED, do it by hand: {}", causes(&error)),
    }
}

fn tell(event: &Event<'_>) {
    match event {
        Event::Started { step, number, count } => eprintln!("{number}/{count} {step}"),
        Event::Failed { step, why } => eprintln!("    FAILED {step}: {why}"),
        Event::Undoing { step } => eprintln!("undo {step}"),
        _ => {}
    }
}

fn ended(subject: &Subject, summary: &PlanSummary, took: Duration, is_json: bool) -> Exit {
    if !is_json {
        for (name, state) in &summary.steps {
            println!("{}", described(name, state));
        }
    }
    let what = subject.request.as_str();
    let secs = took.as_secs_f64();
    if summary.state == PlanState::Undone {
        eprintln!("{what} {} was taken back in {secs:.1} s", summary.id);
        return Exit::Fine;
    }
    eprintln!("{what} {}: {} runs, {secs:.1} s", summary.id, subject.to.id);
    Exit::Fine
}

/// A step, how long it took, and what was seen.
pub(super) fn described(name: &str, state: &StepState) -> String {
    match state {
        StepState::Done { output, duration_ms } => {
            let secs = std::time::Duration::from_millis(*duration_ms).as_secs_f64();
            // What was read of accounts is data for later steps; the comparison tells it.
            let seen = if output.starts_with('{') { "" } else { output };
            let first: String = seen.lines().next().unwrap_or_default().chars().take(120).collect();
            format!("done    {secs:>6.1} s  {name:<28}  {first}")
        }
        StepState::Failed { why } => format!("FAILED            {name:<28}  {why}"),
        StepState::Undone => format!("undone            {name}"),
        StepState::UndoFailed { why } => format!("NOT UNDONE        {name:<28}  {why}"),
        StepState::Waiting => format!("waiting           {name}"),
        _ => format!("begun             {name}"),
    }
}

/// A row of `ops_events`, where one is wanted. That it could not be written ends nothing.
fn note(site: &Site, subject: &Subject, result: &Result<PlanSummary, PlanError>, took: Duration) {
    let Some(store) = &site.record else { return };
    let kind =
        if subject.request.as_str() == "deploy" { OpsKind::Deploy } else { OpsKind::Rollback };
    let (outcome, detail, ref_id) = match result {
        Ok(summary) => ("ok", String::new(), summary.id.clone()),
        Err(error) => ("failed", causes(error), String::new()),
    };
    let (target, config_hash) = (&site.name, &site.place.config_digest);
    let detail = format!("{} by {}: {detail}", subject.to.id, actor(None));
    let done = Done {
        kind,
        outcome,
        target,
        ref_id: &ref_id,
        config_hash,
        detail: &detail,
        duration: took,
    };
    if let Err(error) = record(store, &site.name, &[done]) {
        eprintln!("warning: not recorded in `ops_events`: {error:#}");
    }
}

fn failure(error: PlanError) -> Failure {
    let hint = match &error {
        PlanError::Undone { .. } => "what ran before runs again; `plimsoll deploy list` tells more",
        PlanError::Undo { .. } => "trading is halted; repair it, then `plimsoll deploy ENV --undo`",
        PlanError::Stopped { .. } | PlanError::Unfinished { .. } => {
            "`plimsoll deploy ENV --continue` goes on, `--undo` takes it back"
        }
        PlanError::BeingUndone { .. } => "`plimsoll deploy ENV --undo` goes on with that",
        PlanError::Locked { .. } => "wait until that is done",
        _ => "`plimsoll deploy list` shows how it stands",
    };
    Failure::refused(error).with_hint(hint)
}
