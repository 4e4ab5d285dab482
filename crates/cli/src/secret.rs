//! A secret that a person hands over: in a file, or in a variable.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use plimsoll_redact::Secret;

/// The text of the file, if one is named, else of the first variable that is set; without the space around it. `what` is
/// the secret's name in errors, such as `key`. An empty text is none.
#[allow(clippy::disallowed_methods, reason = "a command is the edge that reads the environment")]
pub(crate) fn given(
    what: &str,
    file: Option<&Path>,
    variables: &[&str],
) -> anyhow::Result<Option<Secret>> {
    let text = match file {
        Some(path) => Some(
            fs::read_to_string(path)
                .with_context(|| format!("cannot read the {what} file `{}`", path.display()))?,
        ),
        None => variables.iter().find_map(|name| std::env::var(name).ok()),
    };
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(text.map(Secret::new))
}
