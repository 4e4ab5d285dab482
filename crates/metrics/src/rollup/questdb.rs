//! Roll-ups of QuestDB.

use std::ops::Range;

use super::{Minute, RollUp, Sample, each_minute, roll_up};
use crate::{
    ddl::quote,
    sink::{Json, QueryError, QuestDb},
    value::Timestamp,
};

impl QuestDb {
    /// Minutes of a roll-up within `range`, from the rows of its source. One minute's rows must
    /// fit into a reply.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; [`QueryError::TooLong`] if they do not fit.
    pub fn minutes(
        &mut self,
        of: &RollUp,
        range: Range<Timestamp>,
    ) -> Result<Vec<Minute>, QueryError> {
        let labels: Vec<String> = of.labels().map(quote).collect();
        let (table, value) = (self.named(of.source), quote(of.value));
        let mut minutes = Vec::new();
        for minute in each_minute(&range) {
            let found = self.query(&format!(
                "SELECT cast(ts AS LONG), {value}, {} FROM {table}
                 WHERE ts >= cast({} AS TIMESTAMP_NS) AND ts < cast({} AS TIMESTAMP_NS)
                 AND {value} IS NOT NULL ORDER BY ts, run, seq",
                labels.join(", "),
                minute.start.as_nanos(),
                minute.end.as_nanos()
            ))?;
            minutes.extend(roll_up(found.rows.iter().filter_map(|row| sample(row))));
        }
        Ok(minutes)
    }

    /// The last minute that was rolled up, and the oldest row of the source.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; a table that is missing has no rows.
    pub fn rolled_up(
        &mut self,
        of: &RollUp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), QueryError> {
        let mut edge = |function: &str, name: &str| {
            let table = self.named(name);
            match self.query(&format!("SELECT cast({function}(ts) AS LONG) FROM {table}")) {
                Ok(found) => {
                    let cell = found.rows.first().and_then(|row| row.first());
                    Ok(cell.and_then(Json::as_i64).map(Timestamp::from_nanos))
                }
                // The server says this in words only.
                Err(QueryError::Sql { message, .. }) if message.contains("does not exist") => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        };
        Ok((edge("max", &of.target.name)?, edge("min", of.source)?))
    }

    fn named(&self, name: &str) -> String {
        quote(&format!("{}{name}", self.prefix()))
    }
}

fn sample(row: &[Json]) -> Option<Sample> {
    let value = match row.get(1)? {
        Json::Float(value) => *value,
        // JSON writes 100.0 as 100.
        Json::Integer(value) => value.to_string().parse().ok()?,
        _ => return None,
    };
    let label = |cell: &Json| cell.as_str().map(str::to_owned);
    Some(Sample {
        labels: row.iter().skip(2).map(label).collect(),
        ts: Timestamp::from_nanos(row.first()?.as_i64()?),
        value,
    })
}
