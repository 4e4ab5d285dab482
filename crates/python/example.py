"""A backtest of moving averages over twenty years of the S&P 500, recorded: `python example.py`, then look into plimsoll.db.

    python example.py http://127.0.0.1:9009    # the same rows into a station or QuestDB
"""

import csv
import datetime
import pathlib
import sys
from statistics import fmean

import plimsoll

DATA = pathlib.Path(__file__).parents[1] / "paper" / "data" / "sp500-daily.csv"
QTY, FEE_RATE = 30.0, 0.00045


def main(store="plimsoll.db"):
    with open(DATA) as file:
        days = list(csv.DictReader(file))
    with plimsoll.open(store, mode="backtest", trader_id="desk-1") as metrics:
        account = metrics.strategy("crossing-001").account("paper-main")
        spx = account.instrument("SPX-USD-PERP", "SIM", "USD")
        closes, held, cash, fees, orders = [], 0.0, 1_000_000.0, 0.0, 0
        for day in days:
            px = float(day["Close"])
            at = datetime.datetime.fromisoformat(day["Date"] + "T21:00:00+00:00")
            closes = [*closes[-29:], px]
            wanted = QTY if fmean(closes[-10:]) > fmean(closes) else -QTY
            if len(closes) == 30 and wanted != held:
                qty, order_id = abs(wanted - held), f"ord-{orders}"
                side, fee = ("buy" if wanted > held else "sell"), qty * px * FEE_RATE
                spx.emit_order(order_id, side, "submitted", order_type="market", qty=qty, at=at)
                spx.emit_order(order_id, side, "filled", cum_qty=qty, avg_px=px, at=at)
                cash -= (wanted - held) * px + fee
                held, fees, orders = wanted, fees + fee, orders + 1
            equity = cash + held * px
            spx.emit_pnl(total_pnl=equity - 1_000_000.0, commission=fees, at=at)
            account.emit_equity(equity, at=at)
    print(f"{len(days)} days, {orders} orders, equity {equity:,.2f}")
    print(metrics.counts())


if __name__ == "__main__":
    main(*sys.argv[1:])
