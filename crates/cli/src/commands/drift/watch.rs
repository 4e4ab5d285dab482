//! `plimsoll drift --watch`.

use std::time::Duration;

use plimsoll_drift::{Around, Report};

use super::check::{CheckArgs, exit};
use super::show;
use crate::failure::{Exit, Failure};
use crate::stop::Stop;

/// The pause between two looks. A look takes some tens of milliseconds.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks until somebody wants it to end; says something whenever the answer is another one. A configuration that is
/// broken for a while ends nothing.
pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let mut last: Option<Result<Report, String>> = None;
    let mut ended = Exit::Unknown;
    while !stop.is_wanted() {
        let looked = args.subject.read().and_then(|subject| {
            let files = subject.below(&args.files)?;
            let report = subject.check(&files, Around::default());
            Ok((subject, report))
        });
        match looked {
            Ok((subject, report)) => {
                ended = exit(&subject, &report);
                let is_new =
                    !matches!(&last, Some(Ok(before)) if before.findings == report.findings);
                if is_new {
                    show::report(args, &subject, &report)?;
                }
                last = Some(Ok(report));
            }
            Err(failure) => {
                ended = failure.exit();
                let said = failure.to_string();
                if !matches!(&last, Some(Err(before)) if *before == said) {
                    eprint!("{said}");
                }
                last = Some(Err(said));
            }
        }
        stop.pause(PAUSE);
    }
    Ok(ended)
}
