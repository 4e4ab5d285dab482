//! `plimsoll demo`: a strategy trades recorded bars on paper, everything is recorded, and what the
//! store says is put beside what the venue's books say.

mod args;
mod compare;
mod history;
mod market;
mod next;
mod number;
mod page;
mod pipelines;
mod place;
mod plot;
mod questdb;
mod report;
mod rules;
mod screen;
mod told;
mod watch;

pub(crate) use args::DemoArgs;

use std::io::{IsTerminal as _, Write as _};

use plimsoll_alerts::DeliveryConfig;
use plimsoll_paper::{ReplayClock, Session};

use crate::failure::{Exit, Failure, Hint as _};
use crate::moment::{self, Stopwatch};
use crate::stop::Stop;
use market::Market;
use pipelines::Pipelines;
use report::{Ended, Report};
use watch::{Bar, Watch};

/// Bars between two looks at whether the pipelines keep up.
const BARS_PER_FLUSH: usize = 32;

pub(crate) fn run(args: &DemoArgs) -> Result<Exit, Failure> {
    let market = Market::load(args)?;
    let receivers = told::receivers(args)?;
    if args.dry_run {
        return tell_plan(args, &market, receivers.as_ref());
    }
    let stop = Stop::listen()?;
    let place = place::prepare(&args.store, args.force)?;
    let end_ns = args.end_ns.unwrap_or_else(moment::now_ns);
    let clock = ReplayClock::new(market.bars.len(), end_ns)
        .hint("give a later `--end`: one bar is one minute, and the first must lie after 1970")?;
    let about = market.about();
    let bars_len = market.bars.len();
    let mut session = Session::new(market.config, market.bars, clock)?;
    let mut pipelines = Pipelines::open(args, place.store(), session.labels())?;
    let server = args.questdb.as_ref();
    let told =
        receivers.map(|config| told::Told::open(&config, place.store(), server)).transpose()?;
    let rules = rules::Rules::open(place.store(), server, told, std::io::stderr().is_terminal());
    let desk = rules.as_ref().map(rules::Rules::desk);
    let page = page::Page::open(args, place.store(), bars_len, desk);
    let mut watches = watches(args);
    watches.extend(rules.as_ref().map(rules::Rules::watch));
    watches.extend(page.as_ref().map(page::Page::watch));
    let watch = Stopwatch::start();
    let replayed = replay(args, &stop, &mut session, &mut pipelines, &mut watches);
    for watch in &mut watches {
        watch.end();
    }
    drop(watches);
    let is_complete = replayed?;
    let elapsed = watch.elapsed();
    let closed = pipelines.close()?;
    let is_told = rules.map_or(Ok(true), |rules| rules.finish(end_ns))?;
    let ended = Ended { about, session: &session, closed, elapsed, is_complete };
    let report = Report::read(place.store(), ended)?;
    let mut out = std::io::stdout().lock();
    let written = if args.json { report.write_json(&mut out) } else { report.write_text(&mut out) };
    written.and_then(|()| out.flush())?;
    drop(out);
    if let Some(page) = page {
        page.close(args, &stop);
    }
    Ok(if is_told { report.exit() } else { Exit::Finding })
}

/// Plays the bars; `false` if somebody ended it before the last one.
fn replay(
    args: &DemoArgs,
    stop: &Stop,
    session: &mut Session,
    pipelines: &mut Pipelines,
    watches: &mut [Box<dyn Watch>],
) -> Result<bool, Failure> {
    let watch = Stopwatch::start();
    while !stop.is_wanted() {
        let Some(step) = session.step(pipelines)? else {
            pipelines.finish();
            return Ok(true);
        };
        if step.bar_index % BARS_PER_FLUSH == 0 {
            pipelines.keep_up(stop);
        }
        let bar = Bar {
            step: &step,
            live: pipelines.live(),
            metrics: pipelines.local(),
            elapsed: watch.elapsed(),
        };
        for watch in watches.iter_mut() {
            watch.bar(&bar);
        }
        if let Some(due) = args.due(step.bar_index + 1, step.bars_len) {
            stop.pause(due.saturating_sub(watch.elapsed()));
        }
    }
    pipelines.finish();
    Ok(false)
}

/// Who shows each bar.
fn watches(args: &DemoArgs) -> Vec<Box<dyn Watch>> {
    let is_terminal = std::io::stderr().is_terminal();
    let progress: Box<dyn Watch> = if is_terminal {
        Box::new(screen::Screen::new(args.has_color()))
    } else {
        Box::new(screen::Lines::default())
    };
    vec![progress]
}

fn tell_plan(
    args: &DemoArgs,
    market: &Market,
    receivers: Option<&DeliveryConfig>,
) -> Result<Exit, Failure> {
    let what = place::look(&args.store, args.force)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "would trade {}", market.about().line())?;
    match args.due(market.bars.len(), market.bars.len()) {
        Some(span) => writeln!(out, "would take about {:.0} s", span.as_secs_f64())?,
        None => writeln!(out, "would go as fast as it can")?,
    }
    writeln!(out, "would {what} `{}`", args.store.display())?;
    if let Some(config) = receivers {
        let names: Vec<&str> = config.receivers.keys().map(String::as_str).collect();
        writeln!(out, "would tell {} what fires", names.join(", "))?;
    }
    if let Some(server) = &args.questdb {
        let shown = server.shown();
        writeln!(out, "would send the same to {shown} into tables that begin with `bt_`")?;
    }
    Ok(Exit::Fine)
}
