//! A client with a project: sends events to the hook in process, as a real one does by processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use plimsoll_ralph::hook::{self, EVENTS, Options, Outcome, read_lines};
use plimsoll_ralph::{Config, IterationRecord, Mode, Record};
use serde_json::{Value, json};

pub(crate) struct Client {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) session: String,
    pub(crate) config: Config,
    pub(crate) pid: u32,
    pub(crate) trace: Option<PathBuf>,
    /// How late the client may write its transcript.
    pub(crate) transcript_wait_max: Option<Duration>,
    messages: u32,
}

impl Client {
    /// A session in a new project in git.
    pub(crate) fn new(mode: Mode) -> Self {
        let client = Self::outside_of_git(mode);
        client.git(&["init", "-q", "-b", "main"]);
        client.git(&["config", "user.email", "a@example.invalid"]);
        client.git(&["config", "user.name", "a"]);
        client.write("README.md", "probe\n");
        client.git(&["add", "README.md"]);
        client.git(&["commit", "-q", "-m", "begin"]);
        client
    }

    pub(crate) fn outside_of_git(mode: Mode) -> Self {
        let config = Config::default().with_mode(mode).with_iteration_interval_min_secs(0);
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("project")).unwrap();
        fs::write(dir.path().join("s-1.jsonl"), "").unwrap();
        Self {
            dir,
            session: "s-1".to_owned(),
            config,
            pid: std::process::id(),
            trace: None,
            transcript_wait_max: None,
            messages: 0,
        }
    }

    /// Another session of the same project, in another process.
    pub(crate) fn session(&mut self, name: &str, pid: u32) {
        self.session = name.to_owned();
        self.pid = pid;
        let path = self.transcript();
        if !path.exists() {
            fs::write(path, "").unwrap();
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub(crate) fn ralph(&self) -> PathBuf {
        self.root().join(".ralph")
    }

    pub(crate) fn transcript(&self) -> PathBuf {
        self.dir.path().join(format!("{}.jsonl", self.session))
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").args(args).current_dir(self.root()).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default().with_config(self.config.clone());
        options.client_pid = Some(self.pid);
        options.trace.clone_from(&self.trace);
        options.transcript_wait_max = self.transcript_wait_max;
        options
    }

    /// Sends an event and returns the answer.
    pub(crate) fn send(&self, event: &str, fields: &Value) -> Value {
        self.send_raw(self.input(event, fields).to_string().as_bytes()).0
    }

    pub(crate) fn input(&self, event: &str, fields: &Value) -> Value {
        let mut input = json!({
            "session_id": self.session,
            "cwd": self.root(),
            "transcript_path": self.transcript(),
            "hook_event_name": event,
            "effort": { "level": "medium" },
        });
        let more = fields.as_object().cloned().unwrap_or_default();
        input.as_object_mut().unwrap().extend(more);
        input
    }

    pub(crate) fn send_raw(&self, input: &[u8]) -> (Value, Outcome) {
        let mut output = Vec::new();
        let outcome = hook::run(input, &mut output, &self.options(), &mut ());
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text.lines().count(), 1, "one line: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(answer.is_object(), "{answer}");
        (answer, outcome)
    }

    pub(crate) fn prompt(&self, text: &str) -> Value {
        self.send("UserPromptSubmit", &json!({ "prompt": text }))
    }

    pub(crate) fn stop(&self, message: &str) -> Value {
        let fields = json!({ "last_assistant_message": message, "background_tasks": [] });
        self.send("Stop", &fields)
    }

    pub(crate) fn tool(&self) -> Value {
        let call = json!({ "tool_name": "Bash", "tool_input": { "command": "true" },
            "tool_use_id": "toolu_1", "tool_response": {}, "duration_ms": 60_000 });
        self.send("PostToolUse", &call)
    }

    /// A turn that calls a tool and changes a file.
    pub(crate) fn work(&self, n: u32) {
        self.write("work.txt", &format!("{n}\n"));
        self.tool();
    }

    /// The agent writes a message with this usage into the transcript.
    pub(crate) fn message(&mut self, model: &str, tokens: [u64; 4]) {
        self.messages += 1;
        let path = self.transcript();
        let line = message(&format!("msg_{}", self.messages), model, tokens);
        append(&path, &line);
    }

    /// What was recorded of iterations.
    pub(crate) fn iterations(&self) -> Vec<IterationRecord> {
        let iteration = |record| match record {
            Record::Iteration(iteration) => Some(iteration),
            _ => None,
        };
        self.records().into_iter().filter_map(iteration).collect()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let tail = read_lines(&self.ralph().join(EVENTS), 0, u64::MAX).unwrap();
        assert_eq!(tail.broken_lines, 0);
        tail.lines.into_iter().map(|(_, line)| line.record).collect()
    }
}

pub(crate) fn message(id: &str, model: &str, [input, output, read, write]: [u64; 4]) -> String {
    json!({
        "type": "assistant", "version": "2.1.330", "isSidechain": false,
        "timestamp": "2026-11-24T09:30:00.000Z",
        "message": { "id": id, "model": model, "role": "assistant",
            "content": [{ "type": "text", "text": "words" }],
            "usage": { "input_tokens": input, "output_tokens": output,
                "cache_read_input_tokens": read, "cache_creation_input_tokens": write } },
    })
    .to_string()
}

pub(crate) fn append(path: &Path, line: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, format!("{before}{line}\n")).unwrap();
}

/// Whether an answer lets the agent go on.
pub(crate) fn goes_on(answer: &Value) -> bool {
    answer["decision"] == "block" && answer.get("continue").is_none()
}

/// Whether an answer ends the turn.
pub(crate) fn halts(answer: &Value) -> bool {
    answer["continue"] == false
}
