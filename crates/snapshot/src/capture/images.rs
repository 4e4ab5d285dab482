//! Container images, by digest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_process::{Command, RunError};
use serde::{Deserialize, Serialize};

use super::{Capture, CaptureError, Taken};
use crate::intake::Intake;

/// Captures which images containers run, by digest, and which images of given names are there.
///
/// The images themselves stay where they are: keep them from being pruned, or in a registry.
#[derive(Debug, Clone)]
pub struct Images {
    program: PathBuf,
    host: Option<String>,
    containers: Vec<String>,
    images: Vec<String>,
    timeout: Duration,
}

/// An image as the engine describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    architecture: String,
    os: String,
}

/// A container as the engine describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Running {
    image: String,
}

/// An image as it is written down.
#[derive(Debug, Serialize)]
struct Noted {
    image_id: String,
    repo_digests: Vec<String>,
    repo_tags: Vec<String>,
    platform: String,
    containers: Vec<String>,
}

impl Images {
    /// Nothing yet; name containers and images.
    #[must_use]
    pub fn new() -> Self {
        Self {
            program: "docker".into(),
            host: None,
            containers: Vec::new(),
            images: Vec::new(),
            timeout: Duration::from_secs(20),
        }
    }

    /// Adds containers, of which the image that they run counts.
    #[must_use]
    pub fn with_containers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.containers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds images by name, digest or id.
    #[must_use]
    pub fn with_images(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.images.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets where the engine listens, such as `unix:///run/docker.sock`. Default: as the client
    /// decides.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the client, such as `podman`. Default `docker`.
    #[must_use]
    pub fn with_program(mut self, program: impl AsRef<Path>) -> Self {
        self.program = program.as_ref().to_owned();
        self
    }

    /// Sets how long one question to the engine may take. Default 20 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn inspect<T: for<'de> Deserialize<'de>>(
        &self,
        sort: &str,
        name: &str,
    ) -> Result<T, CaptureError> {
        let failed = || CaptureError::new(format!("cannot inspect the {sort} `{name}`"));
        let mut command = Command::new(&self.program)
            .args([sort, "inspect", "--format", "{{json .}}", "--", name])
            .env_allow(["DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "XDG_RUNTIME_DIR"])
            .timeout(self.timeout);
        if let Some(host) = &self.host {
            command = command.env("DOCKER_HOST", host);
        }
        let output = command.run().map_err(|error: RunError| failed().with_source(error))?;
        if !output.success() {
            let said: String = output.stderr.text().trim().chars().take(300).collect();
            return Err(failed().with_source(said));
        }
        serde_json::from_slice(&output.stdout.head).map_err(|error| failed().with_source(error))
    }
}

impl Default for Images {
    fn default() -> Self {
        Self::new()
    }
}

impl Capture for Images {
    fn kind(&self) -> &'static str {
        "images"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        if self.containers.is_empty() && self.images.is_empty() {
            return Ok(Taken::Nothing { why: "no container and no image is named".to_owned() });
        }
        let mut by_name: Vec<(String, Option<&String>)> =
            self.images.iter().map(|image| (image.clone(), None)).collect();
        for container in &self.containers {
            let running: Running = self.inspect("container", container)?;
            by_name.push((running.image, Some(container)));
        }
        let mut noted: BTreeMap<String, Noted> = BTreeMap::new();
        for (name, container) in by_name {
            let found: Inspected = self.inspect("image", &name)?;
            let note = noted.entry(found.id.clone()).or_insert_with(|| Noted {
                image_id: found.id.clone(),
                repo_digests: found.repo_digests.unwrap_or_default(),
                repo_tags: found.repo_tags.unwrap_or_default(),
                platform: format!("{}/{}", found.os, found.architecture),
                containers: Vec::new(),
            });
            note.containers.extend(container.cloned());
        }
        for note in noted.values() {
            // An id is only good where the image was built, and only until it is removed.
            if note.repo_digests.is_empty() {
                let name = note.repo_tags.first().unwrap_or(&note.image_id);
                into.note(format!("`{name}` is in no registry: only this machine has it"));
            }
            let text = serde_json::to_vec_pretty(note).map_err(|error| {
                CaptureError::new("cannot write down an image").with_source(error)
            })?;
            into.document(&format!("images/{}.json", note.image_id.replace(':', "-")), &text)?;
        }
        into.fact("images", noted.len().to_string());
        Ok(Taken::Whole)
    }
}
