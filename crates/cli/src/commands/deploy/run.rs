//! Running the plan of a deploy, and saying how it ended.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::deploy::{
    Containers, Downtime as _, Executor, Processes, Protect, Runners, Subject, Units, plan,
};
use plimsoll_snapshot::plan::{
    Event, OnFailure, PlanError, PlanState, PlanSummary, Plans, RunOptions, StepError, StepState,
};
use plimsoll_snapshot::trading::{HaltFile, Leases};
use plimsoll_snapshot::{CreateOptions, Part, create};
use serde_json::json;

use super::site::Site;
use crate::commands::snapshot::{FailedParts, PartArgs, Place, pause, tool_version};
use crate::commands::trading::actor;
use crate::failure::{Exit, Failure, causes};
use crate::glue::snapshot_metrics::{Done, OpsKind, record};
use crate::moment::{Stopwatch, now};
use crate::stop::Stop;

/// Makes the snapshot at the beginning with what is configured.
struct Snapshots<'a>(&'a Place);

impl Protect for Snapshots<'_> {
    fn protect(&mut self, tag: &str) -> Result<String, StepError> {
        let capture = || self.capture(tag, self.0.parts(&PartArgs::default())?);
        capture().map_err(step)
    }

    fn keep_rows(&mut self, tag: &str, since: Option<SystemTime>) -> Result<String, StepError> {
        let capture = || {
            let parts = self.0.config.rows(&self.0.edge(), since)?;
            if parts.is_empty() {
                return Ok("section `snapshot` names no QuestDB".to_owned());
            }
            Ok(format!("kept in the snapshot {}", self.capture(tag, parts)?))
        };
        capture().map_err(step)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
fn step(failure: Failure) -> StepError {
    StepError::new(failure.to_string().trim_end())
}

impl Snapshots<'_> {
    fn capture(&self, tag: &str, mut parts: Vec<Part<'static>>) -> Result<String, Failure> {
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
    let mut services = runners(site);
    let (leases, halt) = (Leases::new(&site.trading_dir), HaltFile::new(&site.trading_dir));
    let mut executor = Executor {
        subject,
        releases: &site.releases,
        services: &mut services,
        protect: &mut Snapshots(&site.place),
        accounts: &mut site.accounts,
        leases: &leases,
        halt: &halt,
        downtime: &mut site.windows,
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
    let result = result.inspect_err(|error| {
        halt_if_stuck(&halt, error);
        page_if_stuck(site, subject, error);
    });
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

fn runners(site: &Site) -> Runners {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let variables: Vec<(String, String)> = std::env::vars_os().filter_map(text).collect();
    Runners::new(
        Processes::new(site.dir.join("run"), variables.clone()),
        Containers::new(&site.name, variables),
        Units::new(&site.name),
    )
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

/// What is away now is away for longer than was said: whoever watches pages somebody.
fn page_if_stuck(site: &mut Site, subject: &Subject, error: &PlanError) {
    let PlanError::Undo { id, .. } = error else { return };
    if let Err(error) = site.windows.end(&subject.reason(id)) {
        eprintln!("warning: maintenance is still on: {}", causes(&error));
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
        Ok(summary) if summary.state == PlanState::Undone => {
            ("undone", "taken back as asked for".to_owned(), summary.id.clone())
        }
        Ok(summary) => ("ok", String::new(), summary.id.clone()),
        Err(error) => ("failed", causes(error), String::new()),
    };
    let by = actor(None);
    let from = subject.from.as_ref().map_or("", |from| from.id.as_str());
    let done = Done {
        ref_id: &ref_id,
        actor: &by,
        from_to: (from, &subject.to.id),
        git_commit: &subject.to.commit,
        config_hash: &site.place.config_digest,
        detail: &detail,
        duration: took,
        ..Done::new(kind, &site.name, outcome)
    };
    if let Err(error) = record(store, &site.name, "deploy", &[done]) {
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
