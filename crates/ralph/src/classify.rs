//! How a prompt is to be dealt with: left to a loop, worked out in several ways, or answered as always.
//!
//! Keywords at word boundaries, the longest at each place, add up to three scores. Mechanical work needs more than a
//! verb: that there is much of it, or that a command says when it is done. What is creative pulls away from the loop,
//! and a question starts none. Below [`Room::confidence_min_ratio`] a loop is proposed and not started.

mod evaluate;
mod explore;
mod keywords;
mod matching;
mod text;
mod weights;

use serde::Serialize;

use crate::facts::Route;

pub use evaluate::{Confusion, Half, LabelError, evaluate};
pub use keywords::Role;
pub use weights::{Outcome, Weights};

use matching::{Found, Mood};

/// Prompts of fewer words say too little.
const WORDS_MIN: usize = 3;
/// A question counts this much for each keyword in it, and this much for a person.
const QUESTION_SHARE: f64 = 0.15;
const QUESTION_PERSON: f64 = 0.6;
/// Mechanical evidence of one kind only, of two kinds, of all three.
const KINDS_FACTOR: [f64; 4] = [0.0, 0.3, 1.0, 1.15];
const MECHANICAL: [Role; 4] = [Role::Deed, Role::Breadth, Role::Finish, Role::Whole];
/// What every prompt starts with on the side of a person.
const STANDARD_START: f64 = 0.35;
/// A loop of fewer calls comes to nothing.
const CALLS_MIN: u32 = 10;
/// Keywords named in a reason.
const NAMED_MAX: usize = 3;
/// A kind wins with at least this share of the sum.
const SHARE_MIN: f64 = 0.5;

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Task {
    /// Many small steps, and something says when they are done: a loop can have it.
    Mechanical,
    /// Several solutions are worth building and comparing.
    Creative,
    /// Everything else.
    Standard,
}

/// A prompt's task, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Classification {
    /// What it is.
    pub task: Task,
    /// Share of the evidence that speaks for [`Classification::task`], 0 to 1.
    pub confidence_ratio: f64,
    /// How much thinking it takes before doing, 0 to 1.
    pub complexity_ratio: f64,
    /// Evidence for mechanical, creative and standard work, in this order.
    pub scores: [f64; 3],
    /// The keywords, in the order of the text.
    pub keywords: Vec<Match>,
    /// Why nothing was looked at: not a person's prompt, a command, too short.
    pub skipped: Option<&'static str>,
}

/// A keyword that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Match {
    /// As it stands in the table.
    pub keyword: &'static str,
    /// What it says.
    pub role: Role,
    /// Its weight before anything was learned.
    pub prior: f64,
    /// What was learned, added to the prior; from -0.3 to 0.3.
    pub learned: f64,
    /// It stood in a question, and counts little.
    pub is_in_question: bool,
}

/// How much room there is for a loop that nobody watches.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Room {
    /// Least confidence that starts a loop without asking. Default 0.65.
    pub confidence_min_ratio: f64,
    /// What a loop may cost, USD. Default none: not known, so nothing rests on it.
    pub budget_usd: Option<f64>,
    /// What this project's loops have cost in the median, USD. Default none.
    pub typical_usd: Option<f64>,
    /// Model calls that this hour still allows. Default none.
    pub calls_left: Option<u32>,
}

impl Default for Room {
    fn default() -> Self {
        Self { confidence_min_ratio: 0.65, budget_usd: None, typical_usd: None, calls_left: None }
    }
}

impl Room {
    /// Why a loop should not start without a person's word, although the task is one for it.
    fn objection(&self) -> Option<String> {
        if let Some(left) = self.calls_left.filter(|left| *left < CALLS_MIN) {
            return Some(format!("only {left} model calls are left in this hour"));
        }
        let budget = self.budget_usd?;
        let typical = self.typical_usd.unwrap_or(0.0);
        if budget <= 0.0 {
            return Some("there is no budget left".to_owned());
        }
        (typical > budget).then(|| {
            format!(
                "loops here cost {typical:.2} USD in the median, and the budget is {budget:.2} USD"
            )
        })
    }
}

/// Says how a prompt is to be dealt with. `checks` are the names of the commands that compare solutions.
#[must_use]
pub fn route(prompt: &str, weights: &Weights, room: &Room, checks: &[&str]) -> Route {
    let class = classify(prompt, weights);
    match class.task {
        Task::Standard => Route::Standard,
        Task::Creative => Route::Explore { context: explore::context(checks) },
        Task::Mechanical => {
            let objection = room.objection();
            let certain =
                class.confidence_ratio >= room.confidence_min_ratio && objection.is_none();
            let because = class.because();
            let objection = objection.map(|why| format!("; {why}")).unwrap_or_default();
            let reason = format!("{:.2} by {because}{objection}", class.confidence_ratio);
            Route::Loop { certain, reason }
        }
    }
}

/// Classifies a prompt. The same prompt and weights give the same answer.
#[must_use]
pub fn classify(prompt: &str, weights: &Weights) -> Classification {
    let skip = |why| Classification {
        task: Task::Standard,
        confidence_ratio: 0.0,
        complexity_ratio: 0.0,
        scores: [0.0; 3],
        keywords: Vec::new(),
        skipped: Some(why),
    };
    if !text::is_from_a_person(prompt) {
        return skip("not a person's prompt");
    }
    if text::is_for_the_client(prompt) {
        return skip("a command for the client");
    }
    let sentences = text::sentences(prompt);
    if sentences.iter().map(|sentence| sentence.words.len()).sum::<usize>() < WORDS_MIN {
        return skip("too short to tell");
    }
    let mut questions = 0;
    let mut found: Vec<Found> = Vec::new();
    for sentence in &sentences {
        let (mood, mut keywords) = matching::keywords_in(sentence);
        questions += usize::from(mood == Mood::Question);
        found.append(&mut keywords);
    }
    score(&found, questions, weights)
}

fn score(found: &[Found], questions: usize, weights: &Weights) -> Classification {
    let keywords: Vec<Match> = found
        .iter()
        .map(|Found { keyword, mood }| Match {
            keyword: keyword.phrase,
            role: keyword.role,
            prior: keyword.prior,
            learned: weights.change(keyword.phrase),
            is_in_question: *mood == Mood::Question,
        })
        .collect();
    let sum = |roles: &[Role]| once_each(&keywords, roles).map(Match::counts).sum::<f64>();
    let kinds = kinds(&keywords);
    let complexity = complexity(&keywords, questions);
    let mechanical = sum(&MECHANICAL)
        * KINDS_FACTOR.get(kinds).copied().unwrap_or_default()
        * (1.0 - 0.5 * complexity);
    let creative = sum(&[Role::Creative]);
    let asked = f64::from(u32::try_from(questions).unwrap_or(u32::MAX)) * QUESTION_PERSON;
    let standard = STANDARD_START + sum(&[Role::Person]) + asked;
    let scores = [mechanical, creative, standard];
    let total: f64 = scores.iter().sum();
    let share = |score: f64| score / total;
    let (task, confidence) = if mechanical >= creative && share(mechanical) >= SHARE_MIN {
        (Task::Mechanical, share(mechanical))
    } else if creative > standard {
        (Task::Creative, share(creative))
    } else {
        (Task::Standard, share(standard))
    };
    Classification {
        task,
        confidence_ratio: confidence,
        complexity_ratio: complexity,
        scores,
        keywords,
        skipped: None,
    }
}

/// A keyword counts once, however often it stands there; in a request rather than in a question.
fn once_each<'a>(keywords: &'a [Match], roles: &'a [Role]) -> impl Iterator<Item = &'a Match> {
    keywords.iter().enumerate().filter_map(move |(index, found)| {
        let is_first = !keywords.iter().take(index).any(|other| {
            other.keyword == found.keyword && other.is_in_question <= found.is_in_question
        });
        (is_first && roles.contains(&found.role)).then_some(found)
    })
}

/// How many of deed, breadth and finish there are.
fn kinds(keywords: &[Match]) -> usize {
    let has = |roles: &[Role]| {
        usize::from(keywords.iter().any(|k| !k.is_in_question && roles.contains(&k.role)))
    };
    has(&[Role::Deed, Role::Whole]) + has(&[Role::Breadth, Role::Whole]) + has(&[Role::Finish])
}

fn complexity(keywords: &[Match], questions: usize) -> f64 {
    let creative: f64 = once_each(keywords, &[Role::Creative]).map(Match::counts).sum();
    let asked = f64::from(u32::try_from(questions).unwrap_or(u32::MAX)) * 0.1;
    (creative * 0.5 + asked).min(1.0)
}

impl Classification {
    /// The keywords that weigh most for a loop, such as `"fix all", "lint"`. They are ours, not the prompt's.
    fn because(&self) -> String {
        let mut found: Vec<&Match> =
            once_each(&self.keywords, &MECHANICAL).filter(|k| !k.is_in_question).collect();
        found.sort_by(|a, b| b.counts().total_cmp(&a.counts()));
        let named: Vec<_> =
            found.iter().take(NAMED_MAX).map(|k| format!("\"{}\"", k.keyword)).collect();
        named.join(", ")
    }
}

impl Match {
    /// What it adds to its score.
    fn counts(&self) -> f64 {
        let share = match (self.is_in_question, self.role) {
            (true, Role::Creative) => 0.7,
            (true, Role::Person) | (false, _) => 1.0,
            (true, _) => QUESTION_SHARE,
        };
        (self.prior + self.learned).max(0.0) * share
    }
}
