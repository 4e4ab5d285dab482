//! Fewer points, the same extremes.

/// At most about `points_max` points of a line that is sorted by its first number: of each of equally
/// many columns of x the first, the lowest, the highest and the last point. What was highest or lowest
/// in the whole stays so, and a gap between two columns stays a gap.
///
/// - **Unit:** none; x and y as they are.
/// - **Shape:** the points of one line, sorted by x. A line that is short enough stays as it is.
/// - **Source:** M4 aggregation: Jugel, Jerzak, Hackenbroich, Markl, VLDB 7(10), 2014.
#[must_use]
pub fn downsample(points: &[(f64, f64)], points_max: usize) -> Vec<(f64, f64)> {
    let columns = (points_max / 4).max(1);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= points_max {
        return points.to_vec();
    }
    let width = ((last.0 - first.0) / f64::from(u32::try_from(columns).unwrap_or(u32::MAX)))
        .max(f64::MIN_POSITIVE);
    let column = |x: f64| ((x - first.0) / width).floor();
    let mut out = Vec::with_capacity(columns.saturating_mul(4));
    let mut of_column: Option<(f64, [(f64, f64); 4])> = None;
    for point in points {
        let here = column(point.0);
        match &mut of_column {
            Some((at, [_, lowest, highest, newest])) if *at == here => {
                if point.1 < lowest.1 {
                    *lowest = *point;
                }
                if point.1 > highest.1 {
                    *highest = *point;
                }
                *newest = *point;
            }
            other => {
                if let Some((_, four)) = other.replace((here, [*point; 4])) {
                    push(&mut out, four);
                }
            }
        }
    }
    if let Some((_, four)) = of_column {
        push(&mut out, four);
    }
    out
}

/// Adds the points of a column in the order of x, each once.
fn push(out: &mut Vec<(f64, f64)>, mut four: [(f64, f64); 4]) {
    four.sort_by(|a, b| a.0.total_cmp(&b.0));
    for point in four {
        if out.last() != Some(&point) {
            out.push(point);
        }
    }
}
