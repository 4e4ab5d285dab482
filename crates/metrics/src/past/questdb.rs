//! From QuestDB.

use super::Whose;
use crate::{
    ddl::quote,
    derive::past::{POSITION_COLUMNS, Past, RISK_COLUMNS, RiskRow},
    risk::Beginning,
    sink::{Auth, HttpOptions, Json, QueryError, QuestDb, exec::quoted, http::chain},
};

/// Rows of equity alone that are looked at, newest first.
const BARE_ROWS_MAX: u32 = 10_000;

/// What the store remembers: the newest row of each label set.
pub(super) fn read(url: &str, whose: &Whose) -> Result<Beginning, String> {
    // The address may hold a password, and an error must not.
    let http = HttpOptions::default().with_ca_file(whose.ca_file.clone());
    let store = QuestDb::connect(url, &Auth::None, http)
        .map_err(|_| "the store's address makes no sense".to_owned())?;
    let mut reader = Reader { store, whose };
    let mut past = Past::default();
    let columns =
        RISK_COLUMNS.replace("session_start, ts", "cast(session_start AS LONG), cast(ts AS LONG)");
    let (risk, whose) = (reader.table("trading_risk")?, reader.whose());
    let told = format!(
        "SELECT {columns} FROM (SELECT * FROM {risk} WHERE {whose} AND session_start IS NOT NULL
         LATEST ON ts PARTITION BY scope, account_id, strategy_id)"
    );
    let bare = format!(
        "SELECT {columns} FROM {risk} WHERE {whose} AND session_start IS NULL
         ORDER BY ts DESC LIMIT {BARE_ROWS_MAX}"
    );
    for sql in [told, bare] {
        for row in reader.rows(&sql)? {
            past.risk(&RiskRow {
                labels: [0, 1, 2].map(|at| text(&row, at)),
                numbers: [3, 4, 5, 6].map(|at| number(&row, at)),
                session_start: row.get(7).and_then(Json::as_i64),
                ts: row.get(8).and_then(Json::as_i64).unwrap_or_default(),
            });
        }
    }
    let positions = format!(
        "SELECT {POSITION_COLUMNS} FROM (SELECT * FROM {} WHERE {whose} LATEST ON ts
         PARTITION BY account_id, strategy_id, instrument_id, venue, position_id)
         WHERE position_side <> 'flat'",
        reader.table("position_changes")?
    );
    for row in reader.rows(&positions)? {
        let labels = [0, 1, 2, 3].map(|at| text(&row, at));
        past.position(labels, row.get(4).and_then(Json::as_str), text(&row, 5), number(&row, 6));
    }
    Ok(past.done(reader.whose.session_offset_ns))
}

struct Reader<'w> {
    store: QuestDb,
    whose: &'w Whose,
}

impl Reader<'_> {
    /// The table's name for SQL, once all that it acknowledged is visible.
    fn table(&mut self, name: &str) -> Result<String, String> {
        let full = format!("{}{name}", self.whose.prefix);
        let hidden = self.rows(&format!(
            "SELECT count() FROM tables() WHERE table_name = {} AND wal_txn <> table_txn",
            quoted(&full)
        ))?;
        match hidden.first().and_then(|row| row.first()).and_then(Json::as_i64) {
            Some(0) => Ok(quote(&full)),
            _ => Err(format!("`{full}` has rows that are not visible yet")),
        }
    }

    fn whose(&self) -> String {
        format!("env = {} AND mode = {}", quoted(&self.whose.env), quoted(self.whose.mode))
    }

    /// Rows of a query; a table that is missing has none.
    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Json>>, String> {
        match self.store.query(sql) {
            Ok(found) => Ok(found.rows),
            // The server says this in words only.
            Err(QueryError::Sql { message, .. }) if message.contains("does not exist") => {
                Ok(Vec::new())
            }
            Err(error) => Err(chain(&error)),
        }
    }
}

fn text(row: &[Json], at: usize) -> &str {
    row.get(at).and_then(Json::as_str).unwrap_or_default()
}

fn number(row: &[Json], at: usize) -> Option<f64> {
    match row.get(at)? {
        Json::Float(v) => Some(*v),
        #[allow(clippy::cast_precision_loss, reason = "JSON writes 100.0 as 100")]
        Json::Integer(v) => Some(*v as f64),
        _ => None,
    }
}
