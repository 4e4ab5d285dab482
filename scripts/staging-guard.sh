#!/bin/sh
# Kept in step by `plimsoll kit update`; what you change here stays.
# Refuses a staging environment that could trade on mainnet. Says every reason, and exits with 1 if there is one.
set -eu

wrong=0
refuse() {
  echo "staging refused: $1" >&2
  wrong=1
}

[ "${HYPERLIQUID_TESTNET:-}" = "true" ] || refuse "HYPERLIQUID_TESTNET is not true"
[ "${TRADING_MODE:-}" = "paper" ] || refuse "TRADING_MODE is not paper"
[ -z "${HYPERLIQUID_PRIVATE_KEY:-}" ] || refuse "a key is in HYPERLIQUID_PRIVATE_KEY; keys are files"

case "${HYPERLIQUID_PRIVATE_KEY_FILE:-}" in
  *testnet*) ;;
  *) refuse "HYPERLIQUID_PRIVATE_KEY_FILE does not name a testnet key" ;;
esac

case "${HYPERLIQUID_API_URL:-}" in
  https://api.hyperliquid-testnet.xyz | https://api.hyperliquid-testnet.xyz/*) ;;
  *) refuse "HYPERLIQUID_API_URL is not the testnet" ;;
esac

# Whatever else is set: no address of mainnet, and no key in a variable.
if env | grep -Eiq '(^|[/.@])api\.hyperliquid\.xyz'; then
  refuse "a variable has the address of mainnet"
fi
if env | grep -Eiq '=(0x)?[0-9a-f]{64}$'; then
  refuse "a variable has what looks like a private key"
fi

exit "$wrong"
