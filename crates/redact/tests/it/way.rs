//! Where a secret may be sent.

use plimsoll_redact::is_private_way;

#[track_caller]
fn check(scheme: &str, host: &str, expected: bool) {
    assert_eq!(is_private_way(scheme, host), expected, "{scheme}://{host}");
}

#[test]
fn a_secret_goes_over_tls_or_stays_on_the_machine() {
    check("https", "discord.com", true);
    for here in ["127.0.0.1", "localhost", "[::1]"] {
        check("http", here, true);
    }
    for other in ["discord.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", ""] {
        check("http", other, false);
    }
    check("https", "", false);
    check("ftp", "localhost", false);
}
