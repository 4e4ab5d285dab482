//! Was a test edited before its source? Judged over the record, one line after the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::record::{Line, Record};

/// Sessions that are remembered; the oldest is forgotten first.
const SESSIONS_MAX: usize = 64;
/// Tests that are remembered of a session.
const SUBJECTS_MAX: usize = 2_000;

/// What was seen so far, so that a later part of the record is judged as if all were read at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestsFirst {
    /// Subjects whose tests were edited, by session.
    tested: BTreeMap<String, BTreeSet<String>>,
    order: Vec<String>,
}

/// What an edit was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestsFirstVerdict {
    /// The session.
    pub session_id: String,
    /// `test_edited` or `source_edited`.
    pub event: &'static str,
    /// The rule that judged it: `test_before_source` was kept; `no_test_for_this_source` and
    /// `no_test_at_all` were broken; `none` for a test.
    pub rule: &'static str,
    /// Digest of the file.
    pub file_digest: String,
    /// Whether a test of the same subject was edited before in the session; `None` for a test.
    pub test_first: Option<bool>,
}

impl TestsFirst {
    /// Judges a line; `None` if it is not an edit of a test or of a source.
    pub fn judge(&mut self, line: &Line) -> Option<TestsFirstVerdict> {
        let Record::Tool(tool) = &line.record else { return None };
        let edit = tool.edit.as_ref().filter(|_| tool.outcome == "ok")?;
        let verdict = |event, rule, test_first| {
            Some(TestsFirstVerdict {
                session_id: tool.session_id.clone(),
                event,
                rule,
                file_digest: edit.file_digest.clone(),
                test_first,
            })
        };
        let tested = self.of_session(&tool.session_id);
        match edit.role.as_str() {
            // A source with tests inside, whose tests were touched, is a test of itself.
            "test" | "both" => {
                if tested.len() < SUBJECTS_MAX {
                    tested.insert(edit.subject_digest.clone());
                }
                verdict("test_edited", "none", None)
            }
            "source" if tested.contains(&edit.subject_digest) => {
                verdict("source_edited", "test_before_source", Some(true))
            }
            "source" if tested.is_empty() => {
                verdict("source_edited", "no_test_at_all", Some(false))
            }
            "source" => verdict("source_edited", "no_test_for_this_source", Some(false)),
            _ => None,
        }
    }

    fn of_session(&mut self, session_id: &str) -> &mut BTreeSet<String> {
        if !self.tested.contains_key(session_id) {
            self.order.push(session_id.to_owned());
            if self.order.len() > SESSIONS_MAX {
                let oldest = self.order.remove(0);
                self.tested.remove(&oldest);
            }
        }
        self.tested.entry(session_id.to_owned()).or_default()
    }
}
