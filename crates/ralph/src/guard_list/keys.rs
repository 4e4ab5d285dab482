//! Keys of exchanges and wallets in the environment, by their names.

use super::programs::tokens;

const EXCHANGES: &[&str] = &[
    "binance",
    "bybit",
    "okx",
    "okex",
    "kraken",
    "coinbase",
    "cbpro",
    "hyperliquid",
    "deribit",
    "bitmex",
    "bitfinex",
    "bitstamp",
    "kucoin",
    "gateio",
    "gate",
    "huobi",
    "htx",
    "gemini",
    "dydx",
    "bitget",
    "mexc",
    "upbit",
    "paradex",
    "vertex",
    "ibkr",
    "alpaca",
    "oanda",
    "exchange",
    "trading",
    "broker",
];
const SECRETS: &[&str] = &[
    "key",
    "apikey",
    "secret",
    "apisecret",
    "passphrase",
    "token",
    "password",
    "private",
    "privatekey",
    "pk",
];
const WALLETS: &[&[&str]] = &[
    &["private", "key"],
    &["privatekey"],
    &["mnemonic"],
    &["seed", "phrase"],
    &["wallet", "key"],
    &["wallet", "secret"],
];
const HARMLESS: &[&str] = &[
    "testnet", "test", "sandbox", "demo", "paper", "practice", "public", "ssh", "ssl", "tls",
    "gpg", "jwt", "path", "file",
];

/// Returns whether a variable looks like a key of an exchange or a wallet. Only its name is looked at, and whether
/// it has a value.
#[must_use]
pub fn is_exchange_key(name: &str, value: &str) -> bool {
    if value.trim().is_empty() {
        return false;
    }
    let parts: Vec<String> = tokens(name).collect();
    let has = |wanted: &str| parts.iter().any(|part| part == wanted);
    let is_exchange = EXCHANGES.iter().any(|e| has(e)) && SECRETS.iter().any(|s| has(s));
    let is_wallet = WALLETS.iter().any(|words| words.iter().all(|word| has(word)));
    (is_exchange || is_wallet) && !HARMLESS.iter().any(|word| has(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_names() {
        let variables = [
            ("BINANCE_API_KEY", "abc"),
            ("BINANCE_TESTNET_API_KEY", "abc"),
            ("HYPERLIQUID_PRIVATE_KEY", "0x1"),
            ("ETH_PRIVATE_KEY", "0x1"),
            ("WALLET_MNEMONIC", "a b"),
            ("OKX_PASSPHRASE", ""),
            ("ANTHROPIC_API_KEY", "abc"),
            ("SSH_PRIVATE_KEY", "abc"),
            ("HOME", "/x"),
            ("KRAKEN_URL", "https://x"),
        ];
        let names: Vec<_> = variables
            .iter()
            .filter(|(name, value)| is_exchange_key(name, value))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(
            names,
            ["BINANCE_API_KEY", "HYPERLIQUID_PRIVATE_KEY", "ETH_PRIVATE_KEY", "WALLET_MNEMONIC"]
        );
    }
}
