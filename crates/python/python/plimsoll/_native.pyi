"""Types of the compiled half of `plimsoll`."""

from datetime import datetime
from typing import Any, Literal, TypeAlias, final

At: TypeAlias = int | datetime
"""A moment: nanoseconds since 1970 in UTC, or a `datetime` with a zone."""
Fx: TypeAlias = tuple[float, float] | Literal["base"]
"""Units of base currency per unit and the age of that rate in ms; `base` for the base currency itself."""
Mode: TypeAlias = Literal["live", "paper", "backtest", "replay"]
AlertRecordKind: TypeAlias = Literal[
    "transition",
    "delivery",
    "ack",
    "silence",
    "escalation",
]
AlertRecordState: TypeAlias = Literal[
    "normal",
    "pending",
    "firing",
    "resolved",
    "no_data",
    "error",
]
AlertSeverity: TypeAlias = Literal[
    "info",
    "warning",
    "critical",
]
CashflowKind: TypeAlias = Literal[
    "funding",
    "deposit",
    "withdrawal",
    "transfer",
    "interest",
    "fee",
    "rebate",
    "adjustment",
]
Channel: TypeAlias = Literal[
    "market",
    "user",
    "orders",
]
ErrorSeverity: TypeAlias = Literal[
    "info",
    "warning",
    "error",
    "critical",
]
HealthStatus: TypeAlias = Literal[
    "up",
    "degraded",
    "reconnecting",
    "down",
    "unknown",
]
LatencyClock: TypeAlias = Literal[
    "mono",
    "mixed",
]
LatencyStage: TypeAlias = Literal[
    "submit",
    "ack",
    "first_fill",
    "cancel_ack",
    "modify_ack",
    "reject",
    "timeout",
]
Liquidity: TypeAlias = Literal[
    "maker",
    "taker",
]
OpsKind: TypeAlias = Literal[
    "deploy",
    "rollback",
    "config",
    "limit",
    "halt",
    "resume",
    "maintenance",
    "migration",
    "backup",
]
OrderEvent: TypeAlias = Literal[
    "submitted",
    "denied",
    "accepted",
    "rejected",
    "triggered",
    "pending_update",
    "updated",
    "modify_rejected",
    "pending_cancel",
    "canceled",
    "cancel_rejected",
    "expired",
    "partially_filled",
    "filled",
    "liquidated",
]
OrderStatus: TypeAlias = Literal[
    "initialized",
    "submitted",
    "open",
    "partially_filled",
    "filled",
    "canceled",
    "rejected",
    "expired",
]
OrderType: TypeAlias = Literal[
    "market",
    "limit",
    "stop_market",
    "stop_limit",
    "market_if_touched",
    "limit_if_touched",
    "trailing_stop_market",
    "trailing_stop_limit",
    "market_to_limit",
]
PositionEvent: TypeAlias = Literal[
    "opened",
    "changed",
    "closed",
    "marked",
    "snapshot",
]
PositionSide: TypeAlias = Literal[
    "long",
    "short",
    "flat",
]
RefKind: TypeAlias = Literal[
    "decision",
    "arrival_mid",
    "limit",
]
RejectClass: TypeAlias = Literal[
    "expected",
    "margin",
    "invalid",
    "rate_limit",
    "risk_limit",
    "venue",
    "other",
]
Side: TypeAlias = Literal[
    "buy",
    "sell",
]
Source: TypeAlias = Literal[
    "cache",
    "venue",
    "paper",
    "backfill",
    "inferred",
]
TimeInForce: TypeAlias = Literal[
    "gtc",
    "ioc",
    "fok",
    "gtd",
    "day",
    "at_the_open",
    "at_the_close",
]
TradingState: TypeAlias = Literal[
    "active",
    "reducing",
    "halted",
]

__version__: str

class Error(Exception):
    """What the package raises."""

class OpenError(Error):
    """The pipeline cannot be opened."""

class CloseError(Error):
    """Not every row is in the store. None is lost: the next start on this spool delivers the rest."""

@final
class Counts:
    """Rows by what became of them."""

    emitted_rows: int
    spooled_rows: int
    stored_rows: int
    dropped_rows: int
    rejected_rows: int
    recovered_rows: int
    damaged_blocks: int

@final
class Health:
    """State of a pipeline."""

    counts: Counts
    spool_bytes: int
    spool_fill_ratio: float
    is_shared: bool
    ring_note: str | None
    waiting_for: str | None

@final
class Captured:
    """Rows as the store would have them, completed values included."""

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table so far, oldest first; a row has its present columns only."""

    def refused_rows(self) -> int:
        """How many rows no store would take."""

    def counts(self) -> Counts:
        """Rows by what became of them; captured ones count as stored."""

    def set_now(self, now: At) -> None:
        """Puts the clock at `now` for rows that are emitted from here on."""

    def clear(self) -> None:
        """Forgets the rows so far."""

def tables() -> list[tuple[str, list[str]]]:
    """Columns of each table that a row itself carries, by table."""

@final
class Strategy:
    """One strategy: rows of the scope `strategy`."""

    def account(self, account_id: str) -> Account:
        """The strategy's account: an alias, never an address or key. Slow: keep it."""

    def emit_equity(self, equity: float, *, at: At | None = None) -> None:
        """Emits a row of `trading_risk` from equity alone, in base currency after fees and funding.

        Peak, drawdown, day and exposure follow from it.
        """

    def prewarm(self) -> None:
        """Makes this thread's ring now, so that its first row is as fast as its second."""

    def counts(self) -> Counts:
        """What the pipeline counts, also after its close and in a forked child."""

    def emit_pnl(
        self,
        *,
        epoch: At | None = None,
        realized_pnl: float | None = None,
        unrealized_pnl: float | None = None,
        commission: float | None = None,
        funding: float | None = None,
        total_pnl: float | None = None,
        fx_to_base: Fx | None = None,
        total_pnl_base: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_pnl`: profit and loss, cumulative since `epoch`; a later row replaces an earlier one.

        - `epoch`: Start of the accumulation. A new epoch is a new value, never a silent
          zero.
        - `realized_pnl`: Price difference of closed quantity only, in `currency`; no fee,
          no funding.
        - `unrealized_pnl`: Open quantity at mark, in `currency`.
        - `commission`: Fees in `currency`: > 0 = cost, < 0 = rebate.
        - `funding`: Funding in `currency`: > 0 = received.
        - `total_pnl`: The sum, in `currency`; completed by the worker when absent and all
          parts are known.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old;
          never 1.0 for want of one.
        - `total_pnl_base`: `total_pnl` in base currency; completed by the worker when total
          and rate are known.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_risk(
        self,
        equity: float,
        *,
        trading_state: TradingState | None = None,
        currency: str | None = None,
        peak_equity: float | None = None,
        drawdown_ratio: float | None = None,
        net_cashflow: float | None = None,
        day_start_equity: float | None = None,
        daily_pnl: float | None = None,
        daily_pnl_ratio: float | None = None,
        gross_exposure: float | None = None,
        net_exposure: float | None = None,
        exposure_ratio: float | None = None,
        leverage_ratio: float | None = None,
        open_orders: int | None = None,
        session_start: At | None = None,
        config_hash: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_risk` that you computed; the first one turns the derivation off. `emit_equity` is what is usually wanted.

        - `equity`: Mark to market after fees and funding, base currency.
        - `trading_state`: What the trader may do.
        - `currency`: Currency of the amounts: the base currency.
        - `peak_equity`: Highest equity so far, scaled by deposits and withdrawals, base
          currency.
        - `drawdown_ratio`: (peak − equity) / peak, ratio ≥ 0; 1 when equity ≤ 0.
        - `net_cashflow`: Deposits − withdrawals ± transfers since the day's start, base
          currency.
        - `day_start_equity`: Equity at the day's start, base currency.
        - `daily_pnl`: `equity − day_start_equity − net_cashflow`, base currency.
        - `daily_pnl_ratio`: `daily_pnl / day_start_equity`, ratio.
        - `gross_exposure`: Σ|notional|, base currency.
        - `net_exposure`: Σ signed notional, base currency.
        - `exposure_ratio`: |net exposure| / equity, ratio.
        - `leverage_ratio`: gross exposure / equity, ratio.
        - `open_orders`: Orders at the venue.
        - `session_start`: Start of the day that `daily_pnl` counts from.
        - `config_hash`: Digest of the configuration with the limits.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_error(
        self,
        error_code: str,
        message: str,
        *,
        severity: ErrorSeverity | None = None,
        component: str | None = None,
        error_class: str | None = None,
        count: int | None = None,
        fingerprint: int | None = None,
        transient: bool | None = None,
        client_order_id: str | None = None,
        sentry_event_id: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_errors`: one error of severity `error`, or `count` of a kind. No secret belongs into `message`.

        - `error_code`: Code, the venue's or ours; beyond 1,000 values `__other__`.
        - `message`: The error's words; no secret belongs here.
        - `severity`: How bad.
        - `component`: Part of the program.
        - `error_class`: Class, `expected` for what belongs to normal trading (not in error
          rates).
        - `count`: How many; 1 when absent.
        - `fingerprint`: Hash that groups alike errors.
        - `transient`: Whether a retry may help.
        - `client_order_id`: Order that it concerns.
        - `sentry_event_id`: Id of the event in Sentry.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_health(
        self,
        component: str,
        status: HealthStatus,
        *,
        channel: Channel | None = None,
        host: str | None = None,
        latency_ms: float | None = None,
        last_msg_age_ms: float | None = None,
        clock_offset_ms: float | None = None,
        cpu_ratio: float | None = None,
        disk_free_ratio: float | None = None,
        store_lag_ms: float | None = None,
        last_heartbeat: At | None = None,
        reconnects: int | None = None,
        rows_dropped: int | None = None,
        rows_spooled: int | None = None,
        rows_quarantined: int | None = None,
        queue_depth: int | None = None,
        rss_bytes: int | None = None,
        detail: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `system_health`: the state of a component, or of one channel of a venue.

        - `component`: Part of the system.
        - `status`: State.
        - `channel`: Which channel of a venue.
        - `host`: Machine.
        - `latency_ms`: Its latency, ms.
        - `last_msg_age_ms`: Age of its last message, ms.
        - `clock_offset_ms`: Our clock − reference, ms.
        - `cpu_ratio`: Processor in use, ratio.
        - `disk_free_ratio`: Disk free, ratio.
        - `store_lag_ms`: How far the store lags behind, ms.
        - `last_heartbeat`: Last sign of life.
        - `reconnects`: Reconnects so far.
        - `rows_dropped`: Rows dropped so far.
        - `rows_spooled`: Rows in the spool.
        - `rows_quarantined`: Rows that the store refused, so far.
        - `queue_depth`: Length of its queue.
        - `rss_bytes`: Resident memory, bytes.
        - `detail`: Words for a person.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

@final
class Account:
    """One account, of a strategy or by itself."""

    def instrument(self, instrument_id: str, venue: str, currency: str) -> Instrument:
        """An instrument at a venue, with the currency that its profit and loss is in. Slow: keep it."""

    def emit_equity(self, equity: float, *, at: At | None = None) -> None:
        """Emits a row of `trading_risk` from equity alone, in base currency after fees and funding.

        Peak, drawdown, day and exposure follow from it.
        """

    def prewarm(self) -> None:
        """Makes this thread's ring now, so that its first row is as fast as its second."""

    def counts(self) -> Counts:
        """What the pipeline counts, also after its close and in a forked child."""

    def emit_pnl(
        self,
        *,
        epoch: At | None = None,
        realized_pnl: float | None = None,
        unrealized_pnl: float | None = None,
        commission: float | None = None,
        funding: float | None = None,
        total_pnl: float | None = None,
        fx_to_base: Fx | None = None,
        total_pnl_base: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_pnl`: profit and loss, cumulative since `epoch`; a later row replaces an earlier one.

        - `epoch`: Start of the accumulation. A new epoch is a new value, never a silent
          zero.
        - `realized_pnl`: Price difference of closed quantity only, in `currency`; no fee,
          no funding.
        - `unrealized_pnl`: Open quantity at mark, in `currency`.
        - `commission`: Fees in `currency`: > 0 = cost, < 0 = rebate.
        - `funding`: Funding in `currency`: > 0 = received.
        - `total_pnl`: The sum, in `currency`; completed by the worker when absent and all
          parts are known.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old;
          never 1.0 for want of one.
        - `total_pnl_base`: `total_pnl` in base currency; completed by the worker when total
          and rate are known.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_cashflow(
        self,
        kind: CashflowKind,
        currency: str,
        amount: float,
        ref_id: str,
        at: At,
        *,
        source: Source | None = None,
        rate: float | None = None,
        position_qty: float | None = None,
        fx_to_base: Fx | None = None,
        amount_base: float | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_cashflows`: funding, a deposit, a withdrawal. `amount` > 0 is into the account; `ref_id` is the venue's id of it. Emit it before the equity that it changed.

        - `kind`: What it was.
        - `currency`: Currency of `amount`.
        - `amount`: > 0 = into the account, in `currency`.
        - `ref_id`: The venue's id of it.
        - `at`: When it was true at the source.
        - `source`: Who says so.
        - `rate`: Funding rate of the interval as a ratio.
        - `position_qty`: Position that funding was paid on, base units.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old.
        - `amount_base`: `amount` in base currency; completed by the worker when the rate is
          known.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_account(
        self,
        currency: str,
        *,
        source: Source | None = None,
        base_currency: str | None = None,
        total: float | None = None,
        free: float | None = None,
        locked: float | None = None,
        equity: float | None = None,
        margin_initial: float | None = None,
        margin_maintenance: float | None = None,
        margin_ratio: float | None = None,
        fx_to_base: Fx | None = None,
        equity_base: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `account_state`: the balance of one currency.

        - `currency`: Currency of the row.
        - `source`: Who says so.
        - `base_currency`: Currency of `equity_base`.
        - `total`: Balance, `currency`.
        - `free`: Free of orders and margin, `currency`.
        - `locked`: Held by orders and margin, `currency`.
        - `equity`: Balance with open profit and loss, `currency`.
        - `margin_initial`: Initial margin, `currency`.
        - `margin_maintenance`: Maintenance margin, `currency`.
        - `margin_ratio`: Maintenance margin / equity, ratio.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old.
        - `equity_base`: `equity` in base currency; completed by the worker when the rate is
          known.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_risk(
        self,
        equity: float,
        *,
        trading_state: TradingState | None = None,
        currency: str | None = None,
        peak_equity: float | None = None,
        drawdown_ratio: float | None = None,
        net_cashflow: float | None = None,
        day_start_equity: float | None = None,
        daily_pnl: float | None = None,
        daily_pnl_ratio: float | None = None,
        gross_exposure: float | None = None,
        net_exposure: float | None = None,
        exposure_ratio: float | None = None,
        leverage_ratio: float | None = None,
        open_orders: int | None = None,
        session_start: At | None = None,
        config_hash: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_risk` that you computed; the first one turns the derivation off. `emit_equity` is what is usually wanted.

        - `equity`: Mark to market after fees and funding, base currency.
        - `trading_state`: What the trader may do.
        - `currency`: Currency of the amounts: the base currency.
        - `peak_equity`: Highest equity so far, scaled by deposits and withdrawals, base
          currency.
        - `drawdown_ratio`: (peak − equity) / peak, ratio ≥ 0; 1 when equity ≤ 0.
        - `net_cashflow`: Deposits − withdrawals ± transfers since the day's start, base
          currency.
        - `day_start_equity`: Equity at the day's start, base currency.
        - `daily_pnl`: `equity − day_start_equity − net_cashflow`, base currency.
        - `daily_pnl_ratio`: `daily_pnl / day_start_equity`, ratio.
        - `gross_exposure`: Σ|notional|, base currency.
        - `net_exposure`: Σ signed notional, base currency.
        - `exposure_ratio`: |net exposure| / equity, ratio.
        - `leverage_ratio`: gross exposure / equity, ratio.
        - `open_orders`: Orders at the venue.
        - `session_start`: Start of the day that `daily_pnl` counts from.
        - `config_hash`: Digest of the configuration with the limits.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_error(
        self,
        error_code: str,
        message: str,
        *,
        severity: ErrorSeverity | None = None,
        component: str | None = None,
        error_class: str | None = None,
        count: int | None = None,
        fingerprint: int | None = None,
        transient: bool | None = None,
        client_order_id: str | None = None,
        sentry_event_id: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_errors`: one error of severity `error`, or `count` of a kind. No secret belongs into `message`.

        - `error_code`: Code, the venue's or ours; beyond 1,000 values `__other__`.
        - `message`: The error's words; no secret belongs here.
        - `severity`: How bad.
        - `component`: Part of the program.
        - `error_class`: Class, `expected` for what belongs to normal trading (not in error
          rates).
        - `count`: How many; 1 when absent.
        - `fingerprint`: Hash that groups alike errors.
        - `transient`: Whether a retry may help.
        - `client_order_id`: Order that it concerns.
        - `sentry_event_id`: Id of the event in Sentry.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_health(
        self,
        component: str,
        status: HealthStatus,
        *,
        channel: Channel | None = None,
        host: str | None = None,
        latency_ms: float | None = None,
        last_msg_age_ms: float | None = None,
        clock_offset_ms: float | None = None,
        cpu_ratio: float | None = None,
        disk_free_ratio: float | None = None,
        store_lag_ms: float | None = None,
        last_heartbeat: At | None = None,
        reconnects: int | None = None,
        rows_dropped: int | None = None,
        rows_spooled: int | None = None,
        rows_quarantined: int | None = None,
        queue_depth: int | None = None,
        rss_bytes: int | None = None,
        detail: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `system_health`: the state of a component, or of one channel of a venue.

        - `component`: Part of the system.
        - `status`: State.
        - `channel`: Which channel of a venue.
        - `host`: Machine.
        - `latency_ms`: Its latency, ms.
        - `last_msg_age_ms`: Age of its last message, ms.
        - `clock_offset_ms`: Our clock − reference, ms.
        - `cpu_ratio`: Processor in use, ratio.
        - `disk_free_ratio`: Disk free, ratio.
        - `store_lag_ms`: How far the store lags behind, ms.
        - `last_heartbeat`: Last sign of life.
        - `reconnects`: Reconnects so far.
        - `rows_dropped`: Rows dropped so far.
        - `rows_spooled`: Rows in the spool.
        - `rows_quarantined`: Rows that the store refused, so far.
        - `queue_depth`: Length of its queue.
        - `rss_bytes`: Resident memory, bytes.
        - `detail`: Words for a person.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

@final
class Instrument:
    """One instrument at a venue, traded by a strategy on an account."""

    def prewarm(self) -> None:
        """Makes this thread's ring now, so that its first row is as fast as its second."""

    def counts(self) -> Counts:
        """What the pipeline counts, also after its close and in a forked child."""

    def emit_pnl(
        self,
        *,
        epoch: At | None = None,
        realized_pnl: float | None = None,
        unrealized_pnl: float | None = None,
        commission: float | None = None,
        funding: float | None = None,
        total_pnl: float | None = None,
        fx_to_base: Fx | None = None,
        total_pnl_base: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_pnl`: profit and loss, cumulative since `epoch`; a later row replaces an earlier one.

        - `epoch`: Start of the accumulation. A new epoch is a new value, never a silent
          zero.
        - `realized_pnl`: Price difference of closed quantity only, in `currency`; no fee,
          no funding.
        - `unrealized_pnl`: Open quantity at mark, in `currency`.
        - `commission`: Fees in `currency`: > 0 = cost, < 0 = rebate.
        - `funding`: Funding in `currency`: > 0 = received.
        - `total_pnl`: The sum, in `currency`; completed by the worker when absent and all
          parts are known.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old;
          never 1.0 for want of one.
        - `total_pnl_base`: `total_pnl` in base currency; completed by the worker when total
          and rate are known.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_order(
        self,
        client_order_id: str,
        side: Side,
        event: OrderEvent,
        *,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        status: OrderStatus | None = None,
        reject_class: RejectClass | None = None,
        ref_kind: RefKind | None = None,
        venue_order_id: str | None = None,
        position_id: str | None = None,
        qty: float | None = None,
        px: float | None = None,
        trigger_px: float | None = None,
        cum_qty: float | None = None,
        leaves_qty: float | None = None,
        avg_px: float | None = None,
        ref_px: float | None = None,
        slippage_bps: float | None = None,
        latency_ms: float | None = None,
        reduce_only: bool | None = None,
        reconciliation: bool | None = None,
        reason: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_orders`: one transition of an order.

        - `client_order_id`: Id that the strategy gave (FIX `ClOrdID`).
        - `side`: Buy or sell.
        - `event`: What happened.
        - `order_type`: Market, limit and so on.
        - `time_in_force`: How long it stands.
        - `status`: State after it.
        - `reject_class`: Why it was refused.
        - `ref_kind`: What `ref_px` is.
        - `venue_order_id`: Id that the venue gave (FIX `OrderID`).
        - `position_id`: Position that it belongs to.
        - `qty`: Size of the order, base units.
        - `px`: Limit price, quote units.
        - `trigger_px`: Trigger price, quote units.
        - `cum_qty`: Filled so far, base units.
        - `leaves_qty`: Still open, base units.
        - `avg_px`: Average price of what is filled, quote units.
        - `ref_px`: Price that slippage is measured against, quote units.
        - `slippage_bps`: `side × (avg_px − ref_px) / ref_px × 10⁴`: basis points, positive
          = cost. Completed by the worker when `side`, `avg_px` and `ref_px` are known.
        - `latency_ms`: Time that this transition took, ms.
        - `reduce_only`: May only reduce a position.
        - `reconciliation`: Known from reconciliation, not from the event itself.
        - `reason`: The venue's words.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_fill(
        self,
        trade_id: str,
        side: Side,
        last_qty: float,
        last_px: float,
        at: At,
        *,
        liquidity: Liquidity | None = None,
        source: Source | None = None,
        commission_currency: str | None = None,
        client_order_id: str | None = None,
        venue_order_id: str | None = None,
        position_id: str | None = None,
        notional: float | None = None,
        commission: float | None = None,
        commission_base: float | None = None,
        realized_pnl: float | None = None,
        ref_px: float | None = None,
        slippage_bps: float | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_fills`: one execution. `at` is the venue's time; the same fill, emitted twice, is one row.

        - `trade_id`: Id that the venue gave (FIX `ExecID`).
        - `side`: Buy or sell.
        - `last_qty`: Filled here, base units (FIX `LastQty`).
        - `last_px`: Price here, quote units (FIX `LastPx`).
        - `at`: When it was true at the source.
        - `liquidity`: Maker or taker.
        - `source`: Who says so; sums leave out `inferred`.
        - `commission_currency`: Currency that `commission` is in; often not the
          instrument's.
        - `client_order_id`: Id that the strategy gave.
        - `venue_order_id`: Id of the order that the venue gave.
        - `position_id`: Position that it belongs to.
        - `notional`: Value here, `currency`.
        - `commission`: Fee here, `commission_currency`: > 0 = cost, < 0 = rebate.
        - `commission_base`: Fee here, base currency.
        - `realized_pnl`: What this fill realized, price only, `currency`.
        - `ref_px`: Price that slippage is measured against, quote units.
        - `slippage_bps`: `side × (last_px − ref_px) / ref_px × 10⁴`: basis points, positive
          = cost.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_order_latency(
        self,
        client_order_id: str,
        stage: LatencyStage,
        latency_ms: float,
        *,
        order_type: OrderType | None = None,
        clock: LatencyClock | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `order_latency`: one stage of one order, measured on this process's clock.

        - `client_order_id`: Id that the strategy gave.
        - `stage`: Which stage.
        - `latency_ms`: The time that the stage took, ms.
        - `order_type`: Type of the order.
        - `clock`: Whose clocks.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_position_change(
        self,
        position_side: PositionSide,
        qty: float,
        *,
        event: PositionEvent | None = None,
        source: Source | None = None,
        position_id: str | None = None,
        avg_px: float | None = None,
        mark_px: float | None = None,
        mark_age_ms: float | None = None,
        notional: float | None = None,
        notional_base: float | None = None,
        unrealized_pnl: float | None = None,
        realized_pnl: float | None = None,
        commission: float | None = None,
        funding: float | None = None,
        liquidation_px: float | None = None,
        margin_used: float | None = None,
        limit_value: float | None = None,
        limit_used_ratio: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `position_changes`: a position after a change. `qty` is never negative, its sign is `position_side`.

        - `position_side`: Long, short or flat.
        - `qty`: Size, base units, ≥ 0.
        - `event`: What happened.
        - `source`: Who says so: reconciliation is a query over this.
        - `position_id`: Id of the position.
        - `avg_px`: Average entry price, quote units.
        - `mark_px`: Mark price, quote units.
        - `mark_age_ms`: Age of the mark, ms.
        - `notional`: qty × mark, `currency`, ≥ 0.
        - `notional_base`: `notional` in base currency, ≥ 0.
        - `unrealized_pnl`: Open profit and loss at mark, `currency`.
        - `realized_pnl`: Realized by this position, price only, `currency`.
        - `commission`: Fees of this position, `currency`, > 0 = cost.
        - `funding`: Funding of this position, `currency`, > 0 = received.
        - `liquidation_px`: Price at which the venue liquidates, quote units.
        - `margin_used`: Margin that it holds, `currency`.
        - `limit_value`: The limit that applies, in the limit's own unit.
        - `limit_used_ratio`: Share of the limit in use, ratio.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_cashflow(
        self,
        kind: CashflowKind,
        currency: str,
        amount: float,
        ref_id: str,
        at: At,
        *,
        source: Source | None = None,
        rate: float | None = None,
        position_qty: float | None = None,
        fx_to_base: Fx | None = None,
        amount_base: float | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_cashflows`: funding, a deposit, a withdrawal. `amount` > 0 is into the account; `ref_id` is the venue's id of it. Emit it before the equity that it changed.

        - `kind`: What it was.
        - `currency`: Currency of `amount`.
        - `amount`: > 0 = into the account, in `currency`.
        - `ref_id`: The venue's id of it.
        - `at`: When it was true at the source.
        - `source`: Who says so.
        - `rate`: Funding rate of the interval as a ratio.
        - `position_qty`: Position that funding was paid on, base units.
        - `fx_to_base`: Units of base currency per unit of `currency`, at most 60 s old.
        - `amount_base`: `amount` in base currency; completed by the worker when the rate is
          known.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_error(
        self,
        error_code: str,
        message: str,
        *,
        severity: ErrorSeverity | None = None,
        component: str | None = None,
        error_class: str | None = None,
        count: int | None = None,
        fingerprint: int | None = None,
        transient: bool | None = None,
        client_order_id: str | None = None,
        sentry_event_id: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_errors`: one error of severity `error`, or `count` of a kind. No secret belongs into `message`.

        - `error_code`: Code, the venue's or ours; beyond 1,000 values `__other__`.
        - `message`: The error's words; no secret belongs here.
        - `severity`: How bad.
        - `component`: Part of the program.
        - `error_class`: Class, `expected` for what belongs to normal trading (not in error
          rates).
        - `count`: How many; 1 when absent.
        - `fingerprint`: Hash that groups alike errors.
        - `transient`: Whether a retry may help.
        - `client_order_id`: Order that it concerns.
        - `sentry_event_id`: Id of the event in Sentry.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

@final
class Series:
    """Any other label set, for tables that are not about trading."""

    def prewarm(self) -> None:
        """Makes this thread's ring now, so that its first row is as fast as its second."""

    def counts(self) -> Counts:
        """What the pipeline counts, also after its close and in a forked child."""

    def emit_error(
        self,
        error_code: str,
        message: str,
        *,
        severity: ErrorSeverity | None = None,
        component: str | None = None,
        error_class: str | None = None,
        count: int | None = None,
        fingerprint: int | None = None,
        transient: bool | None = None,
        client_order_id: str | None = None,
        sentry_event_id: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `trading_errors`: one error of severity `error`, or `count` of a kind. No secret belongs into `message`.

        - `error_code`: Code, the venue's or ours; beyond 1,000 values `__other__`.
        - `message`: The error's words; no secret belongs here.
        - `severity`: How bad.
        - `component`: Part of the program.
        - `error_class`: Class, `expected` for what belongs to normal trading (not in error
          rates).
        - `count`: How many; 1 when absent.
        - `fingerprint`: Hash that groups alike errors.
        - `transient`: Whether a retry may help.
        - `client_order_id`: Order that it concerns.
        - `sentry_event_id`: Id of the event in Sentry.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_health(
        self,
        component: str,
        status: HealthStatus,
        *,
        channel: Channel | None = None,
        host: str | None = None,
        latency_ms: float | None = None,
        last_msg_age_ms: float | None = None,
        clock_offset_ms: float | None = None,
        cpu_ratio: float | None = None,
        disk_free_ratio: float | None = None,
        store_lag_ms: float | None = None,
        last_heartbeat: At | None = None,
        reconnects: int | None = None,
        rows_dropped: int | None = None,
        rows_spooled: int | None = None,
        rows_quarantined: int | None = None,
        queue_depth: int | None = None,
        rss_bytes: int | None = None,
        detail: str | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `system_health`: the state of a component, or of one channel of a venue.

        - `component`: Part of the system.
        - `status`: State.
        - `channel`: Which channel of a venue.
        - `host`: Machine.
        - `latency_ms`: Its latency, ms.
        - `last_msg_age_ms`: Age of its last message, ms.
        - `clock_offset_ms`: Our clock − reference, ms.
        - `cpu_ratio`: Processor in use, ratio.
        - `disk_free_ratio`: Disk free, ratio.
        - `store_lag_ms`: How far the store lags behind, ms.
        - `last_heartbeat`: Last sign of life.
        - `reconnects`: Reconnects so far.
        - `rows_dropped`: Rows dropped so far.
        - `rows_spooled`: Rows in the spool.
        - `rows_quarantined`: Rows that the store refused, so far.
        - `queue_depth`: Length of its queue.
        - `rss_bytes`: Resident memory, bytes.
        - `detail`: Words for a person.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_ops(
        self,
        kind: OpsKind,
        target: str,
        outcome: str,
        *,
        ref_id: str | None = None,
        actor: str | None = None,
        from_value: str | None = None,
        to_value: str | None = None,
        config_hash: str | None = None,
        git_commit: str | None = None,
        detail: str | None = None,
        duration_ms: float | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `ops_events`: something that a person or a program did to the system.

        - `kind`: What.
        - `target`: What it was done to.
        - `outcome`: How it went.
        - `ref_id`: Its own id.
        - `actor`: Who.
        - `from_value`: Value before.
        - `to_value`: Value after.
        - `config_hash`: Digest of the configuration.
        - `git_commit`: Commit.
        - `detail`: Words for a person.
        - `duration_ms`: How long it took, ms.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """

    def emit_alert(
        self,
        kind: AlertRecordKind,
        rule: str,
        *,
        severity: AlertSeverity | None = None,
        state: AlertRecordState | None = None,
        prev_state: AlertRecordState | None = None,
        receiver: str | None = None,
        unit: str | None = None,
        alert_id: str | None = None,
        labels: str | None = None,
        message_id: str | None = None,
        silence_id: str | None = None,
        actor: str | None = None,
        config_hash: str | None = None,
        detail: str | None = None,
        value: float | None = None,
        threshold: float | None = None,
        peak_value: float | None = None,
        latency_ms: float | None = None,
        active_at: At | None = None,
        fired_at: At | None = None,
        resolved_at: At | None = None,
        sent_at: At | None = None,
        delivered: bool | None = None,
        attempts: int | None = None,
        at: At | None = None,
        reconciled: bool = False,
        inferred: bool = False,
    ) -> None:
        """Emits a row of `alert_history`: a change of an alert, or an attempt to tell of one.

        - `kind`: What the row is about.
        - `rule`: Rule.
        - `severity`: How bad.
        - `state`: State after it.
        - `prev_state`: State before it.
        - `receiver`: Who was told.
        - `unit`: Unit of `value` and `threshold`.
        - `alert_id`: One episode, from pending to resolved.
        - `labels`: Labels of the instance, as JSON.
        - `message_id`: Id of the message.
        - `silence_id`: Id of the silence.
        - `actor`: Who did it.
        - `config_hash`: Digest of the configuration.
        - `detail`: Words for a person.
        - `value`: Value, in `unit`.
        - `threshold`: Limit, in `unit`.
        - `peak_value`: Worst value of the episode, in `unit`.
        - `latency_ms`: From breach to here, ms.
        - `active_at`: When it was first broken.
        - `fired_at`: When it fired.
        - `resolved_at`: When it ended.
        - `sent_at`: When it was sent.
        - `delivered`: Whether it arrived; absent = not known.
        - `attempts`: Which attempt.
        - `at`: When it was true at the source; now, unless said.
        - `reconciled`: from a reconciliation with the venue, not from the event itself.
        - `inferred`: inferred rather than reported.
        """
