//! Who is told, and who is told next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::spec::Complaint;

/// Section `contacts`: who is told when something happens, and who is told next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Contacts {
    /// People and teams, by a short name. Default none.
    pub people: BTreeMap<String, Person>,
    /// Who is told after how long without an answer, the first one first. Default none.
    pub escalation: Vec<Escalation>,
}

/// A person or a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Person {
    /// The name, as others say it.
    pub name: String,
    /// What the person answers for, such as on-call or risk. Default none.
    #[serde(default)]
    pub role: Option<String>,
    /// How to reach the person, the quickest way first.
    pub reach: Vec<String>,
}

/// One step of the escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Escalation {
    /// Short name of who is told, out of `people`.
    pub contact: String,
    /// Minutes without an answer since the beginning.
    pub after_minutes: u32,
}

impl Contacts {
    /// Returns who cannot be reached, and steps that are out of order.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let mut problems = Vec::new();
        for (name, person) in &self.people {
            if person.reach.iter().all(|way| way.trim().is_empty()) {
                let message = format!("there is no way to reach `{name}`");
                problems.push(Complaint::new(
                    message,
                    [Key::of("people").name(name).name("reach").to_string()],
                ));
            }
        }
        for (at, step) in self.escalation.iter().enumerate() {
            if !self.people.contains_key(&step.contact) {
                let message = format!("nobody in `contacts.people` is called `{}`", step.contact);
                problems.push(Complaint::new(message, [format!("escalation[{at}].contact")]));
            }
        }
        let pairs = self.escalation.iter().zip(self.escalation.iter().skip(1)).enumerate();
        for (at, (_, next)) in pairs.filter(|(_, (a, b))| a.after_minutes >= b.after_minutes) {
            let message = format!(
                "`{}` is told after {} minutes, which is not later than the step before",
                next.contact, next.after_minutes
            );
            let key = |at: usize| format!("escalation[{at}].after_minutes");
            problems.push(Complaint::new(message, [key(at + 1), key(at)]));
        }
        problems
    }
}
