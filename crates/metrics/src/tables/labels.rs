//! Closed lists of labels. A store shows the texts; code never compares texts.

use crate::row::codes;

codes! {
    /// Side of an order or fill.
    Side {
        /// Buy.
        Buy = "buy",
        /// Sell.
        Sell = "sell",
    }

    /// Type of an order.
    OrderType {
        /// At the market.
        Market = "market",
        /// At a limit.
        Limit = "limit",
        /// Market order behind a trigger.
        StopMarket = "stop_market",
        /// Limit order behind a trigger.
        StopLimit = "stop_limit",
        /// Takes profit at the market when touched.
        MarketIfTouched = "market_if_touched",
        /// Takes profit at a limit when touched.
        LimitIfTouched = "limit_if_touched",
        /// Market order behind a trailing trigger.
        TrailingStopMarket = "trailing_stop_market",
        /// Limit order behind a trailing trigger.
        TrailingStopLimit = "trailing_stop_limit",
        /// Market order whose rest becomes a limit order.
        MarketToLimit = "market_to_limit",
    }

    /// How long an order stands.
    TimeInForce {
        /// Good till canceled.
        Gtc = "gtc",
        /// Immediate or cancel.
        Ioc = "ioc",
        /// Fill or kill.
        Fok = "fok",
        /// Good till date.
        Gtd = "gtd",
        /// Day.
        Day = "day",
        /// At the open.
        AtTheOpen = "at_the_open",
        /// At the close.
        AtTheClose = "at_the_close",
    }

    /// A transition of an order; the table `trading_orders` has one row each.
    OrderEvent {
        /// Sent to the venue.
        Submitted = "submitted",
        /// Refused before it was sent.
        Denied = "denied",
        /// Taken by the venue.
        Accepted = "accepted",
        /// Refused by the venue.
        Rejected = "rejected",
        /// Its trigger price was reached.
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
        /// A part was filled.
        PartiallyFilled = "partially_filled",
        /// All of it was filled.
        Filled = "filled",
        /// Closed by the venue for lack of margin.
        Liquidated = "liquidated",
    }

    /// State of an order after the transition.
    OrderStatus {
        /// Not sent yet.
        Initialized = "initialized",
        /// Sent, unanswered.
        Submitted = "submitted",
        /// At the venue.
        Open = "open",
        /// At the venue, partly filled.
        PartiallyFilled = "partially_filled",
        /// Done: filled.
        Filled = "filled",
        /// Done: canceled.
        Canceled = "canceled",
        /// Done: refused.
        Rejected = "rejected",
        /// Done: time over.
        Expired = "expired",
    }

    /// Why an order was refused; `Expected` ones are part of normal trading.
    RejectClass {
        /// Post-only would cross, IOC unfilled, self-trade prevention, cancel of a closed order.
        Expected = "expected",
        /// Not enough margin or balance.
        Margin = "margin",
        /// Price, size or tick not allowed.
        Invalid = "invalid",
        /// Rate limit.
        RateLimit = "rate_limit",
        /// Position or risk limit.
        RiskLimit = "risk_limit",
        /// Session, connection or venue.
        Venue = "venue",
        /// Anything else.
        Other = "other",
    }

    /// What a slippage is measured against.
    RefKind {
        /// Mid when the strategy decided.
        Decision = "decision",
        /// Mid when the order arrived.
        ArrivalMid = "arrival_mid",
        /// The order's own limit.
        Limit = "limit",
    }

    /// Which side of the book a fill was on.
    Liquidity {
        /// Rested in the book.
        Maker = "maker",
        /// Took from the book.
        Taker = "taker",
    }

    /// Where a value comes from.
    Source {
        /// The strategy's own state.
        Cache = "cache",
        /// The venue.
        Venue = "venue",
        /// A paper venue.
        Paper = "paper",
        /// Read again from the venue's history.
        Backfill = "backfill",
        /// Concluded, not reported; left out of shipped sums.
        Inferred = "inferred",
    }

    /// Kind of a cash flow.
    CashflowKind {
        /// Funding of a perpetual; > 0 = received.
        Funding = "funding",
        /// Into the account.
        Deposit = "deposit",
        /// Out of the account.
        Withdrawal = "withdrawal",
        /// Between accounts.
        Transfer = "transfer",
        /// Interest.
        Interest = "interest",
        /// A fee that belongs to no fill.
        Fee = "fee",
        /// A rebate that belongs to no fill.
        Rebate = "rebate",
        /// Anything else that the venue booked.
        Adjustment = "adjustment",
    }

    /// Stage of an order's latency.
    LatencyStage {
        /// Decision to sent.
        Submit = "submit",
        /// Sent to acknowledged.
        Ack = "ack",
        /// Sent to first fill; marketable orders only.
        FirstFill = "first_fill",
        /// Cancel sent to canceled.
        CancelAck = "cancel_ack",
        /// Change sent to changed.
        ModifyAck = "modify_ack",
        /// Sent to refused.
        Reject = "reject",
        /// Never answered: the time waited.
        Timeout = "timeout",
    }

    /// Clocks of a latency.
    LatencyClock {
        /// Both ends on one monotonic clock.
        Mono = "mono",
        /// One end is the venue's time: shown, never alerted on.
        Mixed = "mixed",
    }

    /// Sign of a position.
    PositionSide {
        /// Long.
        Long = "long",
        /// Short.
        Short = "short",
        /// None.
        Flat = "flat",
    }

    /// What happened to a position.
    PositionEvent {
        /// From flat.
        Opened = "opened",
        /// Size changed.
        Changed = "changed",
        /// To flat.
        Closed = "closed",
        /// Mark or margin changed.
        Marked = "marked",
        /// Regular snapshot.
        Snapshot = "snapshot",
    }

    /// Severity of an error.
    ErrorSeverity {
        /// Odd, not wrong.
        Info = "info",
        /// Degraded but working.
        Warning = "warning",
        /// Something failed.
        Error = "error",
        /// A person must act.
        Critical = "critical",
    }

    /// What a trader may do.
    TradingState {
        /// All orders.
        Active = "active",
        /// Orders that reduce a position.
        Reducing = "reducing",
        /// None.
        Halted = "halted",
    }

    /// State of a component.
    HealthStatus {
        /// Works.
        Up = "up",
        /// Works badly.
        Degraded = "degraded",
        /// A planned reconnect is under way.
        Reconnecting = "reconnecting",
        /// Does not work.
        Down = "down",
        /// Cannot be told.
        Unknown = "unknown",
    }

    /// Channel of a venue connection.
    Channel {
        /// Market data.
        Market = "market",
        /// Own account.
        User = "user",
        /// Order entry.
        Orders = "orders",
    }

    /// State of a producer's run.
    RunState {
        /// Began.
        Open = "open",
        /// Regular sign of life.
        Beat = "beat",
        /// Ended.
        Closed = "closed",
    }

    /// Kind of a row of `alert_history`.
    AlertRecordKind {
        /// The state changed.
        Transition = "transition",
        /// A delivery was tried.
        Delivery = "delivery",
        /// A person took it.
        Ack = "ack",
        /// Silenced.
        Silence = "silence",
        /// Went to the next receiver.
        Escalation = "escalation",
    }

    /// Severity of an alert.
    AlertSeverity {
        /// For information.
        Info = "info",
        /// Look at it today.
        Warning = "warning",
        /// Act now.
        Critical = "critical",
    }

    /// State of an alert.
    AlertRecordState {
        /// Fine, and known to be.
        Normal = "normal",
        /// Broken, not for long enough yet.
        Pending = "pending",
        /// Broken.
        Firing = "firing",
        /// Was firing, is no more.
        Resolved = "resolved",
        /// Nothing to judge by.
        NoData = "no_data",
        /// Could not be judged.
        Error = "error",
    }

    /// Kind of an operation.
    OpsKind {
        /// A deploy.
        Deploy = "deploy",
        /// A rollback.
        Rollback = "rollback",
        /// Configuration changed.
        Config = "config",
        /// A limit changed.
        Limit = "limit",
        /// Trading was halted.
        Halt = "halt",
        /// Trading was resumed.
        Resume = "resume",
        /// A maintenance window.
        Maintenance = "maintenance",
        /// Tables changed.
        Migration = "migration",
        /// A backup or its test.
        Backup = "backup",
    }

    /// State of a coding session.
    SessionState {
        /// Still running: the values will grow.
        Running = "running",
        /// Ended.
        Final = "final",
    }
}
