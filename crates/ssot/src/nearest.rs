//! The known name that a misspelled one was probably meant to be.

/// The nearest of `known` to `name`, if it is near enough to be worth mentioning.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let scored = known.into_iter().map(|candidate| (distance(&name, &plain(candidate)), candidate));
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters wrong is a misspelling; more is another word.
    let allowed = (name.len().max(candidate.len()) / 3).max(1);
    (distance <= allowed).then_some(candidate)
}

/// Letters as they are compared: case and the choice of separator are no difference.
fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions, replacements and swaps of neighbors that make `a` of `b`.
///
/// Source: optimal string alignment, the restricted form of Damerau and Levenshtein.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, y) in b.iter().enumerate() {
            let at = |cells: &[usize], at: usize| cells.get(at).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, column) + usize::from(x != y);
            let mut cost = replaced.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let is_swap =
                row > 0 && column > 0 && a.get(row - 1) == Some(y) && b.get(column - 1) == Some(x);
            if is_swap {
                cost = cost.min(at(&before, column - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let known = ["max_iterations", "max_budget_usd", "max_tokens", "mode", "ports"];
        assert_eq!(nearest(name, known), expected, "{name}");
    }

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        check("max_iteration", Some("max_iterations"));
        check("maxIterations", Some("max_iterations"));
        check("max-iterations", Some("max_iterations"));
        check("max_itertaions", Some("max_iterations"));
        check("budget_usd", Some("max_budget_usd"));
        check("port", Some("ports"));
        check("colour", None);
        check("", None);
    }
}
