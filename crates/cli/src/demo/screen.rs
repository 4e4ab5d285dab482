//! Progress on stderr: a view that is redrawn on a terminal, a line every 5 % elsewhere.

use std::fmt::Write as _;
use std::time::Duration;

use super::number::{count, grouped, percent};
use super::watch::{Bar, Watch};

const REDRAW: Duration = Duration::from_millis(125);
const BAR_CELLS: usize = 30;
/// A full bar is this drawdown.
const BAR_RATIO: f64 = 0.15;
/// Marks in the drawdown bar.
const MARKS: [f64; 2] = [0.05, 0.10];

/// The view on a terminal.
#[derive(Debug)]
pub(super) struct Screen {
    color: bool,
    drawn: usize,
    drawn_at: Option<Duration>,
}

impl Screen {
    pub(super) fn new(color: bool) -> Self {
        Self { color, drawn: 0, drawn_at: None }
    }

    fn draw(&mut self, lines: &[String]) {
        let mut text = String::new();
        if self.drawn == 0 {
            // No wrapping: a line that is cut keeps the view as high as it was.
            text.push_str("\x1b[?7l\x1b[?25l");
        } else {
            write!(text, "\x1b[{}A", self.drawn).unwrap_or_default();
        }
        for line in lines {
            write!(text, "\r{line}\x1b[K\n").unwrap_or_default();
        }
        eprint!("{text}");
        self.drawn = lines.len();
    }
}

impl Watch for Screen {
    fn bar(&mut self, bar: &Bar<'_>) {
        let is_last = bar.step.bar_index + 1 == bar.step.bars_len;
        let is_due = self.drawn_at.is_none_or(|at| bar.elapsed.saturating_sub(at) >= REDRAW);
        if is_due || is_last {
            self.drawn_at = Some(bar.elapsed);
            self.draw(&view(bar, self.color));
        }
    }

    fn end(&mut self) {
        if self.drawn > 0 {
            eprintln!("\x1b[?7h\x1b[?25h");
            self.drawn = 0;
        }
    }
}

impl Drop for Screen {
    /// A terminal without a cursor would outlive an error.
    fn drop(&mut self) {
        self.end();
    }
}

/// Progress where nothing can be redrawn.
#[derive(Debug, Default)]
pub(super) struct Lines {
    told: usize,
}

impl Watch for Lines {
    fn bar(&mut self, bar: &Bar<'_>) {
        let step = bar.step;
        let twentieths = (step.bar_index + 1) * 20 / step.bars_len.max(1);
        if twentieths > self.told {
            self.told = twentieths;
            eprintln!(
                "{:>3} %  {}  equity {}  drawdown {}  fills {}  rows dropped {}",
                twentieths * 5,
                step.date,
                grouped(step.equity, 2),
                percent(step.drawdown_ratio),
                bar.live.fills,
                bar.metrics.counts().dropped_rows,
            );
        }
    }
}

fn view(bar: &Bar<'_>, color: bool) -> Vec<String> {
    let (step, live) = (bar.step, bar.live);
    let health = bar.metrics.health();
    let done = step.bar_index + 1;
    let cells = (done * BAR_CELLS / step.bars_len.max(1)).min(BAR_CELLS);
    let progress = format!("{}{}", "█".repeat(cells), "░".repeat(BAR_CELLS - cells));
    let fees: Vec<String> = live
        .fees
        .iter()
        .map(|(currency, sum)| format!("{} {currency}", grouped(*sum, 2)))
        .collect();
    let acks = live
        .acks_ms()
        .map_or("none yet".to_owned(), |(p50, p99)| format!("p50 {p50:.0} ms, p99 {p99:.0} ms"));
    let secs = bar.elapsed.as_secs_f64().max(1e-3);
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = health.counts.emitted_rows as f64 / secs;
    let line = if step.connected { "" } else { "  THE LINE TO THE VENUE IS BROKEN" };
    vec![
        format!("{}  {progress}  bar {done} of {}{line}", step.date, step.bars_len),
        format!("equity    {}  position {}", grouped(step.equity, 2), step.position_qty),
        format!("drawdown  {}", drawdown(step.drawdown_ratio, color)),
        format!(
            "orders    {} sent, {} open, {} filled, {} canceled, {} rejected; {} fills",
            live.submitted, step.open_orders, live.filled, live.canceled, live.rejected, live.fills
        ),
        format!(
            "fees      {}   ack {acks}",
            if fees.is_empty() { "none yet".to_owned() } else { fees.join(", ") }
        ),
        format!(
            "rows      {} ({}/s), {} dropped, {} bytes wait in the spool",
            count(health.counts.emitted_rows),
            grouped(rate, 0),
            health.counts.dropped_rows,
            count(health.spool_bytes),
        ),
    ]
}

/// `████|·····|·····  5.3 %  over 5 %`: marks at 5 and 10 %, and the word beside the color.
fn drawdown(ratio: f64, color: bool) -> String {
    let mut bar = String::new();
    for cell in 0..BAR_CELLS {
        #[allow(clippy::cast_precision_loss, reason = "thirty cells")]
        let (from, to) = {
            let step = BAR_RATIO / BAR_CELLS as f64;
            (cell as f64 * step, (cell + 1) as f64 * step)
        };
        let has_mark = MARKS.iter().any(|mark| (from..to).contains(&(mark + 1e-9)));
        bar.push(match (ratio > from, has_mark) {
            (true, true) => '▓',
            (true, false) => '█',
            (false, true) => '|',
            (false, false) => '·',
        });
    }
    let (word, paint) = match ratio {
        r if r > 0.10 => ("  over 10 %", "\x1b[31m"),
        r if r > 0.05 => ("  over 5 %", "\x1b[33m"),
        _ => ("", ""),
    };
    let text = format!("{bar}  {}{word}", percent(ratio));
    if color && !paint.is_empty() { format!("{paint}{text}\x1b[0m") } else { text }
}

#[cfg(test)]
mod tests {
    use super::drawdown;

    #[track_caller]
    fn check(ratio: f64, expected: &str) {
        assert_eq!(drawdown(ratio, false), expected);
    }

    #[test]
    fn a_drawdown_is_readable_without_color() {
        check(0.0, "··········|·········|·········  0.0 %");
        check(0.06, "██████████▓█········|·········  6.0 %  over 5 %");
        check(0.2, "██████████▓█████████▓█████████  20.0 %  over 10 %");
    }
}
