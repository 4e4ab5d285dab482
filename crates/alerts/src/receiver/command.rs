//! A program that takes the message on its standard input.

use std::time::Duration;

use plimsoll_process::{Command, Exit};

use super::CommandInput;
use crate::notification::{Notification, headline, plain_text};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::webhook::plain;

/// Exit code of a failure that may pass, by `sysexits.h`.
const TEMPORARY: i32 = 75;

/// Runs a program for each message. Exit code 0: it has it. 75, a signal or a timeout: try again later.
/// Anything else: it will never take this message.
#[derive(Debug, Clone)]
pub struct CommandReceiver {
    name: String,
    argv: Vec<String>,
    input: CommandInput,
    timeout: Duration,
}

impl CommandReceiver {
    /// A program with its arguments, and the longest time that it may take.
    pub fn new(
        name: impl Into<String>,
        argv: Vec<String>,
        input: CommandInput,
        timeout: Duration,
    ) -> Self {
        Self { name: name.into(), argv, input, timeout }
    }

    fn bytes(&self, notification: &Notification) -> Vec<u8> {
        match &self.input {
            CommandInput::Text => plain_text(notification) + "\n",
            CommandInput::Json => format!("{}\n", plain::body(notification)),
            CommandInput::Mail { to, from } => mail(notification, to, from),
        }
        .into_bytes()
    }
}

impl Notify for CommandReceiver {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let receiver = || self.name.clone();
        let unreachable =
            |detail: String| NotifyError::Unreachable { receiver: receiver(), detail };
        let Some((program, args)) = self.argv.split_first() else {
            let detail = "no program is named".to_owned();
            return Err(NotifyError::Refused { receiver: receiver(), detail });
        };
        let output = Command::new(program)
            .args(args)
            .env("PLIMSOLL_NOTIFICATION_ID", &notification.id)
            .stdin(self.bytes(notification))
            .timeout(self.timeout)
            .run()
            .map_err(|error| unreachable(format!("cannot run `{program}`: {error}")))?;
        let said = output.stderr.text();
        let said = said.lines().last().unwrap_or_default();
        let said = plimsoll_redact::mask(said, &plimsoll_redact::Rules::default());
        match output.exit {
            Exit::Code(0) => Ok(Receipt::default()),
            Exit::Code(TEMPORARY) => Err(unreachable(format!("`{program}` asks to wait: {said}"))),
            Exit::Code(code) => {
                let detail = format!("`{program}` ended with {code}: {said}");
                Err(NotifyError::Refused { receiver: receiver(), detail })
            }
            other => Err(unreachable(format!("`{program}` ended by {other}: {said}"))),
        }
    }
}

/// A mail in plain text. Each header is one line of ASCII, whatever an alert's texts hold.
fn mail(notification: &Notification, to: &str, from: &str) -> String {
    let line = |text: &str| -> String {
        text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
    };
    format!(
        "To: {}\nFrom: {}\nSubject: [plimsoll] {}\nX-Plimsoll-Id: {}\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
        line(to),
        line(from),
        line(&headline(notification)),
        line(&notification.id),
        plain_text(notification),
    )
}
