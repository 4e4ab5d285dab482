//! Calls to exchanges and chains where money is real, made by hand instead of through the trading system.

use super::programs::{has_arg, has_token, operands};
use super::shell::Command;

/// Hosts of exchanges; a host ends with one of these.
const HOSTS: &[&str] = &[
    "binance.com",
    "binance.us",
    "bybit.com",
    "bytick.com",
    "okx.com",
    "okex.com",
    "kraken.com",
    "coinbase.com",
    "hyperliquid.xyz",
    "deribit.com",
    "bitmex.com",
    "bitfinex.com",
    "bitstamp.net",
    "kucoin.com",
    "gate.io",
    "gateio.ws",
    "huobi.pro",
    "htx.com",
    "gemini.com",
    "dydx.exchange",
    "dydx.trade",
    "bitget.com",
    "mexc.com",
    "crypto.com",
    "upbit.com",
    "paradex.trade",
    "vertexprotocol.com",
    "interactivebrokers.com",
    "ibkr.com",
    "api.alpaca.markets",
    "oanda.com",
];
/// Parts of a host that say that the money is not real.
const TEST_WORDS: &[&str] = &[
    "testnet",
    "test",
    "sandbox",
    "demo",
    "paper",
    "practice",
    "sepolia",
    "goerli",
    "holesky",
    "devnet",
    "localhost",
];
/// Parts of a path behind which an account is.
const PRIVATE_PATHS: &[&str] = &[
    "/order",
    "/private",
    "/trade/",
    "/withdraw",
    "/exchange",
    "/account",
    "/sapi/",
    "/transfer",
    "/position",
    "/leverage",
    "/batchorders",
    "/balance",
    "/wallet",
    "/cancel",
    "/margin",
    "/listenkey",
];
/// Public data that is asked for by POST, or by a path that looks private.
const PUBLIC_PATHS: &[&str] = &[
    "/info",
    "/exchangeinfo",
    "/public/",
    "/market/",
    "/orderbook",
    "/order_book",
    "/api/v3/depth",
];
/// Headers and parameters of a signed request.
const SIGNS: &[&str] = &[
    "signature=",
    "x-mbx-apikey",
    "x-bapi-",
    "ok-access-",
    "kc-api-",
    "api-key:",
    "api-sign",
    "cb-access-",
    "authorization:",
    "apca-api-",
    "x-gemini-apikey",
];
/// Methods of an Ethereum node that change something.
const RPC_WRITES: &[&str] =
    &["eth_sendrawtransaction", "eth_sendtransaction", "eth_signtransaction", "personal_"];
const HTTP_CLIENTS: &[&str] =
    &["curl", "wget", "http", "https", "httpie", "xh", "xhs", "curlie", "wscat", "websocat"];
/// Tools that send transactions, with the subcommands that do; with none every use counts.
const CHAIN_TOOLS: &[(&str, &[&str])] = &[
    ("cast", &["send", "publish", "mktx"]),
    ("forge", &["create", "--broadcast"]),
    ("solana", &["transfer", "deploy", "stake"]),
    ("spl-token", &["transfer", "mint", "burn", "approve"]),
    ("hardhat", &["run", "deploy"]),
    ("truffle", &["migrate", "exec"]),
    ("brownie", &["run"]),
    ("anchor", &["deploy", "upgrade"]),
    ("seth", &["send"]),
    ("near", &["call", "send", "deploy"]),
];

/// Whether a program may make such a call.
pub(super) fn is_known(name: &str) -> bool {
    HTTP_CLIENTS.contains(&name) || CHAIN_TOOLS.iter().any(|(tool, _)| *tool == name)
}

/// Whether a command acts on an account or a chain where money is real. `more_hosts` are the project's own.
pub(super) fn is_called(command: &Command, more_hosts: &[String]) -> bool {
    let args = command.args();
    if HTTP_CLIENTS.contains(&command.program()) {
        return is_http_call(command, more_hosts);
    }
    let Some((_, subcommands)) = CHAIN_TOOLS.iter().find(|(tool, _)| *tool == command.program())
    else {
        return false;
    };
    let values = args.iter().chain(command.assignments.iter().map(|(_, value)| value));
    let mut values = values.map(String::as_str);
    has_arg(args, subcommands) && values.any(is_main_chain)
}

/// Whether a program text makes such a call. Its strings are looked at together.
pub(super) fn is_called_in_code(code: &str, more_hosts: &[String]) -> bool {
    let lower = code.to_lowercase();
    let has_host = lower
        .split(|c: char| c.is_whitespace() || "'\"`".contains(c))
        .any(|part| is_real(part, more_hosts));
    let is_private =
        PRIVATE_PATHS.iter().chain(SIGNS).chain(RPC_WRITES).any(|mark| lower.contains(mark));
    let is_post = [".post(", ".put(", ".delete(", "\"post\"", "'post'"]
        .iter()
        .any(|mark| lower.contains(mark));
    let is_public = PUBLIC_PATHS.iter().any(|path| lower.contains(path));
    has_host && (is_private || is_post) && !is_public
}

/// A main network by name, by number, or by the host of a node.
fn is_main_chain(value: &str) -> bool {
    let is_named = has_token(value, &["mainnet", "mainnets"]) || matches!(value, "1" | "m" | "-um");
    is_named && !has_token(value, TEST_WORDS)
}

fn is_http_call(command: &Command, more_hosts: &[String]) -> bool {
    let args = command.args();
    let stdin = command.stdin.as_deref().unwrap_or_default();
    let words = || args.iter().map(String::as_str).chain([stdin]);
    let lower: Vec<String> = words().map(str::to_lowercase).collect();
    let chain = lower.iter().any(|word| {
        has_token(word, &["mainnet"]) && word.contains("://") && !has_token(word, TEST_WORDS)
    });
    if chain {
        return lower.iter().any(|word| RPC_WRITES.iter().any(|method| word.contains(method)));
    }
    let Some(url) = lower.iter().find(|word| is_real(word, more_hosts)) else { return false };
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = path.find('/').and_then(|at| path.get(at..)).unwrap_or_default();
    let is_signed = lower.iter().any(|word| SIGNS.iter().any(|sign| word.contains(sign)));
    let is_public = PUBLIC_PATHS.iter().any(|public| path.contains(public));
    let is_private = PRIVATE_PATHS.iter().any(|private| path.contains(private));
    is_signed || !is_public && (is_private || sends(args))
}

/// Whether the request has a body, or a method other than GET.
fn sends(args: &[String]) -> bool {
    let is_method = |word: &str| {
        matches!(word.to_ascii_uppercase().as_str(), "POST" | "PUT" | "DELETE" | "PATCH")
    };
    args.iter().any(|arg| {
        // `-sXPOST`: an option's value may stand behind other letters.
        let letters = arg.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        let glued = letters.and_then(|letters| letters.split_once('X')).map(|(_, method)| method);
        let glued = glued.or_else(|| arg.strip_prefix("--request="));
        is_method(arg)
            || glued.is_some_and(is_method)
            || matches!(arg.as_str(), "-d" | "-F" | "-T" | "--json" | "--form" | "--upload-file")
            || arg.starts_with("--data")
            || arg.starts_with("--post-")
            || arg.starts_with("-d") && arg.len() > 2 && !arg.starts_with("--")
    }) || operands(args).skip(1).any(|arg| {
        arg.contains(":=")
            || arg
                .split_once('=')
                .is_some_and(|(name, _)| !name.is_empty() && !name.contains(['/', '?', ':', ' ']))
    })
}

/// Whether the host of an address is one where money is real.
fn is_real(address: &str, more_hosts: &[String]) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', '?', ':', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let ends = |with: &str| {
        host == with || host.strip_suffix(with).is_some_and(|rest| rest.ends_with('.'))
    };
    let is_listed = HOSTS.iter().any(|with| ends(with)) || more_hosts.iter().any(|with| ends(with));
    is_listed && !has_token(host, TEST_WORDS)
}
