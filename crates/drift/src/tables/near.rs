//! Names that somebody may have meant.

/// The only one of some names that differs from a name by at most two characters.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = if name.len() >= 6 { 2 } else { 1 };
    let mut best: Option<(usize, &str)> = None;
    let mut is_tie = false;
    for candidate in known {
        let begins_alike = name.bytes().next().map(|b| b.to_ascii_lowercase())
            == candidate.bytes().next().map(|b| b.to_ascii_lowercase());
        if name.len().abs_diff(candidate.len()) > limit || !begins_alike {
            continue;
        }
        let distance = distance(&name.to_ascii_lowercase(), &candidate.to_ascii_lowercase(), limit);
        let Some(distance) = distance.filter(|distance| *distance > 0) else { continue };
        match best {
            Some((known, _)) if known < distance => {}
            Some((known, other)) if known == distance => is_tie |= other != candidate,
            _ => {
                best = Some((distance, candidate));
                is_tie = false;
            }
        }
    }
    best.filter(|_| !is_tie).map(|(_, name)| name)
}

/// How many characters have to be put in, taken away or changed; `None` if more than `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let (Some(left), Some(above), Some(corner)) = (next.last(), row.get(j + 1), row.get(j))
            else {
                return None;
            };
            let changed = corner + usize::from(x != *y);
            next.push(changed.min(left + 1).min(above + 1));
        }
        // Nothing that follows makes it less.
        if next.iter().all(|distance| *distance > limit) {
            return None;
        }
        row = next;
    }
    row.last().copied().filter(|distance| *distance <= limit)
}
