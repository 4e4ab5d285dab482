//! Objects in a bucket.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    RetryConfig,
};
use tokio::runtime::{Builder, Runtime};

use super::{Listed, ObjectError, Objects, Put};

/// How often a request is made again that failed in passing.
const RETRIES_MAX: usize = 6;
/// Longest that one request with all its repetitions may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(120);
/// How often an answer may break off.
const ANSWERS_MAX: u32 = 5;
const WAIT_MIN: Duration = Duration::from_millis(50);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
const REPLY_TIME_MAX: Duration = Duration::from_secs(60);

/// How a bucket is reached.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct BucketOptions {
    /// Settings such as `aws_region`, `aws_endpoint` and `aws_access_key_id`, by the names that
    /// the crate `object_store` knows; values may be secret.
    pub settings: Vec<(String, String)>,
    /// Whether it may be reached without TLS, such as a server on this machine. Default no.
    pub allow_http: bool,
}

impl fmt::Debug for BucketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.settings.iter().map(|(name, _)| name).collect();
        f.debug_struct("BucketOptions")
            .field("settings", &names)
            .field("allow_http", &self.allow_http)
            .finish()
    }
}

impl BucketOptions {
    /// Takes settings from an environment: what begins with `AWS_`, `AZURE_` or `GOOGLE_`.
    #[must_use]
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_ours =
            |name: &str| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|p| name.starts_with(p));
        let settings = variables.into_iter().filter(|(name, _)| is_ours(name));
        let settings: Vec<(String, String)> =
            settings.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let is_open =
            |(name, value): &(String, String)| name == "aws_allow_http" && value == "true";
        Self { allow_http: settings.iter().any(is_open), settings }
    }

    /// Adds a setting.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Sets [`BucketOptions::allow_http`].
    #[must_use]
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }
}

type BoxedAnswer<'a, T> = Pin<Box<dyn Future<Output = object_store::Result<T>> + 'a>>;

pub(crate) struct RemoteObjects {
    store: Box<dyn ObjectStore>,
    prefix: Path,
    runtime: Runtime,
}

impl fmt::Debug for RemoteObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteObjects({} in {})", self.prefix, self.store)
    }
}

impl RemoteObjects {
    /// A bucket by a URL such as `s3://bucket/prefix`, `gs://..` or `az://..`.
    pub(crate) fn open(url: &str, options: &BucketOptions) -> io::Result<Self> {
        let other = || {
            io::Error::other(
                "wanted s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            )
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(other)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(other());
        }
        let store = match scheme {
            "s3" => s3(bucket, options),
            "gs" => google(bucket, options),
            "az" => azure(bucket, options),
            _ => return Err(other()),
        };
        // One thread that reads and writes sockets, whoever waits for it.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(io::Error::other)?;
        Ok(Self { store: store.map_err(io::Error::other)?, prefix, runtime })
    }

    /// Does something until it is done or fails for good. The client repeats requests that were
    /// refused, and not those whose answer broke off in the middle.
    fn until_done<'a, T>(
        &'a self,
        action: impl Fn() -> BoxedAnswer<'a, T>,
    ) -> object_store::Result<T> {
        let mut wait = WAIT_MIN;
        for _ in 1..ANSWERS_MAX {
            match self.runtime.block_on(action()) {
                Err(object_store::Error::Generic { .. }) => {
                    self.runtime.block_on(async { tokio::time::sleep(wait).await });
                    wait *= 2;
                }
                ended => return ended,
            }
        }
        self.runtime.block_on(action())
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }
}

fn client(options: &BucketOptions) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(options.allow_http)
        .with_connect_timeout(CONNECT_TIME_MAX)
        .with_timeout(REPLY_TIME_MAX)
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: RETRIES_MAX,
        retry_timeout: REQUEST_TIME_MAX,
    }
}

/// Settings that a sort of bucket knows; others, as of a common environment, are not its affair.
macro_rules! builder {
    ($name:ident, $builder:ty, $with_name:ident) => {
        fn $name(
            bucket: &str,
            options: &BucketOptions,
        ) -> object_store::Result<Box<dyn ObjectStore>> {
            let mut builder = <$builder>::new()
                .$with_name(bucket)
                .with_client_options(client(options))
                .with_retry(retry());
            for (name, value) in &options.settings {
                if let Ok(key) = name.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            Ok(Box::new(builder.build()?))
        }
    };
}

builder!(s3, AmazonS3Builder, with_bucket_name);
builder!(google, GoogleCloudStorageBuilder, with_bucket_name);
builder!(azure, MicrosoftAzureBuilder, with_container_name);

impl Objects for RemoteObjects {
    fn put(&self, name: &str, bytes: &[u8], put: Put) -> Result<(), ObjectError> {
        let path = self.path(name);
        let mode = match put {
            Put::New => PutMode::Create,
            Put::Replace => PutMode::Overwrite,
        };
        let options = PutOptions { mode, ..PutOptions::default() };
        let sent =
            self.runtime.block_on(self.store.put_opts(&path, bytes.to_vec().into(), options));
        match sent {
            Ok(_) => Ok(()),
            // A repetition of a request whose answer was lost finds what it wrote itself.
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => {
                let mut there = Vec::new();
                self.get(name, &mut there)?;
                if there == bytes {
                    Ok(())
                } else {
                    Err(ObjectError::Exists { name: name.to_owned() })
                }
            }
            Err(error) => {
                Err(ObjectError::Write { name: name.to_owned(), source: io::Error::other(error) })
            }
        }
    }

    fn get(&self, name: &str, into: &mut Vec<u8>) -> Result<(), ObjectError> {
        into.clear();
        let path = self.path(name);
        let read = || -> BoxedAnswer<'_, _> {
            let path = path.clone();
            Box::pin(async move { self.store.get(&path).await?.bytes().await })
        };
        let bytes = self.until_done(read).map_err(|error| read_error(name, error))?;
        into.extend_from_slice(&bytes);
        Ok(())
    }

    fn get_end(&self, name: &str, len_bytes: u64) -> Result<(Vec<u8>, u64), ObjectError> {
        let path = self.path(name);
        let read = || -> BoxedAnswer<'_, _> {
            let path = path.clone();
            Box::pin(async move {
                let total = self.store.head(&path).await?.size;
                let from = total.saturating_sub(len_bytes);
                Ok((self.store.get_range(&path, from..total).await?.to_vec(), total))
            })
        };
        self.until_done(read).map_err(|error| read_error(name, error))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError> {
        let path = self.path(prefix);
        let failed = |error: object_store::Error| ObjectError::List {
            prefix: prefix.to_owned(),
            source: io::Error::other(error),
        };
        let found =
            self.until_done(|| self.store.list_with_delimiter(Some(&path))).map_err(failed)?;
        let listed = found.objects.into_iter().filter_map(|object| {
            let name = object.location.filename()?.to_owned();
            Some(Listed { name, len_bytes: object.size, modified: object.last_modified.into() })
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    fn delete(&self, name: &str) -> Result<(), ObjectError> {
        let path = self.path(name);
        let delete = || -> BoxedAnswer<'_, ()> {
            let path = path.clone();
            Box::pin(async move { self.store.delete(&path).await })
        };
        match self.until_done(delete) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                Err(ObjectError::Delete { name: name.to_owned(), source: io::Error::other(error) })
            }
        }
    }
}

fn read_error(name: &str, error: object_store::Error) -> ObjectError {
    match error {
        object_store::Error::NotFound { .. } => ObjectError::Missing { name: name.to_owned() },
        other => ObjectError::Read { name: name.to_owned(), source: io::Error::other(other) },
    }
}
