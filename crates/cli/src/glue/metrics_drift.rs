//! Tables of `metrics` and of a QuestDB, as what drift compares.

use std::cell::RefCell;

use plimsoll_drift::{Declared, ListTables, Origin, TableShape};
use plimsoll_metrics::ddl::{Dialect, create, quote};
use plimsoll_metrics::{Auth, HttpOptions, QuestDb, built_in};

use crate::failure::{Failure, Hint as _};
use crate::store::ADDRESS;

/// The tables that this build writes.
pub(crate) fn declared() -> Vec<Declared> {
    let shapes = built_in().filter_map(|(_, schema)| {
        let sql = create(schema, Dialect::QuestDb, "").concat();
        TableShape::of_sql(&sql).map(TableShape::with_all_said)
    });
    shapes
        .map(|shape| Declared::new(format!("tables.{}", shape.name), shape, Origin::Default))
        .collect()
}

/// A QuestDB that tells its tables.
pub(crate) struct Server(RefCell<QuestDb>);

/// A server, and its name without a password. It is not asked yet.
pub(crate) fn connect(url: &str) -> Result<(Server, String), Failure> {
    let server = QuestDb::connect(url, &Auth::None, HttpOptions::default()).hint(ADDRESS)?;
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place).trim_end_matches('/');
    Ok((Server(RefCell::new(server)), format!("questdb at {place}")))
}

/// Where the version of the tables is written down.
const VERSIONS: &str = "schema_versions";

impl ListTables for Server {
    fn list(&self) -> Result<Vec<TableShape>, String> {
        let mut server = self.0.borrow_mut();
        let mut ask = |sql: &str| server.query(sql).map_err(|error| error.to_string());
        let names = ask("SELECT table_name FROM tables()")?;
        let names: Vec<String> = names
            .rows
            .iter()
            .filter_map(|row| names.cell(row, "table_name")?.as_str().map(str::to_owned))
            // The book that `plimsoll tables apply` keeps is no table of anybody's rows.
            .filter(|name| name != VERSIONS)
            .collect();
        let shape = |name: &String| {
            let answer = ask(&format!("SHOW CREATE TABLE {}", quote(name)))?;
            let sql = answer.rows.first().and_then(|row| row.first()?.as_str());
            sql.and_then(TableShape::of_sql)
                .map(TableShape::with_all_said)
                .ok_or_else(|| format!("what it says of the table `{name}` cannot be read"))
        };
        names.iter().map(shape).collect()
    }
}
