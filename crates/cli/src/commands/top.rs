//! `plimsoll top`: the figures that one looks at first, in a terminal, live.

mod answers;
mod terminal;

use std::io::{IsTerminal as _, Write as _, stdout};
use std::time::Duration;

use clap::Args;
use plimsoll_alerts::AlertsConfig;
use plimsoll_board::{Board, Piece, Scope, Severity, Variable, View, draw_text};
use plimsoll_metrics::Timestamp;
use plimsoll_metrics::read::Rfc3339;
use plimsoll_ssot::sections::Limits;

use crate::failure::{Exit, Failure};
use crate::glue::sections::ALERTS;
use crate::glue::{board_alerts, board_metrics, ssot_alerts};
use crate::moment::now_ns;
use crate::stop::Stop;
use crate::store::StoreArgs;

use answers::Answers;
use terminal::Terminal;

const ABOUT: &str = "\
Show strategies, drawdown against its limits, latency, alerts and loops in this terminal, live

The same panels, queries and limits as the station's page, of an SQLite file or a QuestDB. q or Ctrl-C
ends it. Without a terminal, or with --once, it prints the figures once and ends.";

const EXAMPLES: &str = "\
Examples:
  plimsoll top
  plimsoll top --store runs/demo.db --mode replay --hours 2000 --once
  plimsoll top --store http://127.0.0.1:9000 --strategy ema-001 --every 5";

/// Panels from top to bottom, by dashboard.
const PANELS: [(&str, &str); 9] = [
    ("now", "trading"),
    ("now", "firing"),
    ("now", "equity"),
    ("now", "day"),
    ("drawdown", "underwater"),
    ("drawdown", "by-strategy"),
    ("now", "strategies"),
    ("latency", "by-venue"),
    ("ralph", "live"),
];
/// Points of a line over time.
const POINTS_MAX: u32 = 120;
const HOUR_NS: i64 = 3_600_000_000_000;
/// Between two looks at the keyboard.
const LOOK: Duration = Duration::from_millis(100);

/// Arguments of `plimsoll top`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only this environment
    #[arg(long, value_name = "ENV")]
    env: Option<String>,
    /// Modes whose rows are shown
    #[arg(long, value_name = "MODE", value_delimiter = ',', default_value = "live,paper")]
    mode: Vec<String>,
    /// Only this strategy
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// How far back it looks
    #[arg(long, value_name = "HOURS", default_value = "24", value_parser = clap::value_parser!(u32).range(1..=87_600))]
    hours: u32,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    every: u32,
    /// Print the figures once and end
    #[arg(long)]
    once: bool,
    /// No color; what breaks a limit says so in words anyway
    #[arg(long, env = "NO_COLOR", value_parser = clap::builder::FalseyValueParser::new())]
    no_color: bool,
}

pub(crate) fn run(args: &TopArgs) -> Result<Exit, Failure> {
    let limits: Limits = args.store.config().section("limits")?;
    let alerts: AlertsConfig = args.store.config().section(ALERTS)?;
    let rules = board_alerts::configured(&alerts.rules, &ssot_alerts::limits(&limits));
    let board = Board::new(board_metrics::tables(), rules).map_err(anyhow::Error::from)?;
    let mut answers = Answers::new(args.store.place()?);
    let is_live = !args.once && stdout().is_terminal();
    let is_colored = !args.no_color && stdout().is_terminal();
    if !is_live {
        let lines = args.lines(&board, &mut answers)?;
        let text: String = lines.iter().map(|line| shown(line, is_colored) + "\n").collect();
        stdout().write_all(text.as_bytes())?;
        return Ok(Exit::Fine);
    }
    let stop = Stop::listen()?;
    let terminal = Terminal::open()?;
    while !stop.is_wanted() {
        let lines = match args.lines(&board, &mut answers) {
            Ok(lines) => lines,
            // A store that is away for a moment comes back.
            Err(failure) => vec![vec![Piece::head(format!("no figures: {failure}"))]],
        };
        let lines: Vec<String> = lines.iter().map(|line| shown(line, is_colored)).collect();
        terminal.draw(&lines)?;
        let mut waited = Duration::ZERO;
        while waited < Duration::from_secs(args.every.into()) && !stop.is_wanted() {
            if terminal.is_over()? {
                return Ok(Exit::Fine);
            }
            stop.pause(LOOK);
            waited = waited.saturating_add(LOOK);
        }
    }
    Ok(Exit::Fine)
}

impl TopArgs {
    fn scope(&self, now_ns: i64) -> Scope {
        let from_ns = now_ns.saturating_sub(i64::from(self.hours).saturating_mul(HOUR_NS));
        Scope::new(from_ns, now_ns, POINTS_MAX)
            .only(Variable::Env, self.env.clone())
            .only(Variable::Mode, self.mode.clone())
            .only(Variable::Strategy, self.strategy.clone())
    }

    fn lines(&self, board: &Board, answers: &mut Answers) -> Result<Vec<Vec<Piece>>, Failure> {
        let now_ns = now_ns();
        let scope = self.scope(now_ns);
        let at = Rfc3339(Timestamp::from_nanos(now_ns)).to_string();
        let at = at.get(..19).unwrap_or_default().replace('T', " ");
        let modes = self.mode.join(" and ").to_uppercase();
        let mut lines =
            vec![vec![Piece::head(format!("{modes}  last {} h  {at} UTC", self.hours))]];
        answers.begin()?;
        for (dashboard, panel) in PANELS {
            let found = board.dashboard(dashboard);
            let Some(panel) = found.and_then(|d| d.panels.iter().find(|p| p.id == panel)) else {
                continue;
            };
            let data = answers.ask(&panel.query, &scope)?;
            let view = View::new((scope.from_ns, scope.to_ns), scope.step_ns).at(now_ns);
            let drawn = draw_text(panel, &data, &view);
            if data.is_empty() {
                // What there is should fit on a screen.
                let title = Piece::head(format!("{}  ", panel.title));
                lines.push(std::iter::once(title).chain(drawn.into_iter().flatten()).collect());
                continue;
            }
            lines.push(Vec::new());
            lines.push(vec![Piece::head(&panel.title)]);
            lines.extend(drawn);
        }
        Ok(lines)
    }
}

/// A line as a terminal takes it.
fn shown(line: &[Piece], is_colored: bool) -> String {
    let piece = |piece: &Piece| {
        let style = match piece.severity {
            _ if !is_colored => return piece.text.clone(),
            Some(Severity::Critical) => "\x1b[1;31m",
            Some(Severity::Warning) => "\x1b[33m",
            _ if piece.is_head => "\x1b[1m",
            _ => return piece.text.clone(),
        };
        format!("{style}{}\x1b[0m", piece.text)
    };
    let line: String = line.iter().map(piece).collect();
    line.trim_end().to_owned()
}
