//! Chromium over its pipe: its protocol for tools, one JSON text after the other, each ended by a zero.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::live::station::decode;
use crate::{command, machine};

/// Longest wait for the answer to one command.
const ANSWER: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    // Whatever a page may want: nothing but this machine has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// One browser with one page.
pub(super) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    /// What the browser told without being asked.
    events: Vec<Value>,
}

impl Browser {
    /// Starts it, with a profile of its own in `dir`.
    pub(super) fn start(chromium: &Path, dir: &Path) -> anyhow::Result<Self> {
        let (to, from) = (dir.join("to-browser"), dir.join("from-browser"));
        let made = Command::new("mkfifo").args([&to, &from]).status().context("no mkfifo")?;
        ensure!(made.success(), "cannot make pipes in `{}`", dir.display());
        let mut shell = Command::new("sh");
        // The browser reads descriptor 3 and writes 4; only a shell can give it those.
        shell
            .args(["-c", "exec \"$@\" 3<\"$TO_BROWSER\" 4>\"$FROM_BROWSER\"", "sh"])
            .arg(chromium)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", dir.join("profile").display()))
            .env("TO_BROWSER", &to)
            .env("FROM_BROWSER", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = shell.spawn().context("cannot start Chromium")?;
        // For reading too, so that opening does not wait for a shell that may have failed.
        let to = OpenOptions::new().read(true).write(true).open(&to)?;
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let Ok(file) = File::open(&from) else { return };
            for bytes in BufReader::new(file).split(0) {
                let value = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                if value.is_none_or(|value| send.send(value).is_err()) {
                    return;
                }
            }
        });
        let (session, last_id, events) = (None, 0, Vec::new());
        let mut browser = Self { child, to, from: receive, session, last_id, events };
        browser.open_page()?;
        Ok(browser)
    }

    fn open_page(&mut self) -> anyhow::Result<()> {
        let page = &self.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let target = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = &self.call("Target.attachToTarget", &target)?;
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// One command, and its answer.
    pub(super) fn call(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        let message = match &self.session {
            None => json!({ "id": id, "method": method, "params": params }),
            Some(session) => {
                json!({ "id": id, "method": method, "params": params, "sessionId": session })
            }
        };
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes)?;
        let begun = machine::now();
        loop {
            let left = ANSWER.saturating_sub(begun.elapsed());
            let told = self.from.recv_timeout(left);
            let told = told.map_err(|_| anyhow::anyhow!("Chromium does not answer {method}"))?;
            if told.get("id").and_then(Value::as_u64) != Some(id) {
                self.events.push(told);
                continue;
            }
            if let Some(why) = told.pointer("/error/message") {
                bail!("{method}: {why}");
            }
            return Ok(told.get("result").cloned().unwrap_or_default());
        }
    }

    /// What an expression of the page comes to; it may be a promise.
    pub(super) fn eval(&mut self, expression: &str) -> anyhow::Result<Value> {
        let params = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let answer = self.call("Runtime.evaluate", &params)?;
        if let Some(why) = answer.pointer("/exceptionDetails/exception/description") {
            bail!("{why} in {expression}");
        }
        Ok(answer.pointer("/result/value").cloned().unwrap_or_default())
    }

    /// Waits until an expression is true of the page; returns what it came to.
    pub(super) fn until(
        &mut self,
        what: &str,
        expression: &str,
        limit: Duration,
    ) -> anyhow::Result<Value> {
        let begun = machine::now();
        loop {
            // A page that is just being loaded has no answer, which is no failure.
            let found = self.eval(expression).unwrap_or(Value::Null);
            let is_so = match &found {
                Value::Null => false,
                Value::Bool(is) => *is,
                _ => true,
            };
            if is_so {
                return Ok(found);
            }
            if begun.elapsed() > limit {
                let text = self.eval("document.body.innerText.slice(0, 1500)")?;
                bail!("{what}: not within {} s; the page says: {text}", limit.as_secs());
            }
            machine::pause(POLL);
        }
    }

    /// Goes to an address and waits until it is loaded.
    pub(super) fn open(&mut self, url: &str) -> anyhow::Result<()> {
        let went = &self.call("Page.navigate", &json!({ "url": url }))?;
        ensure!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        let is_loaded = format!(
            "document.readyState === 'complete' && location.href.startsWith({})",
            json!(url)
        );
        self.until(url, &is_loaded, Duration::from_secs(30))?;
        Ok(())
    }

    /// Presses a key, as a keyboard does.
    pub(super) fn press(&mut self, key: &str) -> anyhow::Result<()> {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => bail!("which key is `{other}`?"),
        };
        let event = |kind: &str| json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        self.call("Input.dispatchKeyEvent", &event(down))?;
        self.call("Input.dispatchKeyEvent", &event("keyUp"))?;
        Ok(())
    }

    /// Width and height of the window, pixels; a phone has fingers, and twice as many dots.
    pub(super) fn size(&mut self, width: u32, height: u32, is_phone: bool) -> anyhow::Result<()> {
        let params = json!({
            "width": width, "height": height, "mobile": is_phone,
            "deviceScaleFactor": if is_phone { 2 } else { 1 },
        });
        self.call("Emulation.setDeviceMetricsOverride", &params)?;
        Ok(())
    }

    /// `dark` or `light`.
    pub(super) fn scheme(&mut self, scheme: &str) -> anyhow::Result<()> {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", &json!({ "features": [feature] }))?;
        Ok(())
    }

    /// What is in the window, as a picture.
    pub(super) fn picture(&mut self, to: &Path) -> anyhow::Result<()> {
        let shot = &self.call("Page.captureScreenshot", &json!({ "format": "png" }))?;
        let png = shot["data"].as_str().and_then(decode).context("no picture")?;
        ensure!(png.starts_with(b"\x89PNG"), "no picture");
        fs::write(to, png).with_context(|| format!("cannot write `{}`", to.display()))
    }

    /// Everything that was asked for over the network.
    pub(super) fn requests(&self) -> Vec<String> {
        let asked = |event: &Value| {
            let is = event["method"] == "Network.requestWillBeSent";
            let url = event.pointer("/params/request/url").and_then(Value::as_str);
            is.then_some(url).flatten().map(str::to_owned)
        };
        self.events.iter().filter_map(asked).collect()
    }

    /// Errors that the page has thrown, or the browser has logged.
    pub(super) fn errors(&self) -> Vec<String> {
        let text = |event: &Value, at: &str| {
            event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let is_error = |event: &&Value| match text(event, "/method").as_str() {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => {
                matches!(text(event, "/params/type").as_str(), "error" | "assert" | "warning")
            }
            "Log.entryAdded" => text(event, "/params/entry/level") == "error",
            _ => false,
        };
        self.events.iter().filter(is_error).map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when asked; a browser that hangs is killed.
        drop(self.call("Browser.close", &json!({})));
        let begun = machine::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            machine::pause(POLL);
        }
        drop(command::signal("KILL", &self.child.id().to_string()));
        drop(self.child.wait());
    }
}
