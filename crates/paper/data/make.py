"""Makes sp500-daily.csv from the file that the PyPI package `arch` 8.0.0 carries.

Usage: python3 make.py PATH/TO/arch/data/sp500/sp500.csv.gz > sp500-daily.csv

Prices are rounded to the two decimals the index is quoted in (the source holds
binary-float residue such as 1229.22998), the date becomes ISO 8601, the column
`Adj Close` is left out because it equals `Close`, rows stay in the source's order.
"""

import csv
import gzip
import sys
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


def price(text):
    return Decimal(text).quantize(CENT, rounding=ROUND_HALF_EVEN)


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["Date", "Open", "High", "Low", "Close", "Volume"])
    with gzip.open(sys.argv[1], "rt", encoding="ascii", newline="") as source:
        for row in csv.DictReader(source):
            if row["Close"] != row["Adj Close"]:
                raise SystemExit(f"{row['Date']}: Adj Close differs from Close")
            bar = [price(row[name]) for name in ("Open", "High", "Low", "Close")]
            if not (0 < bar[2] <= min(bar[0], bar[3]) and max(bar[0], bar[3]) <= bar[1]):
                raise SystemExit(f"{row['Date']}: high and low do not enclose the bar")
            day = datetime.strptime(row["Date"], "%m/%d/%Y").date()
            out.writerow([day.isoformat(), *bar, int(row["Volume"])])


main()
