//! Where a secret may be sent.

/// Returns whether nobody on the way reads what is sent to an address: it goes over `https`, or over `http`
/// and does not leave this machine. `host` as it stands in the address: one of IPv6 in brackets.
#[must_use]
pub fn is_private_way(scheme: &str, host: &str) -> bool {
    match scheme {
        "https" => !host.is_empty(),
        "http" => matches!(host, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    }
}
