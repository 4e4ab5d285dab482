//! Time stamps: the processor's counter where it is invariant, else wall-clock nanoseconds.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the stamp of this moment, as a push takes it.
///
/// - **Unit:** ticks of the invariant time-stamp counter on x86-64; where there is none,
///   nanoseconds since 1970. [`convert`](crate::convert) makes nanoseconds of both.
#[inline]
pub fn stamp_now() -> u64 {
    read(counter_usable())
}

/// Returns a stamp and the wall clock of the same moment, for [`Clock::tick`](crate::Clock::tick).
///
/// - **Unit:** ticks, and nanoseconds since 1970. They are less than a microsecond apart unless
///   the thread was preempted in all of five tries.
pub fn stamp_and_wall_now() -> (u64, i64) {
    let usable = counter_usable();
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..5 {
        let before = read(usable);
        let wall = wall_now_ns();
        let gap = read(usable).wrapping_sub(before);
        if gap <= best.0 {
            best = (gap, before.wrapping_add(gap / 2), wall);
        }
    }
    if usable { (best.1, best.2) } else { (u64::try_from(best.2).unwrap_or(0), best.2) }
}

/// One stamp; `usable` is what [`counter_usable`] said.
#[inline(always)]
pub(crate) fn read(usable: bool) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if usable {
        // SAFETY: every x86-64 processor has the instruction, and `counter_usable` saw that
        // the counter is invariant.
        return unsafe { core::arch::x86_64::_rdtsc() };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _unused = usable;
    wall_stamp()
}

#[cold]
fn wall_stamp() -> u64 {
    u64::try_from(wall_now_ns()).unwrap_or(0)
}

#[allow(clippy::disallowed_methods, reason = "the edge where stamps meet the wall clock")]
pub(crate) fn wall_now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Whether the counter runs at one rate in all states and the kernel has not given it up.
pub(crate) fn counter_usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| invariant() && kernel_trusts())
}

#[cfg(target_arch = "x86_64")]
fn invariant() -> bool {
    use core::arch::x86_64::__cpuid;
    // `__cpuid` became a safe function in a later release than the oldest supported one.
    #[allow(unused_unsafe, reason = "safe in newer standard libraries")]
    // SAFETY: every x86-64 processor has the instruction.
    let highest = unsafe { __cpuid(0x8000_0000) }.eax;
    #[allow(unused_unsafe, reason = "safe in newer standard libraries")]
    // SAFETY: as above, and the leaf exists.
    let bits = if highest >= 0x8000_0007 { unsafe { __cpuid(0x8000_0007) }.edx } else { 0 };
    bits & 1 << 8 != 0 // AMD64 manual, volume 3, appendix E: TscInvariant
}

#[cfg(not(target_arch = "x86_64"))]
fn invariant() -> bool {
    false
}

/// Linux takes `tsc` off this list when the cores' counters disagree. No list is no objection.
fn kernel_trusts() -> bool {
    const LIST: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    std::fs::read_to_string(LIST).map_or(true, |list| list.split_whitespace().any(|c| c == "tsc"))
}
