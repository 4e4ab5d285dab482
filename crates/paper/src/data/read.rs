//! Text to bars: every refusal names file, line and column.

use csv::{ReaderBuilder, StringRecord};

use super::dialect::{self, Layout, Time};
use super::{Bar, Bars, DataError, time};
use crate::money::Decimal;

const MINUTE_NS: i64 = 60_000_000_000;
/// Files drop zeros at the end; orders may still want cents.
const PX_SCALE_MIN: u8 = 2;

/// One row before all rows share a scale.
struct Row {
    line: u64,
    ts_ns: i64,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Option<Decimal>,
}

/// Where we are, for errors.
struct Place<'a> {
    file: &'a str,
    header: &'a [String],
    line: u64,
    record: &'a StringRecord,
}

impl Place<'_> {
    fn refuse(&self, column: usize, found: &str, wanted: &str) -> DataError {
        let number = column + 1;
        let column = match self.header.get(column) {
            Some(name) => format!("{number} ({name})"),
            None => number.to_string(),
        };
        let found = found.chars().take(40).collect();
        let (file, wanted) = (self.file.to_owned(), wanted.to_owned());
        DataError::Cell { file, line: self.line, column, found, wanted }
    }

    fn cell(&self, column: usize) -> Result<&str, DataError> {
        let count = self.record.len();
        self.record.get(column).ok_or_else(|| {
            self.refuse(column, "nothing", &format!("a value; the row has {count} columns"))
        })
    }

    fn decimal(&self, column: usize) -> Result<Decimal, DataError> {
        let text = self.cell(column)?;
        let parsed: Result<Decimal, _> = text.parse();
        parsed.map_err(|_| self.refuse(column, text, "a decimal number such as 1229.23"))
    }

    fn above_zero(&self, column: usize) -> Result<Decimal, DataError> {
        let value = self.decimal(column)?;
        if value > Decimal::ZERO {
            return Ok(value.normalized());
        }
        Err(self.refuse(column, &value.to_string(), "a number above zero"))
    }

    fn volume(&self, column: usize) -> Result<Option<Decimal>, DataError> {
        if self.cell(column)?.trim().is_empty() {
            return Ok(None);
        }
        let value = self.decimal(column)?;
        if value < Decimal::ZERO {
            return Err(self.refuse(column, &value.to_string(), "a volume of zero or more"));
        }
        Ok(Some(value.normalized()))
    }

    fn ts_ns(&self, time: Time) -> Result<i64, DataError> {
        match time {
            Time::One(column) => {
                let text = self.cell(column)?;
                time::parse(text).ok_or_else(|| self.refuse(column, text, time::WANTED))
            }
            Time::DateAndTime { date, time } => {
                let (day, clock) = (self.cell(date)?, self.cell(time)?);
                time::parse_pair(day, clock).ok_or_else(|| {
                    self.refuse(date, &format!("{day} {clock}"), "a date, and a time of day")
                })
            }
        }
    }
}

/// Reads bars, or trades gathered into one-minute bars.
pub(super) fn bars(file: &str, text: &str) -> Result<Bars, DataError> {
    let (body, skipped) = without_preface(text);
    let empty = || DataError::Empty { file: file.to_owned() };
    let first_line = body.lines().find(|line| !line.trim().is_empty()).ok_or_else(empty)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(first_line))
        .has_headers(false)
        .flexible(true)
        .from_reader(body.as_bytes());
    let mut header: Vec<String> = Vec::new();
    let mut layout: Option<Layout> = None;
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|source| {
            let line = source.position().map_or(0, csv::Position::line) + skipped;
            DataError::Csv { file: file.to_owned(), line, source: source.into() }
        })?;
        let line = record.position().map_or(0, csv::Position::line) + skipped;
        let Some(known) = &layout else {
            let (found, named) = recognize(file, line, &record)?;
            let first_is_data = named.is_empty();
            header = named;
            if first_is_data {
                let place = Place { file, header: &header, line, record: &record };
                add(&place, &found, &mut rows)?;
            }
            layout = Some(found);
            continue;
        };
        add(&Place { file, header: &header, line, record: &record }, known, &mut rows)?;
    }
    if rows.is_empty() {
        return Err(empty());
    }
    let at = |row: &Row| (row.line, row.ts_ns);
    in_order(file, &layout, rows.iter().map(at))?;
    if rows.first().map(|row| row.ts_ns) > rows.last().map(|row| row.ts_ns) {
        rows.reverse();
    }
    if matches!(layout, Some(Layout::Trades { .. })) {
        rows = by_minute(file, &rows)?;
    }
    same_scale(file, &rows)
}

/// Cuts a byte-order mark and the comment lines that some exporters put first.
fn without_preface(text: &str) -> (&str, u64) {
    let mut body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut skipped = 0;
    while let Some((line, rest)) = body.split_once('\n') {
        let line = line.trim_start().trim_start_matches('"');
        let comment = line.starts_with('#') || line.starts_with("http");
        if !comment && !line.trim().is_empty() && !line.starts_with("sep=") {
            break;
        }
        body = rest;
        skipped += 1;
    }
    (body, skipped)
}

fn delimiter(line: &str) -> u8 {
    let count = |wanted: char| line.chars().filter(|c| *c == wanted).count();
    let (tab, semicolon) = (count('\t'), count(';'));
    if tab > 0 && tab >= semicolon {
        b'\t'
    } else if semicolon > 0 {
        b';'
    } else {
        b','
    }
}

/// Returns the layout, and the column names if the row holds names.
fn recognize(
    file: &str,
    line: u64,
    record: &StringRecord,
) -> Result<(Layout, Vec<String>), DataError> {
    let plain = |cell: &str| cell.trim().trim_matches(['<', '>', '"']).to_ascii_lowercase();
    let cells: Vec<String> = record.iter().map(plain).collect();
    let is_header = cells.first().is_some_and(|cell| !cell.starts_with(|c: char| c.is_numeric()));
    let layout = if is_header { dialect::named(&cells) } else { dialect::unnamed(&cells) };
    let layout = layout.ok_or_else(|| DataError::Header {
        file: file.to_owned(),
        line,
        found: cells.join(",").chars().take(120).collect(),
        wanted: dialect::WANTED,
    })?;
    Ok((layout, if is_header { cells } else { Vec::new() }))
}

fn add(place: &Place<'_>, layout: &Layout, rows: &mut Vec<Row>) -> Result<(), DataError> {
    let line = place.line;
    let row = match *layout {
        Layout::Bars { time, open, high, low, close, volume } => {
            let ts_ns = place.ts_ns(time)?;
            let prices = [open, high, low, close].map(|column| place.above_zero(column));
            let [open_px, high_px, low_px, close_px] = prices;
            let (open_px, high_px, low_px, close_px) = (open_px?, high_px?, low_px?, close_px?);
            let top = open_px.max(close_px).max(low_px);
            if high_px < top {
                let wanted = format!("a high of at least {top}, the highest of the bar");
                return Err(place.refuse(high, &high_px.to_string(), &wanted));
            }
            let bottom = open_px.min(close_px);
            if low_px > bottom {
                let wanted = format!("a low of at most {bottom}, the lowest of the bar");
                return Err(place.refuse(low, &low_px.to_string(), &wanted));
            }
            let volume = volume.map(|column| place.volume(column)).transpose()?.flatten();
            Row { line, ts_ns, open: open_px, high: high_px, low: low_px, close: close_px, volume }
        }
        Layout::Trades { time, price, qty } => {
            let ts_ns = place.ts_ns(time)?;
            let px = place.above_zero(price)?;
            let volume = Some(place.above_zero(qty)?);
            Row { line, ts_ns, open: px, high: px, low: px, close: px, volume }
        }
    };
    rows.push(row);
    Ok(())
}

/// Accepts times that only rise or only fall; trades may share one, bars may not.
fn in_order(
    file: &str,
    layout: &Option<Layout>,
    times: impl Iterator<Item = (u64, i64)> + Clone,
) -> Result<(), DataError> {
    let (column, equal_allowed) = match layout {
        Some(Layout::Trades { time, .. }) => (time_column(*time), true),
        Some(Layout::Bars { time, .. }) => (time_column(*time), false),
        None => (1, false),
    };
    let falling = {
        let mut all = times.clone().map(|(_, ts)| ts);
        let first = all.next();
        first > all.last()
    };
    for ((_, before), (line, ts)) in times.clone().zip(times.skip(1)) {
        let (earlier, later) = if falling { (ts, before) } else { (before, ts) };
        let wanted = match earlier.cmp(&later) {
            std::cmp::Ordering::Less => continue,
            std::cmp::Ordering::Equal if equal_allowed => continue,
            std::cmp::Ordering::Equal => "a time of its own; the row before has the same".into(),
            std::cmp::Ordering::Greater => {
                format!("rows sorted by time; the row before is of {}", time::format(before))
            }
        };
        let (file, column) = (file.to_owned(), column.to_string());
        return Err(DataError::Cell { file, line, column, found: time::format(ts), wanted });
    }
    Ok(())
}

fn time_column(time: Time) -> usize {
    match time {
        Time::One(column) | Time::DateAndTime { date: column, .. } => column + 1,
    }
}

fn by_minute(file: &str, trades: &[Row]) -> Result<Vec<Row>, DataError> {
    let mut bars: Vec<Row> = Vec::new();
    for trade in trades {
        let minute = trade.ts_ns - trade.ts_ns.rem_euclid(MINUTE_NS);
        match bars.last_mut() {
            Some(bar) if bar.ts_ns == minute => {
                bar.high = bar.high.max(trade.high);
                bar.low = bar.low.min(trade.low);
                bar.close = trade.close;
                bar.volume = match (bar.volume, trade.volume) {
                    (Some(sum), Some(more)) => {
                        Some(plus(sum, more).ok_or_else(|| too_long(file, trade.line, more))?)
                    }
                    _ => None,
                };
            }
            _ => bars.push(Row { ts_ns: minute, ..*trade }),
        }
    }
    Ok(bars)
}

fn plus(left: Decimal, right: Decimal) -> Option<Decimal> {
    let scale = left.scale().max(right.scale());
    let sum = left.rescale(scale).ok()?.checked_add(right.rescale(scale).ok()?)?;
    Decimal::new(sum, scale)
}

fn too_long(file: &str, line: u64, found: Decimal) -> DataError {
    DataError::Cell {
        file: file.to_owned(),
        line,
        column: "1".to_owned(),
        found: found.to_string(),
        wanted: "numbers that fit 128 bits at the file's finest scale".to_owned(),
    }
}

fn same_scale(file: &str, rows: &[Row]) -> Result<Bars, DataError> {
    let prices = |row: &Row| [row.open, row.high, row.low, row.close];
    let px_scale = rows.iter().flat_map(prices).map(Decimal::scale).fold(PX_SCALE_MIN, u8::max);
    let volumes = rows.iter().filter_map(|row| row.volume);
    let volume_scale = volumes.map(Decimal::scale).max().unwrap_or(0);
    let bar = |row: &Row| -> Result<Bar, DataError> {
        let at = |value: Decimal, scale: u8| {
            value.rescale(scale).map_err(|_| too_long(file, row.line, value))
        };
        Ok(Bar {
            ts_ns: row.ts_ns,
            open_minor: at(row.open, px_scale)?,
            high_minor: at(row.high, px_scale)?,
            low_minor: at(row.low, px_scale)?,
            close_minor: at(row.close, px_scale)?,
            volume_minor: row.volume.map(|volume| at(volume, volume_scale)).transpose()?,
        })
    };
    let bars = rows.iter().map(bar).collect::<Result<Vec<_>, _>>()?;
    Ok(Bars { name: file.to_owned(), px_scale, volume_scale, bars })
}
