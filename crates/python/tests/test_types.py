"""The stubs: strict, the same as the package, and a mistake in a program is found by them."""

import pathlib
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")

HERE = pathlib.Path(__file__).parent
STUBS = HERE.parent / "python" / "plimsoll"


def python(*args):
    program = [sys.executable, "-m", *map(str, args)]
    return subprocess.run(program, capture_output=True, text=True, timeout=300, check=False, cwd=HERE.parent)


def test_the_stubs_are_strict():
    stubs = [STUBS / name for name in ("__init__.pyi", "_native.pyi", "nautilus/__init__.pyi")]
    ran = python("mypy", "--strict", "--cache-dir=/dev/null", *stubs)
    assert ran.returncode == 0, ran.stdout


def test_a_stub_says_what_the_package_takes():
    ran = python(
        "mypy.stubtest", "plimsoll", "--concise", "--mypy-config-file", "pyproject.toml",
        "--allowlist", HERE / "stubs_differ.txt", "--ignore-unused-allowlist",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


RIGHT = """
    import plimsoll

    with plimsoll.open("plimsoll.db", mode="paper") as metrics:
        account = metrics.strategy("ema-001").account("HL-main")
        btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC")
        btc.emit_order("ord-1", "buy", "submitted", px=64_000.0)
        btc.emit_order("ord-2", "buy", "submitted", qty=0.5)
        btc.emit_pnl(realized_pnl=12.5)
"""
MISTAKES = {'"ord-1", "buy"': '"ord-1", "bid"', "qty=0.5": 'qty="0.5"', "realized_": "realised_", '"paper"': '"test"'}


def test_a_right_program_passes_and_each_mistake_is_found(tmp_path):
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    code = textwrap.dedent(RIGHT)
    right.write_text(code)
    for good, bad in MISTAKES.items():
        assert good in code
        code = code.replace(good, bad)
    wrong.write_text(code)
    ran = python("mypy", "--strict", "--cache-dir=/dev/null", right, wrong)
    errors = [line for line in ran.stdout.splitlines() if ": error:" in line]
    assert len(errors) == len(MISTAKES) and all("wrong.py" in line for line in errors), ran.stdout
