//! A value that does not print itself.

use plimsoll_redact::Secret;

#[test]
fn a_secret_prints_nothing_of_itself() {
    let secret = Secret::new("hunter2");
    assert_eq!(
        format!("{secret} {secret:?} {secret:#?} {:?}", Some(&secret)),
        "[redacted] [redacted] [redacted] Some([redacted])"
    );
    assert_eq!(secret.expose(), "hunter2");
    assert_eq!(Secret::from("a".to_owned()).clone().expose(), Secret::from("a").expose());
    assert!(Secret::default().is_empty() && !secret.is_empty());
}
