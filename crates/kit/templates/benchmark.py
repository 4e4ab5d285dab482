"""The first benchmark: what it measures is to be replaced by a hot path of this repository."""

import pytest


@pytest.mark.benchmark
def test_running_peak() -> None:
    """Drawdown of ten thousand equity values."""
    peak = 0.0
    worst = 0.0
    for step in range(10_000):
        equity = 1_000.0 + (step * 7919 % 997) / 10
        peak = max(peak, equity)
        worst = max(worst, 1 - equity / peak)
    if not 0 < worst < 1:
        raise AssertionError(worst)
