//! The tables of a store, and such a store in memory with the rows that a test needs.

use plimsoll_board::{
    Board, Cell, ColumnKind, Compare, Data, Dialect, Function, Measure, Rule, Sample, Scope,
    Severity, Table, Tables, Unit, query::Query,
};
use rusqlite::{Connection, types::ValueRef};
use std::time::Duration;

pub(crate) const SEC: i64 = 1_000_000_000;

pub(crate) fn tables() -> Tables {
    let lines = include_str!("../fixtures/tables.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(table).collect()
}

fn table(line: &str) -> Table {
    let mut words = line.split(' ');
    let name = words.next().unwrap();
    Table::new(
        name,
        words.map(|word| {
            let (column, kind) = word.split_once(':').unwrap();
            let kind = match kind {
                "label" => ColumnKind::Label,
                "text" => ColumnKind::Text,
                "number" => ColumnKind::Number,
                "moment" => ColumnKind::Moment,
                other => panic!("{other}"),
            };
            (column, kind)
        }),
    )
}

/// The limits that most operations have.
pub(crate) fn rules() -> Vec<Rule> {
    let owner = ["env", "mode", "scope", "account_id", "strategy_id"];
    let drawdown = |name: &str, limit, severity| {
        let measure = Measure::Drawdown {
            equity: Sample::last("trading_risk", "equity"),
            peak: Sample::last("trading_risk", "peak_equity"),
        };
        Rule::new(name, measure, Compare::Above, limit, Unit::Ratio).of_severity(severity).by(owner)
    };
    let last = |name: &str, column: &str, compare, limit, unit| {
        let measure = Measure::Value(Sample::last("trading_risk", column));
        Rule::new(name, measure, compare, limit, unit).of_severity(Severity::Critical).by(owner)
    };
    let five = Duration::from_secs(300);
    let p99 = Sample::over("order_latency", Some("latency_ms"), Function::Quantile(0.99), five);
    let errors = Sample::over("trading_errors", Some("count"), Function::Sum, five);
    let requests = Sample::over("trading_orders", None, Function::Count, five);
    let rate = Measure::Ratio {
        of: errors.without("error_class", ["expected"]),
        to: requests.only("event", ["submitted"]),
        to_min: 20.0,
    };
    vec![
        drawdown("drawdown_critical", 0.10, Severity::Critical),
        drawdown("drawdown_warning", 0.05, Severity::Warning),
        last("leverage_max", "leverage_ratio", Compare::Above, 3.0, Unit::None),
        last("daily_loss", "daily_pnl_ratio", Compare::Below, -0.02, Unit::Ratio),
        Rule::new(
            "latency_p99",
            Measure::Value(p99.only("stage", ["ack"])),
            Compare::Above,
            500.0,
            Unit::Ms,
        )
        .by(["strategy_id", "venue"]),
        Rule::new("error_rate", rate, Compare::Above, 0.01, Unit::Ratio)
            .by(["strategy_id", "venue"]),
        Rule::new(
            "heartbeat",
            Measure::Silence(Sample::last("trading_risk", "equity")),
            Compare::Above,
            30.0,
            Unit::Secs,
        )
        .of_severity(Severity::Critical)
        .by(["producer"]),
    ]
}

pub(crate) fn board() -> Board {
    Board::new(tables(), rules()).unwrap()
}

/// An empty store.
pub(crate) struct Store(pub(crate) Connection);

impl Store {
    pub(crate) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for table in tables().iter() {
            let columns: Vec<String> =
                table.columns.keys().map(|column| format!("\"{column}\"")).collect();
            connection
                .execute_batch(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", ")))
                .unwrap();
        }
        Self(connection)
    }

    /// One row: `column=value` separated by spaces; a value is SQL.
    pub(crate) fn add(&self, table: &str, row: &str) {
        let (columns, values): (Vec<_>, Vec<_>) =
            row.split(' ').map(|pair| pair.split_once('=').unwrap()).unzip();
        let columns: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        self.0
            .execute_batch(&format!("INSERT INTO \"{table}\" ({columns}) VALUES ({values})"))
            .unwrap();
    }

    pub(crate) fn ask(&self, query: &Query, scope: &Scope) -> Data {
        let sql = query.sql(Dialect::Sqlite, scope);
        let mut statement = self.0.prepare(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let width = statement.column_count();
        let names: Vec<String> =
            (0..width).map(|at| statement.column_name(at).unwrap().to_string()).collect();
        let wanted: Vec<String> = query.outputs().into_iter().map(|column| column.name).collect();
        assert_eq!(names, wanted, "{sql}");
        let rows = statement.query_map([], |row| {
            (0..width).map(|at| Ok(cell(row.get_ref(at)?))).collect::<rusqlite::Result<Vec<_>>>()
        });
        let rows: Vec<Vec<Cell>> = rows.unwrap().map(Result::unwrap).collect();
        query.read(rows)
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Number(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        _ => Cell::Null,
    }
}
