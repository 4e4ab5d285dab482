//! Rows that a store will never take, kept with the reason beside the spool.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    batch::{Batch, Cell},
    interpret::Unread,
};

/// Most bytes of the file; beyond it rows are still counted, and the count is in the store.
const BYTES_MAX: u64 = 256 << 20;

/// The file of rejected rows, one JSON object a line; opened at the first.
#[derive(Debug)]
pub(crate) struct Quarantine {
    path: PathBuf,
    file: Option<(File, u64)>,
}

impl Quarantine {
    pub(crate) fn new(spool_dir: &Path) -> Self {
        Self { path: spool_dir.join("rejected").join("rows.jsonl"), file: None }
    }

    /// Keeps row `index` of `batch`.
    pub(crate) fn keep(&mut self, batch: &Batch<'_>, index: usize, reason: &str) -> io::Result<()> {
        let mut line = String::new();
        open(&mut line, &batch.schema().name, reason);
        line.push_str(",\"row\":{");
        let columns = batch.schema().all_columns().zip(batch.row(index));
        let mut is_first = true;
        for (column, cell) in columns.filter(|(_, cell)| **cell != Cell::Null) {
            if !is_first {
                line.push(',');
            }
            is_first = false;
            json_text(&mut line, &column.name);
            line.push(':');
            value(&mut line, batch, *cell);
        }
        line.push_str("}}\n");
        self.write(&line)
    }

    /// Keeps what is known of a record that makes no row.
    pub(crate) fn keep_unread(&mut self, unread: &Unread) -> io::Result<()> {
        let mut line = String::new();
        open(&mut line, &unread.table, &unread.reason);
        write!(line, ",\"row\":{{\"run\":{},\"seq\":{}}}}}", unread.run, unread.seq)
            .map_err(io::Error::other)?;
        line.push('\n');
        self.write(&line)
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if self.file.is_none() {
            if let Some(dir) = self.path.parent() {
                std::fs::create_dir_all(dir)?;
            }
            let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            let len = file.metadata()?.len();
            self.file = Some((file, len));
        }
        let Some((file, len)) = &mut self.file else { return Ok(()) };
        if *len >= BYTES_MAX {
            return Ok(());
        }
        file.write_all(line.as_bytes())?;
        *len = len.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

fn open(line: &mut String, table: &str, reason: &str) {
    line.push_str("{\"table\":");
    json_text(line, table);
    line.push_str(",\"reason\":");
    json_text(line, reason);
}

fn value(line: &mut String, batch: &Batch<'_>, cell: Cell) {
    match cell {
        Cell::Null => line.push_str("null"),
        Cell::Double(v) => line.push_str(&v.to_string()),
        Cell::Long(v) | Cell::Timestamp(v) => line.push_str(&v.to_string()),
        Cell::Symbol(_) | Cell::Text { .. } => json_text(line, batch.str_of(cell).unwrap_or("")),
    }
}

/// Appends a JSON string.
pub(crate) fn json_text(to: &mut String, text: &str) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            c if c.is_control() => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    to.push_str("\\u");
                    to.push_str(&format!("{unit:04x}"));
                }
            }
            c => to.push(c),
        }
    }
    to.push('"');
}
