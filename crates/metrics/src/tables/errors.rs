//! `trading_errors`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::ErrorSeverity,
    value::{Id, Name, Text},
};

row! {
    /// An error, or `count` of one kind.
    ErrorEvent<'a> = 7, "trading_errors", since 1;
    Day, Ttl::Days(90), High, Key::Emission;
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue"]
    codes {
        /// How bad.
        severity: ErrorSeverity,
    }
    values {
        /// Part of the program.
        component: Name<'a>;
        /// Class, `expected` for what belongs to normal trading (not in error rates).
        error_class: Name<'a>;
        /// Code, the venue's or ours; beyond 1,000 values `__other__`.
        error_code: Name<'a>;
        /// How many; 1 when absent.
        count: i64;
        /// Hash that groups alike errors.
        fingerprint: i64;
        /// Whether a retry may help.
        transient: bool;
        /// Order that it concerns.
        client_order_id: Id<'a>;
        /// The error's words; no secret belongs here.
        message: Text<'a>;
        /// Id of the event in Sentry.
        sentry_event_id: Id<'a>;
    }
}

impl<'a> ErrorEvent<'a> {
    /// One error of severity `error`.
    #[inline(always)]
    pub fn new(error_code: &'a str, message: &'a str) -> Self {
        Self::empty()
            .severity(ErrorSeverity::Error)
            .error_code(error_code)
            .message(message)
            .count(1_i64)
    }
}
