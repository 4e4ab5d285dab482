//! Pictures: what a person sees, and what nobody can put into them.

use plimsoll_board::{
    Cell, Panel, Unit, View, draw,
    svg::{Chart, Frame, Line, downsample, escape, lines, nice_ticks},
};

use crate::store::{SEC, board};

const EVIL: &str = "<script>alert(\"1\")</script>&'\u{1}";

fn panel(dashboard: &str, id: &str) -> Panel {
    board().dashboard(dashboard).unwrap().panel(id).unwrap().clone()
}

fn view() -> View {
    View::new((0, 3_600 * SEC), 60 * SEC)
}

/// The y of the line across that belongs to a rule.
fn height_of(svg: &str, rule: &str) -> f64 {
    let group = svg.split(&format!("data-rule=\"{rule}\"")).nth(1).unwrap();
    group.split("y1=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

#[test]
fn limits_lie_at_their_height() {
    let panel = panel("drawdown", "underwater");
    let data = panel.query.read((0..60).map(|n| {
        let ratio = if n == 30 { 0.075 } else { 0.0 };
        vec![Cell::Integer(n * 60 * SEC), Cell::Text("A".to_owned()), Cell::Number(ratio)]
    }));
    let svg = draw(&panel, &data, &view());
    let (five, ten) = (height_of(&svg, "drawdown_warning"), height_of(&svg, "drawdown_critical"));
    let area = svg.split("b-line s0\" points=\"").nth(1).unwrap().split('"').next().unwrap();
    let ys = area.split(' ').map(|pair| pair.split_once(',').unwrap().1.parse::<f64>().unwrap());
    let ys: Vec<f64> = ys.collect();
    let zero = ys[0];
    let deepest = ys.iter().copied().fold(f64::MIN, f64::max);
    assert!(zero < five && five < ten, "a drawdown hangs from zero: {zero} {five} {ten}");
    let expected = zero + (five - zero) * 1.5;
    assert!((deepest - expected).abs() < 0.2, "{deepest} is not half way: {five} {ten}");
    for word in ["warning &gt; 5 %", "critical &gt; 10 %", "role=\"img\"", "<title id="] {
        assert!(svg.contains(word), "{word} is missing: {svg}");
    }
}

#[test]
fn every_text_from_outside_is_escaped() {
    assert_eq!(escape(EVIL), "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\u{fffd}");
    let board = board();
    for dashboard in &board.dashboards {
        for panel in &dashboard.panels {
            let cell = |unit: Unit| match unit {
                Unit::Text => Cell::Text(EVIL.to_owned()),
                Unit::Moment => Cell::Moment(SEC),
                _ => Cell::Number(1.5),
            };
            let row = panel.query.outputs().iter().map(|column| cell(column.unit)).collect();
            let data = panel.query.read([row]);
            let html = draw(panel, &data, &view());
            let name = format!("{}/{}", dashboard.id, panel.id);
            assert!(!html.contains("<script"), "{name}: {html}");
            assert!(!html.contains("b-empty"), "{name} shows nothing");
            let is_balanced = html.matches("<g").count() == html.matches("</g>").count();
            assert!(is_balanced, "{name}: {html}");
        }
    }
}

#[test]
fn nothing_is_said_in_words_and_never_drawn_as_zero() {
    let panel = panel("pnl", "equity");
    let html = draw(&panel, &panel.query.read([]), &view());
    assert!(html.contains("no data in this range"), "{html}");
    let row = vec![Cell::Integer(0), Cell::Null, Cell::Null, Cell::Null, Cell::Null];
    assert!(draw(&panel, &panel.query.read([row]), &view()).contains("no data"));
}

#[test]
fn a_broken_limit_is_said_in_words_too() {
    let panel = panel("now", "drawdown");
    let row = |ratio| vec![Cell::Integer(SEC), Cell::Text("A".to_owned()), Cell::Number(ratio)];
    let broken = draw(&panel, &panel.query.read([row(0.12)]), &view());
    assert!(broken.contains("critical &gt; 10 %"), "{broken}");
    let fine = draw(&panel, &panel.query.read([row(0.05)]), &view());
    assert!(fine.contains("limits 5 % · 10 %") && !fine.contains("b-warn"), "{fine}");
}

#[test]
fn fewer_points_have_the_same_extremes() {
    let points: Vec<(f64, f64)> =
        (0..100_000).map(|n| (f64::from(n), f64::from(n * 7_919 % 10_007))).collect();
    let mut spiky = points.clone();
    spiky[77_777].1 = -1e6;
    spiky[33_333].1 = 1e6;
    let few = downsample(&spiky, 1_600);
    assert!(few.len() <= 1_604, "{}", few.len());
    assert!(few.contains(&spiky[77_777]) && few.contains(&spiky[33_333]));
    assert!(few.contains(&spiky[0]) && few.contains(&spiky[99_999]));
    assert!(few.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert_eq!(downsample(&points[..100], 1_600), points[..100]);
    assert_eq!(downsample(&[], 10), []);
    let flat = vec![(5.0, 1.0); 5_000];
    assert!(downsample(&flat, 100).len() <= 4);
}

#[test]
fn a_gap_is_not_drawn_over() {
    let minute = |n: i64| (n * 60 * SEC, 1.0);
    let points: Vec<(i64, f64)> = (0..10).chain(40..50).map(minute).collect();
    let chart = Chart::new(vec![Line::new("a", points)], Unit::None, (0, 3_600 * SEC));
    let count = |chart: &Chart| lines(&Frame::new("x", "x"), chart).matches("<polyline").count();
    assert_eq!(count(&chart), 1);
    assert_eq!(count(&chart.clone().with_gap(600 * SEC)), 2);
}

#[test]
fn ticks_are_round_and_within_the_range() {
    let shown = |low, high, count| {
        let ticks = nice_ticks(low, high, count);
        ticks.iter().map(|tick| format!("{tick:.3}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(0.0, 1.0, 5), "0.000 0.200 0.400 0.600 0.800 1.000");
    assert_eq!(shown(-0.13, 0.0, 3), "-0.100 -0.050 0.000");
    assert_eq!(shown(1.0, 1.0, 5), "");
    assert_eq!(shown(0.0, f64::INFINITY, 5), "");
}
