//! Stores in buckets: a part of this program only where it was built with feature `object-store`.

use plimsoll_snapshot::{Protection, Store, StoreOptions};

use crate::failure::Failure;

#[cfg(feature = "object-store")]
pub(super) fn create(
    url: &str,
    protection: &Protection,
    options: &StoreOptions,
) -> Result<Store, Failure> {
    Store::create_in(url, &from_environment(), protection, options)
        .map_err(super::place::store_failure)
}

#[cfg(feature = "object-store")]
pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Store, Failure> {
    Store::open_in(url, &from_environment(), options).map_err(super::place::store_failure)
}

#[cfg(feature = "object-store")]
fn from_environment() -> plimsoll_snapshot::BucketOptions {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    plimsoll_snapshot::BucketOptions::from_environment(std::env::vars_os().filter_map(text))
}

#[cfg(not(feature = "object-store"))]
pub(super) fn create(url: &str, _: &Protection, _: &StoreOptions) -> Result<Store, Failure> {
    Err(not_built_in(url))
}

#[cfg(not(feature = "object-store"))]
pub(super) fn open(url: &str, _: &StoreOptions) -> Result<Store, Failure> {
    Err(not_built_in(url))
}

#[cfg(not(feature = "object-store"))]
fn not_built_in(url: &str) -> Failure {
    Failure::new(anyhow::anyhow!("this program was built without stores in buckets: {url}"))
        .with_hint(
            "name a directory, or build it with `cargo install plimsoll --features object-store`",
        )
}
