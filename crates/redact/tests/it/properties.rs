//! What holds for any text.

use plimsoll_redact::{Rules, Span, find, mask};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};
use proptest::sample::select;

use crate::corpus::planted;

/// Pieces that scanners react to, in any order.
const PIECES: &[&str] = &[
    "password",
    "=",
    ":",
    ": ",
    "\"",
    "\\\"",
    "'",
    "token",
    "api key ",
    "private key ",
    " ",
    "\n",
    "://",
    "@",
    "/",
    "[redacted:known]",
    "[redacted:",
    "]",
    "Bearer ",
    "Authorization: ",
    "eyJ",
    ".",
    "0x",
    "mnemonic ",
    "webhooks/",
    "123456789",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "é",
    "😀",
    "\0",
    "--secret ",
    "Some(",
    "<",
    ">",
    "ghp_",
    "sk-",
    "aB3dE5fG7hJ9kLmNpQrStUvWxYz12",
    "0123456789abcdef0123456789abcdef",
    "plainvalue",
    "cGxhaW52YWx1ZQ",
    "https",
    "bot",
];

fn rules() -> Rules {
    Rules::default().with_known(["plainvalue", "é😀é😀"])
}

#[track_caller]
fn check(text: &str) {
    let rules = rules();
    let spans = find(text, &rules);
    let mut rest = String::new();
    let mut from = 0;
    for Span { range, .. } in &spans {
        assert!(
            range.start >= from && range.end > range.start && text.get(range.clone()).is_some()
        );
        rest.push_str(&text[from..range.start]);
        from = range.end;
    }
    rest.push_str(&text[from..]);
    let masked = mask(text, &rules);
    if spans.is_empty() {
        assert_eq!(masked, text);
    }
    // Later passes may take more out of what was outside the spans, never add to it.
    let kept: usize = masked.split("[redacted:").map(str::len).sum();
    assert!(kept <= text.len() + spans.len() * 20 + 200);
    assert_eq!(mask(&masked, &rules), masked, "of {text:?}");
}

fn composed() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_is_taken_and_masking_twice_is_masking_once(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_mixture_of_telling_pieces_is_taken(text in composed()) {
        check(&text);
    }

    #[test]
    fn a_planted_secret_does_not_survive_its_surroundings(
        before in "[ -~é]{0,40}", which in any::<prop::sample::Index>(), after in "[ -~é]{0,40}",
    ) {
        let planted = planted();
        let planted = &planted[which.index(planted.len())];
        // Prefixed secrets need no words around them; line breaks keep their own words together.
        let text = format!("{}\n{}\n{after}", before.replace(['"', '\'', '\\'], ""), planted.text);
        let masked = mask(&text, &rules()).into_owned();
        assert!(!masked.contains(&planted.secret), "{}: {masked}", planted.name);
    }
}

#[test]
fn long_runs_of_near_misses_are_done_in_linear_time() {
    // Each of these is quadratic for a scanner that looks ahead without remembering.
    for piece in [
        "a",
        "token=",
        "password=",
        "password",
        "password=\"",
        "password: ",
        "sk-",
        "eyJ-",
        "eyJaaaaaaa.",
        "://",
        "://a:",
        "postgres://a",
        "@",
        "secret ",
        "private key ",
        "mnemonic abandon ",
        "[redacted:",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "Bearer ",
        "Bearer",
        "webhooks/1/",
        "1:",
        "token=\\\"",
        "authorization:",
        "authorization: ",
        "plainvalu",
        "0x",
        "a.",
        "--password ",
        "seed ",
        "Some(",
        "\\",
    ] {
        let len = if piece.len() == 1 { 1 << 20 } else { 1 << 17 };
        let text = piece.repeat(len / piece.len());
        let masked = mask(&text, &rules()).into_owned();
        assert!(masked.len() <= text.len() * 20, "{piece}");
    }
}
