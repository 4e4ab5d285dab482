//! Services as containers, each of an image by its digest.

use std::time::Duration;

use plimsoll_process::{Command, Output};
use serde::Deserialize;

use super::config::Container;
use super::processes::{RunServices, ServiceError, start_number};
use super::release::Launch;

/// Longest wait for an answer of the engine.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Longest wait for an image that comes from a registry.
const PULL_MAX: Duration = Duration::from_secs(240);
/// What the client of the engine needs of our environment.
const CLIENT: [&str; 4] = ["DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "XDG_RUNTIME_DIR"];
const SAID_MAX: usize = 300;

/// Services as containers of an engine on this machine.
#[derive(Debug, Clone)]
pub struct Containers {
    environment: String,
    variables: Vec<(String, String)>,
}

/// A container as the engine describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    state: State,
    config: Made,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    #[serde(default)]
    exit_code: i64,
    #[serde(default)]
    health: Option<Checked>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checked {
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    image: String,
}

/// An image as the engine describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    id: String,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
}

impl Containers {
    /// Containers of that environment; `variables` is what allowed variables are taken from.
    #[must_use]
    pub fn new(
        environment: impl Into<String>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self { environment: environment.into(), variables: variables.into_iter().collect() }
    }

    /// The name of the container of a service of a release.
    fn name(&self, launch: &Launch) -> String {
        format!("plimsoll-{}.{}.{}", self.environment, launch.name, launch.release)
    }

    fn of<'a>(&self, launch: &'a Launch) -> Result<&'a Container, ServiceError> {
        let none = || ServiceError::NoProgram { service: launch.instance() };
        launch.container.as_ref().ok_or_else(none)
    }

    /// Asks the engine, and returns what it said however that ended.
    fn ask<'a>(
        &self,
        launch: &Launch,
        words: impl IntoIterator<Item = &'a str>,
        wait: Duration,
    ) -> Result<Output, ServiceError> {
        let container = self.of(launch)?;
        let mut command =
            Command::new(&container.program).args(words).env_allow(CLIENT).timeout(wait);
        if let Some(host) = &container.host {
            command = command.env("DOCKER_HOST", host);
        }
        for name in &launch.env_allow {
            if let Some((_, value)) = self.variables.iter().find(|(own, _)| own == name) {
                command = command.env(name, value);
            }
        }
        command.run().map_err(|error| ServiceError::Engine {
            service: launch.instance(),
            said: crate::store::chain(&error),
        })
    }

    /// Asks the engine for something that has to be done.
    fn tell<'a>(
        &self,
        launch: &Launch,
        words: impl IntoIterator<Item = &'a str>,
        wait: Duration,
    ) -> Result<Output, ServiceError> {
        let output = self.ask(launch, words, wait)?;
        if output.success() { Ok(output) } else { Err(refused(launch, &output)) }
    }

    /// The container; `None` if there is none.
    fn inspect(&self, launch: &Launch) -> Result<Option<Inspected>, ServiceError> {
        let name = self.name(launch);
        let words = ["container", "inspect", "--format", "{{json .}}", "--", &name];
        let output = self.ask(launch, words, ANSWER_MAX)?;
        if output.success() {
            return read(launch, &output).map(Some);
        }
        let said = output.stderr.text().to_lowercase();
        // That nobody answers is no answer.
        if said.contains("no such container") || said.contains("no such object") {
            return Ok(None);
        }
        Err(refused(launch, &output))
    }

    /// The image, fetched if it is not here.
    fn image_of(&self, launch: &Launch) -> Result<Image, ServiceError> {
        let image = self.of(launch)?.image.as_str();
        let words = ["image", "inspect", "--format", "{{json .}}", "--", image];
        let output = self.ask(launch, words, ANSWER_MAX)?;
        if output.success() {
            return read(launch, &output);
        }
        self.tell(launch, ["pull", "--quiet", image], PULL_MAX)?;
        read(launch, &self.tell(launch, words, ANSWER_MAX)?)
    }
}

fn refused(launch: &Launch, output: &Output) -> ServiceError {
    let text = output.stderr.text();
    let masked = plimsoll_redact::mask(text.trim(), &plimsoll_redact::Rules::default());
    let said = masked.chars().take(SAID_MAX).collect();
    ServiceError::Engine { service: launch.instance(), said }
}

fn read<T: for<'de> Deserialize<'de>>(launch: &Launch, output: &Output) -> Result<T, ServiceError> {
    serde_json::from_slice(&output.stdout.head).map_err(|error| ServiceError::Engine {
        service: launch.instance(),
        said: format!("its answer is not understood: {error}"),
    })
}

/// The repository that an image is of, without tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    // A colon before the last slash is that of a port.
    let from = image.rfind('/').map_or(0, |at| at + 1);
    let colon = image.get(from..).and_then(|name| name.find(':'));
    colon.and_then(|at| image.get(..from + at)).unwrap_or(image)
}

impl RunServices for Containers {
    fn pin(&mut self, launch: &Launch) -> Result<Option<String>, ServiceError> {
        let found = self.image_of(launch)?;
        let wanted = repository(&self.of(launch)?.image);
        let digests = found.repo_digests.unwrap_or_default();
        // One of another repository may go away without ours; an id is good on this machine.
        let own = digests.into_iter().find(|digest| repository(digest) == wanted);
        Ok(Some(own.unwrap_or(found.id)))
    }

    fn start(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<(), ServiceError> {
        let name = self.name(launch);
        match self.inspect(launch)? {
            Some(found) if found.state.running => return Ok(()),
            Some(_) => drop(self.tell(launch, ["rm", "--", &name], ANSWER_MAX)?),
            None => {}
        }
        let container = self.of(launch)?;
        let mut words: Vec<String> =
            ["run", "--detach", "--name", &name, "--restart", "no"].map(str::to_owned).to_vec();
        words.extend(["--stop-timeout".to_owned(), launch.stop_secs.to_string()]);
        for (key, value) in &launch.env {
            words.extend(["--env".to_owned(), format!("{key}={value}")]);
        }
        // By name alone: the value is in the client's environment, and on no command line.
        for key in &launch.env_allow {
            words.extend(["--env".to_owned(), key.clone()]);
        }
        let ticket = format!("PLIMSOLL_LEASE_TICKET={}", ticket.unwrap_or_default());
        words.extend(["--env".to_owned(), ticket]);
        words.extend(container.args.iter().cloned());
        words.push(container.image.clone());
        let number = start_number().to_string();
        words.extend(launch.run.iter().map(|word| word.replace("{start}", &number)));
        self.tell(launch, words.iter().map(String::as_str), PULL_MAX).map(drop)
    }

    fn stop(&mut self, launch: &Launch) -> Result<&'static str, ServiceError> {
        let is_running = |found: &Inspected| found.state.running;
        if !self.inspect(launch)?.as_ref().is_some_and(is_running) {
            return Ok("had ended");
        }
        let (name, secs) = (self.name(launch), launch.stop_secs.to_string());
        let wait = ANSWER_MAX + Duration::from_secs(u64::from(launch.stop_secs));
        self.tell(launch, ["stop", "-t", &secs, "--", &name], wait)?;
        match self.inspect(launch)? {
            Some(found) if found.state.running => {
                Err(ServiceError::StillRuns { service: launch.instance() })
            }
            // 128 and the number of SIGKILL.
            Some(found) if found.state.exit_code == 137 => Ok("was killed"),
            _ => Ok("ended when asked"),
        }
    }

    fn is_running(&mut self, launch: &Launch) -> Result<bool, ServiceError> {
        Ok(self.inspect(launch)?.is_some_and(|found| found.state.running))
    }

    fn health(&mut self, launch: &Launch) -> Result<Option<String>, ServiceError> {
        let unwell = |said: String| ServiceError::Engine { service: launch.instance(), said };
        let found = self.inspect(launch)?;
        let found = found.ok_or_else(|| unwell("there is no container".to_owned()))?;
        let wanted = &self.of(launch)?.image;
        if found.config.image != *wanted {
            let image = found.config.image;
            return Err(unwell(format!("it runs the image `{image}`, not `{wanted}`")));
        }
        match found.state.health {
            Some(checked) if checked.status != "healthy" => {
                Err(unwell(format!("the engine says it is {}", checked.status)))
            }
            Some(_) => Ok(Some(format!("healthy, image {wanted}"))),
            None => Ok(Some(format!("image {wanted}"))),
        }
    }

    fn last_words(&mut self, launch: &Launch) -> String {
        let name = self.name(launch);
        let Ok(output) = self.ask(launch, ["logs", "--tail", "5", "--", &name], ANSWER_MAX) else {
            return String::new();
        };
        let text = format!("{}\n{}", output.stdout.text().trim(), output.stderr.text().trim());
        let text = text.trim().replace('\n', " | ");
        plimsoll_redact::mask(&text, &plimsoll_redact::Rules::default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn a_port_is_no_tag() {
        for (image, wanted) in [
            ("desk/web", "desk/web"),
            ("desk/web:2", "desk/web"),
            ("127.0.0.1:5000/desk/web", "127.0.0.1:5000/desk/web"),
            ("127.0.0.1:5000/desk/web:2", "127.0.0.1:5000/desk/web"),
            ("127.0.0.1:5000/desk/web@sha256:ab", "127.0.0.1:5000/desk/web"),
            ("127.0.0.1:5000/desk/web:2@sha256:ab", "127.0.0.1:5000/desk/web"),
        ] {
            assert_eq!(repository(image), wanted);
        }
    }
}
