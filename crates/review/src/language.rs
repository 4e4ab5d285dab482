//! What language a file is in, by its name.

/// Languages that the lints know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Rust,
    /// JavaScript and TypeScript.
    Script,
    Shell,
    /// YAML, TOML, INI, environment files: `key: value` with `#` comments.
    Settings,
    Other,
}

impl Language {
    pub(crate) fn of(path: &str) -> Language {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        match extension {
            _ if name.starts_with(".env") || name.starts_with("Dockerfile") => Language::Settings,
            Some("py" | "pyi" | "pyx") => Language::Python,
            Some("rs") => Language::Rust,
            Some("js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts") => Language::Script,
            Some("sh" | "bash" | "zsh") => Language::Shell,
            Some("yaml" | "yml" | "toml" | "ini" | "cfg" | "conf" | "properties") => {
                Language::Settings
            }
            _ => Language::Other,
        }
    }
}

/// Whether a file holds tests, where a rule about production code does not apply.
pub(crate) fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let in_folder = path
        .split('/')
        .any(|folder| matches!(folder, "tests" | "test" | "__tests__" | "benches" | "testdata"));
    in_folder || stem.starts_with("test_") || stem.ends_with("_test") || stem == "conftest"
}
