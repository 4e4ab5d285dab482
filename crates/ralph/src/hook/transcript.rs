//! What was spent, read from a session's transcripts: from where reading stopped the last time,
//! each message once, subagents included.

mod agent;
mod late;
mod line;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memchr;

use crate::event::Version;
use crate::usage::{Counted, Cursor, FileCursor, Spent, Tokens};
use line::Assistant;

pub(crate) use agent::agent_totals;
pub(crate) use late::{Newest, WAIT_MAX, read_current};

/// Messages whose later lines may still come.
const RECENT_MAX: usize = 16;
/// Transcripts of one session. More would make the state large.
const FILES_MAX: usize = 1_024;
const CHUNK_BYTES: usize = 256 << 10;
/// A longer line is no message of an agent.
const LINE_BYTES_MAX: usize = 32 << 20;
/// What a client writes as the model of messages that it made up.
const NO_MODEL: &str = "<synthetic>";

/// Reads on from a cursor. `None` if the session's transcript is not there: what was spent is
/// then unknown, and not nothing.
pub(crate) fn read(path: &Path, cursor: &Cursor, now_secs: u64) -> io::Result<Option<Spent>> {
    let mut spent = Spent { cursor: cursor.clone(), ..Spent::default() };
    for (key, path) in files(path, cursor) {
        if !spent.cursor.files.contains_key(&key) && spent.cursor.files.len() >= FILES_MAX {
            continue;
        }
        let mut file_cursor = spent.cursor.files.remove(&key).unwrap_or_default();
        let is_main = key.is_empty();
        let mut reader = Reader { spent: &mut spent, cursor: &mut file_cursor, is_main, now_secs };
        let read = reader.read(&path);
        spent.cursor.files.insert(key, file_cursor);
        match read {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_main => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(spent))
}

/// Where the transcripts end now. A loop that begins counts from there, and reads nothing.
pub(crate) fn end(path: &Path) -> Cursor {
    let mut cursor = Cursor::default();
    for (key, path) in files(path, &Cursor::default()).into_iter().take(FILES_MAX) {
        if let Ok(found) = fs::metadata(path) {
            let file = FileCursor { offset_bytes: found.len(), ..FileCursor::default() };
            cursor.files.insert(key, file);
        }
    }
    cursor
}

/// The session's transcript, those of its subagents beside it, and those that a hook told of.
fn files(main: &Path, cursor: &Cursor) -> Vec<(String, PathBuf)> {
    let mut files = vec![(String::new(), main.to_owned())];
    for entry in fs::read_dir(main.with_extension("").join("subagents")).into_iter().flatten() {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix("agent-")?.strip_suffix(".jsonl"));
        files.extend(id.map(|id| (id.to_owned(), entry.path())));
    }
    for (id, file) in &cursor.files {
        files.extend(file.path.as_ref().map(|path| (id.clone(), PathBuf::from(path))));
    }
    files
}

struct Reader<'a> {
    spent: &'a mut Spent,
    cursor: &'a mut FileCursor,
    /// The session's own, not a subagent's.
    is_main: bool,
    now_secs: u64,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        if len <= self.cursor.offset_bytes {
            // A file that became shorter was written anew; what was counted stays counted.
            self.cursor.offset_bytes = len;
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.cursor.offset_bytes))?;
        each_line(&mut file, |line, bytes| {
            self.line(line);
            self.cursor.offset_bytes = self.cursor.offset_bytes.saturating_add(bytes);
        })
    }

    fn line(&mut self, line: &[u8]) {
        if line::is_tool_result(line) && self.is_main {
            if line::is_tool_error(line) {
                self.spent.tool_errors = self.spent.tool_errors.saturating_add(1);
            } else {
                self.spent.tool_errors = 0;
                self.spent.tool_succeeded = true;
            }
            return;
        }
        let Some(assistant) = Assistant::parse(line) else { return };
        let is_of_main = self.is_main && !assistant.is_sidechain;
        if is_of_main {
            self.main_message(&assistant);
        }
        if assistant.model != NO_MODEL {
            self.count(&assistant);
        }
    }

    fn main_message(&mut self, assistant: &Assistant<'_>) {
        let spent = &mut *self.spent;
        spent.client = assistant.version.as_deref().and_then(|text| text.parse::<Version>().ok());
        spent.api_error.clone_from(&assistant.api_error);
        if assistant.model == NO_MODEL {
            return;
        }
        spent.model = Some(assistant.model.clone().into_owned());
        spent.tool_calls = spent.tool_calls.saturating_add(assistant.tool_calls);
        if assistant.text.is_some() {
            spent.last_text.clone_from(&assistant.text);
        }
    }

    /// Adds what a message has more than was counted of it: it is written once per block, with
    /// its usage each time.
    fn count(&mut self, assistant: &Assistant<'_>) {
        let recent = &mut self.cursor.recent;
        let known = recent.iter_mut().find(|known| known.id == assistant.id);
        let more = match known {
            Some(known) => {
                let grown = known.tokens.max(assistant.tokens);
                let more = grown.minus(known.tokens);
                known.tokens = grown;
                more
            }
            None => {
                self.spent.calls_secs.push(assistant.at_secs.unwrap_or(self.now_secs));
                recent.push(Counted {
                    id: assistant.id.clone().into_owned(),
                    tokens: assistant.tokens,
                });
                let max = if self.is_main { RECENT_MAX } else { RECENT_MAX / 4 };
                let excess = recent.len().saturating_sub(max);
                recent.drain(..excess);
                assistant.tokens
            }
        };
        if more != Tokens::default() {
            let of_model = self.spent.by_model.entry(assistant.model.clone().into_owned());
            let sum = of_model.or_default();
            *sum = sum.plus(more);
        }
    }
}

/// Calls `take` with each whole line and its length in bytes. What follows the last line break is
/// still being written, and is left for the next time.
fn each_line(file: &mut impl Read, mut take: impl FnMut(&[u8], u64)) -> io::Result<()> {
    let mut pending: Vec<u8> = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    // Bytes of a line that is too long to keep.
    let mut skipped: u64 = 0;
    loop {
        let read = file.read(&mut chunk)?;
        let mut rest = chunk.get(..read).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end.saturating_add(1));
            rest = after;
            let bytes = pending.len().saturating_add(line.len());
            let total = skipped.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            if pending.is_empty() && skipped == 0 {
                take(line, total);
            } else if skipped > 0 {
                take(b"", total);
            } else {
                pending.extend_from_slice(line);
                take(&pending, total);
            }
            pending.clear();
            skipped = 0;
        }
        if skipped > 0 || pending.len().saturating_add(rest.len()) > LINE_BYTES_MAX {
            let bytes = pending.len().saturating_add(rest.len());
            skipped = skipped.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            pending.clear();
        } else {
            pending.extend_from_slice(rest);
        }
    }
}
