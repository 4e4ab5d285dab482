//! From a rule of Prometheus to rules of ours, where there is a way.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_alerts::{
    Across, By, Condition, Function, Join, Matcher, Measure, OnAbsent, Over, Query, Rule, Severity,
    Threshold,
};

use super::promql::{Expr, Group, Selector};
use super::replay::Input;

/// Why a rule is left out.
pub(super) type Skip = String;

/// Our rules for one of Prometheus', the alert itself last.
pub(super) struct Translation<'a> {
    name: &'a str,
    inputs: &'a [Input],
    rules: Vec<Rule>,
}

/// A value: `sign × measure × scale + shift`, of these instances.
struct Value {
    measure: Measure,
    by: By,
    factor: f64,
    shift: f64,
}

type Result<T> = std::result::Result<T, Skip>;

fn skip<T>(why: &str) -> Result<T> {
    Err(why.to_owned())
}

/// Translates `expr`; the rules' series are known from `inputs`.
pub(super) fn translate(
    name: &str,
    expr: &Expr,
    wait: Duration,
    keep: Duration,
    inputs: &[Input],
) -> Result<Vec<Rule>> {
    let mut translation = Translation { name, inputs, rules: Vec::new() };
    let rule = translation.condition(expr)?;
    translation.rules.push(rule.pending_for(wait).keep_firing_for(keep));
    let mut rules = translation.rules;
    if let Some(last) = rules.last_mut() {
        name.clone_into(&mut last.name);
    }
    for rule in &mut rules {
        rule.absent.then = OnAbsent::Resolve;
    }
    Ok(rules)
}

impl Translation<'_> {
    /// A name for a part.
    fn part(&self) -> String {
        format!("{}#{}", self.name, self.rules.len())
    }

    fn condition(&mut self, expr: &Expr) -> Result<Rule> {
        match expr {
            Expr::Binary { op, left, right, on, is_many } => match op.as_str() {
                _ if *is_many => skip("a many-to-one match"),
                "and" | "unless" => self.join(op, left, right, on.as_ref()),
                "or" => skip("`or`"),
                ">" | ">=" | "<" | "<=" | "==" | "!=" => self.compare(op, left, right, on.as_ref()),
                _ => skip("a value that is never false"),
            },
            Expr::Call { name, args } if name == "absent" => self.absent(args),
            Expr::Other(what) => skip(what),
            _ => skip("a value that is never false"),
        }
    }

    fn join(&mut self, op: &str, left: &Expr, right: &Expr, on: Option<&Group>) -> Result<Rule> {
        let on = match on {
            None => None,
            Some(Group::Only(names)) => Some(names.clone()),
            Some(Group::Without(_)) => return skip("a match that ignores labels"),
        };
        let mut names = Vec::new();
        for side in [left, right] {
            let mut rule = self.condition(side)?;
            rule.name = self.part();
            names.push(rule.name.clone());
            self.rules.push(rule.for_rules_only());
        }
        let mut join = Join::of(names.iter().map(String::as_str));
        if op == "unless" {
            join.unless = join.of.split_off(1);
        }
        join.on = on;
        Ok(Rule::joining(self.part(), Condition::All(join), Severity::Warning))
    }

    fn absent(&mut self, args: &[Expr]) -> Result<Rule> {
        let [Expr::Selector(selector)] = args else { return skip("`absent` of an expression") };
        let query = self.query(selector, Function::Last, Over::Latest)?;
        let condition = Condition::absent(Duration::from_secs(300));
        let measure = Measure::Value(query);
        let mut rule = Rule::measuring(self.part(), measure, condition, Severity::Warning).by([]);
        // What is missing has the labels that it was looked for by.
        let equal = selector.matchers.iter().filter(|(_, op, _)| op == "=");
        rule.labels = equal.map(|(label, _, value)| (label.clone(), value.clone())).collect();
        Ok(rule)
    }

    fn compare(&mut self, op: &str, left: &Expr, right: &Expr, on: Option<&Group>) -> Result<Rule> {
        let (value, limit, flipped) = match (constant(left), constant(right)) {
            (None, Some(limit)) => (self.value(left)?, limit, false),
            (Some(limit), None) => (self.value(right)?, limit, true),
            (Some(_), Some(_)) => return skip("a comparison of numbers"),
            (None, None) => (self.difference(left, right, on)?, 0.0, false),
        };
        let limit = (limit - value.shift) / value.factor;
        let op = if flipped == (value.factor < 0.0) { op } else { mirrored(op) };
        let limit = Threshold::new(limit);
        let condition = match op {
            ">" => Condition::Above(limit),
            ">=" => Condition::AtLeast(limit),
            "<" => Condition::Below(limit),
            "<=" => Condition::AtMost(limit),
            "==" => Condition::Equal(limit),
            _ => Condition::NotEqual(limit),
        };
        let mut rule = Rule::measuring(self.part(), value.measure, condition, Severity::Warning);
        rule.by = value.by;
        Ok(rule)
    }

    fn value(&mut self, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Selector(_) | Expr::Call { .. } | Expr::Aggregate { .. } => {
                let (query, by) = self.series(expr)?;
                Ok(Value { measure: Measure::Value(query), by, factor: 1.0, shift: 0.0 })
            }
            Expr::Binary { op, left, right, on, is_many } => {
                if *is_many {
                    return skip("a many-to-one match");
                }
                if let Some(since) = self.since(op, left, right)? {
                    return Ok(since);
                }
                match (op.as_str(), constant(left), constant(right)) {
                    ("*", Some(k), None) => Ok(self.value(right)?.times(k)),
                    ("*", None, Some(k)) => Ok(self.value(left)?.times(k)),
                    ("/", None, Some(k)) => Ok(self.value(left)?.times(1.0 / k)),
                    ("+" | "-", None, Some(k)) => {
                        let value = self.value(left)?;
                        let k = if op == "-" { -k } else { k };
                        Ok(Value { shift: value.shift + k, ..value })
                    }
                    ("/", None, None) => self.ratio(left, right, on.as_ref()),
                    ("-", None, None) => self.difference(left, right, on.as_ref()),
                    ("%", ..) => skip("a remainder"),
                    _ => skip("arithmetic of several series"),
                }
            }
            Expr::Other(what) => skip(what),
            Expr::Number(_) | Expr::Negative(_) => skip("a number"),
        }
    }

    /// `time() − x` and `x − time()`.
    fn since(&mut self, op: &str, left: &Expr, right: &Expr) -> Result<Option<Value>> {
        let is_time = |expr: &Expr| matches!(expr, Expr::Call { name, .. } if name == "time");
        let (of, factor) = match (op, is_time(left), is_time(right)) {
            ("-", true, false) => (right, 1.0),
            ("-", false, true) => (left, -1.0),
            (_, false, false) => return Ok(None),
            _ => return skip("arithmetic with the time"),
        };
        let (mut query, by) = self.series(of)?;
        if query.function != Function::Last || query.over != Over::Latest {
            return skip("the age of a function");
        }
        query.function = Function::SinceValue;
        // The oldest moment is the one that was longest ago.
        query.across = match query.across {
            Across::Max => Across::Min,
            Across::Min => Across::Max,
            other => other,
        };
        Ok(Some(Value { measure: Measure::Value(query), by, factor, shift: 0.0 }))
    }

    /// `a / b`, and `(a − b) / a`, which is `1 − b / a`.
    fn ratio(&mut self, left: &Expr, right: &Expr, on: Option<&Group>) -> Result<Value> {
        if let Expr::Binary { op, left: all, right: part, on: inner, is_many: false } = left
            && op == "-"
            && **all == *right
        {
            let ((of, part_by), (to, by)) = (self.series(part)?, self.series(right)?);
            let by = matched(&by, &part_by, inner.as_ref().or(on))?;
            let measure = Measure::Ratio { of, to, to_min: 0.0 };
            return Ok(Value { measure, by, factor: -1.0, shift: 1.0 });
        }
        let ((of, of_by), (to, to_by)) = (self.series(left)?, self.series(right)?);
        let by = matched(&of_by, &to_by, on)?;
        let measure = Measure::Ratio { of, to, to_min: 0.0 };
        Ok(Value { measure, by, factor: 1.0, shift: 0.0 })
    }

    fn difference(&mut self, left: &Expr, right: &Expr, on: Option<&Group>) -> Result<Value> {
        let ((of, of_by), (minus, minus_by)) = (self.series(left)?, self.series(right)?);
        let by = matched(&of_by, &minus_by, on)?;
        let measure = Measure::Difference { of, minus };
        Ok(Value { measure, by, factor: 1.0, shift: 0.0 })
    }

    /// One query, and which instances it has.
    fn series(&mut self, expr: &Expr) -> Result<(Query, By)> {
        match expr {
            Expr::Selector(selector) => {
                Ok((self.query(selector, Function::Last, Over::Latest)?, By::All))
            }
            Expr::Call { name, args } => Ok((self.call(name, args)?, By::All)),
            Expr::Aggregate { op, by, of, param: None } => {
                let (mut query, inner) = self.series(of)?;
                if inner != By::All {
                    return skip("an aggregate of an aggregate");
                }
                query.across = match op.as_str() {
                    "sum" => Across::Sum,
                    "max" => Across::Max,
                    "min" => Across::Min,
                    "avg" => Across::Mean,
                    "count" => Across::Count,
                    _ => return skip("an aggregate that we do not have"),
                };
                let by = match by {
                    None => By::Labels(Vec::new()),
                    Some(Group::Only(names)) => By::Labels(names.clone()),
                    Some(Group::Without(names)) => By::Without(names.clone()),
                };
                Ok((query, by))
            }
            Expr::Binary { op, .. } if "> >= < <= == !=".split(' ').any(|c| c == op) => {
                skip("an aggregate of a comparison")
            }
            Expr::Binary { .. } => skip("an aggregate of arithmetic, or three operands"),
            Expr::Other(what) => skip(what),
            _ => skip("an operand that is no series"),
        }
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Result<Query> {
        let (function, of) = match (name, args) {
            ("quantile_over_time", [Expr::Number(q), of]) => (Function::Quantile(*q), of),
            ("count_over_time", [of]) => (Function::Count, of),
            ("sum_over_time", [of]) => (Function::Sum, of),
            ("avg_over_time", [of]) => (Function::Mean, of),
            ("min_over_time", [of]) => (Function::Min, of),
            ("max_over_time", [of]) => (Function::Max, of),
            ("last_over_time", [of]) => (Function::Last, of),
            ("increase", [of]) => (Function::Increase, of),
            ("rate", [of]) => (Function::Rate, of),
            ("delta", [of]) => (Function::Change, of),
            _ => return skip(&format!("`{name}`")),
        };
        match of {
            Expr::Selector(selector) => {
                let range = selector.range.map(Duration::from_secs);
                self.query(selector, function, range.map_or(Over::Latest, Over::Rolling))
            }
            Expr::Other(what) => skip(what),
            _ => skip("a function of an expression"),
        }
    }

    fn query(&self, selector: &Selector, function: Function, over: Over) -> Result<Query> {
        if selector.metric.is_empty() {
            return skip("a selector without a metric");
        }
        let mut query = Query::last(&selector.metric);
        (query.function, query.over) = (function, over);
        for (label, op, value) in &selector.matchers {
            query.filter.push(self.matcher(&selector.metric, label, op, value)?);
        }
        Ok(query)
    }

    /// A pattern becomes the list of those values of the test that it matches.
    fn matcher(&self, metric: &str, label: &str, op: &str, value: &str) -> Result<Matcher> {
        match op {
            "=" => return Ok(Matcher::is(label, [value])),
            "!=" => return Ok(Matcher::is_not(label, [value])),
            _ => {}
        }
        let series = self.inputs.iter().filter(|input| input.metric == metric);
        let known: BTreeSet<&str> =
            series.map(|input| input.labels.get(label).map_or("", String::as_str)).collect();
        let Ok(pattern) = regex::Regex::new(&format!("^(?:{value})$")) else {
            return skip("a pattern that we cannot read");
        };
        let matching = known.into_iter().filter(|known| pattern.is_match(known));
        let mut matching: Vec<&str> = matching.collect();
        if op == "=~" && matching.is_empty() {
            // An empty list would ask nothing.
            matching.push("\u{0}");
        }
        Ok(if op == "=~" { Matcher::is(label, matching) } else { Matcher::is_not(label, matching) })
    }
}

impl Value {
    fn times(self, k: f64) -> Self {
        Self { factor: self.factor * k, shift: self.shift * k, ..self }
    }
}

/// The labels that both sides have in common.
fn matched(left: &By, right: &By, on: Option<&Group>) -> Result<By> {
    match on {
        Some(Group::Only(names)) => Ok(By::Labels(names.clone())),
        Some(Group::Without(names)) if *left == By::All && *right == By::All => {
            Ok(By::Without(names.clone()))
        }
        None if left == right => Ok(left.clone()),
        _ => skip("sides with different labels"),
    }
}

/// A number, or arithmetic of numbers.
fn constant(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Number(number) => Some(*number),
        Expr::Negative(of) => Some(-constant(of)?),
        Expr::Binary { op, left, right, .. } => {
            let (left, right) = (constant(left)?, constant(right)?);
            match op.as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "/" => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn mirrored(op: &str) -> &str {
    match op {
        ">" => "<",
        ">=" => "<=",
        "<" => ">",
        "<=" => ">=",
        other => other,
    }
}
