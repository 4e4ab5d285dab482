#![doc = include_str!("../README.md")]

mod lock;
mod replace;
mod space;
mod sync_dir;

pub use lock::{Holder, Lock, LockError};
pub use replace::{Options, ReplaceError, replace, replace_with};
pub use space::{Space, free_space, preallocate};
pub use sync_dir::sync_dir;
