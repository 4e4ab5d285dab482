//! Who must be looked at when: a heap with one entry for each instance.

use crate::state::machine::{NEVER, Tick};

/// Children of an entry: four of them lie in one cache line.
const ARITY: usize = 4;
/// No place in the heap.
const OUT: u32 = u32::MAX;

/// Deadlines of instances. Pushing an earlier one moves the entry; a later one is left for when the
/// entry comes up, so that a sample, which mostly moves deadlines on, costs nothing here.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: Vec<(Tick, u32)>,
    /// Place of each instance.
    places: Vec<u32>,
}

impl Timers {
    /// The earliest deadline.
    pub(crate) fn next(&self) -> Tick {
        self.heap.first().map_or(NEVER, |first| first.0)
    }

    /// Sets a deadline unless an earlier one is set.
    pub(crate) fn set(&mut self, instance: u32, due: Tick) {
        let index = at(instance);
        if self.places.len() <= index {
            self.places.resize(index.saturating_add(1), OUT);
        }
        let place = self.places.get(index).copied().unwrap_or(OUT);
        if place == OUT {
            if due < NEVER {
                self.heap.push((due, instance));
                self.rise(self.heap.len().saturating_sub(1));
            }
        } else if let Some(entry) = self.heap.get_mut(at(place))
            && due < entry.0
        {
            entry.0 = due;
            self.rise(at(place));
        }
    }

    /// Takes out the earliest if it is due at `now`.
    pub(crate) fn pop(&mut self, now: Tick) -> Option<(Tick, u32)> {
        let first = *self.heap.first().filter(|first| first.0 <= now)?;
        let last = self.heap.pop()?;
        self.place(first.1, OUT);
        if let Some(root) = self.heap.first_mut() {
            *root = last;
            self.sink(0);
        }
        Some(first)
    }

    fn rise(&mut self, mut index: usize) {
        while index > 0 {
            let parent = index.saturating_sub(1) / ARITY;
            if self.due(parent) <= self.due(index) {
                break;
            }
            self.swap(index, parent);
            index = parent;
        }
        self.settle(index);
    }

    fn sink(&mut self, mut index: usize) {
        loop {
            let first = index.saturating_mul(ARITY).saturating_add(1);
            let mut least = (self.due(index), index);
            let children = self.heap.get(first..).unwrap_or_default().iter().take(ARITY);
            for (child, entry) in (first..).zip(children) {
                if entry.0 < least.0 {
                    least = (entry.0, child);
                }
            }
            if least.1 == index {
                break;
            }
            self.swap(index, least.1);
            index = least.1;
        }
        self.settle(index);
    }

    fn due(&self, index: usize) -> Tick {
        self.heap.get(index).map_or(NEVER, |entry| entry.0)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.settle(a);
    }

    /// Notes where the entry at `index` is now.
    fn settle(&mut self, index: usize) {
        if let (Some(entry), Ok(place)) = (self.heap.get(index).copied(), u32::try_from(index)) {
            self.place(entry.1, place);
        }
    }

    fn place(&mut self, instance: u32, place: u32) {
        if let Some(known) = self.places.get_mut(at(instance)) {
            *known = place;
        }
    }
}

fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_once() {
        let mut timers = Timers::default();
        // Instance, deadline; the second of an instance counts when it is earlier.
        for (instance, due) in [(3, 50), (0, 10), (2, 30), (1, 40), (3, 20), (0, 90), (4, NEVER)] {
            timers.set(instance, due);
        }
        assert_eq!(timers.next(), 10);
        let mut popped = Vec::new();
        while let Some(entry) = timers.pop(40) {
            popped.push(entry);
        }
        assert_eq!(popped, [(10, 0), (20, 3), (30, 2), (40, 1)]);
        assert_eq!(timers.next(), NEVER);
    }

    #[test]
    fn a_thousand_deadlines_come_sorted() {
        let mut timers = Timers::default();
        let mut seed = 1_u64;
        for instance in 0..1_000 {
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                timers.set(instance, i64::try_from(seed >> 40).unwrap());
            }
        }
        let order: Vec<_> = std::iter::from_fn(|| timers.pop(NEVER)).collect();
        assert_eq!(order.len(), 1_000);
        assert!(order.is_sorted_by_key(|entry| entry.0));
    }
}
