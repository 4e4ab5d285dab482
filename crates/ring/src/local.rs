//! The calling thread's own lanes, one per instance of whatever owns the arenas.
//!
//! Instances are numbers that the caller gives out once per process. A lane that is adopted here
//! is retired when the thread ends; emits after that, from destructors of other thread-locals,
//! find no lane and get `None`.

use std::cell::{Cell, RefCell};

use crate::producer::Producer;

/// The lane that this thread used last. No destructor, so that it can be reached at any time.
struct Current {
    /// A `u32`, or [`NOBODY`].
    instance: Cell<u64>,
    // Invariant: valid whenever `instance` is not NOBODY.
    producer: Cell<*const Producer>,
    /// Closures of `with` that run now; no producer is freed meanwhile. Only a panic leaves it
    /// too high, which keeps lanes until the thread ends.
    depth: Cell<usize>,
}

const NOBODY: u64 = u64::MAX;

thread_local! {
    static CURRENT: Current = const {
        Current {
            instance: Cell::new(NOBODY),
            producer: Cell::new(std::ptr::null()),
            depth: Cell::new(0),
        }
    };
    static LANES: Lanes = const { Lanes(RefCell::new(Vec::new())) };
}

/// This thread's producer of one instance, kept alive while it is used.
#[derive(Debug)]
pub struct Lane {
    current: *const Current,
    depth: usize,
}

impl std::ops::Deref for Lane {
    type Target = Producer;

    #[inline(always)]
    fn deref(&self) -> &Producer {
        // SAFETY: `CURRENT` has no destructor, so it lives as long as its thread, which a `Lane`
        // does not leave.
        let current = unsafe { &*self.current };
        // SAFETY: by the invariant of `producer` it is boxed, and `depth` keeps it alive.
        unsafe { &*current.producer.get() }
    }
}

impl Drop for Lane {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { &*self.current }.depth.set(self.depth);
    }
}

/// This thread's producer for `instance`; `None` if it has none or is ending. Lanes are dropped
/// in the reverse of the order in which they were taken.
#[inline(always)]
pub fn lane(instance: u32) -> Option<Lane> {
    // Only the address is taken inside, so that what follows folds into the caller.
    let place: *const Current = CURRENT.with(std::ptr::from_ref);
    // SAFETY: `CURRENT` has no destructor, so it lives as long as its thread, which runs this.
    let current = unsafe { &*place };
    if current.instance.get() != u64::from(instance) && !find(current, instance) {
        return None;
    }
    let depth = current.depth.get();
    current.depth.set(depth.wrapping_add(1));
    Some(Lane { current: place, depth })
}

/// Calls `f` with this thread's producer for `instance`; `None` if it has none or is ending.
#[inline(always)]
pub fn with<R>(instance: u32, f: impl FnOnce(&Producer) -> R) -> Option<R> {
    lane(instance).map(|lane| f(&lane))
}

/// Gives `producer` to this thread as its lane for `instance`. A lane that it had for it before
/// is retired, and so are lanes whose consumer is gone.
///
/// Returns the producer if the thread is ending.
pub fn adopt(instance: u32, producer: Producer) -> Option<Producer> {
    let mut producer = Some(producer);
    // An error means that the destructor has run: the producer goes back.
    let alive = LANES.try_with(|lanes| {
        retire(lanes, |entry| entry.belongs_to(instance) || entry.producer.is_abandoned());
        lanes.0.borrow_mut().extend(producer.take().map(|producer| Entry {
            instance: Cell::new(u64::from(instance)),
            producer: Box::new(producer),
        }));
    });
    if alive.is_ok() { None } else { producer }
}

/// Retires this thread's lane for `instance`, if it has one.
pub fn forget(instance: u32) {
    // An error means that the destructor has run and has retired it.
    LANES.try_with(|lanes| retire(lanes, |entry| entry.belongs_to(instance))).unwrap_or_default();
}

struct Lanes(RefCell<Vec<Entry>>);

struct Entry {
    /// NOBODY when it only waits to be freed.
    instance: Cell<u64>,
    producer: Box<Producer>,
}

impl Entry {
    fn belongs_to(&self, instance: u32) -> bool {
        self.instance.get() == u64::from(instance)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        // Invariant of `Current`: nobody finds a producer that is about to be freed.
        CURRENT.with(|current| current.instance.set(NOBODY));
    }
}

#[cold]
#[inline(never)]
fn find(current: &Current, instance: u32) -> bool {
    let found = LANES.try_with(|lanes| {
        let lanes = lanes.0.try_borrow().ok()?;
        let entry = lanes.iter().find(|entry| entry.belongs_to(instance))?;
        Some(std::ptr::from_ref::<Producer>(&entry.producer))
    });
    let Ok(Some(producer)) = found else { return false };
    current.producer.set(producer);
    current.instance.set(u64::from(instance));
    true
}

fn retire(lanes: &Lanes, gone: impl Fn(&Entry) -> bool) {
    CURRENT.with(|current| {
        current.instance.set(NOBODY);
        let mut lanes = lanes.0.borrow_mut();
        for entry in lanes.iter().filter(|entry| gone(entry)) {
            entry.producer.retire();
            entry.instance.set(NOBODY);
        }
        if current.depth.get() == 0 {
            lanes.retain(|entry| !entry.producer.is_retired());
        }
    });
}
