//! The port: what a session tells whoever records it, in the words of the tables.
//!
//! Field names are column names. What is not known is `None`, never zero. Money and quantities are
//! doubles here and only here; the venue's books stay exact.

/// Takes what a session did. A recorder that fails keeps its failure to itself: trading goes on.
pub trait Record {
    /// Takes one row that was true at `ts_ns` (UTC nanoseconds on the replay clock, rounded to
    /// whole milliseconds).
    fn record(&mut self, labels: &Labels, ts_ns: i64, row: Row<'_>);
}

/// Whose rows these are; the same for a whole session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The trading process.
    pub trader_id: String,
    /// The account at the venue.
    pub account_id: String,
    /// The strategy.
    pub strategy_id: String,
    /// The instrument.
    pub instrument_id: String,
    /// The venue.
    pub venue: String,
    /// Currency of prices, gains and equity; also the base currency of every `_base` field.
    pub currency: String,
}

/// One row for one table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Row<'a> {
    /// `trading_orders`: one transition of an order.
    Order(&'a OrderRow),
    /// `trading_fills`: one fill.
    Fill(&'a FillRow),
    /// `order_latency`: one stage of one request.
    Latency(&'a LatencyRow),
    /// `trading_cashflows`: money moved without a trade.
    CashFlow(&'a CashFlowRow),
    /// `account_state`: one currency of the account.
    Account(&'a AccountState),
    /// `position_changes`: the position after a change, or as a snapshot.
    Position(&'a PositionRow),
    /// `trading_pnl`: cumulative since the session began.
    Pnl(&'a Pnl),
    /// `trading_risk`: equity, drawdown and exposure.
    Risk(&'a Risk),
    /// `trading_errors`: something went wrong.
    Error(&'a ErrorRow),
    /// `system_health`: heartbeat and state of the line.
    Health(&'a Health),
}

/// Declares an enum of words that go into a column.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$each])* $variant,)+ }

        impl $name {
            /// Returns the word that stands in the column.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// A transition of an order.
    OrderEvent {
        /// Sent to the venue.
        Submitted = "submitted",
        /// Refused by our own side before it was sent.
        Denied = "denied",
        /// Taken by the venue.
        Accepted = "accepted",
        /// Refused by the venue.
        Rejected = "rejected",
        /// The trigger price was touched.
        Triggered = "triggered",
        /// A change was sent.
        PendingUpdate = "pending_update",
        /// A change was taken.
        Updated = "updated",
        /// A change was refused.
        ModifyRejected = "modify_rejected",
        /// A cancel was sent.
        PendingCancel = "pending_cancel",
        /// Canceled.
        Canceled = "canceled",
        /// A cancel was refused.
        CancelRejected = "cancel_rejected",
        /// Its time was over.
        Expired = "expired",
        /// Part was filled.
        PartiallyFilled = "partially_filled",
        /// Filled to the end.
        Filled = "filled",
        /// The venue closed the position.
        Liquidated = "liquidated",
    }
}

words! {
    /// What `ref_px` is.
    RefKind {
        /// The price at which the strategy decided: the close it saw.
        Decision = "decision",
        /// The middle price when the order arrived.
        ArrivalMid = "arrival_mid",
        /// The order's own limit.
        Limit = "limit",
    }
}

words! {
    /// Which part of a request was timed.
    LatencyStage {
        /// From decision to sending.
        Submit = "submit",
        /// From sending to acceptance.
        Ack = "ack",
        /// From sending to the first fill; marketable orders only.
        FirstFill = "first_fill",
        /// From cancel to its answer.
        CancelAck = "cancel_ack",
        /// From change to its answer.
        ModifyAck = "modify_ack",
        /// From sending to rejection.
        Reject = "reject",
        /// Never answered; the latency is how long was waited.
        Timeout = "timeout",
    }
}

words! {
    /// What happened to a position.
    PositionEvent {
        /// From flat.
        Opened = "opened",
        /// Larger or smaller, or turned.
        Changed = "changed",
        /// To flat.
        Closed = "closed",
        /// Nothing; told again.
        Snapshot = "snapshot",
    }
}

words! {
    /// How bad an error is.
    Severity {
        /// Degraded, and working.
        Warning = "warning",
        /// A request failed.
        Error = "error",
        /// Trading is not possible.
        Critical = "critical",
    }
}

words! {
    /// State of the line to the venue.
    HealthStatus {
        /// Works.
        Connected = "connected",
        /// Broken.
        Disconnected = "disconnected",
    }
}

words! {
    /// What the session may do.
    TradingState {
        /// Everything.
        Active = "active",
        /// Only make positions smaller.
        Reducing = "reducing",
    }
}

/// One transition of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRow {
    /// The transition.
    pub event: OrderEvent,
    /// The client's id.
    pub client_order_id: String,
    /// The venue's id, once there is one.
    pub venue_order_id: Option<String>,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// `market`, `limit`, `post_only` or `stop_market`.
    pub order_type: &'static str,
    /// `gtc`, `ioc` or `gtd`.
    pub time_in_force: &'static str,
    /// The order's state after the transition, in the venue's words; `None` before it has one.
    pub status: Option<&'static str>,
    /// Class of a refusal: `insufficient_margin`, `post_only_would_cross`, …
    pub reject_class: Option<&'static str>,
    /// Text of a refusal or ending.
    pub reason: Option<String>,
    /// Total quantity.
    pub qty: f64,
    /// Limit price.
    pub px: Option<f64>,
    /// Trigger price.
    pub trigger_px: Option<f64>,
    /// Filled so far.
    pub cum_qty: Option<f64>,
    /// Still open.
    pub leaves_qty: Option<f64>,
    /// Average fill price.
    pub avg_px: Option<f64>,
    /// Price that slippage is measured from.
    pub ref_px: Option<f64>,
    /// What `ref_px` is.
    pub ref_kind: Option<RefKind>,
    /// `side × (avg_px − ref_px) / ref_px × 10⁴`; positive = cost.
    pub slippage_bps: Option<f64>,
    /// From the request to this transition, where it answers one.
    pub latency_ms: Option<f64>,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// Whether this was learned by comparing with the venue after a reconnect.
    pub reconciliation: bool,
}

/// One fill.
#[derive(Clone, Debug, PartialEq)]
pub struct FillRow {
    /// The venue's id of the fill.
    pub trade_id: String,
    /// The client's id of the order.
    pub client_order_id: String,
    /// The venue's id of the order.
    pub venue_order_id: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// `taker` or `maker`.
    pub liquidity: &'static str,
    /// `paper`.
    pub source: &'static str,
    /// Quantity of this fill.
    pub last_qty: f64,
    /// Price of this fill.
    pub last_px: f64,
    /// Price times quantity, in the labels' currency.
    pub notional: f64,
    /// Fee; positive = cost, negative = rebate.
    pub commission: f64,
    /// Currency of the fee.
    pub commission_currency: String,
    /// The fee in the labels' currency; `None` if no rate is known.
    pub commission_base: Option<f64>,
    /// Price gain of what this fill closed.
    pub realized_pnl: f64,
    /// Price that slippage is measured from.
    pub ref_px: Option<f64>,
    /// `side × (last_px − ref_px) / ref_px × 10⁴`; positive = cost.
    pub slippage_bps: Option<f64>,
}

/// How long one stage of one request took.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyRow {
    /// Which stage.
    pub stage: LatencyStage,
    /// `market`, `limit`, `post_only` or `stop_market`.
    pub order_type: &'static str,
    /// `mixed`: the paper venue's time is in it.
    pub clock: &'static str,
    /// The client's id.
    pub client_order_id: String,
    /// How long, milliseconds.
    pub latency_ms: f64,
}

/// Money moved without a trade.
#[derive(Clone, Debug, PartialEq)]
pub struct CashFlowRow {
    /// `deposit`, `withdrawal`, `transfer` or `funding`. Fees stand in the fills only.
    pub kind: &'static str,
    /// The currency that moved.
    pub currency: String,
    /// The venue's id of the movement.
    pub ref_id: String,
    /// `paper`.
    pub source: &'static str,
    /// Signed: into the account is positive.
    pub amount: f64,
    /// Funding rate as a ratio.
    pub rate: Option<f64>,
    /// Signed position that funding was for.
    pub position_qty: Option<f64>,
    /// Price of one unit in the labels' currency.
    pub fx_to_base: Option<f64>,
    /// The amount in the labels' currency.
    pub amount_base: Option<f64>,
}

/// One currency of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountState {
    /// The currency.
    pub currency: String,
    /// `paper`.
    pub source: &'static str,
    /// Balance; open gains are not in it.
    pub total: f64,
    /// Balance that no margin holds.
    pub free: Option<f64>,
    /// Balance held as margin.
    pub locked: Option<f64>,
    /// Balance and open gains.
    pub equity: f64,
    /// Margin that the position needs at the largest leverage.
    pub margin_initial: Option<f64>,
    /// Equity below which the venue liquidates.
    pub margin_maintenance: Option<f64>,
    /// Maintenance margin over equity.
    pub margin_ratio: Option<f64>,
    /// Price of one unit in the labels' currency.
    pub fx_to_base: Option<f64>,
    /// Equity in the labels' currency.
    pub equity_base: Option<f64>,
}

/// The position.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionRow {
    /// What happened to it.
    pub event: PositionEvent,
    /// `long`, `short` or `flat`.
    pub position_side: &'static str,
    /// `paper`.
    pub source: &'static str,
    /// Quantity, zero or more; the sign is `position_side`.
    pub qty: f64,
    /// Average entry price; `None` when flat.
    pub avg_px: Option<f64>,
    /// Last close.
    pub mark_px: Option<f64>,
    /// Age of the mark on the replay clock.
    pub mark_age_ms: Option<f64>,
    /// Value at the mark, zero or more.
    pub notional: Option<f64>,
    /// Open gain at the mark.
    pub unrealized_pnl: Option<f64>,
    /// Price gains since the session began.
    pub realized_pnl: f64,
    /// Fees since the session began in the labels' currency; positive = cost.
    pub commission: Option<f64>,
    /// Funding since the session began; positive = received.
    pub funding: f64,
    /// Margin that the position needs at the largest leverage.
    pub margin_used: Option<f64>,
}

/// Profit and loss, cumulative since the session began, in the labels' currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Pnl {
    /// Since when it is cumulative, UTC nanoseconds.
    pub epoch_ns: i64,
    /// Price gains of what was closed; neither fees nor funding.
    pub realized_pnl: f64,
    /// Open gain at the mark.
    pub unrealized_pnl: Option<f64>,
    /// Fees at each fill's own rate; positive = cost.
    pub commission: Option<f64>,
    /// Funding; positive = received.
    pub funding: f64,
    /// `realized + unrealized + funding − commission`.
    pub total_pnl: Option<f64>,
}

/// Equity, drawdown and exposure of the account, in the labels' currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// What the session may do.
    pub trading_state: TradingState,
    /// Mark to market over all currencies, after fees and funding.
    pub equity: f64,
    /// Highest equity; deposits and withdrawals scale it, so that they do not move the ratio.
    pub peak_equity: f64,
    /// `(peak − equity) / peak`; positive = loss.
    pub drawdown_ratio: f64,
    /// Deposits, withdrawals and transfers since the session began.
    pub net_cashflow: f64,
    /// Equity when the UTC day of the replay clock began; scaled as the peak is.
    pub day_start_equity: f64,
    /// Equity less `day_start_equity`.
    pub daily_pnl: f64,
    /// `daily_pnl` over `day_start_equity`; positive = gain.
    pub daily_pnl_ratio: Option<f64>,
    /// Value of the position, zero or more.
    pub gross_exposure: f64,
    /// Value of the position, negative when short.
    pub net_exposure: f64,
    /// Gross exposure over equity.
    pub exposure_ratio: Option<f64>,
    /// Gross exposure over equity; with one instrument the same as `exposure_ratio`.
    pub leverage_ratio: Option<f64>,
    /// Orders that work.
    pub open_orders: u64,
    /// When the session began, UTC nanoseconds.
    pub session_start_ns: i64,
}

/// Something went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// `execution` or `account`.
    pub component: &'static str,
    /// How bad.
    pub severity: Severity,
    /// `rejected`, `connection`, `post_only_would_cross`, …
    pub error_class: &'static str,
    /// The venue's code of it.
    pub error_code: String,
    /// Whether a retry may help.
    pub transient: bool,
    /// The order it was about.
    pub client_order_id: Option<String>,
    /// Text for people.
    pub message: String,
}

/// Heartbeat and state of the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// `paper-venue`.
    pub component: &'static str,
    /// `orders`.
    pub channel: &'static str,
    /// State of the line.
    pub status: HealthStatus,
    /// Age of the last message on the replay clock; `None` if there was none.
    pub last_msg_age_ms: Option<f64>,
    /// When the session last did something, UTC nanoseconds.
    pub last_heartbeat_ns: i64,
    /// How often the line came back.
    pub reconnects: u64,
    /// Text for people.
    pub detail: Option<String>,
}
