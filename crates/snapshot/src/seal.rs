//! Sealing: what is written so that only the holder of a key can read it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Who may read what a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protection {
    /// Whoever may read the files. Parts that hold secrets are then refused.
    #[default]
    Clear,
    /// The holders of these keys, in the age format.
    Recipients(Vec<String>),
}

/// Why sealing could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A text is no recipient.
    #[error("`{found}` is no recipient, wanted an age key that begins with age1")]
    Recipient {
        /// The text, which is a public key or meant as one.
        found: String,
    },
    /// A sealed store needs somebody who can read it.
    #[error("there is no recipient: give at least one age key")]
    NoRecipient,
    /// The identity file could not be read.
    #[error("cannot read the identity file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the identity file.
    #[error("others may read the identity file `{}` (mode {mode:o}): chmod 600 it", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The identity file holds no identity that can be used.
    #[error("`{}` holds no identity, wanted a line that begins with AGE-SECRET-KEY-1", path.display())]
    NoIdentity {
        /// The file.
        path: PathBuf,
    },
    /// This program was built without sealing.
    #[error("this program was built without the feature `encryption`")]
    NotBuilt,
}

/// Why something sealed could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No identity was given.
    #[error("it is sealed, and no identity was given")]
    NoIdentity,
    /// None of the identities given is one of the recipients'.
    #[error("it is sealed for others than the identity given")]
    OtherRecipient,
    /// The bytes are not what was written.
    #[error("it is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: String,
    },
}

impl OpenError {
    pub(crate) fn damaged(what: impl fmt::Display) -> Self {
        Self::Damaged { what: what.to_string() }
    }
}

/// How a store's contents are sealed and opened.
#[derive(Default)]
pub(crate) enum Sealing {
    #[default]
    Clear,
    #[cfg(feature = "encryption")]
    Age(Age),
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_sealed() { "Sealed" } else { "Clear" })
    }
}

#[cfg(feature = "encryption")]
pub(crate) struct Age {
    recipients: Vec<age::x25519::Recipient>,
    identities: Vec<age::x25519::Identity>,
}

impl Sealing {
    pub(crate) fn is_sealed(&self) -> bool {
        !matches!(self, Self::Clear)
    }

    /// Whether what is sealed can be read here.
    pub(crate) fn can_open(&self) -> bool {
        match self {
            Self::Clear => true,
            #[cfg(feature = "encryption")]
            Self::Age(age) => !age.identities.is_empty(),
        }
    }
}

#[cfg(not(feature = "encryption"))]
impl Sealing {
    pub(crate) fn new(protection: &Protection, identity: Option<&Path>) -> Result<Self, KeyError> {
        match (protection, identity) {
            (Protection::Clear, None) => Ok(Self::Clear),
            _ => Err(KeyError::NotBuilt),
        }
    }

    pub(crate) fn seal(&self, plain: Vec<u8>) -> io::Result<Vec<u8>> {
        Ok(plain)
    }

    pub(crate) fn open<'a>(
        &self,
        sealed: &'a [u8],
        _: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], OpenError> {
        Ok(sealed)
    }
}

#[cfg(feature = "encryption")]
impl Sealing {
    /// Reads recipients and the identity file.
    pub(crate) fn new(protection: &Protection, identity: Option<&Path>) -> Result<Self, KeyError> {
        let Protection::Recipients(texts) = protection else { return Ok(Self::Clear) };
        let recipients: Result<Vec<_>, KeyError> = texts
            .iter()
            .map(|text| text.parse().map_err(|_| KeyError::Recipient { found: text.clone() }))
            .collect();
        let recipients = recipients?;
        if recipients.is_empty() {
            return Err(KeyError::NoRecipient);
        }
        let identities = identity.map(read_identities).transpose()?.unwrap_or_default();
        Ok(Self::Age(Age { recipients, identities }))
    }

    pub(crate) fn seal(&self, plain: Vec<u8>) -> io::Result<Vec<u8>> {
        use std::io::Write as _;
        let Self::Age(age) = self else { return Ok(plain) };
        let recipients = age.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        // Room for the header and the tag after each 64 KiB.
        let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 4096 + 1024);
        let mut writer = encryptor.wrap_output(&mut sealed)?;
        writer.write_all(&plain)?;
        writer.finish()?;
        Ok(sealed)
    }

    /// Returns the plain bytes; `room` holds them if they had to be opened.
    pub(crate) fn open<'a>(
        &self,
        sealed: &'a [u8],
        room: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], OpenError> {
        use std::io::Read as _;
        let Self::Age(age) = self else { return Ok(sealed) };
        if age.identities.is_empty() {
            return Err(OpenError::NoIdentity);
        }
        let decryptor = age::Decryptor::new_buffered(sealed).map_err(OpenError::damaged)?;
        let identities = age.identities.iter().map(|identity| identity as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => OpenError::OtherRecipient,
            other => OpenError::damaged(other),
        })?;
        room.clear();
        room.reserve(sealed.len());
        reader.read_to_end(room).map_err(OpenError::damaged)?;
        Ok(room)
    }
}

#[cfg(feature = "encryption")]
fn read_identities(path: &Path) -> Result<Vec<age::x25519::Identity>, KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    const LEN_MAX: u64 = 1 << 20;
    let read = || -> io::Result<(String, u32)> {
        use std::io::Read as _;
        let file = std::fs::File::open(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        let mut text = String::new();
        file.take(LEN_MAX).read_to_string(&mut text)?;
        Ok((text, mode))
    };
    let (text, mode) = read().map_err(|source| KeyError::Read { path: path.to_owned(), source })?;
    if mode & 0o077 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode });
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let identities: Vec<_> = lines.filter_map(|line| line.parse().ok()).collect();
    if identities.is_empty() {
        return Err(KeyError::NoIdentity { path: path.to_owned() });
    }
    Ok(identities)
}

/// Makes a new identity at `path`, which only its owner may read, and returns its recipient.
///
/// Whoever loses the file can no longer read what was sealed for it alone: keep a copy
/// elsewhere.
///
/// # Errors
///
/// When `path` exists already or cannot be written.
#[cfg(feature = "encryption")]
pub fn new_identity(path: &Path) -> io::Result<String> {
    use age::secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let disk = crate::disk::Disk::default();
    let written = disk.create(path)?;
    let secret = identity.to_string();
    let text = format!("# public key: {recipient}\n{}\n", secret.expose_secret());
    written.write_at(0, text.as_bytes())?;
    written.sync()?;
    disk.sync_dir(crate::disk::parent(path))?;
    Ok(recipient)
}
