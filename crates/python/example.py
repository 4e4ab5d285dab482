"""A strategy that trades noise, and records what it does: `python example.py`, then look into plimsoll.db."""

import random

import plimsoll


def main():
    rng = random.Random(7)
    with plimsoll.open("plimsoll.db", mode="backtest", trader_id="desk-1") as metrics:
        account = metrics.strategy("noise-001").account("paper-main")
        btc = account.instrument("BTC-USD-PERP", "PAPER", "USDC")
        px, equity = 64_000.0, 10_000.0
        for n in range(1_000):
            order_id, side = f"ord-{n}", rng.choice(["buy", "sell"])
            btc.emit_order(order_id, side, "submitted", order_type="market", qty=0.1)
            fill_px = px * (1 + rng.gauss(0, 1e-4))
            btc.emit_order(
                order_id, side, "filled", cum_qty=0.1, avg_px=fill_px, ref_px=px, ref_kind="decision"
            )
            equity += rng.gauss(0, 5)
            account.emit_equity(equity)
            px *= 1 + rng.gauss(0, 1e-3)
    print(metrics.counts())


if __name__ == "__main__":
    main()
