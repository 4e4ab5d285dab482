//! What a review looks for. One list: the model is asked with it, and `docs/review-checklist.md` is rendered from it.

use std::fmt::Write as _;

use crate::finding::Focus;
use crate::lint::lints;

/// The questions of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Which one.
    pub focus: Focus,
    /// Heading.
    pub title: &'static str,
    /// Questions that a reviewer answers with yes.
    pub questions: &'static [&'static str],
}

/// The whole checklist.
pub const CHECKLIST: &[Part] = &[
    Part {
        focus: Focus::PositionLimits,
        title: "Positions, limits and orders",
        questions: &[
            "Is every order compared with the position, exposure and leverage limits before it is sent?",
            "Are limits fixed values of the configuration that no code loosens while it trades?",
            "Do the daily loss limit, the drawdown limits and the kill switch still stop what they stopped before?",
            "Does every position have an exit: a stop, a time limit, or a stated reason for having none?",
            "Can a repeated signal, message or restart send the same order twice, or add to a losing position?",
            "Are order type, time in force, reduce-only and price bounds what the strategy means?",
            "Does anything for staging, paper trading or tests reach a real venue?",
        ],
    },
    Part {
        focus: Focus::ErrorHandling,
        title: "Errors",
        questions: &[
            "Is every failure handled by its type, counted or logged, and never turned into a value that looks fine?",
            "Is every retry, wait, queue and loop bounded, and does it tell when it gives up?",
            "Does every call to a venue or a service have a timeout?",
            "After a rejected, expired or unanswered order, does the strategy still know what it holds?",
            "Is there a path by which one bad message ends the process with orders open?",
        ],
    },
    Part {
        focus: Focus::Correctness,
        title: "Numbers, time and logic",
        questions: &[
            "Are prices and quantities compared and rounded by tick and lot, never as floats for equality?",
            "Are signs, units and directions right: ratio or percent, base or quote, buy or sell, bps?",
            "Are times aware of their zone, and taken from the event where the strategy is tested by replay?",
            "Does a signal use only what was known at its moment?",
            "What happens at zero: no volume, no position, an empty book, a division?",
        ],
    },
    Part {
        focus: Focus::ApiKeys,
        title: "Keys and secrets",
        questions: &[
            "Is there no key, token, webhook address or seed phrase in code, configuration, tests or comments?",
            "Does no log line, error text, URL or metric carry one?",
            "Is every connection that carries one encrypted and its certificate checked?",
            "Does the key have only the rights that this code needs?",
        ],
    },
    Part {
        focus: Focus::InputValidation,
        title: "Input",
        questions: &[
            "Is what comes from outside (messages, files, environment, arguments) checked for type, range, NaN and infinity before it becomes a price or a size?",
            "Do settings have bounds, so that a typing error cannot trade?",
            "Are statements, commands and paths never put together from text that came from outside?",
            "Is data never run as code?",
        ],
    },
    Part {
        focus: Focus::Performance,
        title: "Speed and memory",
        questions: &[
            "Does no handler or coroutine block on the network, a disk, a lock or a pause?",
            "Does no list, map or cache grow for ever?",
            "Is nothing computed over the whole history at each event that could be kept up to date?",
            "Is shared state safe when callbacks interleave?",
        ],
    },
    Part {
        focus: Focus::Nautilus,
        title: "NautilusTrader",
        questions: &[
            "Are native indicators used, registered, and read only when initialized?",
            "Are prices and quantities made by the instrument, and is the instrument checked for None?",
            "Does on_stop cancel orders, close or keep positions by a stated policy, and unsubscribe?",
            "Is nothing of clock, cache or subscriptions used before registration, and no thread started?",
            "Is the configuration a frozen StrategyConfig with bounded fields?",
        ],
    },
];

/// The checklist as a document, with the lints that check a part by themselves.
pub fn checklist_markdown() -> String {
    let mut text = String::from(
        "# Review checklist\n\nEach question is answered with yes before a change is merged. `plimsoll review` asks \
         them of a diff; the rules named below each part are checked without a model.\n",
    );
    for part in CHECKLIST {
        let mut add = |line: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            text.write_fmt(line).unwrap_or_default();
        };
        add(format_args!("\n## {}\n\n", part.title));
        for question in part.questions {
            add(format_args!("- [ ] {question}\n"));
        }
        let ids: Vec<_> = lints()
            .filter(|lint| lint.focus == part.focus)
            .map(|lint| format!("`{}`", lint.id))
            .collect();
        if !ids.is_empty() {
            add(format_args!("\nChecked by rule: {}.\n", ids.join(", ")));
        }
    }
    text
}
