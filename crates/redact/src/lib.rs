#![doc = include_str!("../README.md")]

mod assignment;
mod find;
mod key;
mod kind;
mod known;
mod near;
mod pem;
mod rules;
mod screen;
mod secret;
mod shape;
mod text;
mod url;
mod way;

pub use find::{Span, find, mask};
pub use key::key_is_secret;
pub use kind::Kind;
pub use rules::Rules;
pub use secret::Secret;
pub use way::is_private_way;
