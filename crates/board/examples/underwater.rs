//! Draws a drawdown as SVG: `cargo run -p plimsoll-board --example underwater > underwater.html`.
#![allow(clippy::print_stdout, reason = "an example shows its picture")]

use plimsoll_board::{
    Unit,
    svg::{CSS, Chart, Frame, Line, lines},
};

fn main() {
    let minute = 60_000_000_000_i64;
    let mut peak = 0.0_f64;
    let points = (0..240_i32).map(|n| {
        let equity = 100.0 + f64::from(n) * 0.1 + 8.0 * (f64::from(n) / 17.0).sin();
        peak = peak.max(equity);
        (i64::from(n) * minute, (peak - equity) / peak)
    });
    let line = Line::new("ema-001", points.collect());
    let chart = Chart::new(vec![line], Unit::Ratio, (0, 239 * minute)).hanging();
    let frame =
        Frame::new("underwater", "Underwater").described("How far equity is below its peak");
    println!("<!doctype html><meta charset=utf-8><style>{CSS}</style>{}", lines(&frame, &chart));
}
