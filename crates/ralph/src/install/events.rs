//! Which hooks are wanted, and which a client knows.

use crate::event::Version;

/// From this version on a hook may be given as program and arguments, and no shell is started for it.
pub(super) const EXEC_FORM_SINCE: Version = Version(2, 1, 139);
/// Before this version one event that a client does not know voids the whole file, without a word.
pub(super) const TOLERANT_SINCE: Version = Version(2, 1, 101);

/// A hook that we want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) event: &'static str,
    /// The oldest client that is known to know the event.
    pub(super) since: Version,
    /// How long the client lets it run, seconds.
    pub(super) timeout_secs: u32,
    /// What is lost without it.
    pub(super) without: &'static str,
}

const fn wanted(
    event: &'static str,
    since: Version,
    timeout_secs: u32,
    without: &'static str,
) -> Wanted {
    Wanted { event, since, timeout_secs, without }
}

const ALWAYS: Version = Version(0, 0, 0);

/// In the order of a session. The stop's hook waits and runs checks; the others answer at once.
pub(super) const WANTED: &[Wanted] = &[
    wanted("SessionStart", ALWAYS, 10, "loops whose session died are not offered"),
    wanted("UserPromptSubmit", ALWAYS, 30, "no loop starts"),
    wanted("PreToolUse", ALWAYS, 10, "budget and guard list do not hold within a turn"),
    wanted("PostToolUse", ALWAYS, 10, "tools are not counted"),
    wanted("PostToolUseFailure", Version(2, 0, 67), 10, "failures of tools are not counted"),
    wanted("SubagentStart", Version(2, 0, 43), 10, "starts of subagents are not recorded"),
    wanted("SubagentStop", ALWAYS, 10, "subagents are counted late"),
    wanted("Stop", ALWAYS, 600, "no loop goes on, and none is bounded"),
    wanted(
        "StopFailure",
        Version(2, 1, 78),
        10,
        "errors of the API are seen at the next event only",
    ),
    wanted("SessionEnd", ALWAYS, 5, "the end of a session is not recorded"),
];

/// Events that every client since 1.0 knows; an unknown one in the same file would void ours too.
const KNOWN_ALWAYS: &[&str] = &[
    "PreToolUse",
    "PostToolUse",
    "Notification",
    "UserPromptSubmit",
    "SessionStart",
    "SessionEnd",
    "Stop",
    "SubagentStop",
    "PreCompact",
];
const KNOWN_SINCE: &[(&str, Version)] = &[
    ("SubagentStart", Version(2, 0, 43)),
    ("PermissionRequest", Version(2, 0, 45)),
    ("PostToolUseFailure", Version(2, 0, 67)),
    ("Setup", Version(2, 1, 10)),
    ("InstructionsLoaded", Version(2, 1, 69)),
    ("PostCompact", Version(2, 1, 76)),
    ("StopFailure", Version(2, 1, 78)),
];

/// Whether this client reads a file that names this event.
pub(super) fn is_known(event: &str, client: Version) -> bool {
    client >= TOLERANT_SINCE
        || KNOWN_ALWAYS.contains(&event)
        || KNOWN_SINCE.iter().any(|(known, since)| *known == event && client >= *since)
}
