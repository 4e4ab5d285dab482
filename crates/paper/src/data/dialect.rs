//! Which column is what, for the exporters that people use.

/// What a file's columns mean, as indexes from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Bars { time: Time, open: usize, high: usize, low: usize, close: usize, volume: Option<usize> },
    Trades { time: Time, price: usize, qty: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    One(usize),
    DateAndTime { date: usize, time: usize },
}

pub(super) const WANTED: &str = "a time column with open, high, low, close[, volume], \
     or with price and qty (amount, size); without a header: Binance or Kraken exports";

/// Recognizes named columns; names are compared in lower case without `<`, `>` and quotes.
pub(super) fn named(header: &[String]) -> Option<Layout> {
    let find = |names: &[&str]| names.iter().find_map(|n| header.iter().position(|h| h == n));
    let date = find(&["date"]);
    let clock = find(&["time"]);
    let time = match (find(&["unix", "unix timestamp", "unix time"]), date, clock) {
        (Some(unix), _, _) => Time::One(unix),
        (None, Some(date), Some(time)) => Time::DateAndTime { date, time },
        (None, Some(one), None) | (None, None, Some(one)) => Time::One(one),
        (None, None, None) => Time::One(find(&[
            "timestamp",
            "datetime",
            "date time",
            "open time",
            "open_time",
            "opentime",
            "open timestamp",
            "gmt time",
            "ts",
            "t",
        ])?),
    };
    let starts = |prefix: &str| header.iter().position(|h| h.starts_with(prefix));
    let volume = find(&["volume", "vol", "vol.", "v", "base volume", "volume(base)"])
        .or_else(|| starts("volume "));
    if let Some(open) = find(&["open", "o", "open price"]) {
        let high = find(&["high", "h", "high price"])?;
        let low = find(&["low", "l", "low price"])?;
        let close = find(&["close", "c", "close price", "last"])?;
        return Some(Layout::Bars { time, open, high, low, close, volume });
    }
    let price = find(&["price", "px", "p", "trade price"])?;
    let qty = find(&["qty", "quantity", "amount", "size", "q"]).or(volume)?;
    Some(Layout::Trades { time, price, qty })
}

/// Recognizes columns without names, by their number and by what stands in the first row.
pub(super) fn unnamed(row: &[String]) -> Option<Layout> {
    let flag =
        |index: usize| row.get(index).is_some_and(|cell| matches!(cell.as_str(), "true" | "false"));
    let bars =
        Layout::Bars { time: Time::One(0), open: 1, high: 2, low: 3, close: 4, volume: Some(5) };
    match row.len() {
        // Kraken trades: time, price, volume.
        3 => Some(Layout::Trades { time: Time::One(0), price: 1, qty: 2 }),
        // Binance trades: id, price, qty, quote qty, time, buyer is maker[, best match].
        6 | 7 if flag(5) => Some(Layout::Trades { time: Time::One(4), price: 1, qty: 2 }),
        // Binance aggregated trades: id, price, qty, first id, last id, time, maker[, best].
        7 | 8 if flag(6) => Some(Layout::Trades { time: Time::One(5), price: 1, qty: 2 }),
        // Time, open, high, low, close, volume[, trades]; 12 columns are Binance klines.
        6..=8 | 11..=12 => Some(bars),
        _ => None,
    }
}
