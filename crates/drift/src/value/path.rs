//! Paths, compared by where they lead.

/// The parts of a path: without `.`, doubled slashes and a slash at its end; `..` takes a part away.
pub(crate) fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let path = path.trim();
    if path.starts_with('/') {
        parts.push("/");
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !["..", "/", "~"].contains(last)) => {
                parts.pop();
            }
            "$HOME" | "${HOME}" => parts.push("~"),
            _ => parts.push(part),
        }
    }
    parts
}

/// Whether a path is the other one, or leads to something in it.
pub(crate) fn is_at_or_below(path: &str, other: &str) -> bool {
    let (path, other) = (parts(path), parts(other));
    path.len() >= other.len() && path.iter().zip(&other).all(|(a, b)| a == b)
}

/// A name without its numbers: `catalog_v1222` and `catalog_v1300` have one stem.
pub(crate) fn stem(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>().to_ascii_lowercase()
}

/// Whether a text can be a path on a machine, and not one to fill in.
pub(crate) fn is_path(text: &str) -> bool {
    let is_rooted =
        ["/", "~/", "$HOME/", "${HOME}/", "./", "../"].iter().any(|root| text.starts_with(root));
    let placeholders =
        ["/path/to", "/your/", "/tmp/", "<", "/some/", "/example", "/dev/null", "..."];
    is_rooted
        && text.len() > 2
        && !placeholders.iter().any(|part| text.contains(part))
        && !text.starts_with("//")
}
