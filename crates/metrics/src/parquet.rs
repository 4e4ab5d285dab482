//! Rows in a Parquet file, counted and digested, and read back to see that they are there.

use std::{
    fmt,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    column::{reader::ColumnReader, writer::ColumnWriter},
    data_type::ByteArray,
    errors::ParquetError as Cause,
    file::{
        properties::WriterProperties,
        reader::{FileReader as _, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::types::Type,
};
use sha2::{Digest as _, Sha256};

use crate::{read::Datum, schema::ColumnType, value::Timestamp};

/// Rows of one group: what is held in memory.
const GROUP_ROWS: usize = 50_000;

/// Why rows are not in a Parquet file, or not what was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// The file cannot be written.
    #[error("cannot write Parquet")]
    Write {
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file cannot be read.
    #[error("cannot read `{}` as Parquet", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row has a value of another type than its column.
    #[error("column `{column}` holds {wanted:?}, and a row has {found}")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        wanted: ColumnType,
        /// The value.
        found: String,
    },
}

/// What is in a file. Two files with the same rows in the same order have the same report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParquetReport {
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the columns' names, types and values, in hex; of what is in the file, not of
    /// its bytes.
    pub digest: String,
}

/// Writes rows. Texts and labels are UTF-8, moments are nanoseconds in UTC, every column may be
/// NULL; pages are compressed with Snappy, which every reader knows.
pub struct ParquetWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<(String, ColumnType)>,
    group: Vec<Values>,
    grouped: usize,
    rows: u64,
    digest: Sha256,
}

impl<W: Write + Send> fmt::Debug for ParquetWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetWriter").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetWriter<W> {
    /// A writer of rows with these columns.
    ///
    /// # Errors
    ///
    /// [`ParquetError::Write`].
    pub fn new(to: W, columns: &[(String, ColumnType)]) -> Result<Self, ParquetError> {
        let fields = columns.iter().map(|(name, ty)| field(name, *ty).map(Arc::new));
        let open = || {
            let fields = fields.collect::<Result<Vec<_>, _>>()?;
            let schema = Type::group_type_builder("rows").with_fields(fields).build()?;
            let properties =
                WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))
        };
        let mut digest = Sha256::new();
        for (name, ty) in columns {
            head(&mut digest, name, *ty);
        }
        Ok(Self {
            file: open().map_err(write_error)?,
            columns: columns.to_vec(),
            group: columns.iter().map(|(_, ty)| Values::new(*ty)).collect(),
            grouped: 0,
            rows: 0,
            digest,
        })
    }

    /// Adds a row: one value of each column.
    ///
    /// # Errors
    ///
    /// [`ParquetError::Type`], [`ParquetError::Write`].
    pub fn row(&mut self, cells: &[Datum]) -> Result<(), ParquetError> {
        let cells = cells.iter().chain(std::iter::repeat(&Datum::Null));
        for ((values, (name, ty)), cell) in self.group.iter_mut().zip(&self.columns).zip(cells) {
            values.push(cell).map_err(|found| ParquetError::Type {
                column: name.clone(),
                wanted: *ty,
                found,
            })?;
        }
        self.grouped = self.grouped.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
        if self.grouped >= GROUP_ROWS { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.grouped == 0 {
            return Ok(());
        }
        let write = |file: &mut SerializedFileWriter<W>, group: &[Values]| {
            let mut rows = file.next_row_group()?;
            for values in group {
                let Some(mut column) = rows.next_column()? else { break };
                values.write(column.untyped())?;
                column.close()?;
            }
            rows.close()
        };
        write(&mut self.file, &self.group).map_err(write_error)?;
        for values in &mut self.group {
            values.digest(&mut self.digest);
            values.clear();
        }
        self.grouped = 0;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// [`ParquetError::Write`]; the file is no Parquet then.
    pub fn finish(mut self) -> Result<ParquetReport, ParquetError> {
        self.end_group()?;
        self.file.close().map_err(write_error)?;
        Ok(report(self.rows, self.digest))
    }
}

/// Reads a whole file that [`ParquetWriter`] wrote, and says what is in it.
///
/// # Errors
///
/// [`ParquetError::Read`].
pub fn read_parquet(path: impl AsRef<Path>) -> Result<ParquetReport, ParquetError> {
    let path = path.as_ref();
    read(path).map_err(|source| ParquetError::Read { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<ParquetReport, Box<dyn std::error::Error + Send + Sync>> {
    let file = SerializedFileReader::new(File::open(path)?)?;
    let mut digest = Sha256::new();
    let schema = file.metadata().file_metadata().schema_descr();
    let mut columns = Vec::new();
    for column in schema.columns() {
        let ty = match (column.physical_type(), column.logical_type_ref()) {
            (Physical::INT64, Some(LogicalType::Timestamp { .. })) => ColumnType::Timestamp,
            (Physical::INT64, _) => ColumnType::Long,
            (Physical::DOUBLE, _) => ColumnType::Double,
            (Physical::BYTE_ARRAY, _) => ColumnType::Varchar,
            (other, _) => return Err(format!("a column is {other}").into()),
        };
        head(&mut digest, column.name(), ty);
        columns.push(ty);
    }
    let mut rows = 0_u64;
    for at in 0..file.num_row_groups() {
        let group = file.get_row_group(at)?;
        let count = usize::try_from(group.metadata().num_rows())?;
        for (column, ty) in columns.iter().enumerate() {
            let mut values = Values::new(*ty);
            values.read(group.get_column_reader(column)?, count)?;
            values.digest(&mut digest);
        }
        rows = rows.saturating_add(u64::try_from(count)?);
    }
    Ok(report(rows, digest))
}

fn field(name: &str, ty: ColumnType) -> Result<Type, Cause> {
    let (physical, logical) = match ty {
        ColumnType::Double => (Physical::DOUBLE, None),
        ColumnType::Long | ColumnType::Int => (Physical::INT64, None),
        ColumnType::Timestamp => {
            let unit = TimeUnit::NANOS;
            let moment = LogicalType::timestamp(true, unit);
            (Physical::INT64, Some(moment))
        }
        ColumnType::Symbol | ColumnType::Varchar => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String))
        }
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

/// A column is digested by what it is in a file: labels and texts are the same there.
fn head(digest: &mut Sha256, name: &str, ty: ColumnType) {
    let kind = match ty {
        ColumnType::Double => b"d",
        ColumnType::Long | ColumnType::Int => b"l",
        ColumnType::Timestamp => b"t",
        ColumnType::Symbol | ColumnType::Varchar => b"s",
    };
    digest.update(kind);
    text(digest, name.as_bytes());
}

fn text(digest: &mut Sha256, bytes: &[u8]) {
    digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
    digest.update(bytes);
}

fn report(rows: u64, digest: Sha256) -> ParquetReport {
    let hex = |byte: &u8| format!("{byte:02x}");
    ParquetReport { rows, digest: digest.finalize().iter().map(hex).collect() }
}

fn write_error(source: Cause) -> ParquetError {
    ParquetError::Write { source: Box::new(source) }
}

/// Values of one column of a group, those that are NULL left out, and which are.
enum Values {
    Long(Vec<i64>, Vec<i16>),
    Double(Vec<f64>, Vec<i16>),
    Text(Vec<ByteArray>, Vec<i16>),
}

impl Values {
    fn new(ty: ColumnType) -> Self {
        match ty {
            ColumnType::Double => Self::Double(Vec::new(), Vec::new()),
            ColumnType::Long | ColumnType::Int | ColumnType::Timestamp => {
                Self::Long(Vec::new(), Vec::new())
            }
            ColumnType::Symbol | ColumnType::Varchar => Self::Text(Vec::new(), Vec::new()),
        }
    }

    fn levels(&mut self) -> &mut Vec<i16> {
        match self {
            Self::Long(_, levels) | Self::Double(_, levels) | Self::Text(_, levels) => levels,
        }
    }

    fn push(&mut self, cell: &Datum) -> Result<(), String> {
        match (&mut *self, cell) {
            (_, Datum::Null) => {}
            (Self::Long(values, _), Datum::Long(v)) => values.push(*v),
            (Self::Long(values, _), Datum::Timestamp(v)) => values.push(Timestamp::as_nanos(*v)),
            (Self::Double(values, _), Datum::Double(v)) => values.push(*v),
            #[allow(clippy::cast_precision_loss, reason = "SQL adds numbers of both kinds")]
            (Self::Double(values, _), Datum::Long(v)) => values.push(*v as f64),
            (Self::Text(values, _), Datum::Text(v)) => values.push(v.as_str().into()),
            (_, other) => return Err(format!("{other:?}")),
        }
        self.levels().push(i16::from(*cell != Datum::Null));
        Ok(())
    }

    fn clear(&mut self) {
        match self {
            Self::Long(values, _) => values.clear(),
            Self::Double(values, _) => values.clear(),
            Self::Text(values, _) => values.clear(),
        }
        self.levels().clear();
    }

    fn write(&self, to: &mut ColumnWriter<'_>) -> Result<(), Cause> {
        match (self, to) {
            (Self::Long(v, levels), ColumnWriter::Int64ColumnWriter(to)) => {
                to.write_batch(v, Some(levels), None)?;
            }
            (Self::Double(v, levels), ColumnWriter::DoubleColumnWriter(to)) => {
                to.write_batch(v, Some(levels), None)?;
            }
            (Self::Text(v, levels), ColumnWriter::ByteArrayColumnWriter(to)) => {
                to.write_batch(v, Some(levels), None)?;
            }
            _ => return Err(Cause::General("a column has another type".to_owned())),
        }
        Ok(())
    }

    fn read(&mut self, from: ColumnReader, rows: usize) -> Result<(), Cause> {
        let mut read = 0_usize;
        match (self, from) {
            (Self::Long(v, levels), ColumnReader::Int64ColumnReader(mut from)) => {
                read = from.read_records(rows, Some(levels), None, v)?.0;
            }
            (Self::Double(v, levels), ColumnReader::DoubleColumnReader(mut from)) => {
                read = from.read_records(rows, Some(levels), None, v)?.0;
            }
            (Self::Text(v, levels), ColumnReader::ByteArrayColumnReader(mut from)) => {
                read = from.read_records(rows, Some(levels), None, v)?.0;
            }
            _ => {}
        }
        if read == rows {
            return Ok(());
        }
        Err(Cause::General(format!("a column has {read} of {rows} rows")))
    }

    fn digest(&self, to: &mut Sha256) {
        let (levels, mut values): (_, Box<dyn Iterator<Item = Vec<u8>> + '_>) = match self {
            Self::Long(v, levels) => (levels, Box::new(v.iter().map(|v| v.to_le_bytes().to_vec()))),
            Self::Double(v, levels) => {
                (levels, Box::new(v.iter().map(|v| v.to_bits().to_le_bytes().to_vec())))
            }
            Self::Text(v, levels) => (levels, Box::new(v.iter().map(|v| v.data().to_vec()))),
        };
        for level in levels {
            match (*level != 0).then(|| values.next()).flatten() {
                None => to.update([0]),
                Some(bytes) => {
                    to.update([1]);
                    text(to, &bytes);
                }
            }
        }
    }
}
