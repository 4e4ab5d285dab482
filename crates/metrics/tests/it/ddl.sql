-- QuestDb trading_pnl
CREATE TABLE IF NOT EXISTS "trading_pnl" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "scope" SYMBOL,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "currency" SYMBOL,
  "epoch" TIMESTAMP_NS,
  "realized_pnl" DOUBLE,
  "unrealized_pnl" DOUBLE,
  "commission" DOUBLE,
  "funding" DOUBLE,
  "total_pnl" DOUBLE,
  "fx_to_base" DOUBLE,
  "total_pnl_base" DOUBLE
) TIMESTAMP("ts") PARTITION BY DAY TTL 90 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb trading_orders
CREATE TABLE IF NOT EXISTS "trading_orders" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "side" SYMBOL,
  "order_type" SYMBOL,
  "time_in_force" SYMBOL,
  "event" SYMBOL,
  "status" SYMBOL,
  "reject_class" SYMBOL,
  "ref_kind" SYMBOL,
  "client_order_id" VARCHAR,
  "venue_order_id" VARCHAR,
  "position_id" VARCHAR,
  "qty" DOUBLE,
  "px" DOUBLE,
  "trigger_px" DOUBLE,
  "cum_qty" DOUBLE,
  "leaves_qty" DOUBLE,
  "avg_px" DOUBLE,
  "ref_px" DOUBLE,
  "slippage_bps" DOUBLE,
  "latency_ms" DOUBLE,
  "reduce_only" INT,
  "reconciliation" INT,
  "reason" VARCHAR
) TIMESTAMP("ts") PARTITION BY DAY TTL 365 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb trading_fills
CREATE TABLE IF NOT EXISTS "trading_fills" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "currency" SYMBOL,
  "side" SYMBOL,
  "liquidity" SYMBOL,
  "source" SYMBOL,
  "commission_currency" SYMBOL,
  "trade_id" VARCHAR,
  "client_order_id" VARCHAR,
  "venue_order_id" VARCHAR,
  "position_id" VARCHAR,
  "last_qty" DOUBLE,
  "last_px" DOUBLE,
  "notional" DOUBLE,
  "commission" DOUBLE,
  "commission_base" DOUBLE,
  "realized_pnl" DOUBLE,
  "ref_px" DOUBLE,
  "slippage_bps" DOUBLE
) TIMESTAMP("ts") PARTITION BY MONTH WAL
  DEDUP UPSERT KEYS("ts", "account_id", "instrument_id", "side", "trade_id");
-- QuestDb trading_cashflows
CREATE TABLE IF NOT EXISTS "trading_cashflows" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "kind" SYMBOL,
  "source" SYMBOL,
  "currency" SYMBOL,
  "ref_id" VARCHAR,
  "amount" DOUBLE,
  "rate" DOUBLE,
  "position_qty" DOUBLE,
  "fx_to_base" DOUBLE,
  "amount_base" DOUBLE
) TIMESTAMP("ts") PARTITION BY MONTH WAL
  DEDUP UPSERT KEYS("ts", "account_id", "kind", "instrument_id", "currency", "ref_id");
-- QuestDb account_state
CREATE TABLE IF NOT EXISTS "account_state" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "venue" SYMBOL,
  "source" SYMBOL,
  "currency" SYMBOL,
  "base_currency" SYMBOL,
  "total" DOUBLE,
  "free" DOUBLE,
  "locked" DOUBLE,
  "equity" DOUBLE,
  "margin_initial" DOUBLE,
  "margin_maintenance" DOUBLE,
  "margin_ratio" DOUBLE,
  "fx_to_base" DOUBLE,
  "equity_base" DOUBLE
) TIMESTAMP("ts") PARTITION BY DAY TTL 365 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb order_latency
CREATE TABLE IF NOT EXISTS "order_latency" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "order_type" SYMBOL,
  "stage" SYMBOL,
  "clock" SYMBOL,
  "client_order_id" VARCHAR,
  "latency_ms" DOUBLE
) TIMESTAMP("ts") PARTITION BY DAY TTL 30 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb position_changes
CREATE TABLE IF NOT EXISTS "position_changes" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "currency" SYMBOL,
  "position_side" SYMBOL,
  "event" SYMBOL,
  "source" SYMBOL,
  "position_id" VARCHAR,
  "qty" DOUBLE,
  "avg_px" DOUBLE,
  "mark_px" DOUBLE,
  "mark_age_ms" DOUBLE,
  "notional" DOUBLE,
  "notional_base" DOUBLE,
  "unrealized_pnl" DOUBLE,
  "realized_pnl" DOUBLE,
  "commission" DOUBLE,
  "funding" DOUBLE,
  "liquidation_px" DOUBLE,
  "margin_used" DOUBLE,
  "limit_value" DOUBLE,
  "limit_used_ratio" DOUBLE
) TIMESTAMP("ts") PARTITION BY DAY TTL 365 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb trading_errors
CREATE TABLE IF NOT EXISTS "trading_errors" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "severity" SYMBOL,
  "component" SYMBOL,
  "error_class" SYMBOL,
  "error_code" SYMBOL,
  "count" LONG,
  "fingerprint" LONG,
  "transient" INT,
  "client_order_id" VARCHAR,
  "message" VARCHAR,
  "sentry_event_id" VARCHAR
) TIMESTAMP("ts") PARTITION BY DAY TTL 90 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb trading_risk
CREATE TABLE IF NOT EXISTS "trading_risk" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "scope" SYMBOL,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "trading_state" SYMBOL,
  "currency" SYMBOL,
  "equity" DOUBLE,
  "peak_equity" DOUBLE,
  "drawdown_ratio" DOUBLE,
  "net_cashflow" DOUBLE,
  "day_start_equity" DOUBLE,
  "daily_pnl" DOUBLE,
  "daily_pnl_ratio" DOUBLE,
  "gross_exposure" DOUBLE,
  "net_exposure" DOUBLE,
  "exposure_ratio" DOUBLE,
  "leverage_ratio" DOUBLE,
  "open_orders" LONG,
  "session_start" TIMESTAMP_NS,
  "config_hash" VARCHAR
) TIMESTAMP("ts") PARTITION BY DAY TTL 365 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb system_health
CREATE TABLE IF NOT EXISTS "system_health" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "account_id" SYMBOL,
  "venue" SYMBOL,
  "channel" SYMBOL,
  "status" SYMBOL,
  "component" SYMBOL,
  "host" SYMBOL,
  "latency_ms" DOUBLE,
  "last_msg_age_ms" DOUBLE,
  "clock_offset_ms" DOUBLE,
  "cpu_ratio" DOUBLE,
  "disk_free_ratio" DOUBLE,
  "store_lag_ms" DOUBLE,
  "last_heartbeat" TIMESTAMP_NS,
  "reconnects" LONG,
  "rows_dropped" LONG,
  "rows_spooled" LONG,
  "rows_quarantined" LONG,
  "queue_depth" LONG,
  "rss_bytes" LONG,
  "detail" VARCHAR
) TIMESTAMP("ts") PARTITION BY DAY TTL 30 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb producer_runs
CREATE TABLE IF NOT EXISTS "producer_runs" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "state" SYMBOL,
  "host" SYMBOL,
  "table_name" SYMBOL,
  "process_id" VARCHAR,
  "version" VARCHAR,
  "git_commit" VARCHAR,
  "config_hash" VARCHAR,
  "exit_reason" VARCHAR,
  "pid" LONG,
  "schema_version" LONG,
  "attempted" LONG,
  "dropped" LONG,
  "quarantined" LONG,
  "acked" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb alert_history
CREATE TABLE IF NOT EXISTS "alert_history" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "kind" SYMBOL,
  "severity" SYMBOL,
  "state" SYMBOL,
  "prev_state" SYMBOL,
  "rule" SYMBOL,
  "receiver" SYMBOL,
  "unit" SYMBOL,
  "alert_id" VARCHAR,
  "labels" VARCHAR,
  "message_id" VARCHAR,
  "silence_id" VARCHAR,
  "actor" VARCHAR,
  "config_hash" VARCHAR,
  "detail" VARCHAR,
  "value" DOUBLE,
  "threshold" DOUBLE,
  "peak_value" DOUBLE,
  "latency_ms" DOUBLE,
  "active_at" TIMESTAMP_NS,
  "fired_at" TIMESTAMP_NS,
  "resolved_at" TIMESTAMP_NS,
  "sent_at" TIMESTAMP_NS,
  "delivered" INT,
  "attempts" LONG
) TIMESTAMP("ts") PARTITION BY MONTH WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb ops_events
CREATE TABLE IF NOT EXISTS "ops_events" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "kind" SYMBOL,
  "outcome" SYMBOL,
  "target" SYMBOL,
  "ref_id" VARCHAR,
  "actor" VARCHAR,
  "from_value" VARCHAR,
  "to_value" VARCHAR,
  "config_hash" VARCHAR,
  "git_commit" VARCHAR,
  "detail" VARCHAR,
  "duration_ms" DOUBLE
) TIMESTAMP("ts") PARTITION BY MONTH WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb ralph_iterations
CREATE TABLE IF NOT EXISTS "ralph_iterations" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "project" SYMBOL,
  "ralph_mode" SYMBOL,
  "outcome" SYMBOL,
  "breaker" SYMBOL,
  "exit_reason" SYMBOL,
  "model" SYMBOL,
  "loop_id" VARCHAR,
  "session_id" VARCHAR,
  "checkpoint_ref" VARCHAR,
  "iteration" LONG,
  "input_tokens" LONG,
  "output_tokens" LONG,
  "cache_read_tokens" LONG,
  "cache_write_tokens" LONG,
  "tool_calls" LONG,
  "files_changed" LONG,
  "cost_usd" DOUBLE,
  "duration_ms" DOUBLE,
  "checks_passed" INT
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb agent_spawns
CREATE TABLE IF NOT EXISTS "agent_spawns" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "project" SYMBOL,
  "agent_type" SYMBOL,
  "model" SYMBOL,
  "outcome" SYMBOL,
  "session_id" VARCHAR,
  "agent_id" VARCHAR,
  "tool_use_id" VARCHAR,
  "description_digest" VARCHAR,
  "duration_ms" DOUBLE,
  "cost_usd" DOUBLE,
  "input_tokens" LONG,
  "output_tokens" LONG,
  "cache_read_tokens" LONG,
  "cache_write_tokens" LONG,
  "tool_calls" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb claude_sessions
CREATE TABLE IF NOT EXISTS "claude_sessions" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "state" SYMBOL,
  "project" SYMBOL,
  "model" SYMBOL,
  "client_version" SYMBOL,
  "session_id" VARCHAR,
  "git_branch" VARCHAR,
  "duration_ms" DOUBLE,
  "cost_usd" DOUBLE,
  "tool_calls" LONG,
  "errors" LONG,
  "input_tokens" LONG,
  "output_tokens" LONG,
  "cache_read_tokens" LONG,
  "cache_write_tokens" LONG,
  "lines_added" LONG,
  "lines_removed" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb claude_tool_calls
CREATE TABLE IF NOT EXISTS "claude_tool_calls" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "project" SYMBOL,
  "tool_name" SYMBOL,
  "agent_type" SYMBOL,
  "outcome" SYMBOL,
  "error_class" SYMBOL,
  "session_id" VARCHAR,
  "tool_use_id" VARCHAR,
  "duration_ms" DOUBLE
) TIMESTAMP("ts") PARTITION BY DAY TTL 90 DAYS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb claude_tdd
CREATE TABLE IF NOT EXISTS "claude_tdd" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "project" SYMBOL,
  "event" SYMBOL,
  "rule" SYMBOL,
  "session_id" VARCHAR,
  "file_digest" VARCHAR,
  "test_first" INT
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "run", "seq");
-- QuestDb trading_pnl_1m
CREATE TABLE IF NOT EXISTS "trading_pnl_1m" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "scope" SYMBOL,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "currency" SYMBOL,
  "min" DOUBLE,
  "max" DOUBLE,
  "last" DOUBLE,
  "p50" DOUBLE,
  "p95" DOUBLE,
  "p99" DOUBLE,
  "n" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "env", "mode", "scope", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency");
-- QuestDb trading_risk_1m
CREATE TABLE IF NOT EXISTS "trading_risk_1m" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "scope" SYMBOL,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "min" DOUBLE,
  "max" DOUBLE,
  "last" DOUBLE,
  "p50" DOUBLE,
  "p95" DOUBLE,
  "p99" DOUBLE,
  "n" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "env", "mode", "scope", "trader_id", "account_id", "strategy_id");
-- QuestDb order_latency_1m
CREATE TABLE IF NOT EXISTS "order_latency_1m" (
  "ts" TIMESTAMP_NS,
  "ts_init" TIMESTAMP_NS,
  "env" SYMBOL,
  "mode" SYMBOL,
  "producer" SYMBOL,
  "run" LONG,
  "seq" LONG,
  "flags" LONG,
  "trader_id" SYMBOL,
  "account_id" SYMBOL,
  "strategy_id" SYMBOL,
  "instrument_id" SYMBOL,
  "venue" SYMBOL,
  "stage" SYMBOL,
  "clock" SYMBOL,
  "min" DOUBLE,
  "max" DOUBLE,
  "last" DOUBLE,
  "p50" DOUBLE,
  "p95" DOUBLE,
  "p99" DOUBLE,
  "n" LONG
) TIMESTAMP("ts") PARTITION BY MONTH TTL 24 MONTHS WAL
  DEDUP UPSERT KEYS("ts", "env", "mode", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "stage", "clock");
-- Sqlite trading_pnl
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_pnl' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_pnl');
CREATE TABLE IF NOT EXISTS "_trading_pnl" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "scope" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "currency" INTEGER,
  "epoch" INTEGER,
  "realized_pnl" REAL,
  "unrealized_pnl" REAL,
  "commission" REAL,
  "funding" REAL,
  "total_pnl" REAL,
  "fx_to_base" REAL,
  "total_pnl_base" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_pnl', 'ts', 'TIMESTAMP_NS'),
  ('trading_pnl', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_pnl', 'env', 'SYMBOL'),
  ('trading_pnl', 'mode', 'SYMBOL'),
  ('trading_pnl', 'producer', 'SYMBOL'),
  ('trading_pnl', 'run', 'LONG'),
  ('trading_pnl', 'seq', 'LONG'),
  ('trading_pnl', 'flags', 'LONG'),
  ('trading_pnl', 'scope', 'SYMBOL'),
  ('trading_pnl', 'trader_id', 'SYMBOL'),
  ('trading_pnl', 'account_id', 'SYMBOL'),
  ('trading_pnl', 'strategy_id', 'SYMBOL'),
  ('trading_pnl', 'instrument_id', 'SYMBOL'),
  ('trading_pnl', 'venue', 'SYMBOL'),
  ('trading_pnl', 'currency', 'SYMBOL'),
  ('trading_pnl', 'epoch', 'TIMESTAMP_NS'),
  ('trading_pnl', 'realized_pnl', 'DOUBLE'),
  ('trading_pnl', 'unrealized_pnl', 'DOUBLE'),
  ('trading_pnl', 'commission', 'DOUBLE'),
  ('trading_pnl', 'funding', 'DOUBLE'),
  ('trading_pnl', 'total_pnl', 'DOUBLE'),
  ('trading_pnl', 'fx_to_base', 'DOUBLE'),
  ('trading_pnl', 'total_pnl_base', 'DOUBLE');
DROP VIEW IF EXISTS "trading_pnl";
CREATE VIEW "trading_pnl" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."scope") AS "scope",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  t."epoch",
  t."realized_pnl",
  t."unrealized_pnl",
  t."commission",
  t."funding",
  t."total_pnl",
  t."fx_to_base",
  t."total_pnl_base"
FROM "_trading_pnl" AS t;
-- Sqlite trading_orders
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_orders' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_orders');
CREATE TABLE IF NOT EXISTS "_trading_orders" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "side" INTEGER,
  "order_type" INTEGER,
  "time_in_force" INTEGER,
  "event" INTEGER,
  "status" INTEGER,
  "reject_class" INTEGER,
  "ref_kind" INTEGER,
  "client_order_id" TEXT,
  "venue_order_id" TEXT,
  "position_id" TEXT,
  "qty" REAL,
  "px" REAL,
  "trigger_px" REAL,
  "cum_qty" REAL,
  "leaves_qty" REAL,
  "avg_px" REAL,
  "ref_px" REAL,
  "slippage_bps" REAL,
  "latency_ms" REAL,
  "reduce_only" INTEGER,
  "reconciliation" INTEGER,
  "reason" TEXT,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_orders', 'ts', 'TIMESTAMP_NS'),
  ('trading_orders', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_orders', 'env', 'SYMBOL'),
  ('trading_orders', 'mode', 'SYMBOL'),
  ('trading_orders', 'producer', 'SYMBOL'),
  ('trading_orders', 'run', 'LONG'),
  ('trading_orders', 'seq', 'LONG'),
  ('trading_orders', 'flags', 'LONG'),
  ('trading_orders', 'trader_id', 'SYMBOL'),
  ('trading_orders', 'account_id', 'SYMBOL'),
  ('trading_orders', 'strategy_id', 'SYMBOL'),
  ('trading_orders', 'instrument_id', 'SYMBOL'),
  ('trading_orders', 'venue', 'SYMBOL'),
  ('trading_orders', 'side', 'SYMBOL'),
  ('trading_orders', 'order_type', 'SYMBOL'),
  ('trading_orders', 'time_in_force', 'SYMBOL'),
  ('trading_orders', 'event', 'SYMBOL'),
  ('trading_orders', 'status', 'SYMBOL'),
  ('trading_orders', 'reject_class', 'SYMBOL'),
  ('trading_orders', 'ref_kind', 'SYMBOL'),
  ('trading_orders', 'client_order_id', 'VARCHAR'),
  ('trading_orders', 'venue_order_id', 'VARCHAR'),
  ('trading_orders', 'position_id', 'VARCHAR'),
  ('trading_orders', 'qty', 'DOUBLE'),
  ('trading_orders', 'px', 'DOUBLE'),
  ('trading_orders', 'trigger_px', 'DOUBLE'),
  ('trading_orders', 'cum_qty', 'DOUBLE'),
  ('trading_orders', 'leaves_qty', 'DOUBLE'),
  ('trading_orders', 'avg_px', 'DOUBLE'),
  ('trading_orders', 'ref_px', 'DOUBLE'),
  ('trading_orders', 'slippage_bps', 'DOUBLE'),
  ('trading_orders', 'latency_ms', 'DOUBLE'),
  ('trading_orders', 'reduce_only', 'INT'),
  ('trading_orders', 'reconciliation', 'INT'),
  ('trading_orders', 'reason', 'VARCHAR');
DROP VIEW IF EXISTS "trading_orders";
CREATE VIEW "trading_orders" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."side") AS "side",
  (SELECT text FROM strings WHERE id = t."order_type") AS "order_type",
  (SELECT text FROM strings WHERE id = t."time_in_force") AS "time_in_force",
  (SELECT text FROM strings WHERE id = t."event") AS "event",
  (SELECT text FROM strings WHERE id = t."status") AS "status",
  (SELECT text FROM strings WHERE id = t."reject_class") AS "reject_class",
  (SELECT text FROM strings WHERE id = t."ref_kind") AS "ref_kind",
  t."client_order_id",
  t."venue_order_id",
  t."position_id",
  t."qty",
  t."px",
  t."trigger_px",
  t."cum_qty",
  t."leaves_qty",
  t."avg_px",
  t."ref_px",
  t."slippage_bps",
  t."latency_ms",
  t."reduce_only",
  t."reconciliation",
  t."reason"
FROM "_trading_orders" AS t;
-- Sqlite trading_fills
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_fills' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_fills');
CREATE TABLE IF NOT EXISTS "_trading_fills" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER,
  "seq" INTEGER,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER NOT NULL,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER NOT NULL,
  "venue" INTEGER,
  "currency" INTEGER,
  "side" INTEGER NOT NULL,
  "liquidity" INTEGER,
  "source" INTEGER,
  "commission_currency" INTEGER,
  "trade_id" TEXT NOT NULL,
  "client_order_id" TEXT,
  "venue_order_id" TEXT,
  "position_id" TEXT,
  "last_qty" REAL,
  "last_px" REAL,
  "notional" REAL,
  "commission" REAL,
  "commission_base" REAL,
  "realized_pnl" REAL,
  "ref_px" REAL,
  "slippage_bps" REAL,
  PRIMARY KEY ("ts", "account_id", "instrument_id", "side", "trade_id")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_fills', 'ts', 'TIMESTAMP_NS'),
  ('trading_fills', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_fills', 'env', 'SYMBOL'),
  ('trading_fills', 'mode', 'SYMBOL'),
  ('trading_fills', 'producer', 'SYMBOL'),
  ('trading_fills', 'run', 'LONG'),
  ('trading_fills', 'seq', 'LONG'),
  ('trading_fills', 'flags', 'LONG'),
  ('trading_fills', 'trader_id', 'SYMBOL'),
  ('trading_fills', 'account_id', 'SYMBOL'),
  ('trading_fills', 'strategy_id', 'SYMBOL'),
  ('trading_fills', 'instrument_id', 'SYMBOL'),
  ('trading_fills', 'venue', 'SYMBOL'),
  ('trading_fills', 'currency', 'SYMBOL'),
  ('trading_fills', 'side', 'SYMBOL'),
  ('trading_fills', 'liquidity', 'SYMBOL'),
  ('trading_fills', 'source', 'SYMBOL'),
  ('trading_fills', 'commission_currency', 'SYMBOL'),
  ('trading_fills', 'trade_id', 'VARCHAR'),
  ('trading_fills', 'client_order_id', 'VARCHAR'),
  ('trading_fills', 'venue_order_id', 'VARCHAR'),
  ('trading_fills', 'position_id', 'VARCHAR'),
  ('trading_fills', 'last_qty', 'DOUBLE'),
  ('trading_fills', 'last_px', 'DOUBLE'),
  ('trading_fills', 'notional', 'DOUBLE'),
  ('trading_fills', 'commission', 'DOUBLE'),
  ('trading_fills', 'commission_base', 'DOUBLE'),
  ('trading_fills', 'realized_pnl', 'DOUBLE'),
  ('trading_fills', 'ref_px', 'DOUBLE'),
  ('trading_fills', 'slippage_bps', 'DOUBLE');
DROP VIEW IF EXISTS "trading_fills";
CREATE VIEW "trading_fills" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  (SELECT text FROM strings WHERE id = t."side") AS "side",
  (SELECT text FROM strings WHERE id = t."liquidity") AS "liquidity",
  (SELECT text FROM strings WHERE id = t."source") AS "source",
  (SELECT text FROM strings WHERE id = t."commission_currency") AS "commission_currency",
  t."trade_id",
  t."client_order_id",
  t."venue_order_id",
  t."position_id",
  t."last_qty",
  t."last_px",
  t."notional",
  t."commission",
  t."commission_base",
  t."realized_pnl",
  t."ref_px",
  t."slippage_bps"
FROM "_trading_fills" AS t;
-- Sqlite trading_cashflows
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_cashflows' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_cashflows');
CREATE TABLE IF NOT EXISTS "_trading_cashflows" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER,
  "seq" INTEGER,
  "flags" INTEGER,
  "account_id" INTEGER NOT NULL,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER NOT NULL,
  "venue" INTEGER,
  "kind" INTEGER NOT NULL,
  "source" INTEGER,
  "currency" INTEGER NOT NULL,
  "ref_id" TEXT NOT NULL,
  "amount" REAL,
  "rate" REAL,
  "position_qty" REAL,
  "fx_to_base" REAL,
  "amount_base" REAL,
  PRIMARY KEY ("ts", "account_id", "kind", "instrument_id", "currency", "ref_id")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_cashflows', 'ts', 'TIMESTAMP_NS'),
  ('trading_cashflows', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_cashflows', 'env', 'SYMBOL'),
  ('trading_cashflows', 'mode', 'SYMBOL'),
  ('trading_cashflows', 'producer', 'SYMBOL'),
  ('trading_cashflows', 'run', 'LONG'),
  ('trading_cashflows', 'seq', 'LONG'),
  ('trading_cashflows', 'flags', 'LONG'),
  ('trading_cashflows', 'account_id', 'SYMBOL'),
  ('trading_cashflows', 'strategy_id', 'SYMBOL'),
  ('trading_cashflows', 'instrument_id', 'SYMBOL'),
  ('trading_cashflows', 'venue', 'SYMBOL'),
  ('trading_cashflows', 'kind', 'SYMBOL'),
  ('trading_cashflows', 'source', 'SYMBOL'),
  ('trading_cashflows', 'currency', 'SYMBOL'),
  ('trading_cashflows', 'ref_id', 'VARCHAR'),
  ('trading_cashflows', 'amount', 'DOUBLE'),
  ('trading_cashflows', 'rate', 'DOUBLE'),
  ('trading_cashflows', 'position_qty', 'DOUBLE'),
  ('trading_cashflows', 'fx_to_base', 'DOUBLE'),
  ('trading_cashflows', 'amount_base', 'DOUBLE');
DROP VIEW IF EXISTS "trading_cashflows";
CREATE VIEW "trading_cashflows" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."kind") AS "kind",
  (SELECT text FROM strings WHERE id = t."source") AS "source",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  t."ref_id",
  t."amount",
  t."rate",
  t."position_qty",
  t."fx_to_base",
  t."amount_base"
FROM "_trading_cashflows" AS t;
-- Sqlite account_state
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'account_state' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_account_state');
CREATE TABLE IF NOT EXISTS "_account_state" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "venue" INTEGER,
  "source" INTEGER,
  "currency" INTEGER,
  "base_currency" INTEGER,
  "total" REAL,
  "free" REAL,
  "locked" REAL,
  "equity" REAL,
  "margin_initial" REAL,
  "margin_maintenance" REAL,
  "margin_ratio" REAL,
  "fx_to_base" REAL,
  "equity_base" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('account_state', 'ts', 'TIMESTAMP_NS'),
  ('account_state', 'ts_init', 'TIMESTAMP_NS'),
  ('account_state', 'env', 'SYMBOL'),
  ('account_state', 'mode', 'SYMBOL'),
  ('account_state', 'producer', 'SYMBOL'),
  ('account_state', 'run', 'LONG'),
  ('account_state', 'seq', 'LONG'),
  ('account_state', 'flags', 'LONG'),
  ('account_state', 'trader_id', 'SYMBOL'),
  ('account_state', 'account_id', 'SYMBOL'),
  ('account_state', 'venue', 'SYMBOL'),
  ('account_state', 'source', 'SYMBOL'),
  ('account_state', 'currency', 'SYMBOL'),
  ('account_state', 'base_currency', 'SYMBOL'),
  ('account_state', 'total', 'DOUBLE'),
  ('account_state', 'free', 'DOUBLE'),
  ('account_state', 'locked', 'DOUBLE'),
  ('account_state', 'equity', 'DOUBLE'),
  ('account_state', 'margin_initial', 'DOUBLE'),
  ('account_state', 'margin_maintenance', 'DOUBLE'),
  ('account_state', 'margin_ratio', 'DOUBLE'),
  ('account_state', 'fx_to_base', 'DOUBLE'),
  ('account_state', 'equity_base', 'DOUBLE');
DROP VIEW IF EXISTS "account_state";
CREATE VIEW "account_state" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."source") AS "source",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  (SELECT text FROM strings WHERE id = t."base_currency") AS "base_currency",
  t."total",
  t."free",
  t."locked",
  t."equity",
  t."margin_initial",
  t."margin_maintenance",
  t."margin_ratio",
  t."fx_to_base",
  t."equity_base"
FROM "_account_state" AS t;
-- Sqlite order_latency
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'order_latency' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_order_latency');
CREATE TABLE IF NOT EXISTS "_order_latency" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "order_type" INTEGER,
  "stage" INTEGER,
  "clock" INTEGER,
  "client_order_id" TEXT,
  "latency_ms" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('order_latency', 'ts', 'TIMESTAMP_NS'),
  ('order_latency', 'ts_init', 'TIMESTAMP_NS'),
  ('order_latency', 'env', 'SYMBOL'),
  ('order_latency', 'mode', 'SYMBOL'),
  ('order_latency', 'producer', 'SYMBOL'),
  ('order_latency', 'run', 'LONG'),
  ('order_latency', 'seq', 'LONG'),
  ('order_latency', 'flags', 'LONG'),
  ('order_latency', 'trader_id', 'SYMBOL'),
  ('order_latency', 'account_id', 'SYMBOL'),
  ('order_latency', 'strategy_id', 'SYMBOL'),
  ('order_latency', 'instrument_id', 'SYMBOL'),
  ('order_latency', 'venue', 'SYMBOL'),
  ('order_latency', 'order_type', 'SYMBOL'),
  ('order_latency', 'stage', 'SYMBOL'),
  ('order_latency', 'clock', 'SYMBOL'),
  ('order_latency', 'client_order_id', 'VARCHAR'),
  ('order_latency', 'latency_ms', 'DOUBLE');
DROP VIEW IF EXISTS "order_latency";
CREATE VIEW "order_latency" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."order_type") AS "order_type",
  (SELECT text FROM strings WHERE id = t."stage") AS "stage",
  (SELECT text FROM strings WHERE id = t."clock") AS "clock",
  t."client_order_id",
  t."latency_ms"
FROM "_order_latency" AS t;
-- Sqlite position_changes
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'position_changes' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_position_changes');
CREATE TABLE IF NOT EXISTS "_position_changes" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "currency" INTEGER,
  "position_side" INTEGER,
  "event" INTEGER,
  "source" INTEGER,
  "position_id" TEXT,
  "qty" REAL,
  "avg_px" REAL,
  "mark_px" REAL,
  "mark_age_ms" REAL,
  "notional" REAL,
  "notional_base" REAL,
  "unrealized_pnl" REAL,
  "realized_pnl" REAL,
  "commission" REAL,
  "funding" REAL,
  "liquidation_px" REAL,
  "margin_used" REAL,
  "limit_value" REAL,
  "limit_used_ratio" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('position_changes', 'ts', 'TIMESTAMP_NS'),
  ('position_changes', 'ts_init', 'TIMESTAMP_NS'),
  ('position_changes', 'env', 'SYMBOL'),
  ('position_changes', 'mode', 'SYMBOL'),
  ('position_changes', 'producer', 'SYMBOL'),
  ('position_changes', 'run', 'LONG'),
  ('position_changes', 'seq', 'LONG'),
  ('position_changes', 'flags', 'LONG'),
  ('position_changes', 'trader_id', 'SYMBOL'),
  ('position_changes', 'account_id', 'SYMBOL'),
  ('position_changes', 'strategy_id', 'SYMBOL'),
  ('position_changes', 'instrument_id', 'SYMBOL'),
  ('position_changes', 'venue', 'SYMBOL'),
  ('position_changes', 'currency', 'SYMBOL'),
  ('position_changes', 'position_side', 'SYMBOL'),
  ('position_changes', 'event', 'SYMBOL'),
  ('position_changes', 'source', 'SYMBOL'),
  ('position_changes', 'position_id', 'VARCHAR'),
  ('position_changes', 'qty', 'DOUBLE'),
  ('position_changes', 'avg_px', 'DOUBLE'),
  ('position_changes', 'mark_px', 'DOUBLE'),
  ('position_changes', 'mark_age_ms', 'DOUBLE'),
  ('position_changes', 'notional', 'DOUBLE'),
  ('position_changes', 'notional_base', 'DOUBLE'),
  ('position_changes', 'unrealized_pnl', 'DOUBLE'),
  ('position_changes', 'realized_pnl', 'DOUBLE'),
  ('position_changes', 'commission', 'DOUBLE'),
  ('position_changes', 'funding', 'DOUBLE'),
  ('position_changes', 'liquidation_px', 'DOUBLE'),
  ('position_changes', 'margin_used', 'DOUBLE'),
  ('position_changes', 'limit_value', 'DOUBLE'),
  ('position_changes', 'limit_used_ratio', 'DOUBLE');
DROP VIEW IF EXISTS "position_changes";
CREATE VIEW "position_changes" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  (SELECT text FROM strings WHERE id = t."position_side") AS "position_side",
  (SELECT text FROM strings WHERE id = t."event") AS "event",
  (SELECT text FROM strings WHERE id = t."source") AS "source",
  t."position_id",
  t."qty",
  t."avg_px",
  t."mark_px",
  t."mark_age_ms",
  t."notional",
  t."notional_base",
  t."unrealized_pnl",
  t."realized_pnl",
  t."commission",
  t."funding",
  t."liquidation_px",
  t."margin_used",
  t."limit_value",
  t."limit_used_ratio"
FROM "_position_changes" AS t;
-- Sqlite trading_errors
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_errors' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_errors');
CREATE TABLE IF NOT EXISTS "_trading_errors" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "severity" INTEGER,
  "component" INTEGER,
  "error_class" INTEGER,
  "error_code" INTEGER,
  "count" INTEGER,
  "fingerprint" INTEGER,
  "transient" INTEGER,
  "client_order_id" TEXT,
  "message" TEXT,
  "sentry_event_id" TEXT,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_errors', 'ts', 'TIMESTAMP_NS'),
  ('trading_errors', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_errors', 'env', 'SYMBOL'),
  ('trading_errors', 'mode', 'SYMBOL'),
  ('trading_errors', 'producer', 'SYMBOL'),
  ('trading_errors', 'run', 'LONG'),
  ('trading_errors', 'seq', 'LONG'),
  ('trading_errors', 'flags', 'LONG'),
  ('trading_errors', 'trader_id', 'SYMBOL'),
  ('trading_errors', 'account_id', 'SYMBOL'),
  ('trading_errors', 'strategy_id', 'SYMBOL'),
  ('trading_errors', 'instrument_id', 'SYMBOL'),
  ('trading_errors', 'venue', 'SYMBOL'),
  ('trading_errors', 'severity', 'SYMBOL'),
  ('trading_errors', 'component', 'SYMBOL'),
  ('trading_errors', 'error_class', 'SYMBOL'),
  ('trading_errors', 'error_code', 'SYMBOL'),
  ('trading_errors', 'count', 'LONG'),
  ('trading_errors', 'fingerprint', 'LONG'),
  ('trading_errors', 'transient', 'INT'),
  ('trading_errors', 'client_order_id', 'VARCHAR'),
  ('trading_errors', 'message', 'VARCHAR'),
  ('trading_errors', 'sentry_event_id', 'VARCHAR');
DROP VIEW IF EXISTS "trading_errors";
CREATE VIEW "trading_errors" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."severity") AS "severity",
  (SELECT text FROM strings WHERE id = t."component") AS "component",
  (SELECT text FROM strings WHERE id = t."error_class") AS "error_class",
  (SELECT text FROM strings WHERE id = t."error_code") AS "error_code",
  t."count",
  t."fingerprint",
  t."transient",
  t."client_order_id",
  t."message",
  t."sentry_event_id"
FROM "_trading_errors" AS t;
-- Sqlite trading_risk
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_risk' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_risk');
CREATE TABLE IF NOT EXISTS "_trading_risk" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "scope" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "trading_state" INTEGER,
  "currency" INTEGER,
  "equity" REAL,
  "peak_equity" REAL,
  "drawdown_ratio" REAL,
  "net_cashflow" REAL,
  "day_start_equity" REAL,
  "daily_pnl" REAL,
  "daily_pnl_ratio" REAL,
  "gross_exposure" REAL,
  "net_exposure" REAL,
  "exposure_ratio" REAL,
  "leverage_ratio" REAL,
  "open_orders" INTEGER,
  "session_start" INTEGER,
  "config_hash" TEXT,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_risk', 'ts', 'TIMESTAMP_NS'),
  ('trading_risk', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_risk', 'env', 'SYMBOL'),
  ('trading_risk', 'mode', 'SYMBOL'),
  ('trading_risk', 'producer', 'SYMBOL'),
  ('trading_risk', 'run', 'LONG'),
  ('trading_risk', 'seq', 'LONG'),
  ('trading_risk', 'flags', 'LONG'),
  ('trading_risk', 'scope', 'SYMBOL'),
  ('trading_risk', 'trader_id', 'SYMBOL'),
  ('trading_risk', 'account_id', 'SYMBOL'),
  ('trading_risk', 'strategy_id', 'SYMBOL'),
  ('trading_risk', 'trading_state', 'SYMBOL'),
  ('trading_risk', 'currency', 'SYMBOL'),
  ('trading_risk', 'equity', 'DOUBLE'),
  ('trading_risk', 'peak_equity', 'DOUBLE'),
  ('trading_risk', 'drawdown_ratio', 'DOUBLE'),
  ('trading_risk', 'net_cashflow', 'DOUBLE'),
  ('trading_risk', 'day_start_equity', 'DOUBLE'),
  ('trading_risk', 'daily_pnl', 'DOUBLE'),
  ('trading_risk', 'daily_pnl_ratio', 'DOUBLE'),
  ('trading_risk', 'gross_exposure', 'DOUBLE'),
  ('trading_risk', 'net_exposure', 'DOUBLE'),
  ('trading_risk', 'exposure_ratio', 'DOUBLE'),
  ('trading_risk', 'leverage_ratio', 'DOUBLE'),
  ('trading_risk', 'open_orders', 'LONG'),
  ('trading_risk', 'session_start', 'TIMESTAMP_NS'),
  ('trading_risk', 'config_hash', 'VARCHAR');
DROP VIEW IF EXISTS "trading_risk";
CREATE VIEW "trading_risk" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."scope") AS "scope",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."trading_state") AS "trading_state",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  t."equity",
  t."peak_equity",
  t."drawdown_ratio",
  t."net_cashflow",
  t."day_start_equity",
  t."daily_pnl",
  t."daily_pnl_ratio",
  t."gross_exposure",
  t."net_exposure",
  t."exposure_ratio",
  t."leverage_ratio",
  t."open_orders",
  t."session_start",
  t."config_hash"
FROM "_trading_risk" AS t;
-- Sqlite system_health
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'system_health' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_system_health');
CREATE TABLE IF NOT EXISTS "_system_health" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "account_id" INTEGER,
  "venue" INTEGER,
  "channel" INTEGER,
  "status" INTEGER,
  "component" INTEGER,
  "host" INTEGER,
  "latency_ms" REAL,
  "last_msg_age_ms" REAL,
  "clock_offset_ms" REAL,
  "cpu_ratio" REAL,
  "disk_free_ratio" REAL,
  "store_lag_ms" REAL,
  "last_heartbeat" INTEGER,
  "reconnects" INTEGER,
  "rows_dropped" INTEGER,
  "rows_spooled" INTEGER,
  "rows_quarantined" INTEGER,
  "queue_depth" INTEGER,
  "rss_bytes" INTEGER,
  "detail" TEXT,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('system_health', 'ts', 'TIMESTAMP_NS'),
  ('system_health', 'ts_init', 'TIMESTAMP_NS'),
  ('system_health', 'env', 'SYMBOL'),
  ('system_health', 'mode', 'SYMBOL'),
  ('system_health', 'producer', 'SYMBOL'),
  ('system_health', 'run', 'LONG'),
  ('system_health', 'seq', 'LONG'),
  ('system_health', 'flags', 'LONG'),
  ('system_health', 'account_id', 'SYMBOL'),
  ('system_health', 'venue', 'SYMBOL'),
  ('system_health', 'channel', 'SYMBOL'),
  ('system_health', 'status', 'SYMBOL'),
  ('system_health', 'component', 'SYMBOL'),
  ('system_health', 'host', 'SYMBOL'),
  ('system_health', 'latency_ms', 'DOUBLE'),
  ('system_health', 'last_msg_age_ms', 'DOUBLE'),
  ('system_health', 'clock_offset_ms', 'DOUBLE'),
  ('system_health', 'cpu_ratio', 'DOUBLE'),
  ('system_health', 'disk_free_ratio', 'DOUBLE'),
  ('system_health', 'store_lag_ms', 'DOUBLE'),
  ('system_health', 'last_heartbeat', 'TIMESTAMP_NS'),
  ('system_health', 'reconnects', 'LONG'),
  ('system_health', 'rows_dropped', 'LONG'),
  ('system_health', 'rows_spooled', 'LONG'),
  ('system_health', 'rows_quarantined', 'LONG'),
  ('system_health', 'queue_depth', 'LONG'),
  ('system_health', 'rss_bytes', 'LONG'),
  ('system_health', 'detail', 'VARCHAR');
DROP VIEW IF EXISTS "system_health";
CREATE VIEW "system_health" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."channel") AS "channel",
  (SELECT text FROM strings WHERE id = t."status") AS "status",
  (SELECT text FROM strings WHERE id = t."component") AS "component",
  (SELECT text FROM strings WHERE id = t."host") AS "host",
  t."latency_ms",
  t."last_msg_age_ms",
  t."clock_offset_ms",
  t."cpu_ratio",
  t."disk_free_ratio",
  t."store_lag_ms",
  t."last_heartbeat",
  t."reconnects",
  t."rows_dropped",
  t."rows_spooled",
  t."rows_quarantined",
  t."queue_depth",
  t."rss_bytes",
  t."detail"
FROM "_system_health" AS t;
-- Sqlite producer_runs
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'producer_runs' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_producer_runs');
CREATE TABLE IF NOT EXISTS "_producer_runs" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "state" INTEGER,
  "host" INTEGER,
  "table_name" INTEGER,
  "process_id" TEXT,
  "version" TEXT,
  "git_commit" TEXT,
  "config_hash" TEXT,
  "exit_reason" TEXT,
  "pid" INTEGER,
  "schema_version" INTEGER,
  "attempted" INTEGER,
  "dropped" INTEGER,
  "quarantined" INTEGER,
  "acked" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('producer_runs', 'ts', 'TIMESTAMP_NS'),
  ('producer_runs', 'ts_init', 'TIMESTAMP_NS'),
  ('producer_runs', 'env', 'SYMBOL'),
  ('producer_runs', 'mode', 'SYMBOL'),
  ('producer_runs', 'producer', 'SYMBOL'),
  ('producer_runs', 'run', 'LONG'),
  ('producer_runs', 'seq', 'LONG'),
  ('producer_runs', 'flags', 'LONG'),
  ('producer_runs', 'state', 'SYMBOL'),
  ('producer_runs', 'host', 'SYMBOL'),
  ('producer_runs', 'table_name', 'SYMBOL'),
  ('producer_runs', 'process_id', 'VARCHAR'),
  ('producer_runs', 'version', 'VARCHAR'),
  ('producer_runs', 'git_commit', 'VARCHAR'),
  ('producer_runs', 'config_hash', 'VARCHAR'),
  ('producer_runs', 'exit_reason', 'VARCHAR'),
  ('producer_runs', 'pid', 'LONG'),
  ('producer_runs', 'schema_version', 'LONG'),
  ('producer_runs', 'attempted', 'LONG'),
  ('producer_runs', 'dropped', 'LONG'),
  ('producer_runs', 'quarantined', 'LONG'),
  ('producer_runs', 'acked', 'LONG');
DROP VIEW IF EXISTS "producer_runs";
CREATE VIEW "producer_runs" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."state") AS "state",
  (SELECT text FROM strings WHERE id = t."host") AS "host",
  (SELECT text FROM strings WHERE id = t."table_name") AS "table_name",
  t."process_id",
  t."version",
  t."git_commit",
  t."config_hash",
  t."exit_reason",
  t."pid",
  t."schema_version",
  t."attempted",
  t."dropped",
  t."quarantined",
  t."acked"
FROM "_producer_runs" AS t;
-- Sqlite alert_history
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'alert_history' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_alert_history');
CREATE TABLE IF NOT EXISTS "_alert_history" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "trader_id" INTEGER,
  "account_id" INTEGER,
  "strategy_id" INTEGER,
  "instrument_id" INTEGER,
  "venue" INTEGER,
  "kind" INTEGER,
  "severity" INTEGER,
  "state" INTEGER,
  "prev_state" INTEGER,
  "rule" INTEGER,
  "receiver" INTEGER,
  "unit" INTEGER,
  "alert_id" TEXT,
  "labels" TEXT,
  "message_id" TEXT,
  "silence_id" TEXT,
  "actor" TEXT,
  "config_hash" TEXT,
  "detail" TEXT,
  "value" REAL,
  "threshold" REAL,
  "peak_value" REAL,
  "latency_ms" REAL,
  "active_at" INTEGER,
  "fired_at" INTEGER,
  "resolved_at" INTEGER,
  "sent_at" INTEGER,
  "delivered" INTEGER,
  "attempts" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('alert_history', 'ts', 'TIMESTAMP_NS'),
  ('alert_history', 'ts_init', 'TIMESTAMP_NS'),
  ('alert_history', 'env', 'SYMBOL'),
  ('alert_history', 'mode', 'SYMBOL'),
  ('alert_history', 'producer', 'SYMBOL'),
  ('alert_history', 'run', 'LONG'),
  ('alert_history', 'seq', 'LONG'),
  ('alert_history', 'flags', 'LONG'),
  ('alert_history', 'trader_id', 'SYMBOL'),
  ('alert_history', 'account_id', 'SYMBOL'),
  ('alert_history', 'strategy_id', 'SYMBOL'),
  ('alert_history', 'instrument_id', 'SYMBOL'),
  ('alert_history', 'venue', 'SYMBOL'),
  ('alert_history', 'kind', 'SYMBOL'),
  ('alert_history', 'severity', 'SYMBOL'),
  ('alert_history', 'state', 'SYMBOL'),
  ('alert_history', 'prev_state', 'SYMBOL'),
  ('alert_history', 'rule', 'SYMBOL'),
  ('alert_history', 'receiver', 'SYMBOL'),
  ('alert_history', 'unit', 'SYMBOL'),
  ('alert_history', 'alert_id', 'VARCHAR'),
  ('alert_history', 'labels', 'VARCHAR'),
  ('alert_history', 'message_id', 'VARCHAR'),
  ('alert_history', 'silence_id', 'VARCHAR'),
  ('alert_history', 'actor', 'VARCHAR'),
  ('alert_history', 'config_hash', 'VARCHAR'),
  ('alert_history', 'detail', 'VARCHAR'),
  ('alert_history', 'value', 'DOUBLE'),
  ('alert_history', 'threshold', 'DOUBLE'),
  ('alert_history', 'peak_value', 'DOUBLE'),
  ('alert_history', 'latency_ms', 'DOUBLE'),
  ('alert_history', 'active_at', 'TIMESTAMP_NS'),
  ('alert_history', 'fired_at', 'TIMESTAMP_NS'),
  ('alert_history', 'resolved_at', 'TIMESTAMP_NS'),
  ('alert_history', 'sent_at', 'TIMESTAMP_NS'),
  ('alert_history', 'delivered', 'INT'),
  ('alert_history', 'attempts', 'LONG');
DROP VIEW IF EXISTS "alert_history";
CREATE VIEW "alert_history" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."kind") AS "kind",
  (SELECT text FROM strings WHERE id = t."severity") AS "severity",
  (SELECT text FROM strings WHERE id = t."state") AS "state",
  (SELECT text FROM strings WHERE id = t."prev_state") AS "prev_state",
  (SELECT text FROM strings WHERE id = t."rule") AS "rule",
  (SELECT text FROM strings WHERE id = t."receiver") AS "receiver",
  (SELECT text FROM strings WHERE id = t."unit") AS "unit",
  t."alert_id",
  t."labels",
  t."message_id",
  t."silence_id",
  t."actor",
  t."config_hash",
  t."detail",
  t."value",
  t."threshold",
  t."peak_value",
  t."latency_ms",
  t."active_at",
  t."fired_at",
  t."resolved_at",
  t."sent_at",
  t."delivered",
  t."attempts"
FROM "_alert_history" AS t;
-- Sqlite ops_events
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'ops_events' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_ops_events');
CREATE TABLE IF NOT EXISTS "_ops_events" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "kind" INTEGER,
  "outcome" INTEGER,
  "target" INTEGER,
  "ref_id" TEXT,
  "actor" TEXT,
  "from_value" TEXT,
  "to_value" TEXT,
  "config_hash" TEXT,
  "git_commit" TEXT,
  "detail" TEXT,
  "duration_ms" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('ops_events', 'ts', 'TIMESTAMP_NS'),
  ('ops_events', 'ts_init', 'TIMESTAMP_NS'),
  ('ops_events', 'env', 'SYMBOL'),
  ('ops_events', 'mode', 'SYMBOL'),
  ('ops_events', 'producer', 'SYMBOL'),
  ('ops_events', 'run', 'LONG'),
  ('ops_events', 'seq', 'LONG'),
  ('ops_events', 'flags', 'LONG'),
  ('ops_events', 'kind', 'SYMBOL'),
  ('ops_events', 'outcome', 'SYMBOL'),
  ('ops_events', 'target', 'SYMBOL'),
  ('ops_events', 'ref_id', 'VARCHAR'),
  ('ops_events', 'actor', 'VARCHAR'),
  ('ops_events', 'from_value', 'VARCHAR'),
  ('ops_events', 'to_value', 'VARCHAR'),
  ('ops_events', 'config_hash', 'VARCHAR'),
  ('ops_events', 'git_commit', 'VARCHAR'),
  ('ops_events', 'detail', 'VARCHAR'),
  ('ops_events', 'duration_ms', 'DOUBLE');
DROP VIEW IF EXISTS "ops_events";
CREATE VIEW "ops_events" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."kind") AS "kind",
  (SELECT text FROM strings WHERE id = t."outcome") AS "outcome",
  (SELECT text FROM strings WHERE id = t."target") AS "target",
  t."ref_id",
  t."actor",
  t."from_value",
  t."to_value",
  t."config_hash",
  t."git_commit",
  t."detail",
  t."duration_ms"
FROM "_ops_events" AS t;
-- Sqlite ralph_iterations
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'ralph_iterations' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_ralph_iterations');
CREATE TABLE IF NOT EXISTS "_ralph_iterations" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "project" INTEGER,
  "ralph_mode" INTEGER,
  "outcome" INTEGER,
  "breaker" INTEGER,
  "exit_reason" INTEGER,
  "model" INTEGER,
  "loop_id" TEXT,
  "session_id" TEXT,
  "checkpoint_ref" TEXT,
  "iteration" INTEGER,
  "input_tokens" INTEGER,
  "output_tokens" INTEGER,
  "cache_read_tokens" INTEGER,
  "cache_write_tokens" INTEGER,
  "tool_calls" INTEGER,
  "files_changed" INTEGER,
  "cost_usd" REAL,
  "duration_ms" REAL,
  "checks_passed" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('ralph_iterations', 'ts', 'TIMESTAMP_NS'),
  ('ralph_iterations', 'ts_init', 'TIMESTAMP_NS'),
  ('ralph_iterations', 'env', 'SYMBOL'),
  ('ralph_iterations', 'mode', 'SYMBOL'),
  ('ralph_iterations', 'producer', 'SYMBOL'),
  ('ralph_iterations', 'run', 'LONG'),
  ('ralph_iterations', 'seq', 'LONG'),
  ('ralph_iterations', 'flags', 'LONG'),
  ('ralph_iterations', 'project', 'SYMBOL'),
  ('ralph_iterations', 'ralph_mode', 'SYMBOL'),
  ('ralph_iterations', 'outcome', 'SYMBOL'),
  ('ralph_iterations', 'breaker', 'SYMBOL'),
  ('ralph_iterations', 'exit_reason', 'SYMBOL'),
  ('ralph_iterations', 'model', 'SYMBOL'),
  ('ralph_iterations', 'loop_id', 'VARCHAR'),
  ('ralph_iterations', 'session_id', 'VARCHAR'),
  ('ralph_iterations', 'checkpoint_ref', 'VARCHAR'),
  ('ralph_iterations', 'iteration', 'LONG'),
  ('ralph_iterations', 'input_tokens', 'LONG'),
  ('ralph_iterations', 'output_tokens', 'LONG'),
  ('ralph_iterations', 'cache_read_tokens', 'LONG'),
  ('ralph_iterations', 'cache_write_tokens', 'LONG'),
  ('ralph_iterations', 'tool_calls', 'LONG'),
  ('ralph_iterations', 'files_changed', 'LONG'),
  ('ralph_iterations', 'cost_usd', 'DOUBLE'),
  ('ralph_iterations', 'duration_ms', 'DOUBLE'),
  ('ralph_iterations', 'checks_passed', 'INT');
DROP VIEW IF EXISTS "ralph_iterations";
CREATE VIEW "ralph_iterations" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."project") AS "project",
  (SELECT text FROM strings WHERE id = t."ralph_mode") AS "ralph_mode",
  (SELECT text FROM strings WHERE id = t."outcome") AS "outcome",
  (SELECT text FROM strings WHERE id = t."breaker") AS "breaker",
  (SELECT text FROM strings WHERE id = t."exit_reason") AS "exit_reason",
  (SELECT text FROM strings WHERE id = t."model") AS "model",
  t."loop_id",
  t."session_id",
  t."checkpoint_ref",
  t."iteration",
  t."input_tokens",
  t."output_tokens",
  t."cache_read_tokens",
  t."cache_write_tokens",
  t."tool_calls",
  t."files_changed",
  t."cost_usd",
  t."duration_ms",
  t."checks_passed"
FROM "_ralph_iterations" AS t;
-- Sqlite agent_spawns
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'agent_spawns' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_agent_spawns');
CREATE TABLE IF NOT EXISTS "_agent_spawns" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "project" INTEGER,
  "agent_type" INTEGER,
  "model" INTEGER,
  "outcome" INTEGER,
  "session_id" TEXT,
  "agent_id" TEXT,
  "tool_use_id" TEXT,
  "description_digest" TEXT,
  "duration_ms" REAL,
  "cost_usd" REAL,
  "input_tokens" INTEGER,
  "output_tokens" INTEGER,
  "cache_read_tokens" INTEGER,
  "cache_write_tokens" INTEGER,
  "tool_calls" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('agent_spawns', 'ts', 'TIMESTAMP_NS'),
  ('agent_spawns', 'ts_init', 'TIMESTAMP_NS'),
  ('agent_spawns', 'env', 'SYMBOL'),
  ('agent_spawns', 'mode', 'SYMBOL'),
  ('agent_spawns', 'producer', 'SYMBOL'),
  ('agent_spawns', 'run', 'LONG'),
  ('agent_spawns', 'seq', 'LONG'),
  ('agent_spawns', 'flags', 'LONG'),
  ('agent_spawns', 'project', 'SYMBOL'),
  ('agent_spawns', 'agent_type', 'SYMBOL'),
  ('agent_spawns', 'model', 'SYMBOL'),
  ('agent_spawns', 'outcome', 'SYMBOL'),
  ('agent_spawns', 'session_id', 'VARCHAR'),
  ('agent_spawns', 'agent_id', 'VARCHAR'),
  ('agent_spawns', 'tool_use_id', 'VARCHAR'),
  ('agent_spawns', 'description_digest', 'VARCHAR'),
  ('agent_spawns', 'duration_ms', 'DOUBLE'),
  ('agent_spawns', 'cost_usd', 'DOUBLE'),
  ('agent_spawns', 'input_tokens', 'LONG'),
  ('agent_spawns', 'output_tokens', 'LONG'),
  ('agent_spawns', 'cache_read_tokens', 'LONG'),
  ('agent_spawns', 'cache_write_tokens', 'LONG'),
  ('agent_spawns', 'tool_calls', 'LONG');
DROP VIEW IF EXISTS "agent_spawns";
CREATE VIEW "agent_spawns" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."project") AS "project",
  (SELECT text FROM strings WHERE id = t."agent_type") AS "agent_type",
  (SELECT text FROM strings WHERE id = t."model") AS "model",
  (SELECT text FROM strings WHERE id = t."outcome") AS "outcome",
  t."session_id",
  t."agent_id",
  t."tool_use_id",
  t."description_digest",
  t."duration_ms",
  t."cost_usd",
  t."input_tokens",
  t."output_tokens",
  t."cache_read_tokens",
  t."cache_write_tokens",
  t."tool_calls"
FROM "_agent_spawns" AS t;
-- Sqlite claude_sessions
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'claude_sessions' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_claude_sessions');
CREATE TABLE IF NOT EXISTS "_claude_sessions" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "state" INTEGER,
  "project" INTEGER,
  "model" INTEGER,
  "client_version" INTEGER,
  "session_id" TEXT,
  "git_branch" TEXT,
  "duration_ms" REAL,
  "cost_usd" REAL,
  "tool_calls" INTEGER,
  "errors" INTEGER,
  "input_tokens" INTEGER,
  "output_tokens" INTEGER,
  "cache_read_tokens" INTEGER,
  "cache_write_tokens" INTEGER,
  "lines_added" INTEGER,
  "lines_removed" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('claude_sessions', 'ts', 'TIMESTAMP_NS'),
  ('claude_sessions', 'ts_init', 'TIMESTAMP_NS'),
  ('claude_sessions', 'env', 'SYMBOL'),
  ('claude_sessions', 'mode', 'SYMBOL'),
  ('claude_sessions', 'producer', 'SYMBOL'),
  ('claude_sessions', 'run', 'LONG'),
  ('claude_sessions', 'seq', 'LONG'),
  ('claude_sessions', 'flags', 'LONG'),
  ('claude_sessions', 'state', 'SYMBOL'),
  ('claude_sessions', 'project', 'SYMBOL'),
  ('claude_sessions', 'model', 'SYMBOL'),
  ('claude_sessions', 'client_version', 'SYMBOL'),
  ('claude_sessions', 'session_id', 'VARCHAR'),
  ('claude_sessions', 'git_branch', 'VARCHAR'),
  ('claude_sessions', 'duration_ms', 'DOUBLE'),
  ('claude_sessions', 'cost_usd', 'DOUBLE'),
  ('claude_sessions', 'tool_calls', 'LONG'),
  ('claude_sessions', 'errors', 'LONG'),
  ('claude_sessions', 'input_tokens', 'LONG'),
  ('claude_sessions', 'output_tokens', 'LONG'),
  ('claude_sessions', 'cache_read_tokens', 'LONG'),
  ('claude_sessions', 'cache_write_tokens', 'LONG'),
  ('claude_sessions', 'lines_added', 'LONG'),
  ('claude_sessions', 'lines_removed', 'LONG');
DROP VIEW IF EXISTS "claude_sessions";
CREATE VIEW "claude_sessions" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."state") AS "state",
  (SELECT text FROM strings WHERE id = t."project") AS "project",
  (SELECT text FROM strings WHERE id = t."model") AS "model",
  (SELECT text FROM strings WHERE id = t."client_version") AS "client_version",
  t."session_id",
  t."git_branch",
  t."duration_ms",
  t."cost_usd",
  t."tool_calls",
  t."errors",
  t."input_tokens",
  t."output_tokens",
  t."cache_read_tokens",
  t."cache_write_tokens",
  t."lines_added",
  t."lines_removed"
FROM "_claude_sessions" AS t;
-- Sqlite claude_tool_calls
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'claude_tool_calls' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_claude_tool_calls');
CREATE TABLE IF NOT EXISTS "_claude_tool_calls" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "project" INTEGER,
  "tool_name" INTEGER,
  "agent_type" INTEGER,
  "outcome" INTEGER,
  "error_class" INTEGER,
  "session_id" TEXT,
  "tool_use_id" TEXT,
  "duration_ms" REAL,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('claude_tool_calls', 'ts', 'TIMESTAMP_NS'),
  ('claude_tool_calls', 'ts_init', 'TIMESTAMP_NS'),
  ('claude_tool_calls', 'env', 'SYMBOL'),
  ('claude_tool_calls', 'mode', 'SYMBOL'),
  ('claude_tool_calls', 'producer', 'SYMBOL'),
  ('claude_tool_calls', 'run', 'LONG'),
  ('claude_tool_calls', 'seq', 'LONG'),
  ('claude_tool_calls', 'flags', 'LONG'),
  ('claude_tool_calls', 'project', 'SYMBOL'),
  ('claude_tool_calls', 'tool_name', 'SYMBOL'),
  ('claude_tool_calls', 'agent_type', 'SYMBOL'),
  ('claude_tool_calls', 'outcome', 'SYMBOL'),
  ('claude_tool_calls', 'error_class', 'SYMBOL'),
  ('claude_tool_calls', 'session_id', 'VARCHAR'),
  ('claude_tool_calls', 'tool_use_id', 'VARCHAR'),
  ('claude_tool_calls', 'duration_ms', 'DOUBLE');
DROP VIEW IF EXISTS "claude_tool_calls";
CREATE VIEW "claude_tool_calls" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."project") AS "project",
  (SELECT text FROM strings WHERE id = t."tool_name") AS "tool_name",
  (SELECT text FROM strings WHERE id = t."agent_type") AS "agent_type",
  (SELECT text FROM strings WHERE id = t."outcome") AS "outcome",
  (SELECT text FROM strings WHERE id = t."error_class") AS "error_class",
  t."session_id",
  t."tool_use_id",
  t."duration_ms"
FROM "_claude_tool_calls" AS t;
-- Sqlite claude_tdd
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'claude_tdd' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_claude_tdd');
CREATE TABLE IF NOT EXISTS "_claude_tdd" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER,
  "mode" INTEGER,
  "producer" INTEGER,
  "run" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "flags" INTEGER,
  "project" INTEGER,
  "event" INTEGER,
  "rule" INTEGER,
  "session_id" TEXT,
  "file_digest" TEXT,
  "test_first" INTEGER,
  PRIMARY KEY ("ts", "run", "seq")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('claude_tdd', 'ts', 'TIMESTAMP_NS'),
  ('claude_tdd', 'ts_init', 'TIMESTAMP_NS'),
  ('claude_tdd', 'env', 'SYMBOL'),
  ('claude_tdd', 'mode', 'SYMBOL'),
  ('claude_tdd', 'producer', 'SYMBOL'),
  ('claude_tdd', 'run', 'LONG'),
  ('claude_tdd', 'seq', 'LONG'),
  ('claude_tdd', 'flags', 'LONG'),
  ('claude_tdd', 'project', 'SYMBOL'),
  ('claude_tdd', 'event', 'SYMBOL'),
  ('claude_tdd', 'rule', 'SYMBOL'),
  ('claude_tdd', 'session_id', 'VARCHAR'),
  ('claude_tdd', 'file_digest', 'VARCHAR'),
  ('claude_tdd', 'test_first', 'INT');
DROP VIEW IF EXISTS "claude_tdd";
CREATE VIEW "claude_tdd" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."project") AS "project",
  (SELECT text FROM strings WHERE id = t."event") AS "event",
  (SELECT text FROM strings WHERE id = t."rule") AS "rule",
  t."session_id",
  t."file_digest",
  t."test_first"
FROM "_claude_tdd" AS t;
-- Sqlite trading_pnl_1m
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_pnl_1m' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_pnl_1m');
CREATE TABLE IF NOT EXISTS "_trading_pnl_1m" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER NOT NULL,
  "mode" INTEGER NOT NULL,
  "producer" INTEGER,
  "run" INTEGER,
  "seq" INTEGER,
  "flags" INTEGER,
  "scope" INTEGER NOT NULL,
  "trader_id" INTEGER NOT NULL,
  "account_id" INTEGER NOT NULL,
  "strategy_id" INTEGER NOT NULL,
  "instrument_id" INTEGER NOT NULL,
  "venue" INTEGER NOT NULL,
  "currency" INTEGER NOT NULL,
  "min" REAL,
  "max" REAL,
  "last" REAL,
  "p50" REAL,
  "p95" REAL,
  "p99" REAL,
  "n" INTEGER,
  PRIMARY KEY ("ts", "env", "mode", "scope", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_pnl_1m', 'ts', 'TIMESTAMP_NS'),
  ('trading_pnl_1m', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_pnl_1m', 'env', 'SYMBOL'),
  ('trading_pnl_1m', 'mode', 'SYMBOL'),
  ('trading_pnl_1m', 'producer', 'SYMBOL'),
  ('trading_pnl_1m', 'run', 'LONG'),
  ('trading_pnl_1m', 'seq', 'LONG'),
  ('trading_pnl_1m', 'flags', 'LONG'),
  ('trading_pnl_1m', 'scope', 'SYMBOL'),
  ('trading_pnl_1m', 'trader_id', 'SYMBOL'),
  ('trading_pnl_1m', 'account_id', 'SYMBOL'),
  ('trading_pnl_1m', 'strategy_id', 'SYMBOL'),
  ('trading_pnl_1m', 'instrument_id', 'SYMBOL'),
  ('trading_pnl_1m', 'venue', 'SYMBOL'),
  ('trading_pnl_1m', 'currency', 'SYMBOL'),
  ('trading_pnl_1m', 'min', 'DOUBLE'),
  ('trading_pnl_1m', 'max', 'DOUBLE'),
  ('trading_pnl_1m', 'last', 'DOUBLE'),
  ('trading_pnl_1m', 'p50', 'DOUBLE'),
  ('trading_pnl_1m', 'p95', 'DOUBLE'),
  ('trading_pnl_1m', 'p99', 'DOUBLE'),
  ('trading_pnl_1m', 'n', 'LONG');
DROP VIEW IF EXISTS "trading_pnl_1m";
CREATE VIEW "trading_pnl_1m" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."scope") AS "scope",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."currency") AS "currency",
  t."min",
  t."max",
  t."last",
  t."p50",
  t."p95",
  t."p99",
  t."n"
FROM "_trading_pnl_1m" AS t;
-- Sqlite trading_risk_1m
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'trading_risk_1m' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trading_risk_1m');
CREATE TABLE IF NOT EXISTS "_trading_risk_1m" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER NOT NULL,
  "mode" INTEGER NOT NULL,
  "producer" INTEGER,
  "run" INTEGER,
  "seq" INTEGER,
  "flags" INTEGER,
  "scope" INTEGER NOT NULL,
  "trader_id" INTEGER NOT NULL,
  "account_id" INTEGER NOT NULL,
  "strategy_id" INTEGER NOT NULL,
  "min" REAL,
  "max" REAL,
  "last" REAL,
  "p50" REAL,
  "p95" REAL,
  "p99" REAL,
  "n" INTEGER,
  PRIMARY KEY ("ts", "env", "mode", "scope", "trader_id", "account_id", "strategy_id")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('trading_risk_1m', 'ts', 'TIMESTAMP_NS'),
  ('trading_risk_1m', 'ts_init', 'TIMESTAMP_NS'),
  ('trading_risk_1m', 'env', 'SYMBOL'),
  ('trading_risk_1m', 'mode', 'SYMBOL'),
  ('trading_risk_1m', 'producer', 'SYMBOL'),
  ('trading_risk_1m', 'run', 'LONG'),
  ('trading_risk_1m', 'seq', 'LONG'),
  ('trading_risk_1m', 'flags', 'LONG'),
  ('trading_risk_1m', 'scope', 'SYMBOL'),
  ('trading_risk_1m', 'trader_id', 'SYMBOL'),
  ('trading_risk_1m', 'account_id', 'SYMBOL'),
  ('trading_risk_1m', 'strategy_id', 'SYMBOL'),
  ('trading_risk_1m', 'min', 'DOUBLE'),
  ('trading_risk_1m', 'max', 'DOUBLE'),
  ('trading_risk_1m', 'last', 'DOUBLE'),
  ('trading_risk_1m', 'p50', 'DOUBLE'),
  ('trading_risk_1m', 'p95', 'DOUBLE'),
  ('trading_risk_1m', 'p99', 'DOUBLE'),
  ('trading_risk_1m', 'n', 'LONG');
DROP VIEW IF EXISTS "trading_risk_1m";
CREATE VIEW "trading_risk_1m" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."scope") AS "scope",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  t."min",
  t."max",
  t."last",
  t."p50",
  t."p95",
  t."p99",
  t."n"
FROM "_trading_risk_1m" AS t;
-- Sqlite order_latency_1m
CREATE TABLE IF NOT EXISTS strings (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS schema_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000)) STRICT;
CREATE TABLE IF NOT EXISTS schema_expired (
  table_name TEXT NOT NULL, run INTEGER NOT NULL, rows INTEGER NOT NULL, seq_max INTEGER NOT NULL,
  PRIMARY KEY (table_name, run)
) STRICT, WITHOUT ROWID;
DELETE FROM schema_columns WHERE table_name = 'order_latency_1m' AND NOT EXISTS (
  SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_order_latency_1m');
CREATE TABLE IF NOT EXISTS "_order_latency_1m" (
  "ts" INTEGER NOT NULL,
  "ts_init" INTEGER,
  "env" INTEGER NOT NULL,
  "mode" INTEGER NOT NULL,
  "producer" INTEGER,
  "run" INTEGER,
  "seq" INTEGER,
  "flags" INTEGER,
  "trader_id" INTEGER NOT NULL,
  "account_id" INTEGER NOT NULL,
  "strategy_id" INTEGER NOT NULL,
  "instrument_id" INTEGER NOT NULL,
  "venue" INTEGER NOT NULL,
  "stage" INTEGER NOT NULL,
  "clock" INTEGER NOT NULL,
  "min" REAL,
  "max" REAL,
  "last" REAL,
  "p50" REAL,
  "p95" REAL,
  "p99" REAL,
  "n" INTEGER,
  PRIMARY KEY ("ts", "env", "mode", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "stage", "clock")
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO schema_columns VALUES
  ('order_latency_1m', 'ts', 'TIMESTAMP_NS'),
  ('order_latency_1m', 'ts_init', 'TIMESTAMP_NS'),
  ('order_latency_1m', 'env', 'SYMBOL'),
  ('order_latency_1m', 'mode', 'SYMBOL'),
  ('order_latency_1m', 'producer', 'SYMBOL'),
  ('order_latency_1m', 'run', 'LONG'),
  ('order_latency_1m', 'seq', 'LONG'),
  ('order_latency_1m', 'flags', 'LONG'),
  ('order_latency_1m', 'trader_id', 'SYMBOL'),
  ('order_latency_1m', 'account_id', 'SYMBOL'),
  ('order_latency_1m', 'strategy_id', 'SYMBOL'),
  ('order_latency_1m', 'instrument_id', 'SYMBOL'),
  ('order_latency_1m', 'venue', 'SYMBOL'),
  ('order_latency_1m', 'stage', 'SYMBOL'),
  ('order_latency_1m', 'clock', 'SYMBOL'),
  ('order_latency_1m', 'min', 'DOUBLE'),
  ('order_latency_1m', 'max', 'DOUBLE'),
  ('order_latency_1m', 'last', 'DOUBLE'),
  ('order_latency_1m', 'p50', 'DOUBLE'),
  ('order_latency_1m', 'p95', 'DOUBLE'),
  ('order_latency_1m', 'p99', 'DOUBLE'),
  ('order_latency_1m', 'n', 'LONG');
DROP VIEW IF EXISTS "order_latency_1m";
CREATE VIEW "order_latency_1m" AS SELECT
  t."ts",
  t."ts_init",
  (SELECT text FROM strings WHERE id = t."env") AS "env",
  (SELECT text FROM strings WHERE id = t."mode") AS "mode",
  (SELECT text FROM strings WHERE id = t."producer") AS "producer",
  t."run",
  t."seq",
  t."flags",
  (SELECT text FROM strings WHERE id = t."trader_id") AS "trader_id",
  (SELECT text FROM strings WHERE id = t."account_id") AS "account_id",
  (SELECT text FROM strings WHERE id = t."strategy_id") AS "strategy_id",
  (SELECT text FROM strings WHERE id = t."instrument_id") AS "instrument_id",
  (SELECT text FROM strings WHERE id = t."venue") AS "venue",
  (SELECT text FROM strings WHERE id = t."stage") AS "stage",
  (SELECT text FROM strings WHERE id = t."clock") AS "clock",
  t."min",
  t."max",
  t."last",
  t."p50",
  t."p95",
  t."p99",
  t."n"
FROM "_order_latency_1m" AS t;
