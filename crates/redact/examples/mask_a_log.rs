//! Masks log lines before they leave the machine.

use plimsoll_redact::{Rules, find, mask};

fn main() {
    // The value is put together here, so that it is in no file as a whole.
    let token = ["gh", "p_", &"a1B2".repeat(9)].concat();
    let rules = Rules::default().with_known(["correct horse battery"]);

    let line = format!("push to https://{token}@example.invalid failed, password=tr0ub4dor");
    let masked = mask(&line, &rules);
    assert!(!masked.contains(&token) && !masked.contains("tr0ub4dor"), "{masked}");

    let kinds: Vec<&str> = find(&line, &rules).iter().map(|span| span.kind.name()).collect();
    assert_eq!(kinds, ["github", "assignment"]);

    let encoded = "q=correct%20horse%20battery&page=2";
    assert_eq!(mask(encoded, &rules), "q=[redacted:known]&page=2");

    let ordinary = "filled 0.5 BTC-USD-PERP.HYPERLIQUID at 64250.5, order O-20260101-1";
    assert_eq!(mask(ordinary, &rules), ordinary);
}
