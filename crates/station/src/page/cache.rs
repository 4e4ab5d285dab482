//! What panels were answered before, so that an open page does not ask for a whole day again at each
//! row: of a picture over time only the newest steps are asked for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_board::query::{Query, Shape, Span};
use plimsoll_board::{Cell, Data, Scope};

/// Answers that are kept; beyond it the oldest goes.
const KEPT_MAX: usize = 400;
/// Rows of so long ago may still come without anybody having said that the past has changed: twice
/// of what a body may bring.
const LATE_NS: i64 = 120_000_000_000;
/// After this long everything is asked for again: rows that came later than that.
const WHOLE: Duration = Duration::from_secs(60);
/// What was answered, by whom it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<HashMap<String, Kept>>);

/// What is asked for.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// Tells panel and choices apart.
    pub(super) key: String,
    pub(super) query: &'a Query,
    pub(super) scope: &'a Scope,
    /// Another number when the past of the store may have changed.
    pub(super) past: u64,
}

#[derive(Debug, Clone)]
struct Kept {
    data: Data,
    scope: Scope,
    past: u64,
    asked_at: Instant,
    whole_at: Instant,
}

impl Cache {
    /// The answer, kept or asked for.
    #[allow(clippy::disallowed_methods, reason = "how old an answer is, is measured at this edge")]
    pub(super) fn answer<E>(
        &self,
        question: Question<'_>,
        ask: impl FnOnce(&Scope) -> Result<Data, E>,
    ) -> Result<Data, E> {
        let Question { key, query, scope, past } = question;
        let begun = Instant::now();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let kept = kept.filter(|kept| {
            let is_recent = begun.duration_since(kept.whole_at) < WHOLE;
            is_recent
                && kept.past == past
                && kept.scope.step_ns == scope.step_ns
                && goes_by_steps(query)
        });
        let (data, whole_at) = match kept {
            None => (ask(scope)?, begun),
            Some(kept) => {
                let from = cut(kept.scope.to_ns, scope.step_ns).max(scope.from_ns);
                let mut newest = scope.clone();
                newest.from_ns = from;
                let news = ask(&newest)?;
                (join(kept.data, news, scope, from), kept.whole_at)
            }
        };
        let (kept, scope) = (data.clone(), scope.clone());
        let kept = Kept { data: kept, scope, past, asked_at: begun, whole_at };
        self.keep(key, kept);
        Ok(data)
    }

    fn keep(&self, key: String, kept: Kept) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            let oldest = all.iter().min_by_key(|(_, kept)| kept.asked_at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                all.remove(&oldest);
            }
        }
        all.insert(key, kept);
    }
}

/// Whether each step of time is worked out from its own rows alone.
fn goes_by_steps(query: &Query) -> bool {
    let is_by_step =
        query.parts.iter().all(|part| part.shape == Shape::OverTime && part.span == Span::Range);
    query.has_time && query.limit == 0 && is_by_step
}

/// The beginning of the first step that may still change.
fn cut(to_ns: i64, step_ns: i64) -> i64 {
    let step_ns = step_ns.max(1);
    to_ns.saturating_sub(LATE_NS).div_euclid(step_ns).saturating_mul(step_ns)
}

/// The steps before `from_ns` as they were, and the others as they are now.
fn join(old: Data, news: Data, scope: &Scope, from_ns: i64) -> Data {
    let Some(time) = news.time() else { return news };
    let first_ns = scope.from_ns.saturating_sub(scope.step_ns);
    let is_kept = |row: &Vec<Cell>| {
        row.get(time).and_then(Cell::moment).is_some_and(|ns| ns > first_ns && ns < from_ns)
    };
    let mut rows: Vec<Vec<Cell>> = old.rows.into_iter().filter(is_kept).collect();
    let mut data = news;
    rows.append(&mut data.rows);
    data.rows = rows;
    data
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use plimsoll_board::Picture;

    use super::*;

    const SEC: i64 = 1_000_000_000;

    /// A query over time, and one of the newest rows.
    fn queries() -> (Query, Query) {
        let board = crate::page::board(Vec::new()).unwrap();
        let all: Vec<_> = board.dashboards.iter().flat_map(|one| &one.panels).collect();
        let lines = all.iter().find(|panel| panel.picture == Picture::Lines).unwrap();
        let table = all.iter().find(|panel| panel.picture == Picture::Table).unwrap();
        (lines.query.clone(), table.query.clone())
    }

    /// One row a step, whose value says which answer it is of.
    fn rows(query: &Query, scope: &Scope, value: i64) -> Data {
        let width = query.outputs().len();
        let time = query.read(std::iter::empty()).time();
        let steps = (scope.from_ns / scope.step_ns)..(scope.to_ns / scope.step_ns);
        query.read(steps.map(|step| {
            let mut row = vec![Cell::Integer(value); width];
            if let Some(time) = time {
                row[time] = Cell::Moment(step * scope.step_ns);
            }
            row
        }))
    }

    #[test]
    fn only_the_newest_steps_are_asked_for_again() {
        let (lines, table) = queries();
        for (query, is_whole) in [(lines, false), (table, true)] {
            let cache = Cache::default();
            let asked = RefCell::new(Vec::new());
            let answer = |to: i64, value: i64, past: u64| {
                let scope = Scope::new((to - 3_600) * SEC, to * SEC, 400);
                let ask = |scope: &Scope| {
                    asked.borrow_mut().push((scope.from_ns / SEC, scope.to_ns / SEC));
                    Ok::<_, Infallible>(rows(&query, scope, value))
                };
                let key = "k".to_owned();
                let Ok(data) =
                    cache.answer(Question { key, query: &query, scope: &scope, past }, ask);
                data
            };
            let first = answer(7_200, 1, 0);
            let second = answer(7_210, 2, 0);
            assert_eq!(asked.borrow()[0], (3_600, 7_200));
            let from = if is_whole { 3_610 } else { 7_080 };
            assert_eq!(asked.borrow()[1], (from, 7_210), "whole: {is_whole}");
            // Rows of long ago have come.
            answer(7_220, 3, 1);
            assert_eq!(asked.borrow()[2], (3_620, 7_220));
            if !is_whole {
                assert!(
                    second.rows.len().abs_diff(first.rows.len()) <= 1,
                    "no step twice, none lost"
                );
                let time = second.time().unwrap();
                let times: Vec<_> = second.rows.iter().map(|row| row[time].moment()).collect();
                assert!(times.is_sorted() && times.windows(2).all(|pair| pair[0] != pair[1]));
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (lines, _) = queries();
        let cache = Cache::default();
        let scope = Scope::new(0, 3_600 * SEC, 400);
        for n in 0..KEPT_MAX + 50 {
            let ask = |scope: &Scope| Ok::<_, Infallible>(rows(&lines, scope, 0));
            let key = n.to_string();
            let question = Question { key, query: &lines, scope: &scope, past: 0 };
            let Ok(_) = cache.answer(question, ask);
        }
        assert_eq!(cache.0.lock().unwrap().len(), KEPT_MAX);
    }
}
