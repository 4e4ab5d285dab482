#![doc = include_str!("../README.md")]

mod bytes;
mod cache;
pub mod capture;
mod compare;
pub mod config;
mod contents;
mod create;
pub mod deploy;
mod digest;
mod disk;
mod framed;
pub mod http;
mod id;
mod index;
mod intake;
mod journal;
mod manifest;
mod objects;
mod pack;
mod pass;
pub mod plan;
mod progress;
mod prune;
mod redis;
pub mod restore;
mod scope;
mod scratch;
mod seal;
mod secrets;
mod store;
pub mod trading;
mod tree;
pub mod venue;
mod verify;
mod view;

#[cfg(feature = "sqlite")]
pub use capture::Sqlite;
pub use capture::{Capture, CaptureError, Files, Part, Taken};
pub use compare::Difference;
pub use contents::{Changed, ListedEntry, copy_document, diff, diff_now, entries, facts};
pub use create::{CreateError, CreateOptions, create};
pub use digest::{Digest, DigestError};
pub use disk::{Act, Watch};
pub use framed::FrameError;
pub use id::{SnapshotId, SnapshotIdError};
pub use intake::Intake;
pub use journal::JournalError;
pub use manifest::{Manifest, ManifestError, Need, Outcome, PartRecord};
#[cfg(feature = "object-store")]
pub use objects::BucketOptions;
pub use objects::ObjectError;
pub use progress::{Progress, Quiet, Stage};
pub use prune::{
    Keep, PruneError, PruneOptions, Pruned, Reason, Repack, decide, preview_prune, prune,
};
pub use redis::{RedisError, RedisServer};
pub use scope::PatternError;
#[cfg(feature = "encryption")]
pub use seal::new_identity;
pub use seal::{KeyError, OpenError, Protection};
pub use secrets::Secrets;
pub use store::{Listing, LockedError, Store, StoreError, StoreOptions};
pub use tree::TreeError;
pub use verify::{Finding, Verified, verify};
pub use view::{PartReader, ReadError};
