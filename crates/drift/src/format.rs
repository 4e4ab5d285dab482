//! Formats of files: which one a file has, and what it states in it.

mod dockerfile;
mod dotenv;
mod ini;
mod json;
mod markdown;
mod python;
mod requirements;
mod shell;
mod structure;
mod toml;
pub(crate) mod yaml;

use crate::outline::{FILE, Form, Outline};
use crate::span::{Span, lines_in};
use crate::tables::sql;
use crate::tree::Malformed;
use structure::Kind;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// `.env` and its kin.
    DotEnv,
    /// INI, properties, `.conf`, unit files.
    Ini,
    /// TOML.
    Toml,
    /// `pyproject.toml`.
    PyProject,
    /// `Cargo.toml`.
    CargoManifest,
    /// `Cargo.lock`, `uv.lock`, `poetry.lock`.
    Lock,
    /// JSON, with comments or without.
    Json,
    /// `package.json`.
    PackageJson,
    /// `package-lock.json`.
    PackageLock,
    /// YAML: compose files, workflows, pre-commit configurations, alert rules and any other.
    Yaml,
    /// Dockerfiles.
    Dockerfile,
    /// Python requirements.
    Requirements,
    /// Markdown.
    Markdown,
    /// Python.
    Python,
    /// SQL.
    Sql,
    /// Shell scripts.
    Shell,
    /// One version and nothing else: `.python-version`, `rust-toolchain`, `.nvmrc`.
    VersionFile,
    /// Any other text, line by line.
    Text,
}

impl Format {
    /// The format of a file by its name; `name` is the last part of its path.
    pub(crate) fn of_name(name: &str) -> Format {
        let lower = name.to_ascii_lowercase();
        if let Some(format) = Self::of_whole_name(&lower) {
            return format;
        }
        let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "env" => Format::DotEnv,
            "toml" => Format::Toml,
            "json" | "jsonc" | "json5" => Format::Json,
            "yml" | "yaml" => Format::Yaml,
            "md" | "markdown" | "mdx" | "rst" => Format::Markdown,
            "py" | "pyi" => Format::Python,
            "sql" | "ddl" => Format::Sql,
            "sh" | "bash" | "zsh" => Format::Shell,
            "ini" | "cfg" | "conf" | "properties" | "service" | "timer" => Format::Ini,
            _ => Format::Text,
        }
    }

    fn of_whole_name(name: &str) -> Option<Format> {
        Some(match name {
            "pyproject.toml" => Format::PyProject,
            "cargo.toml" => Format::CargoManifest,
            "cargo.lock" | "uv.lock" | "poetry.lock" => Format::Lock,
            "package.json" => Format::PackageJson,
            "package-lock.json" | "npm-shrinkwrap.json" => Format::PackageLock,
            ".python-version" | "rust-toolchain" | ".nvmrc" | ".node-version" => {
                Format::VersionFile
            }
            _ if name == ".env" || name.starts_with(".env.") || name.starts_with("env.") => {
                Format::DotEnv
            }
            _ if name.contains(".env.") || name.ends_with(".env") => Format::DotEnv,
            _ if name == "dockerfile"
                || name.starts_with("dockerfile.")
                || name.ends_with(".dockerfile") =>
            {
                Format::Dockerfile
            }
            _ if name.starts_with("requirements") && name.ends_with(".txt") => Format::Requirements,
            _ if name.starts_with("constraints") && name.ends_with(".txt") => Format::Requirements,
            _ => return None,
        })
    }

    /// The format of a block of code by the language that it names.
    pub(crate) fn of_language(language: &str) -> Option<Format> {
        Some(match language.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Format::Yaml,
            "toml" => Format::Toml,
            "json" | "jsonc" | "json5" => Format::Json,
            "env" | "dotenv" => Format::DotEnv,
            "ini" | "properties" | "conf" | "cfg" => Format::Ini,
            "python" | "py" | "python3" => Format::Python,
            "sql" | "questdb" => Format::Sql,
            "dockerfile" | "docker" => Format::Dockerfile,
            "bash" | "sh" | "shell" | "zsh" | "console" => Format::Shell,
            _ => return None,
        })
    }

    /// Whether a file of this format that cannot be read leaves a question open.
    pub(crate) fn is_structured(self) -> bool {
        !matches!(
            self,
            Format::Text | Format::Markdown | Format::Python | Format::Shell | Format::Sql
        )
    }
}

/// What a text states.
pub(crate) fn outline(format: Format, text: &str) -> Result<Outline, Malformed> {
    outline_part(format, text, Span::whole(text))
}

/// What a part of a text states.
pub(crate) fn outline_part(format: Format, text: &str, part: Span) -> Result<Outline, Malformed> {
    Ok(match format {
        Format::DotEnv => dotenv::read(text, part)?,
        Format::Ini => ini::read(text, part),
        Format::Toml => structure::outline(&toml::read(text, part)?, text, Kind::Any)?,
        Format::PyProject => structure::outline(&toml::read(text, part)?, text, Kind::PyProject)?,
        Format::CargoManifest => structure::outline(&toml::read(text, part)?, text, Kind::Cargo)?,
        Format::Lock => structure::outline(&toml::read(text, part)?, text, Kind::Lock)?,
        Format::Json => structure::outline(&json::read(text, part)?, text, Kind::Any)?,
        Format::PackageJson => structure::outline(&json::read(text, part)?, text, Kind::Package)?,
        Format::PackageLock => {
            structure::outline(&json::read(text, part)?, text, Kind::PackageLock)?
        }
        Format::Yaml => structure::outline(&yaml::read(text, part)?, text, Kind::Any)?,
        Format::Dockerfile => dockerfile::read(text, part),
        Format::Requirements => requirements::read(text, part),
        Format::Markdown => markdown::read(text, part),
        Format::Python => python::read(text, part),
        Format::Sql => sql_file(text, part),
        Format::Shell | Format::Text => shell::read(text, part),
        Format::VersionFile => version_file(text, part),
    })
}

/// SQL, and the prose of its comments.
fn sql_file(text: &str, part: Span) -> Outline {
    let mut outline = Outline::default();
    sql::read(text, part, sql::Escapes::None, &mut outline.tables);
    for line in lines_in(text, part) {
        if let Some(at) = line.of(text).find("--") {
            outline.add(FILE, Form::Text, Span::new(line.start + at, line.end));
        }
    }
    outline
}

fn version_file(text: &str, part: Span) -> Outline {
    let mut outline = Outline::default();
    if let Some(line) =
        lines_in(text, part).map(|line| line.trimmed(text)).find(|line| !line.is_empty())
    {
        outline.add(FILE, Form::Pinned, line);
    }
    outline
}
