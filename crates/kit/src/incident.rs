//! Incidents: a document from a template, closed with the times that the alert history knows, and a log of all.

mod template;

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::day::{moment, parse_moment, span};
use crate::slug::slug;

/// How bad an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Priority {
    /// Money is being lost, or positions are not under control.
    P1,
    /// A strategy or a venue is down, positions are safe.
    P2,
    /// Degraded: late data, a lost redundancy.
    P3,
    /// Nothing is at risk.
    P4,
}

/// What the alert history says of an incident; a moment that it does not have is absent, never made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AlertTimes {
    /// When the limit was passed.
    pub breached: Option<SystemTime>,
    /// When the first notification was delivered.
    pub first_delivered: Option<SystemTime>,
    /// When somebody acknowledged it.
    pub acknowledged: Option<SystemTime>,
    /// When the value was inside the limit again.
    pub resolved: Option<SystemTime>,
}

/// What an incident's document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incident {
    /// `INC-2026-001`.
    pub id: String,
    /// File name.
    pub name: String,
    /// What happened, as a sentence.
    pub title: String,
    /// How bad it is.
    pub priority: Priority,
    /// When the document was opened.
    pub opened: SystemTime,
    /// When it was closed.
    pub closed: Option<SystemTime>,
    /// The alert that told of it.
    pub alert_id: Option<String>,
}

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncidentError {
    /// A field is missing or cannot be read.
    #[error("`{name}`: {message}")]
    Unreadable {
        /// File name.
        name: String,
        /// What was found, what is wanted.
        message: String,
    },
    /// It is closed already.
    #[error("{id} was closed on {closed}")]
    Closed {
        /// The incident.
        id: String,
        /// When.
        closed: String,
    },
}

impl AlertTimes {
    /// With these moments, in the order of the fields.
    pub fn new(
        breached: Option<SystemTime>,
        first_delivered: Option<SystemTime>,
        acknowledged: Option<SystemTime>,
        resolved: Option<SystemTime>,
    ) -> AlertTimes {
        AlertTimes { breached, first_delivered, acknowledged, resolved }
    }

    /// From the breach to the first delivered notification.
    pub fn to_detect(&self) -> Option<Duration> {
        self.first_delivered?.duration_since(self.breached?).ok()
    }

    /// From the first delivered notification to the acknowledgement.
    pub fn to_respond(&self) -> Option<Duration> {
        self.acknowledged?.duration_since(self.first_delivered?).ok()
    }

    /// From the breach until the value was inside the limit again.
    pub fn to_resolve(&self) -> Option<Duration> {
        self.resolved?.duration_since(self.breached?).ok()
    }
}

impl Priority {
    /// All, the worst first.
    pub const ALL: [Priority; 4] = [Priority::P1, Priority::P2, Priority::P3, Priority::P4];

    /// The word in documents.
    pub fn name(self) -> &'static str {
        match self {
            Priority::P1 => "P1",
            Priority::P2 => "P2",
            Priority::P3 => "P3",
            Priority::P4 => "P4",
        }
    }

    /// Reads `P1` to `P4`, in either case.
    pub fn parse(text: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| priority.name().eq_ignore_ascii_case(text.trim()))
    }
}

impl Incident {
    /// A new incident after those that are there.
    pub fn new(
        existing: &[Incident],
        title: &str,
        priority: Priority,
        opened: SystemTime,
    ) -> Incident {
        let year = crate::day::date(opened).chars().take(4).collect::<String>();
        let prefix = format!("INC-{year}-");
        let last = existing
            .iter()
            .filter_map(|incident| incident.id.strip_prefix(&prefix)?.parse::<u32>().ok())
            .max();
        let id = format!("{prefix}{:03}", last.unwrap_or(0).saturating_add(1));
        let title = title.trim().to_owned();
        let name = format!("{id}-{}.md", slug(&title));
        Incident { id, name, title, priority, opened, closed: None, alert_id: None }
    }

    /// The same, told by this alert.
    #[must_use]
    pub fn with_alert(mut self, alert_id: &str) -> Incident {
        self.alert_id = Some(alert_id.to_owned());
        self
    }

    /// The document of a new incident.
    pub fn document(&self) -> String {
        template::incident(self)
    }

    /// The document of a review after the incident.
    pub fn post_mortem(&self) -> String {
        template::post_mortem(self)
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`IncidentError::Unreadable`] names the field.
    pub fn parse(name: &str, text: &str) -> Result<Incident, IncidentError> {
        let unreadable =
            |message: String| IncidentError::Unreadable { name: name.to_owned(), message };
        let first = text.lines().next().unwrap_or_default();
        let (id, title) = first
            .strip_prefix("# ")
            .and_then(|rest| rest.split_once(": "))
            .filter(|(id, _)| id.starts_with("INC-"))
            .ok_or_else(|| {
                unreadable(format!("line 1 is `{first}`, wanted `# INC-2026-001: What happened`"))
            })?;
        let field = |key: &str| field(text, key);
        let priority = field("Priority").unwrap_or_default();
        let opened = field("Opened").unwrap_or_default();
        Ok(Incident {
            id: id.to_owned(),
            name: name.to_owned(),
            title: title.trim().to_owned(),
            priority: Priority::parse(priority).ok_or_else(|| {
                unreadable(format!("the priority is `{priority}`, wanted P1 to P4"))
            })?,
            opened: parse_moment(opened).ok_or_else(|| {
                unreadable(format!("`Opened` is `{opened}`, wanted 2026-11-24 08:30:00 UTC"))
            })?,
            closed: field("Closed").and_then(parse_moment),
            alert_id: field("Alert").filter(|id| *id != "none").map(str::to_owned),
        })
    }
}

/// The document of an incident closed now, with its times filled in from the alert history. What the history does not
/// have stays `not known`; text that people wrote stays as it is.
///
/// # Errors
///
/// [`IncidentError`] if the document cannot be read or is closed already.
pub fn close_incident(
    name: &str,
    text: &str,
    times: &AlertTimes,
    now: SystemTime,
) -> Result<String, IncidentError> {
    let incident = Incident::parse(name, text)?;
    if let Some(closed) = incident.closed {
        return Err(IncidentError::Closed { id: incident.id, closed: moment(closed) });
    }
    let known = |span_of: Option<Duration>| span_of.map_or_else(|| "not known".to_owned(), span);
    let when = |at: Option<SystemTime>| at.map_or_else(|| "not known".to_owned(), moment);
    let mut closed = text.to_owned();
    for (key, value) in [
        ("Status", "closed".to_owned()),
        ("Closed", moment(now)),
        ("Breached", when(times.breached)),
        ("First delivered", when(times.first_delivered)),
        ("Acknowledged", when(times.acknowledged)),
        ("Resolved", when(times.resolved)),
        ("Time to detect", known(times.to_detect())),
        ("Time to respond", known(times.to_respond())),
        ("Time to resolve", known(times.to_resolve())),
    ] {
        closed = with_field(&closed, key, &value);
    }
    Ok(closed)
}

/// The log of all incidents, the newest first.
pub fn incident_log(incidents: &[(Incident, Option<String>)]) -> String {
    let mut text = String::from(
        "# Incident log\n\nMade by `plimsoll incident log`; the documents are edited, not this list.\n\n\
         | incident | what happened | priority | opened | closed | time to resolve |\n|---|---|---|---|---|---|\n",
    );
    let mut incidents: Vec<_> = incidents.iter().collect();
    incidents.sort_by(|(a, _), (b, _)| b.id.cmp(&a.id));
    for (incident, to_resolve) in incidents {
        let closed = incident.closed.map_or_else(|| "open".to_owned(), moment);
        // Writing to a string cannot fail.
        writeln!(
            text,
            "| [{}]({}) | {} | {} | {} | {closed} | {} |",
            incident.id,
            incident.name,
            incident.title.replace('|', "\\|"),
            incident.priority.name(),
            moment(incident.opened),
            to_resolve.as_deref().unwrap_or("not known"),
        )
        .unwrap_or_default();
    }
    text
}

/// A field of a document's table, such as `Time to resolve`.
pub fn incident_field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    field(text, key)
}

/// `| key | value |`.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix("| ")?.strip_prefix(key)?.strip_prefix(" | ")?;
        rest.trim_end().strip_suffix('|').map(str::trim)
    })
}

fn with_field(text: &str, key: &str, value: &str) -> String {
    let row = format!("| {key} | ");
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for line in &mut lines {
        if line.starts_with(&row) {
            *line = format!("{row}{value} |");
        }
    }
    lines.join("\n")
}
