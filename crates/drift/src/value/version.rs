//! Versions and the ranges of versions, compared by their schemes.
//!
//! `9.2.3`, `v9.2.3`, `9.2.3-alpine` and `9.2.3@sha256:…` are one version; `2.3.1` is not `12.3.1`, and
//! `1.222.0a20250112` is before `1.222.0`.

use std::cmp::Ordering;

/// A version: numbers, and whether it is one before its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    parts: Vec<u64>,
    /// The kind and number of what comes before the release: `a1`, `rc2`, `dev3`.
    before: Option<(Before, u64)>,
}

/// What comes before a release, in the order in which it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    Dev,
    Alpha,
    Beta,
    Candidate,
}

/// Words that begin a version before its release. What else follows a version is a variant of it.
const BEFORE: &[(&str, Before)] = &[
    ("dev", Before::Dev),
    ("nightly", Before::Dev),
    ("snapshot", Before::Dev),
    ("alpha", Before::Alpha),
    ("beta", Before::Beta),
    ("preview", Before::Candidate),
    ("pre", Before::Candidate),
    ("rc", Before::Candidate),
    ("a", Before::Alpha),
    ("b", Before::Beta),
    ("c", Before::Candidate),
];

impl Version {
    /// Reads a whole text; `None` if it is no version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, rest) = text.split_at_checked(digits)?;
        // `3.12.` is a version at the end of a sentence; `1.2.dev3` has its dot before the word.
        let numbers = numbers.trim_end_matches('.');
        if numbers.is_empty() || numbers.starts_with('.') || numbers.contains("..") {
            return None;
        }
        let parts =
            numbers.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let rest = rest.split(['+', '@']).next().unwrap_or_default();
        Some(Self { parts, before: before(rest)? })
    }

    /// How many numbers it has.
    pub(crate) fn precision(&self) -> usize {
        self.parts.len()
    }

    fn part(&self, index: usize) -> u64 {
        self.parts.get(index).copied().unwrap_or_default()
    }

    /// The order of versions: missing numbers are zero.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let length = self.parts.len().max(other.parts.len());
        let numbers = (0..length)
            .map(|index| self.part(index).cmp(&other.part(index)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal);
        numbers.then_with(|| match (self.before, other.before) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(&b),
        })
    }

    /// Whether this is the other one, or the other one said with fewer numbers: `12.3` of `12.3.1`.
    pub(crate) fn names(&self, other: &Self) -> bool {
        let is_shorter = self.parts.len() < other.parts.len();
        let is_start = self.parts.iter().zip(&other.parts).all(|(a, b)| a == b);
        if is_shorter { is_start && self.before.is_none() } else { self.order(other).is_eq() }
    }
}

/// What follows the numbers: nothing, a variant, or a version before its release.
#[expect(
    clippy::option_option,
    reason = "no version, a release, and one before it are three answers"
)]
fn before(rest: &str) -> Option<Option<(Before, u64)>> {
    let word = rest.trim_start_matches(['-', '.', '_']).to_ascii_lowercase();
    if word.is_empty() {
        return Some(None);
    }
    for (name, kind) in BEFORE {
        let Some(after) = word.strip_prefix(name) else { continue };
        let after = after.trim_start_matches(['.', '-', '_']);
        let number: String = after.chars().take_while(char::is_ascii_digit).collect();
        let is_word_over = after.len() == number.len()
            || !after
                .get(number.len()..)
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_alphabetic()));
        if is_word_over {
            return Some(Some((*kind, number.parse().unwrap_or_default())));
        }
    }
    // `-alpine` and `-rhel` are variants; `9.2.3abc` is no version.
    let is_variant =
        rest.starts_with(['-', '_', '.']) || word.starts_with("post") || word == "x" || word == "*";
    is_variant.then_some(None)
}

/// One bound of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
    /// `==3.12.*`: any version that begins so.
    Within,
    NotEqual,
    /// `~=1.2.3`, `~1.2.3`: the last number may grow. `^1.2`: up to the next major version.
    Compatible,
    Caret,
}

/// A range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    bounds: Vec<(Operator, Version)>,
    /// It was written `1.2.0+`: a version, and any that is newer.
    pub(crate) is_open_version: bool,
}

impl Range {
    /// Reads a whole text; `None` if it is no range. A version alone is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(version) = text.strip_suffix('+') {
            let bounds = vec![(Operator::AtLeast, Version::parse(version)?)];
            return Some(Self { bounds, is_open_version: true });
        }
        let mut bounds = Vec::new();
        for part in text.split([',']).flat_map(split_at_operators) {
            if !part.trim().is_empty() {
                bounds.push(bound(part.trim())?);
            }
        }
        let is_range = !bounds.is_empty();
        is_range.then_some(Self { bounds, is_open_version: false })
    }

    /// A range as Cargo and npm read a version alone: `1.2` is `^1.2`.
    pub(crate) fn of_default_caret(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let version = Version::parse(text)?;
            Some(Self { bounds: vec![(Operator::Caret, version)], is_open_version: false })
        })
    }

    /// Whether a version is in the range.
    pub(crate) fn contains(&self, version: &Version) -> bool {
        self.bounds.iter().all(|(operator, bound)| {
            let order = version.order(bound);
            match operator {
                Operator::AtLeast => order.is_ge(),
                Operator::Above => order.is_gt(),
                Operator::AtMost => order.is_le(),
                Operator::Below => order.is_lt(),
                Operator::Equal => bound.names(version),
                Operator::Within => bound.names(version),
                Operator::NotEqual => order.is_ne(),
                Operator::Compatible => {
                    order.is_ge()
                        && is_same_up_to(version, bound, bound.precision().saturating_sub(1).max(1))
                }
                Operator::Caret => {
                    order.is_ge() && is_same_up_to(version, bound, caret_length(bound))
                }
            }
        })
    }

    /// The lowest version that the range has.
    pub(crate) fn lower(&self) -> Option<&Version> {
        let is_lower = |operator: Operator| {
            !matches!(operator, Operator::AtMost | Operator::Below | Operator::NotEqual)
        };
        let lowers = self.bounds.iter().filter(|(operator, _)| is_lower(*operator)).map(|(_, v)| v);
        lowers.max_by(|a, b| a.order(b))
    }

    /// The version that ends the range.
    pub(crate) fn upper(&self) -> Option<&Version> {
        let is_upper = |operator: Operator| matches!(operator, Operator::AtMost | Operator::Below);
        self.bounds.iter().find(|(operator, _)| is_upper(*operator)).map(|(_, version)| version)
    }

    /// Whether it names one version: `==1.2.3`.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.bounds.as_slice(), [(Operator::Equal, _)])
    }
}

/// The numbers that `^` keeps: all up to the first that is not zero.
fn caret_length(bound: &Version) -> usize {
    let zeros = bound.parts.iter().take_while(|part| **part == 0).count();
    (zeros + 1).min(bound.precision().max(1))
}

fn is_same_up_to(version: &Version, bound: &Version, length: usize) -> bool {
    (0..length).all(|index| version.part(index) == bound.part(index))
}

/// `>=1 <2` and `>=1, <2` are the same.
fn split_at_operators(part: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut was_operator = true;
    for (at, c) in part.char_indices() {
        let is_operator = matches!(c, '<' | '>' | '=' | '!' | '~' | '^');
        if is_operator && !was_operator {
            starts.push(at);
        }
        was_operator = is_operator || (was_operator && c == ' ');
    }
    starts.push(part.len());
    starts
        .windows(2)
        .filter_map(|pair| match pair {
            [start, end] => part.get(*start..*end),
            _ => None,
        })
        .collect()
}

fn bound(text: &str) -> Option<(Operator, Version)> {
    let operators = [
        (">=", Operator::AtLeast),
        ("<=", Operator::AtMost),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("~=", Operator::Compatible),
        ("~>", Operator::Compatible),
        (">", Operator::Above),
        ("<", Operator::Below),
        ("=", Operator::Equal),
        ("~", Operator::Compatible),
        ("^", Operator::Caret),
    ];
    let (sign, operator) = operators.iter().find(|(sign, _)| text.starts_with(sign))?;
    let rest = text.get(sign.len()..)?.trim_start_matches('=').trim();
    if let Some(start) = rest.strip_suffix(".*").filter(|_| *operator == Operator::Equal) {
        return Some((Operator::Within, Version::parse(start)?));
    }
    Some((*operator, Version::parse(rest)?))
}

/// A version or a range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    One(Version),
    Range(Range),
}

impl Versions {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let starts_with_digit =
            text.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit());
        if starts_with_digit && !text.ends_with('+') && !text.contains([',', '<', '>']) {
            return Version::parse(text).map(Versions::One);
        }
        Range::parse(text).map(Versions::Range)
    }

    /// Whether a file that says this agrees with what is declared.
    pub(crate) fn agrees_with(&self, declared: &Versions) -> bool {
        match (declared, self) {
            (Versions::One(declared), Versions::One(found)) => found.names(declared),
            (Versions::One(declared), Versions::Range(found)) => found.contains(declared),
            (Versions::Range(declared), Versions::One(found)) => {
                declared.contains(found) || declared.lower().is_some_and(|lower| found.names(lower))
            }
            (Versions::Range(declared), Versions::Range(found)) => agree(declared, found),
        }
    }
}

fn agree(declared: &Range, found: &Range) -> bool {
    let (Some(declared_lower), Some(found_lower)) = (declared.lower(), found.lower()) else {
        return declared == found;
    };
    // `1.222.0+` is a version: a feature that needs less is satisfied by it.
    if declared.is_open_version && !found.is_exact() && found.contains(declared_lower) {
        return true;
    }
    if found.is_exact() {
        return declared.contains(found_lower);
    }
    let uppers = match (declared.upper(), found.upper()) {
        (Some(declared), Some(found)) => declared.order(found).is_eq(),
        _ => true,
    };
    declared_lower.order(found_lower).is_eq() && uppers
}
