//! One-minute roll-ups, written by the station. Their key is the minute and the labels, so that a
//! minute that is rolled up again, because late rows came, replaces what it said before.

use std::borrow::Cow;

use crate::{
    row::row,
    schema::{Key, Ttl},
};

macro_rules! rollup {
    ($(#[$m:meta])* $name:ident = $number:literal, $table:literal; series [$($s:literal),*]) => {
        row! {
            $(#[$m])*
            $name = $number, $table, since 2;
            Month, Ttl::Months(24), Medium, Key::Natural(Cow::Borrowed(&[
                Cow::Borrowed("ts"), Cow::Borrowed("env"), Cow::Borrowed("mode"),
                $(Cow::Borrowed($s)),*
            ]));
            series [$($s),*]
            codes {}
            values {
                /// Smallest value of the minute.
                min: f64;
                /// Largest value of the minute.
                max: f64;
                /// Last value of the minute.
                last: f64;
                /// Median of the minute.
                p50: f64;
                /// 95th percentile of the minute.
                p95: f64;
                /// 99th percentile of the minute.
                p99: f64;
                /// Samples in the minute.
                n: i64;
            }
        }

        impl $name {
            /// A minute with `n` samples.
            #[inline(always)]
            pub fn new(n: i64) -> Self {
                Self::empty().n(n)
            }
        }
    };
}

rollup! {
    /// `total_pnl` by the minute, in `currency`.
    Pnl1m = 18, "trading_pnl_1m";
    series ["scope", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency"]
}

rollup! {
    /// `drawdown_ratio` by the minute.
    Risk1m = 19, "trading_risk_1m";
    series ["scope", "trader_id", "account_id", "strategy_id"]
}

rollup! {
    /// `latency_ms` by the minute, each stage and clock by itself.
    OrderLatency1m = 20, "order_latency_1m";
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue", "stage", "clock"]
}
