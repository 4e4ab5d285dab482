//! Every profile at once, and what profiles have to do with each other.

use crate::key::Key;
use crate::layers::Layers;
use crate::load;
use crate::node::At;
use crate::problem::{Problem, ProblemKind, Problems};
use crate::sections::{Ports, Staging};
use crate::ssot::{Section, Ssot};

/// The profiles that a host may have to share.
const STAGING: &str = "staging";
const PRODUCTION: &str = "prod";

impl Layers {
    /// Reads and checks the configuration without a profile and with each one that the canonical
    /// file declares; in this order. With [`Layers::with_profile`] only that one.
    ///
    /// # Errors
    ///
    /// All that is wrong in any of them, each problem once.
    pub fn check(&self) -> Result<Vec<Ssot>, Problems> {
        let (first, profiles) = load::load_with_profiles(self);
        if self.profile.is_some() {
            return first.map(|ssot| vec![ssot]);
        }
        let others = profiles.into_iter().map(|name| self.clone().with_profile(name).load());
        let mut fine = Vec::new();
        let mut wrong: Option<Problems> = None;
        for loaded in std::iter::once(first).chain(others) {
            match loaded {
                Ok(ssot) => fine.push(ssot),
                Err(problems) => {
                    wrong = Some(match wrong {
                        Some(before) => before.joined(problems),
                        None => problems,
                    });
                }
            }
        }
        match wrong {
            Some(problems) => Err(problems),
            None => match apart(&fine) {
                Some(problems) => Err(problems),
                None => Ok(fine),
            },
        }
    }
}

/// A rehearsal on the host of production cannot have the same ports.
fn apart(all: &[Ssot]) -> Option<Problems> {
    let profile = |name| all.iter().find(|ssot| ssot.profile() == Some(name));
    let staging = profile(STAGING)?;
    let production = profile(PRODUCTION).or_else(|| all.first())?;
    let shares_host = staging.section::<Staging>(STAGING).is_ok_and(|section| section.shares_host);
    let ports = |ssot: &Ssot| ssot.section::<Ports>("ports").map(Section::into_inner).ok();
    let (Ports(rehearsed), Ports(real)) = (ports(staging)?, ports(production)?);
    let same = rehearsed.iter().flat_map(|(name, port)| {
        real.iter().filter(move |(_, other)| *other == port).map(move |(other, _)| (name, other))
    });
    let problems: Vec<Problem> = same
        .filter(|_| shares_host)
        .map(|(name, other)| same_port(staging, name, production, other))
        .collect();
    (!problems.is_empty()).then(|| staging.problems(problems))
}

fn same_port(staging: &Ssot, name: &str, production: &Ssot, other: &str) -> Problem {
    let key = |name: &str| Key::of("ports").name(name);
    let at = |ssot: &Ssot, name: &str| {
        let node = ssot.loaded.root.find(key(name).steps());
        node.map_or(At::Default, |node| node.at.clone())
    };
    let (key, here, there) = (key(name), at(staging, name), at(production, other));
    let message = format!("`{key}` is the same in staging as in production, on the same host");
    let problem = Problem::new(ProblemKind::Contradiction, &key, &here, message)
        .with_hint("give it another port in the profile, or set staging.shares_host: false");
    if here == there { problem } else { problem.with_related(&there, "production") }
}
