//! Reading all contents of packs, several packs at a time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::digest::Digest;
use crate::manifest::PackRef;
use crate::objects::ObjectError;
use crate::pack::{Decoder, OpenPack};
use crate::progress::Meter;
use crate::seal::OpenError;
use crate::store::{PACKS, Store, chain};

/// What was found while packs were read.
#[derive(Debug)]
pub(crate) enum Seen<'a> {
    /// A content with the digest it was stored under.
    Content(Digest, &'a [u8]),
    /// A pack that cannot be used.
    BadPack(Digest, PackFault),
    /// A content that is not what it was stored as.
    BadContent { pack: Digest, content: Digest, why: String },
}

/// Why a pack cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PackFault {
    Missing,
    Length {
        found_bytes: u64,
        wanted_bytes: u64,
    },
    Digest {
        found: Digest,
    },
    /// It could not be read, which may be different later.
    Unreadable(String),
    Damaged(String),
    /// Its bytes are right; what they mean cannot be told without a key.
    Sealed(OpenError),
}

/// How packs are read.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub(crate) store: &'a Store,
    pub(crate) meter: &'a Meter<'a>,
    /// Whether all bytes are compared with the pack's name, also those of no content.
    pub(crate) compares_bytes: bool,
    /// Which contents of which pack are decoded.
    pub(crate) wanted: &'a (dyn Fn(&Digest, &Digest) -> bool + Sync),
    /// Is told what was found; `false` ends the pass.
    pub(crate) seen: &'a (dyn Fn(Seen<'_>) -> bool + Sync),
}

impl Pass<'_> {
    /// Reads packs on all threads of the store.
    pub(crate) fn run(&self, packs: &[PackRef]) {
        let next = AtomicUsize::new(0);
        let ended = AtomicBool::new(false);
        let work = || {
            let mut rooms = Rooms::default();
            while !ended.load(Ordering::Relaxed) {
                let Some(pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                if !self.pack(pack, &mut rooms) {
                    ended.store(true, Ordering::Relaxed);
                }
                self.meter.add(pack.len_bytes);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.store.threads().min(packs.len()) {
                scope.spawn(work);
            }
            work();
        });
    }

    fn pack(&self, pack: &PackRef, rooms: &mut Rooms) -> bool {
        let Rooms { bytes, plain, raw } = rooms;
        let bad = |fault| (self.seen)(Seen::BadPack(pack.name, fault));
        match self.store.objects().get(&format!("{PACKS}/{}", pack.name), bytes) {
            Ok(()) => {}
            Err(ObjectError::Missing { .. }) => return bad(PackFault::Missing),
            Err(error) => return bad(PackFault::Unreadable(chain(&error))),
        }
        let found_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found_bytes != pack.len_bytes {
            return bad(PackFault::Length { found_bytes, wanted_bytes: pack.len_bytes });
        }
        if self.compares_bytes {
            let found = Digest::of(bytes);
            if found != pack.name {
                return bad(PackFault::Digest { found });
            }
        }
        let open = match OpenPack::open(bytes, self.store.sealing(), plain) {
            Ok(open) => open,
            Err(OpenError::Damaged { what }) => return bad(PackFault::Damaged(what)),
            Err(error) => return bad(PackFault::Sealed(error)),
        };
        let mut decoder = match Decoder::new() {
            Ok(decoder) => decoder,
            Err(error) => return bad(PackFault::Unreadable(error.to_string())),
        };
        let is_wanted = |content: &Digest| (self.wanted)(&pack.name, content);
        for record in open.records.iter().filter(|record| is_wanted(&record.digest)) {
            let content = record.digest;
            let seen = match open.content(record, &mut decoder, raw) {
                Ok(bytes) if Digest::of(bytes) == content => Seen::Content(content, bytes),
                Ok(_) => {
                    let why = "its bytes have another digest".to_owned();
                    Seen::BadContent { pack: pack.name, content, why }
                }
                Err(error) => Seen::BadContent { pack: pack.name, content, why: error.to_string() },
            };
            if !(self.seen)(seen) {
                return false;
            }
        }
        true
    }
}

#[derive(Default)]
struct Rooms {
    bytes: Vec<u8>,
    plain: Vec<u8>,
    raw: Vec<u8>,
}
