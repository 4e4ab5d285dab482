//! The paper venue's words as labels of metrics.

use std::collections::BTreeMap;

use plimsoll_metrics::{HealthStatus, OrderStatus, OrderType, RejectClass};

/// Words that no label has, by `column=word`.
#[derive(Debug, Default)]
pub(super) struct Words {
    unknown: BTreeMap<String, u64>,
}

impl Words {
    /// Looks a word up; one that is not known is counted, and said once.
    pub(super) fn look<T>(
        &mut self,
        column: &str,
        word: &str,
        from_text: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = from_text(word);
        if found.is_none() {
            let count = self.unknown.entry(format!("{column}={word}")).or_default();
            if *count == 0 {
                eprintln!("warning: `{word}` is no known {column}; the column stays empty");
            }
            *count += 1;
        }
        found
    }

    pub(super) fn unknown(&self) -> impl Iterator<Item = (&str, u64)> {
        self.unknown.iter().map(|(word, count)| (word.as_str(), *count))
    }
}

/// Post-only is an instruction to a limit order, not a type of its own.
pub(super) fn order_type(word: &str) -> Option<OrderType> {
    if word == "post_only" { Some(OrderType::Limit) } else { OrderType::from_text(word) }
}

pub(super) fn order_status(word: &str) -> Option<OrderStatus> {
    match word {
        "accepted" | "triggered" => Some(OrderStatus::Open),
        other => OrderStatus::from_text(other),
    }
}

pub(super) fn reject_class(word: &str) -> Option<RejectClass> {
    Some(match word {
        "post_only_would_cross" | "ioc_unfilled" | "not_open" => RejectClass::Expected,
        "insufficient_margin" => RejectClass::Margin,
        "reduce_only_would_increase" => RejectClass::Invalid,
        "too_many_open_orders" | "halted" => RejectClass::RiskLimit,
        "no_market" | "connection" => RejectClass::Venue,
        "scripted" => RejectClass::Other,
        other => return RejectClass::from_text(other),
    })
}

/// `expected` for refusals that belong to normal trading and stay out of error rates.
pub(super) fn error_class(word: &str) -> &str {
    match reject_class(word) {
        Some(RejectClass::Expected) => "expected",
        _ => word,
    }
}

pub(super) fn health_status(word: &str) -> Option<HealthStatus> {
    match word {
        "connected" => Some(HealthStatus::Up),
        "disconnected" => Some(HealthStatus::Down),
        other => HealthStatus::from_text(other),
    }
}
