#![doc = include_str!("../README.md")]

mod anchors;
mod arena;
mod clock;
mod consumer;
mod error;
mod fork;
mod lane;
mod layout;
pub mod local;
mod lock;
mod memory;
mod orphan;
mod parent;
mod producer;
mod record;
mod stamp;
mod writer;

pub use arena::Arena;
pub use clock::{ANCHORS_KEPT, Anchor, Clock, Tick, convert};
pub use consumer::Consumer;
pub use error::RingError;
pub use fork::forked_drops;
pub use lane::LaneOptions;
pub use layout::{RECORD_SLOTS_MAX, RECORD_WORDS_MAX, TABLES};
pub use orphan::{LaneError, Orphan, OrphanLane, OrphanLanes, orphans};
pub use parent::default_parent;
pub use producer::{Fill, Producer};
pub use record::Record;
pub use stamp::{stamp_and_wall_now, stamp_now};
pub use writer::Writer;
