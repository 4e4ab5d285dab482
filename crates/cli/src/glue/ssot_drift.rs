//! Values of the configuration as what drift looks for.

use std::path::Path;

use plimsoll_drift::{Config, Declared, Origin, Said};
use plimsoll_ssot::{Scalar, Setting, Ssot};

/// What the configuration declares, without a profile first; paths are below `root`.
///
/// With a file only what somebody said is declared. Without one every default is.
pub(crate) fn declared(all: &[Ssot], config: &Config, root: &Path) -> Vec<Declared> {
    let mut declared = Vec::new();
    for (index, ssot) in all.iter().enumerate() {
        let profile = if index == 0 { None } else { ssot.profile() };
        let is_said = |setting: &Setting| !ssot.has_file() || !setting.origin.is_default();
        let is_own = |setting: &Setting| profile.is_none() || profile == of_profile(setting);
        let settings: Vec<Setting> =
            ssot.settings().filter(|setting| is_said(setting) && is_own(setting)).collect();
        for value in values(&settings, root) {
            declared.push(match profile {
                Some(profile) => value.with_profile(profile),
                None => value,
            });
        }
    }
    if let Some(ssot) = all.first() {
        let at = |key: &str| ssot.origin(key).map_or(Origin::Default, |at| origin(&at, root));
        if !config.tables.is_empty() {
            let tables = Said::List(config.tables.clone());
            declared.push(Declared::new("tables", tables, at("drift.tables[0]")));
        }
        for (key, text) in &config.facts {
            let at = at(&format!("drift.facts.\"{key}\""));
            declared.push(Declared::new(key.clone(), natural(text), at));
        }
    }
    declared
}

fn of_profile(setting: &Setting) -> Option<&str> {
    match &setting.origin {
        plimsoll_ssot::Origin::File { profile, .. } => profile.as_deref(),
        _ => None,
    }
}

/// Single values, and lists of texts as one value each.
fn values(settings: &[Setting], root: &Path) -> Vec<Declared> {
    let mut values: Vec<Declared> = Vec::new();
    for setting in settings.iter().filter(|setting| !setting.is_secret) {
        let at = origin(&setting.origin, root);
        let (key, rest) = setting.key.split_once('[').unwrap_or((&setting.key, ""));
        if rest.is_empty() {
            values.extend(said(&setting.value).map(|value| Declared::new(key, value, at)));
            continue;
        }
        // A part of a list of maps has no name by which files could call it.
        let (true, Scalar::Text(text)) = (rest.ends_with(']'), &setting.value) else { continue };
        match values.last_mut().filter(|last| last.key == key) {
            Some(Declared { value: Said::List(list), .. }) => list.push(text.clone()),
            _ => values.push(Declared::new(key, Said::List(vec![text.clone()]), at)),
        }
    }
    values
}

fn said(scalar: &Scalar) -> Option<Said> {
    match scalar {
        Scalar::Bool(truth) => Some(Said::Truth(*truth)),
        Scalar::Integer(number) => i64::try_from(*number).ok().map(Said::Integer),
        Scalar::Float(number) => Some(Said::Number(*number)),
        Scalar::Text(text) => Some(Said::Text(text.clone())),
        _ => None,
    }
}

/// A text as the number or truth value that it writes.
fn natural(text: &str) -> Said {
    match (text.parse(), text.parse(), text.parse()) {
        (Ok(whole), ..) => Said::Integer(whole),
        (_, Ok(number), _) => Said::Number(number),
        (_, _, Ok(truth)) => Said::Truth(truth),
        _ => Said::Text(text.to_owned()),
    }
}

fn origin(origin: &plimsoll_ssot::Origin, root: &Path) -> Origin {
    match origin {
        plimsoll_ssot::Origin::File { path, line, column, .. } => {
            let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            let path = path.strip_prefix(root).unwrap_or(path).to_owned();
            Origin::File { path, line: count(*line), column: count(*column) }
        }
        plimsoll_ssot::Origin::Env { name, .. } => Origin::Env { name: name.clone() },
        _ => Origin::Default,
    }
}
