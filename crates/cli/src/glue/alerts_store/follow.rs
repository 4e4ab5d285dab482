//! What came into a table since the last look: from an SQLite file, or from QuestDB.

use std::collections::BTreeMap;

use plimsoll_metrics::read::{self, Datum, ReadError, Store};
use plimsoll_metrics::{Json, QueryError, QueryRows, QuestDb, Timestamp, ddl};
use serde::{Deserialize, Serialize};

use crate::failure::causes;
use crate::moment;

/// Rows of a table that one look takes; the rest comes with the next one.
const ROWS_MAX: usize = 100_000;
/// Rows of one answer of a server: with every column of our widest table it stays far below its bound.
const PAGE_ROWS: usize = 20_000;
/// A row that comes this much later than others of its table is still seen.
const LATE_NS: i64 = 60_000_000_000;

/// Where rows are read.
pub(super) enum Source {
    File(Store),
    /// QuestDB, and what stands before its tables' names.
    Server(Box<QuestDb>, String),
}

/// How far a table was read.
#[derive(Debug)]
pub(super) enum Cursor {
    File(read::Cursor),
    Server(Seen),
}

/// How far a table of a server was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// The newest time that was seen, or from when on it is read.
    ts_ns: i64,
    /// Of each run that may still write: the largest `seq` that was seen, and its newest time.
    runs: BTreeMap<i64, (i64, i64)>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unread {
    /// Of this table.
    Table(String),
    /// Of any table: there is no server.
    All(String),
}

/// Columns and rows.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Datum>>,
}

impl Source {
    /// As it was kept, else from `since_ns` on.
    pub(super) fn cursor(&self, kept: Option<&String>, since_ns: i64) -> Cursor {
        match self {
            Self::File(_) => {
                let kept = kept.and_then(|text| serde_json::from_str(text).ok());
                let begin = || read::Cursor::after(Timestamp::from_nanos(since_ns));
                Cursor::File(kept.unwrap_or_else(begin))
            }
            Self::Server(..) => {
                let kept = kept.and_then(|text| serde_json::from_str(text).ok());
                Cursor::Server(kept.unwrap_or_else(|| Seen::after(since_ns)))
            }
        }
    }

    /// What came since; none if nobody has written the table yet.
    pub(super) fn since(
        &mut self,
        table: &str,
        cursor: &mut Cursor,
    ) -> Result<Option<Found>, Unread> {
        match (self, cursor) {
            (Self::File(store), Cursor::File(cursor)) => {
                match store.tail(table, ROWS_MAX, cursor) {
                    Ok(answer) => {
                        // A row from the future must not hide what others write now.
                        cursor.hold_to(Timestamp::from_nanos(moment::now_ns()));
                        Ok(Some(Found { columns: answer.columns, rows: answer.rows }))
                    }
                    Err(ReadError::NoTable { .. }) => Ok(None),
                    Err(error) => Err(Unread::Table(causes(&error))),
                }
            }
            (Self::Server(server, prefix), Cursor::Server(seen)) => {
                seen.look(&format!("{prefix}{table}"), moment::now_ns(), |sql| server.query(sql))
            }
            (_, cursor) => Err(Unread::Table(format!("{cursor:?} is of another store"))),
        }
    }
}

impl Cursor {
    /// As it is kept.
    pub(super) fn to_text(&self) -> String {
        let text = match self {
            Self::File(cursor) => serde_json::to_string(cursor),
            Self::Server(seen) => serde_json::to_string(seen),
        };
        text.unwrap_or_default()
    }
}

impl Seen {
    fn after(since_ns: i64) -> Self {
        Self { ts_ns: since_ns.saturating_add(LATE_NS), runs: BTreeMap::new() }
    }

    /// Asks page by page. Each is in the order of `seq`, so that what is cut off is above what was seen of
    /// its run.
    fn look(
        &mut self,
        table: &str,
        now_ns: i64,
        mut query: impl FnMut(&str) -> Result<QueryRows, QueryError>,
    ) -> Result<Option<Found>, Unread> {
        let from = self.ts_ns.saturating_sub(LATE_NS);
        let mut found = Found::default();
        loop {
            let page = match query(&self.sql(table, from)) {
                Ok(page) => page,
                // The server says this in words only.
                Err(QueryError::Sql { message, .. }) if message.contains("does not exist") => {
                    return Ok(None);
                }
                Err(error @ (QueryError::Http { .. } | QueryError::Refused { .. })) => {
                    return Err(Unread::All(causes(&error)));
                }
                Err(error) => return Err(Unread::Table(causes(&error))),
            };
            let len = page.rows.len();
            self.note(&page).map_err(Unread::Table)?;
            found.take(page);
            if len < PAGE_ROWS || found.rows.len() >= ROWS_MAX {
                break;
            }
        }
        // A row from the future must not hide what others write now.
        self.ts_ns = self.ts_ns.min(now_ns.max(from.saturating_add(LATE_NS)));
        let from = self.ts_ns.saturating_sub(LATE_NS);
        self.runs.retain(|_, (_, ts)| *ts >= from);
        Ok(Some(found))
    }

    fn sql(&self, table: &str, from_ns: i64) -> String {
        let from = jiff::Timestamp::from_nanosecond(from_ns.max(0).into()).unwrap_or_default();
        let mut sql = format!("SELECT * FROM {} WHERE ts >= '{from:.6}'", ddl::quote(table));
        for (run, (seq, _)) in &self.runs {
            sql.push_str(&format!(" AND NOT (run = {run} AND seq <= {seq})"));
        }
        sql.push_str(&format!(
            " AND run IS NOT NULL AND seq IS NOT NULL ORDER BY run, seq LIMIT {PAGE_ROWS}"
        ));
        sql
    }

    fn note(&mut self, page: &QueryRows) -> Result<(), String> {
        let at =
            |name: &str| page.position(name).ok_or_else(|| format!("it has no column `{name}`"));
        let (ts, run, seq) = (at("ts")?, at("run")?, at("seq")?);
        for row in &page.rows {
            let long = |at: usize| row.get(at).and_then(Json::as_i64);
            let moment = row.get(ts).and_then(Json::as_str).and_then(moment::parse_rfc_ns);
            let (Some(run), Some(seq), Some(moment)) = (long(run), long(seq), moment) else {
                return Err("a row has no `ts`, `run` or `seq`".to_owned());
            };
            let seen = self.runs.entry(run).or_insert((seq, moment));
            *seen = (seen.0.max(seq), seen.1.max(moment));
            self.ts_ns = self.ts_ns.max(moment);
        }
        Ok(())
    }
}

impl Found {
    fn take(&mut self, page: QueryRows) {
        let rows = page.rows.iter().map(|row| {
            row.iter().zip(&page.columns).map(|(json, (_, ty))| datum(json, ty)).collect()
        });
        self.rows.extend(rows);
        self.columns = page.columns.into_iter().map(|(name, _)| name).collect();
    }
}

fn datum(json: &Json, ty: &str) -> Datum {
    match json {
        Json::Integer(value) => Datum::Long(*value),
        Json::Float(value) => Datum::Double(*value),
        Json::Bool(value) => Datum::Long(i64::from(*value)),
        Json::Text(text) if ty.starts_with("TIMESTAMP") => moment::parse_rfc_ns(text)
            .map_or(Datum::Null, |ns| Datum::Timestamp(Timestamp::from_nanos(ns))),
        Json::Text(text) => Datum::Text(text.clone()),
        _ => Datum::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_509_000_000_000_000;
    const SEC: i64 = 1_000_000_000;

    /// Rows of (seconds from now, run, seq) as a server answers, and what was asked.
    fn look(seen: &mut Seen, answers: &[&[(i64, i64, i64)]]) -> (Vec<i64>, Vec<String>) {
        let mut asked = Vec::new();
        let mut answers = answers.iter();
        let found = seen.look("t", NOW, |sql| {
            asked.push(sql.to_owned());
            let mut page = QueryRows::default();
            page.columns = [("ts", "TIMESTAMP"), ("run", "LONG"), ("seq", "LONG")]
                .map(|(name, ty)| (name.to_owned(), ty.to_owned()))
                .into();
            let row = |(at, run, seq): &(i64, i64, i64)| {
                let ts = jiff::Timestamp::from_nanosecond((NOW + at * SEC).into()).unwrap();
                vec![Json::Text(ts.to_string()), Json::Integer(*run), Json::Integer(*seq)]
            };
            page.rows = answers.next().copied().unwrap_or_default().iter().map(row).collect();
            Ok(page)
        });
        let found = found.ok().flatten().unwrap();
        let seqs = found.rows.iter().map(|row| match row.get(2) {
            Some(Datum::Long(seq)) => *seq,
            other => panic!("{other:?}"),
        });
        (seqs.collect(), asked)
    }

    #[test]
    fn what_was_seen_is_not_asked_for_again_and_late_rows_are() {
        let mut seen = Seen::after(NOW - 3_600 * SEC);
        let (rows, asked) = look(&mut seen, &[&[(-100, 7, 1), (-2, 7, 2)]]);
        assert_eq!(rows, [1, 2]);
        assert!(asked[0].contains("ts >= '2026-11-24T07:30:00.000000Z'"), "{asked:?}");
        let (rows, asked) = look(&mut seen, &[&[(-40, 8, 1)]]);
        assert_eq!(rows, [1], "40 s late");
        assert!(asked[0].contains("NOT (run = 7 AND seq <= 2)"), "{asked:?}");
        assert!(asked[0].contains("ts >= '2026-11-24T08:28:58.000000Z'"), "{asked:?}");
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&text).unwrap().ts_ns, seen.ts_ns);
    }

    #[test]
    fn a_row_from_the_future_hides_nothing() {
        let mut seen = Seen::after(NOW - 3_600 * SEC);
        look(&mut seen, &[&[(3_600, 7, 1)]]);
        let (_, asked) = look(&mut seen, &[&[]]);
        assert!(asked[0].contains("ts >= '2026-11-24T08:29:00.000000Z'"), "{asked:?}");
        assert!(asked[0].contains("NOT (run = 7 AND seq <= 1)"), "it is not seen twice: {asked:?}");
    }

    #[test]
    fn a_table_that_is_not_there_has_no_rows_and_a_server_that_is_away_has_no_table() {
        let mut seen = Seen::after(NOW);
        let sql = |message: &str| QueryError::Sql { message: message.to_owned(), position: 14 };
        let absent = seen.look("t", NOW, |_| Err(sql("table does not exist [table=t]")));
        assert!(matches!(absent, Ok(None)));
        let wrong = seen.look("t", NOW, |_| Err(sql("Invalid column: run")));
        assert!(matches!(wrong, Err(Unread::Table(why)) if why.contains("Invalid column")));
        let refused = seen.look("t", NOW, |_| Err(QueryError::Refused { status: 401 }));
        assert!(matches!(refused, Err(Unread::All(_))));
    }
}
