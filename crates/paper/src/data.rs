//! Recorded market data: bars, the shipped sample, and a person's own file.

mod dialect;
mod read;
mod time;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::money::Decimal;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const SAMPLE_NAME: &str = "sp500-daily.csv";
const SAMPLE: &str = include_str!("../data/sp500-daily.csv");

/// One bar; prices and volume are integers at the scales of its [`Bars`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The bar's own time as the file has it, UTC nanoseconds.
    pub ts_ns: i64,
    /// First price.
    pub open_minor: i128,
    /// Highest price.
    pub high_minor: i128,
    /// Lowest price.
    pub low_minor: i128,
    /// Last price.
    pub close_minor: i128,
    /// Traded quantity; `None` if the file does not say.
    pub volume_minor: Option<i128>,
}

/// Bars in order of time, never empty, every price above zero and inside its high and low.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    name: String,
    px_scale: u8,
    volume_scale: u8,
    bars: Vec<Bar>,
}

/// Why market data could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than what is read at once.
    #[error("`{}` has {found_bytes} bytes, at most {max_bytes} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        found_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// The file has no row of data.
    #[error("`{file}` has no rows, wanted bars or trades as CSV")]
    Empty {
        /// The file.
        file: String,
    },
    /// The columns are not those of any exporter that is known.
    #[error("{file}:{line}: found columns `{found}`, wanted {wanted}")]
    Header {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The columns found.
        found: String,
        /// What would have been understood.
        wanted: &'static str,
    },
    /// One value is not usable.
    #[error("{file}:{line}:{column}: found `{found}`, wanted {wanted}")]
    Cell {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1, with its name where the file names it: `2 (open)`.
        column: String,
        /// What was found.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// The text is not CSV.
    #[error("{file}:{line}: not readable as CSV")]
    Csv {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A range of dates holds no bar.
    #[error("`{file}` has no bar from {from} to {to}")]
    NoBarsBetween {
        /// The file.
        file: String,
        /// First wanted date.
        from: String,
        /// First date not wanted.
        to: String,
    },
}

impl Bars {
    /// Returns the shipped sample: the S&P 500 index, daily, 1999 to 2018, 5,031 bars.
    ///
    /// Its source and license stand in `data/README.md` of this crate.
    ///
    /// # Errors
    ///
    /// [`DataError`]; a test proves that the shipped text is readable.
    pub fn sample() -> Result<Self, DataError> {
        Self::parse(SAMPLE_NAME, SAMPLE)
    }

    /// Reads a person's own CSV file: bars, or trades that are gathered into one-minute bars.
    ///
    /// # Errors
    ///
    /// [`DataError`] naming file, line and column, with what was found and what was wanted.
    pub fn from_csv(path: &Path) -> Result<Self, DataError> {
        let unread = |source| DataError::Read { path: path.to_owned(), source };
        let found_bytes = fs::metadata(path).map_err(unread)?.len();
        if found_bytes > FILE_BYTES_MAX {
            let (path, max_bytes) = (path.to_owned(), FILE_BYTES_MAX);
            return Err(DataError::TooLarge { path, found_bytes, max_bytes });
        }
        let text = fs::read_to_string(path).map_err(unread)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads CSV text; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// As [`Bars::from_csv`].
    pub fn parse(name: &str, text: &str) -> Result<Self, DataError> {
        read::bars(name, text)
    }

    /// Returns the bars from one date up to another, the second not included, as `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// [`DataError::NoBarsBetween`] if there is none, or a date is not one.
    pub fn between(&self, from: &str, to: &str) -> Result<Self, DataError> {
        let none = || DataError::NoBarsBetween {
            file: self.name.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let start = time::parse(from).ok_or_else(none)?;
        let end = time::parse(to).ok_or_else(none)?;
        let inside = |bar: &&Bar| (start..end).contains(&bar.ts_ns);
        let bars: Vec<Bar> = self.bars.iter().filter(inside).copied().collect();
        if bars.is_empty() {
            return Err(none());
        }
        Ok(Self { name: self.name.clone(), bars, ..*self })
    }

    /// Returns what the bars were read from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of bars, at least one.
    #[allow(clippy::len_without_is_empty, reason = "bars are never empty")]
    pub fn len(&self) -> usize {
        self.bars.len()
    }

    /// Returns a bar by its index.
    pub fn get(&self, index: usize) -> Option<&Bar> {
        self.bars.get(index)
    }

    /// Returns the bars in order of time.
    pub fn iter(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter()
    }

    /// Returns the digits after the point of every price.
    pub fn px_scale(&self) -> u8 {
        self.px_scale
    }

    /// Returns the digits after the point of every volume.
    pub fn volume_scale(&self) -> u8 {
        self.volume_scale
    }

    /// Returns a price of these bars as a decimal.
    pub fn px(&self, px_minor: i128) -> Decimal {
        Decimal::of(px_minor, self.px_scale)
    }

    /// Returns a bar's own date for people: `2008-10-10`, or with the time if it has one.
    pub fn date(&self, index: usize) -> Option<String> {
        self.get(index).map(|bar| time::format(bar.ts_ns))
    }

    /// Returns a number that differs where the bars differ (FNV-1a, 64 bit; no defense against
    /// somebody who wants a collision).
    pub fn fingerprint(&self) -> u64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        add(&[self.px_scale, self.volume_scale]);
        for bar in &self.bars {
            add(&bar.ts_ns.to_le_bytes());
            let volume = bar.volume_minor.unwrap_or(-1);
            for value in [bar.open_minor, bar.high_minor, bar.low_minor, bar.close_minor, volume] {
                add(&value.to_le_bytes());
            }
        }
        hash
    }
}
