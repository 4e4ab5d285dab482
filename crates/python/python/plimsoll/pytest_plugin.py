"""The fixture `plimsoll_capture`: a strategy's rows, in its own tests."""

import pytest

import plimsoll


class Capture:
    """A pipeline and what it was given."""

    def __init__(self):
        self.metrics, self.captured = plimsoll.capture()

    def rows(self, table):
        """Rows of a table, oldest first, as dictionaries of their present columns."""
        return self.captured.rows(table)


@pytest.fixture
def plimsoll_capture():
    """`plimsoll_capture.metrics` goes into the strategy, `plimsoll_capture.rows(table)` comes out."""
    capture = Capture()
    yield capture
    capture.metrics.close()
