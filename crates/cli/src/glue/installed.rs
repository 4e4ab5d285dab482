//! What is installed here, as drift asks for it: by the programs that know it.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_drift::{Ecosystem, Installed, ListInstalled};
use plimsoll_process::Command;
use serde_json::Value;

/// The longest that a program may take to tell.
const TIMEOUT: Duration = Duration::from_secs(30);
const OUTPUT_BYTES_MAX: usize = 8 << 20;
/// Every distribution that an interpreter sees.
const PYTHON: &str = "import importlib.metadata as m, json, platform\n\
    print(json.dumps([['python', platform.python_version()]] + \
    [[d.metadata['Name'], d.version] for d in m.distributions() if d.metadata['Name']]))";

/// The Python environment of a repository.
#[derive(Debug)]
pub(crate) struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// The interpreter that is named, else that of `.venv`, else that of the active environment, else `python3`.
    pub(crate) fn of(root: &Path, named: Option<&Path>) -> Self {
        let active =
            || env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin/python"));
        let own = Some(root.join(".venv/bin/python")).filter(|path| path.exists());
        let found = named.map(Path::to_owned).or(own).or_else(active);
        Self { interpreter: found.unwrap_or_else(|| PathBuf::from("python3")) }
    }
}

impl ListInstalled for Python {
    fn list(&self) -> Result<Vec<Installed>, String> {
        // Isolated: nothing of the current folder is imported.
        let command = Command::new(&self.interpreter).args(["-I", "-c", PYTHON]);
        let text = said(command, &self.interpreter.display().to_string())?;
        let pairs: Vec<(String, String)> = serde_json::from_str(&text)
            .map_err(|_| "the interpreter answers no list".to_owned())?;
        // Of two of one name the first is imported.
        let mut seen = HashSet::new();
        let is_first = |(name, _): &(String, String)| {
            seen.insert(name.to_ascii_lowercase().replace(['_', '.'], "-"))
        };
        let installed = |(name, version)| Installed::new(Ecosystem::Python, name, version);
        Ok(pairs.into_iter().filter(is_first).map(installed).collect())
    }
}

/// The compiler of a repository and the programs that cargo installed.
#[derive(Debug)]
pub(crate) struct Rust {
    pub(crate) root: PathBuf,
}

impl ListInstalled for Rust {
    fn list(&self) -> Result<Vec<Installed>, String> {
        let command = |program: &str| {
            Command::new(program).current_dir(&self.root).env_allow(["RUSTUP_HOME", "CARGO_HOME"])
        };
        let compiler = said(command("rustc").arg("--version"), "rustc")?;
        let version = compiler.split(' ').nth(1).ok_or("`rustc --version` has no version")?;
        let programs = said(command("cargo").args(["install", "--list"]), "cargo")?;
        let mut installed = vec![Installed::new(Ecosystem::Cargo, "rust", version)];
        // `name v1.2.3:`, and its programs indented below.
        installed.extend(programs.lines().filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split([' ', ':']).next()?;
            (!name.starts_with(' ')).then(|| Installed::new(Ecosystem::Cargo, name, version))
        }));
        Ok(installed)
    }
}

/// The containers that run, as Docker or else Podman tells.
#[derive(Debug)]
pub(crate) struct Containers;

impl ListInstalled for Containers {
    fn list(&self) -> Result<Vec<Installed>, String> {
        let ask = |engine: &str| {
            let command = Command::new(engine).args(["ps", "--no-trunc", "--format", "{{json .}}"]);
            said(
                command.env_allow([
                    "DOCKER_HOST",
                    "DOCKER_CONTEXT",
                    "DOCKER_CONFIG",
                    "XDG_RUNTIME_DIR",
                ]),
                engine,
            )
        };
        let text = ask("docker").or_else(|why| ask("podman").map_err(|_| why))?;
        let mut installed = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let container: Value =
                serde_json::from_str(line).map_err(|_| "the engine answers no JSON".to_owned())?;
            let Some(image) = container.get("Image").and_then(Value::as_str) else { continue };
            let name = match container.get("Names") {
                Some(Value::Array(names)) => names.first().and_then(Value::as_str),
                Some(name) => name.as_str(),
                None => None,
            };
            // A digest says nothing of a version.
            let image = image.split_once('@').map_or(image, |(image, _)| image);
            let Some((image, tag)) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))
            else {
                continue;
            };
            let of_image = Installed::new(Ecosystem::Image, image, tag);
            installed.push(of_image.at(name.unwrap_or("container")));
        }
        Ok(installed)
    }
}

/// What a program said.
fn said(command: Command, name: &str) -> Result<String, String> {
    let output = command.timeout(TIMEOUT).output_limit(OUTPUT_BYTES_MAX).run();
    let output = output.map_err(|error| format!("`{name}` cannot be run: {error}"))?;
    if !output.success() {
        let first = output.stderr.text().lines().last().unwrap_or_default().to_owned();
        return Err(format!("`{name}` failed: {first}"));
    }
    if output.stdout.left_out_bytes > 0 {
        return Err(format!("`{name}` says more than is read"));
    }
    Ok(output.stdout.text().into_owned())
}
