#![doc = include_str!("../README.md")]

mod change;
mod check;
mod de;
mod digest;
#[cfg(feature = "yaml")]
mod edit;
mod env;
mod fault;
mod key;
mod layers;
#[cfg(all(feature = "yaml", unix))]
mod live;
mod load;
mod merge;
mod nearest;
mod node;
mod origin;
mod problem;
mod read_section;
mod render;
mod scalar;
#[cfg(feature = "schema")]
mod schema;
mod secret;
pub mod sections;
mod ser;
mod setting;
mod source;
mod spec;
mod ssot;
#[cfg(feature = "schema")]
mod starter;
mod system;
mod unit;
#[cfg(feature = "yaml")]
mod yaml;

pub use change::Change;
pub use digest::Digest;
#[cfg(feature = "yaml")]
pub use edit::{Edit, EditError};
pub use layers::{Layers, PROFILES};
#[cfg(all(feature = "yaml", unix))]
pub use live::{Kept, Live, Reload, WatchError, WatchOptions};
pub use origin::Origin;
pub use problem::{Look, Problem, ProblemKind, Problems};
pub use secret::ReadSecret;
pub use setting::{Explanation, Scalar, Setting, Spoken, Tree};
pub use spec::{Complaint, Loosens, SectionSpec};
pub use ssot::{Section, Ssot};
pub use system::{CANONICAL, ReadError, SystemSecrets, find_canonical, local_of};
