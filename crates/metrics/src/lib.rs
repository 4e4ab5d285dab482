#![doc = include_str!("../README.md")]

mod batch;
mod block;
#[cfg(feature = "testing")]
mod capture;
mod complete;
#[cfg(feature = "config")]
mod config;
#[cfg(all(feature = "sqlite", feature = "ilp"))]
pub mod copy;
mod counts;
pub mod ddl;
mod derive;
mod dictionary;
mod drain;
mod encoder;
mod field;
pub mod gaps;
mod handle;
mod interpret;
mod labels;
#[cfg(feature = "layer-tracing-subscriber-0-3")]
mod layer;
pub mod migrate;
mod open;
mod options;
mod own;
#[cfg(feature = "parquet")]
mod parquet;
mod past;
mod phase;
mod pipeline;
mod quarantine;
#[cfg(feature = "sqlite")]
pub mod read;
mod record;
#[cfg(feature = "recorder-metrics-0-24")]
mod recorder;
mod recover;
mod risk;
pub mod rollup;
mod row;
pub mod schema;
mod scratch;
mod shared;
mod ship;
mod ship_dir;
mod sink;
mod spool;
mod tables;
mod value;
mod wire;

pub use batch::{Batch, Cell, Rows, SymbolId, Symbols};
#[cfg(feature = "testing")]
pub use capture::{CAPTURE_NOW, Captured, CapturedRow, RefusedRow};
#[cfg(feature = "config")]
pub use config::{Config, ConfigProblem};
pub use counts::{Counts, Health as PipelineHealth};
pub use field::Field;
pub use handle::{Account, Equity, Instrument, PrewarmError, Series, Strategy};
pub use labels::{LABEL_BYTES_MAX, LabelError};
#[cfg(feature = "layer-tracing-subscriber-0-3")]
pub use layer::ErrorLayer;
pub use open::OpenError;
pub use options::{
    Durability, Mode, Options, OptionsError, RingMemory, RiskBaseline, Store, SyncPolicy,
};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetError, ParquetReport, ParquetWriter, read_parquet};
pub use pipeline::{CloseError, Metrics};
#[cfg(feature = "recorder-metrics-0-24")]
pub use recorder::{Recorder, RecorderCounts, RecorderGuard};
pub use row::{Code, Table};
pub use schema::{
    Column, ColumnType, Importance, Key, Origin, Partition, SCHEMA_VERSION, Schema, Ttl, flags,
};
pub use ship_dir::{ShipError, ShipOptions, ShipReport, ship};
pub use sink::*;
pub use spool::{
    Position as SpoolPosition, ReadError as SpoolReadError, Report as SpoolReport, SegmentReport,
    SpoolError, inspect as inspect_spool,
};
pub use tables::*;
pub use value::{
    FX_AGE_MAX, FxRate, ID_BYTES_MAX, Id, Label, Millis, Name, TEXT_BYTES_MAX, Text, Timestamp,
    Value,
};

#[doc(hidden)]
pub use encoder::Encoder;
#[doc(hidden)]
pub use own::{OwnTable, own_label};
#[doc(hidden)]
pub use row::{HEAD_WORDS, PRESENCE_BITS, TableId, series_word};
