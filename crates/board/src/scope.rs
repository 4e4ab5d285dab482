//! What a person looks at: a range of time and some environments, strategies and instruments.

/// A choice that a person makes for a whole dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Variable {
    /// Environment.
    Env,
    /// Live, paper, backtest, replay or demo.
    Mode,
    /// Strategy.
    Strategy,
    /// Instrument.
    Instrument,
}

impl Variable {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Env, Self::Mode, Self::Strategy, Self::Instrument];

    /// The column that it picks rows by.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Mode => "mode",
            Self::Strategy => "strategy_id",
            Self::Instrument => "instrument_id",
        }
    }

    /// Its name in addresses and in Grafana.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Mode => "mode",
            Self::Strategy => "strategy",
            Self::Instrument => "instrument",
        }
    }

    /// Its name for a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Env => "Environment",
            Self::Mode => "Mode",
            Self::Strategy => "Strategy",
            Self::Instrument => "Instrument",
        }
    }

    /// The table whose rows say which values there are.
    #[must_use]
    pub fn table(self) -> &'static str {
        match self {
            Self::Env | Self::Mode => "producer_runs",
            Self::Strategy => "trading_risk",
            Self::Instrument => "position_changes",
        }
    }

    /// A query for its values, the same in every dialect; `prefix` stands before the table's name.
    #[must_use]
    pub fn values_sql(self, prefix: &str) -> String {
        let (column, table) = (self.column(), self.table());
        format!(
            "SELECT DISTINCT \"{column}\" FROM \"{prefix}{table}\" WHERE \"{column}\" IS NOT NULL ORDER BY \"{column}\""
        )
    }
}

/// Which store a query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// The embedded store.
    Sqlite,
    /// QuestDB.
    QuestDb,
}

const SEC_NS: i64 = 1_000_000_000;

/// Steps of time, in seconds; each divides a day, so that buckets begin where people expect it.
const STEPS_SECS: [i64; 15] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600];

/// What is asked for. Empty lists mean everything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// Beginning, ns since 1970 UTC; rows from here on count.
    pub from_ns: i64,
    /// End, ns since 1970 UTC; rows before it count.
    pub to_ns: i64,
    /// Width of a point in a picture over time, ns.
    pub step_ns: i64,
    /// Environments.
    pub env: Vec<String>,
    /// Modes.
    pub mode: Vec<String>,
    /// Strategies.
    pub strategy: Vec<String>,
    /// Instruments.
    pub instrument: Vec<String>,
    /// Before each table's name, such as `bt_`.
    pub prefix: String,
}

impl Scope {
    /// Everything between two moments, ns since 1970 UTC, in at most `points_max` steps (never
    /// fewer than 2).
    #[must_use]
    pub fn new(from_ns: i64, to_ns: i64, points_max: u32) -> Self {
        Self {
            from_ns,
            to_ns,
            step_ns: step(to_ns.saturating_sub(from_ns), points_max),
            env: Vec::new(),
            mode: Vec::new(),
            strategy: Vec::new(),
            instrument: Vec::new(),
            prefix: String::new(),
        }
    }

    /// Only rows with one of these values; none means all.
    #[must_use]
    pub fn only<V: Into<String>>(
        mut self,
        variable: Variable,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        match variable {
            Variable::Env => self.env = values,
            Variable::Mode => self.mode = values,
            Variable::Strategy => self.strategy = values,
            Variable::Instrument => self.instrument = values,
        }
        self
    }

    /// Of tables whose names begin with `prefix`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The values that a variable is set to; empty means all.
    #[must_use]
    pub fn values(&self, variable: Variable) -> &[String] {
        match variable {
            Variable::Env => &self.env,
            Variable::Mode => &self.mode,
            Variable::Strategy => &self.strategy,
            Variable::Instrument => &self.instrument,
        }
    }
}

/// The smallest step that gives at most so many points.
fn step(span_ns: i64, points_max: u32) -> i64 {
    let points = i64::from(points_max.max(2));
    let day = 86_400 * SEC_NS;
    let fits = |step: &i64| span_ns / step <= points;
    STEPS_SECS.iter().map(|secs| secs * SEC_NS).find(fits).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_round_part_of_a_day() {
        let of = |secs: i64, points| Scope::new(0, secs * SEC_NS, points).step_ns / SEC_NS;
        assert_eq!(of(3_600, 400), 10);
        assert_eq!(of(86_400, 400), 300);
        assert_eq!(of(10 * 365 * 86_400, 400), 86_400);
        assert_eq!(of(0, 0), 1);
        assert!(STEPS_SECS.iter().all(|step| 86_400 % step == 0));
    }
}
