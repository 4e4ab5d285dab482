//! The path of a value: `ralph.max_usd`, `limits.position[0].match`, `strategies."ema.1".capital`.

use std::fmt;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// Into a map.
    Name(String),
    /// Into a list, counted from zero.
    Index(usize),
}

/// A path from the root; empty is the whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Vec<Step>);

impl Key {
    pub(crate) fn root() -> Self {
        Self::default()
    }

    pub(crate) fn of(name: &str) -> Self {
        Self::root().name(name)
    }

    pub(crate) fn name(&self, name: &str) -> Self {
        self.with(Step::Name(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    pub(crate) fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(crate) fn from_steps(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// This path below another one.
    pub(crate) fn below(&self, parent: &Self) -> Self {
        Self(parent.0.iter().chain(&self.0).cloned().collect())
    }

    pub(crate) fn parent(&self) -> Option<(Self, &Step)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.to_vec()), last))
    }

    pub(crate) fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The name of the last map entry on the way, which is what a person calls the value.
    pub(crate) fn last_name(&self) -> &str {
        let name = self.0.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        name.unwrap_or_default()
    }

    /// Reads a path as it is displayed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']')?;
                steps.push(Step::Index(index.parse().ok()?));
                rest = after;
            } else {
                let name = match (steps.is_empty(), rest.strip_prefix('.')) {
                    (true, None) => rest,
                    (false, Some(name)) => name,
                    _ => return None,
                };
                let (name, after) = take_name(name)?;
                steps.push(Step::Name(name));
                rest = after;
            }
        }
        Some(Self(steps))
    }
}

/// A name, bare or in double quotes, and what follows it.
fn take_name(text: &str) -> Option<(String, &str)> {
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, after) = text.split_at_checked(end)?;
        return (!name.is_empty()).then(|| (name.to_owned(), after));
    };
    let mut name = String::new();
    loop {
        let end = quoted.find(['"', '\\'])?;
        let (part, after) = quoted.split_at_checked(end)?;
        name.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            return Some((name, after));
        }
        let mut characters = after.chars();
        characters.next();
        name.push(characters.next()?);
        quoted = characters.as_str();
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    write_name(name, f)?;
                }
            }
        }
        Ok(())
    }
}

fn write_name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !name.is_empty() && !name.contains(['.', '[', ']', '"', '\\', ' ']) {
        return f.write_str(name);
    }
    f.write_str("\"")?;
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Key, Step};

    #[track_caller]
    fn check(text: &str, expected: Option<&[Step]>) {
        assert_eq!(Key::parse(text).as_ref().map(Key::steps), expected, "{text}");
    }

    #[test]
    fn a_key_is_read_as_a_person_types_it() {
        let name = |name: &str| Step::Name(name.to_owned());
        check("", Some(&[]));
        check("ralph.max_usd", Some(&[name("ralph"), name("max_usd")]));
        check("a[1][20].b-c", Some(&[name("a"), Step::Index(1), Step::Index(20), name("b-c")]));
        check(r#"a."x.y\"z".b"#, Some(&[name("a"), name("x.y\"z"), name("b")]));
        for wrong in ["a.", ".a", "a..b", "a[", "a[x]", "a[1]b", "a.\"b", "a.\"b\"c", "a\"."] {
            let is_odd_name = wrong == "a\".";
            assert!(Key::parse(wrong).is_none() || is_odd_name, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_key_that_was_displayed_is_read_back(
            steps in proptest::collection::vec(
                prop_oneof![
                    ".*".prop_map(Step::Name),
                    (0_usize..100).prop_map(Step::Index)
                ],
                1..5,
            )
        ) {
            let key = Key::from_steps(steps);
            prop_assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
    }
}
