//! Patterns that several lints use, and the macro that makes one.

/// A regular expression that is compiled at its first use.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
            regex::Regex::new($text).expect("a pattern of ours, compiled by the test of its lint")
        });
    };
}
pub(super) use pattern;

use crate::region::{Function, Region};

pattern!(
    HANDLER,
    r"^(on_|_?handle_|_on_)(bar|quote|trade|tick|order|event|book|data|position|timer|msg|message|fill|candle|depth|signal|kline|market)?|^_?(process|apply|update|ingest)_(tick|quote|trade|book|depth|delta|msg|message|event|update|order|fill|bar|candle|mark|level)"
);
pattern!(
    NAUTILUS,
    r"\bnautilus_trader\b|\(\s*Strategy\s*\)|\bStrategyConfig\b|\bself\.order_factory\b|\bnautilus_\w+::|\bself\.(cache|portfolio|msgbus)\.|\bself\.(un)?subscribe_\w+\(|\b(QuoteTick|TradeTick|OrderBookDeltas|BarType|InstrumentId)\b"
);

/// Whether a function is called for each event of the market or of an order.
pub(super) fn is_handler(function: &Function) -> bool {
    const LIFECYCLE: [&str; 8] = [
        "on_start",
        "on_stop",
        "on_reset",
        "on_resume",
        "on_dispose",
        "on_save",
        "on_load",
        "on_startup",
    ];
    HANDLER.is_match(&function.name) && !LIFECYCLE.contains(&function.name.as_str())
}

/// Whether a file is written against `NautilusTrader`.
pub(super) fn is_nautilus(view: &super::view::View<'_>) -> bool {
    view.has(&NAUTILUS) || view.is_in(&NAUTILUS)
}

/// Whether a line of Rust stands in a test module.
pub(super) fn is_in_test_module(region: &Region<'_>, index: usize) -> bool {
    region.is_in_tests(index)
}

/// Whether code has a name, as a word of its own.
pub(super) fn has_word(code: &str, word: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    code.split(|character| !is_word(character)).any(|one| one == word)
}
