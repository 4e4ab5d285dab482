#!/usr/bin/env bash
# Kept in step by `plimsoll kit update`; what you change here stays.
# Says which parts a change touches, as lines such as `python=true` for $GITHUB_OUTPUT.
# The argument is the commit that the change begins at; without one, everything is touched.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

base="${1:-}"
if [ -n "$base" ] && ! git merge-base "$base" HEAD >/dev/null 2>&1; then
  base=""
fi

touches() {
  local name="$1"
  shift
  if [ -n "$base" ] && git diff --quiet "$base...HEAD" -- "$@"; then
    echo "$name=false"
  else
    echo "$name=true"
  fi
}

touches python \
  ':(glob)**/*.py' ':(glob)**/*.pyi' ':(glob)**/pyproject.toml' ':(glob)**/setup.py' ':(glob)**/setup.cfg' \
  ':(glob)**/requirements*.txt' ':(glob)**/uv.lock' ':(glob)**/poetry.lock' ':(glob)**/pytest.ini' \
  ':(glob)**/conftest.py' bandit.yaml .bandit-baseline.json .github/requirements/python.txt \
  .github/workflows/ci.yml .github/scripts/changed.sh
touches rust \
  ':(glob)**/*.rs' ':(glob)**/Cargo.toml' Cargo.lock rust-toolchain rust-toolchain.toml \
  clippy.toml rustfmt.toml deny.toml ':(glob).cargo/**' ':(glob).config/nextest.toml' \
  .github/workflows/ci.yml .github/scripts/changed.sh
