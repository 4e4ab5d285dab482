//! A terminal that is drawn over, and given back as it was.

use std::io::{self, Read as _, Write as _, stdin, stdout};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

/// Another screen, no cursor, and lines that are cut at its edge; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const ROWS: usize = 24;

/// The terminal of this process. Dropping it gives it back.
pub(super) struct Terminal {
    /// As the keyboard was; `None` when input is no terminal.
    before: Option<Termios>,
}

impl Terminal {
    /// Takes it: keys are read one by one and not shown.
    pub(super) fn open() -> io::Result<Self> {
        let before = tcgetattr(stdin()).ok();
        if let Some(before) = &before {
            let mut now = before.clone();
            now.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            now.special_codes[SpecialCodeIndex::VMIN] = 0;
            now.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(stdin(), OptionalActions::Now, &now)?;
        }
        let terminal = Self { before };
        write(ENTER)?;
        Ok(terminal)
    }

    /// Draws as many lines as there is room for.
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let size = tcgetwinsize(stdout()).map_or(0, |size| usize::from(size.ws_row));
        // A terminal that does not know its size says zero.
        let rows = if size == 0 { ROWS } else { size.max(2) };
        let mut text = String::from("\x1b[H");
        for line in lines.iter().take(rows.saturating_sub(1)) {
            text.push_str(line);
            text.push_str("\x1b[K\r\n");
        }
        let hidden = lines.len().saturating_sub(rows.saturating_sub(1));
        let more = if hidden > 0 { format!("{hidden} lines more below  ") } else { String::new() };
        text.push_str(&format!("\x1b[2m{more}q ends\x1b[0m\x1b[J"));
        write(&text)
    }

    /// Whether somebody has pressed q.
    pub(super) fn is_over(&self) -> io::Result<bool> {
        if self.before.is_none() {
            return Ok(false);
        }
        let mut keys = [0; 64];
        let count = stdin().lock().read(&mut keys)?;
        Ok(keys.iter().take(count).any(|key| matches!(key, b'q' | b'Q')))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        drop(write(LEAVE));
        if let Some(before) = &self.before {
            let _given_back = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
