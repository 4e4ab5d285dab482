//! Queries that only read, for a server that runs whatever it is sent.

#[cfg(feature = "sqlite")]
use crate::{
    read::{Answer, Datum},
    sink::{Json, QueryError, QuestDb, exec},
};

/// Words that begin or hold a statement that changes something.
const WRITES: [&str; 20] = [
    "insert",
    "update",
    "delete",
    "drop",
    "alter",
    "create",
    "truncate",
    "rename",
    "copy",
    "cancel",
    "checkpoint",
    "snapshot",
    "backup",
    "vacuum",
    "reindex",
    "grant",
    "revoke",
    "refresh",
    "resume",
    "reload_config",
];

/// A statement that may change something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` may write, and only what reads is sent; a column of that name needs double quotes"
)]
pub struct WritesError {
    /// The word.
    pub word: String,
}

/// Whether a statement of SQL only reads: its first word is one that reads, and no word outside of
/// quotes and comments is one that writes. QuestDB runs whatever it is sent.
///
/// # Errors
///
/// [`WritesError`] with the first word that says otherwise.
pub fn only_reads(sql: &str) -> Result<(), WritesError> {
    let bare = bare(sql);
    let words =
        || bare.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty());
    let first = words().next().unwrap_or_default();
    let is_one = |list: &[&str], word: &str| list.iter().any(|w| w.eq_ignore_ascii_case(word));
    let is_begun = is_one(&["select", "with", "show", "explain"], first);
    let bad = if is_begun { words().find(|word| is_one(&WRITES, word)) } else { Some(first) };
    bad.map_or(Ok(()), |word| Err(WritesError { word: word.to_owned() }))
}

/// The text without what stands in quotes and comments.
fn bare(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                out.push(' ');
                // A doubled quote ends one text and begins the next, which comes to the same.
                rest.by_ref().find(|end| *end == c);
            }
            '-' if rest.peek() == Some(&'-') => {
                rest.by_ref().find(|end| *end == '\n');
                out.push(' ');
            }
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                rest.by_ref().skip(1).find(|end| {
                    let is_end = last == '*' && *end == '/';
                    last = *end;
                    is_end
                });
                out.push(' ');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(feature = "sqlite")]
impl QuestDb {
    /// Runs one query that only reads and returns at most `limit` rows, as the embedded store does;
    /// moments stay the texts that the server answers.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; [`QueryError::Writes`] for anything that may write, which is not sent.
    pub fn select(&mut self, sql: &str, limit: usize) -> Result<Answer, QueryError> {
        only_reads(sql).map_err(|source| QueryError::Writes { source })?;
        let found = exec::exec_limited(self.client(), sql, limit.saturating_add(1))?;
        let is_cut = found.rows.len() > limit;
        let columns = found.columns.into_iter().map(|(name, _)| name).collect();
        let rows = found.rows.iter().take(limit);
        Ok(Answer {
            columns,
            rows: rows.map(|row| row.iter().map(datum).collect()).collect(),
            is_cut,
        })
    }
}

/// A cell of a reply.
#[cfg(feature = "sqlite")]
pub(crate) fn datum(json: &Json) -> Datum {
    match json {
        Json::Bool(v) => Datum::Long(i64::from(*v)),
        Json::Integer(v) => Datum::Long(*v),
        Json::Float(v) => Datum::Double(*v),
        Json::Text(v) => Datum::Text(v.clone()),
        _ => Datum::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::only_reads;

    #[track_caller]
    fn check(sql: &str, is_taken: bool) {
        assert_eq!(only_reads(sql).is_ok(), is_taken, "{sql}");
    }

    #[test]
    fn a_server_is_sent_only_what_reads() {
        check("SELECT * FROM trading_pnl", true);
        check("  with x as (select 1) select * from x", true);
        check("SHOW TABLES", true);
        check("SELECT 'drop table t' AS text, \"update\" FROM t -- delete", true);
        check("SELECT 1 /* insert */ FROM t", true);
        check("WITH x AS (SELECT now() AS ts) INSERT INTO t SELECT * FROM x", false);
        check("WITH x AS (SELECT 1) UPDATE t SET a = 1", false);
        check("SELECT 1; DROP TABLE t", false);
        check("SELECT reload_config()", false);
        check("SELECT 'it''s' FROM t; DROP TABLE t", false);
        check("DELETE FROM t", false);
        check("/* x */ TRUNCATE TABLE t", false);
        check("", false);
    }
}
