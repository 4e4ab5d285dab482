//! The report as text, and as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Report;
use crate::demo::next::{self, Called};
use crate::demo::number::{count, grouped, percent};
use crate::demo::plot;

/// Version of the JSON; a key that goes or changes its meaning makes a new one.
const SCHEMA: &str = "plimsoll.demo/1";

impl Report<'_> {
    /// Writes what a person reads.
    pub(in crate::demo) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let labels = self.ended.session.labels();
        writeln!(out, "{}", self.ended.about.line())?;
        writeln!(
            out,
            "{} trades {} at {} on {}, mode=replay, one bar a minute\n",
            labels.strategy_id, labels.instrument_id, labels.venue, labels.account_id
        )?;
        self.write_figures(out)?;
        let about = &self.ended.about;
        let dates = (about.first_date.as_str(), self.last_date());
        write!(out, "{}", plot::draw(&self.samples, &labels.currency, dates))?;
        writeln!(out)?;
        self.write_rest(out)?;
        writeln!(out, "\nThe rows are in {}. Try next:\n", self.store.display())?;
        for command in next::commands(&Called::found(), &self.store) {
            writeln!(out, "  {command}")?;
        }
        Ok(())
    }

    fn write_figures(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "  {:<26}{:>20}{:>20}", "", "store", "books")?;
        for figure in &self.figures {
            let note = if figure.is_equal() { "" } else { "  DIFFERS" };
            writeln!(
                out,
                "  {:<26}{:>20}{:>20}{note}",
                figure.name,
                grouped(figure.store, figure.digits),
                grouped(figure.books, figure.digits)
            )?;
        }
        let differing = self.figures.iter().filter(|figure| !figure.is_equal()).count();
        if differing == 0 {
            writeln!(out, "\n  store equals books: yes ({} figures, to 1e-9)\n", self.figures.len())
        } else {
            let all = self.figures.len();
            writeln!(out, "\n  store equals books: no ({differing} of {all} figures differ)\n")
        }
    }

    fn write_rest(&self, out: &mut dyn Write) -> io::Result<()> {
        let closed = &self.ended.closed;
        if self.worst.ratio > 0.0 {
            let Self { worst, .. } = self;
            writeln!(
                out,
                "  largest drawdown  {} at the bar of {}",
                percent(worst.ratio),
                worst.date
            )?;
        }
        if let (Some(p50), Some(p99)) = (self.ack_ms(50), self.ack_ms(99)) {
            let n = self.acks_ms.len();
            writeln!(out, "  ack latency       p50 {p50:.0} ms, p99 {p99:.0} ms, n {n}")?;
        }
        writeln!(out, "  errors            {}", self.errors)?;
        let dropped = closed.counts.dropped_rows + closed.lost_rows;
        writeln!(
            out,
            "  rows              {} in the store ({}/s), {dropped} dropped, {} refused",
            count(self.rows),
            grouped(self.rows_per_sec(), 0),
            closed.counts.rejected_rows,
        )?;
        if closed.unknown_words > 0 {
            writeln!(out, "  unknown words     {}: those columns are empty", closed.unknown_words)?;
        }
        match &closed.questdb {
            Some((server, Ok(counts))) => {
                writeln!(
                    out,
                    "  QuestDB           {} rows at {server}, tables bt_…",
                    count(counts.stored_rows)
                )?;
            }
            Some((server, Err(reason))) => {
                writeln!(out, "  QuestDB           {server} has not all rows: {reason}")?;
            }
            None => {}
        }
        if !self.ended.is_complete {
            writeln!(
                out,
                "  ENDED EARLY       after {} of {} bars, at {}",
                self.bars_done(),
                self.ended.about.bars,
                self.last_date()
            )?;
        }
        Ok(())
    }

    /// Writes one JSON object.
    pub(in crate::demo) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let closed = &self.ended.closed;
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|f| json!({"name": f.name, "store": f.store, "books": f.books, "equal": f.is_equal()}))
            .collect();
        let questdb = closed.questdb.as_ref().map(|(server, sent)| {
            let stored = sent.as_ref().ok().map(|counts| counts.stored_rows);
            json!({"server": server, "stored_rows": stored, "error": sent.as_ref().err()})
        });
        let about = &self.ended.about;
        let report = json!({
            "schema": SCHEMA,
            "data": {"name": about.name, "bars": about.bars, "first": about.first_date, "last": about.last_date},
            "complete": self.ended.is_complete,
            "bars_done": self.bars_done(),
            "store": self.store.display().to_string(),
            "store_equals_books": self.is_equal(),
            "figures": figures,
            "drawdown_ratio_max": self.worst.ratio,
            "ack_latency_ms": {"p50": self.ack_ms(50), "p99": self.ack_ms(99), "n": self.acks_ms.len()},
            "errors": self.errors,
            "rows": {
                "stored": self.rows, "dropped": closed.counts.dropped_rows,
                "refused": closed.counts.rejected_rows, "lost": closed.lost_rows,
            },
            "unknown_words": closed.unknown_words,
            "questdb": questdb,
            "elapsed_secs": self.ended.elapsed.as_secs_f64(),
            "next": next::commands(&Called::found(), &self.store),
        });
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)
    }

    fn bars_done(&self) -> u64 {
        self.ended.session.venue().bars_done()
    }

    fn last_date(&self) -> &str {
        &self.ended.about.last_date
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rows_per_sec(&self) -> f64 {
        self.rows as f64 / self.ended.elapsed.as_secs_f64().max(1e-3)
    }
}
