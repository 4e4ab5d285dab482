//! A picture of equity and drawdown in characters.

use std::fmt::Write as _;

use super::number::{grouped, percent};

const COLUMNS: usize = 64;
const EQUITY_LINES: usize = 8;
const LABEL_CELLS: usize = 14;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws samples of equity and drawdown ratio, oldest first; nothing for fewer than two.
pub(super) fn draw(samples: &[(f64, f64)], currency: &str, dates: (&str, &str)) -> String {
    if samples.len() < 2 {
        return String::new();
    }
    let columns = COLUMNS.min(samples.len());
    let cells: Vec<(f64, f64)> = (0..columns)
        .filter_map(|column| {
            let from = column * samples.len() / columns;
            let to = ((column + 1) * samples.len() / columns).max(from + 1);
            let part = samples.get(from..to)?;
            let equity = part.last()?.0;
            Some((equity, part.iter().fold(0.0, |worst: f64, (_, ratio)| worst.max(*ratio))))
        })
        .collect();
    let mut text = format!("  equity, {currency}\n");
    equity(&cells, &mut text);
    text.push_str("  drawdown\n");
    drawdown(&cells, &mut text);
    let (first, last) = dates;
    let gap = columns.saturating_sub(first.len() + last.len()).max(2);
    writeln!(text, "{}{first}{}{last}", " ".repeat(LABEL_CELLS + 2), " ".repeat(gap))
        .unwrap_or_default();
    text
}

fn equity(cells: &[(f64, f64)], text: &mut String) {
    let low = cells.iter().fold(f64::INFINITY, |low, (value, _)| low.min(*value));
    let high = cells.iter().fold(f64::NEG_INFINITY, |high, (value, _)| high.max(*value));
    let span = if high > low { high - low } else { 1.0 };
    for line in (0..EQUITY_LINES).rev() {
        let label = match line {
            0 => grouped(low, 0),
            l if l + 1 == EQUITY_LINES => grouped(high, 0),
            _ => String::new(),
        };
        write!(text, "{label:>LABEL_CELLS$} │").unwrap_or_default();
        for (value, _) in cells {
            // Even the lowest value shows an eighth: an empty column would read as no data.
            let total = eighths((value - low) / span, EQUITY_LINES * 8 - 1) + 1;
            let here = total.saturating_sub(line * 8).min(8);
            text.push(EIGHTHS.get(here).copied().unwrap_or('█'));
        }
        text.push('\n');
    }
}

/// Hangs from the top; the lines are chosen so that 5 and 10 % are edges of lines.
fn drawdown(cells: &[(f64, f64)], text: &mut String) {
    let worst = cells.iter().fold(0.0, |worst: f64, (_, ratio)| worst.max(*ratio));
    let (per_line, lines) = match worst {
        w if w <= 0.15 => (0.025, 6),
        w if w <= 0.30 => (0.05, 6),
        w if w <= 0.60 => (0.10, 6),
        _ => (0.25, 4),
    };
    let mut floor = 0.0;
    for line in 0..lines {
        let ceiling = floor;
        floor += per_line;
        let label = if line == 0 { percent(0.0) } else { percent(ceiling) };
        write!(text, "{label:>LABEL_CELLS$} │").unwrap_or_default();
        for (_, ratio) in cells {
            text.push(match ratio {
                r if *r > ceiling + per_line / 2.0 => '█',
                r if *r > ceiling => '▀',
                _ => ' ',
            });
        }
        text.push('\n');
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of a few dozen cells"
)]
fn eighths(share: f64, max: usize) -> usize {
    (share.clamp(0.0, 1.0) * max as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn a_fall_is_seen_in_both_pictures() {
        let samples = [(100.0, 0.0), (110.0, 0.0), (99.0, 0.1), (105.0, 0.045)];
        let text = draw(&samples, "USDC", ("2008-01-02", "2008-01-05"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"  equity, USDC"));
        assert!(text.contains("           110 │ █"), "{text}");
        assert!(text.contains("            99 │▇█▁█"), "{text}");
        assert!(text.contains("         0.0 % │  ██"), "{text}");
        assert!(text.contains("         7.5 % │  █ "), "{text}");
        assert_eq!(draw(&samples[..1], "USDC", ("", "")), "");
    }
}
