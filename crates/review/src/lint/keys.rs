//! Keys: neither in code nor in logs nor on the wire in clear.

use plimsoll_redact::{Rules, find, key_is_secret};

use super::patterns::pattern;
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Region, SourceLine};

pattern!(
    PLACEHOLDER,
    r"(?i)example|placeholder|change_?me|your[_-]|dummy|fake|redacted|xxxx|<[\w -]+>|\.\.\.|\$\{|\{\{|%\(|test-?key|not-a-real"
);
pattern!(
    ASSIGNED,
    r#"(?i)([\w.\-]*(?:api_?key|secret|private_?key|passphrase|password|auth_?token|access_?token|webhook_?url|mnemonic)[\w.\-]*)["']?\s*[:=]\s*["']([^"'\s]{12,})["']"#
);
pattern!(
    LOG_CALL,
    r"(?i)\b(log|logger|logging|self\.log|self\._log|_log|tracing)\.?(debug|info|warn|warning|error|critical|exception|trace)?\(|\bprint\(|\b(println|eprintln|debug|info|warn|error|trace)!\(|\bconsole\.(log|info|warn|error)\("
);
pattern!(ENV_FILE, r"(^|/)\.env(\.(prod|production|live|staging|local))?$");
pattern!(ENV_LINE, r#"^\s*(?:export\s+)?(\w+)\s*=\s*["']?([^\s"'$]{6,})"#);
pattern!(
    UNQUOTED,
    r#"^\s*(?:-\s*)?(?:export\s+|ENV\s+|ARG\s+)?([A-Za-z_][\w.\-]*)\s*[=:]\s*([^\s"'$<{/#]{12,})\s*$"#
);
// What a test or a page of documentation calls a key that is none.
pattern!(
    MADE_UP,
    r"(?i)\b\w*(fake|dummy|test|example|sample|mock|stub|placeholder)\w*\b\W{0,4}[:=]"
);
pattern!(NAME, r"[A-Za-z_][A-Za-z0-9_.]*");
// What holds a key among other things.
pattern!(
    HOLDS_SECRET,
    r"\b(self\.)?_?(\w*headers|creds|credentials|auth|signed\w*|login_(frame|msg|message|payload|body|args)|environ|__dict__)\b|\bvars\(\s*self|\b(env::vars|std::env::vars)\("
);
pattern!(
    SHELL_SHOWS,
    r"(?i)^\s*(-\s*)?(run:\s*)?(echo|printf|cat\s*<<<)\b.*\$\{?\{?\s*\w*(secrets?\.|secret|token|api_?key|password|private_?key)\w*"
);
pattern!(HELD_BACK, r"(?i)(mask|redact|bool|len|hash|sha256|fingerprint|type|isinstance)\s*\($");
pattern!(BRACES, r"\{([^{}]*)\}|\$\{([^{}]*)\}");
pattern!(
    KEY_IN_URL,
    r#"(?i)[?&](api_?key|apikey|token|access_token|secret|password)=(\{|\$\{|["']\s*\+|%s)|\bparams\s*=\s*\{[^}]*["'](api_?key|apikey|token|access_token|secret|passphrase)["']\s*:|\.query\(\s*&?\[\s*\(\s*"(api_?key|apikey|token|access_token|secret)"|\bparams\[["'](api_?key|apikey|token|access_token|secret)["']\]\s*="#
);
pattern!(
    NO_TLS_CHECK,
    r"\bverify\s*=\s*False\b|danger_accept_invalid_(certs|hostnames)\(\s*true|\brejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED\W+0|\bCERT_NONE\b|\bcheck_hostname\s*=\s*False|\bssl\s*=\s*False\b|_create_unverified_context|InsecureSkipVerify\s*:\s*true"
);
pattern!(
    PLAIN_HTTP,
    r#"["'`]http://[a-z0-9\-]+(\.[a-z0-9\-]+)+|["'`]ws://[a-z0-9\-]+(\.[a-z0-9\-]+)+|[:=]\s*http://[a-z0-9\-]+(\.[a-z0-9\-]+)+"#
);
pattern!(
    LOCAL,
    r"://(127\.|0\.0\.0\.0|localhost|10\.|192\.168\.|[\w\-]+\.(local|internal|svc|test|example|localhost)\b|[\w.\-]*example\.(com|org|net)|www\.w3\.org|[\w.\-]*schema)"
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "secret-in-code",
        focus: Focus::ApiKeys,
        severity: Severity::Critical,
        title: "a secret stands in the change",
        why: "Once pushed it is in the history for good. Revoke it, and read the next one from the environment or \
              a secret store.",
        path: "strategies/venue.py",
        bad: "+API_SECRET = \"9f8e7d6c5b4a39281706f5e4d3c2b1a0\"\n",
        good: "+API_SECRET = os.environ[\"VENUE_API_SECRET\"]\n",
        in_tests: InTests::Read,
        check: secret_in_code,
    },
    Lint {
        id: "secret-logged",
        focus: Focus::ApiKeys,
        severity: Severity::Critical,
        title: "a secret is written to a log",
        why: "Logs are copied, shipped and read by many. Log that it is set, or its length, never its value.",
        path: "adapters/client.py",
        bad: "+    self.log.info(f\"connecting with {self.api_secret}\")\n",
        good: "+    self.log.info(f\"connecting, key set: {bool(self.api_secret)}\")\n",
        in_tests: InTests::Skip,
        check: secret_logged,
    },
    Lint {
        id: "secret-in-url",
        focus: Focus::ApiKeys,
        severity: Severity::High,
        title: "a key travels in a URL",
        why: "URLs end in access logs, error messages and proxies. Send it in a header.",
        path: "adapters/client.py",
        bad: "+    url = f\"{BASE}/fills?api_key={key}\"\n",
        good: "+    headers = {\"X-API-KEY\": key}\n",
        in_tests: InTests::Skip,
        check: secret_in_url,
    },
    Lint {
        id: "tls-check-off",
        focus: Focus::ApiKeys,
        severity: Severity::Critical,
        title: "the server's certificate is not checked",
        why: "Anybody on the way can read the keys and change the orders. Leave the check on, and add the \
              certificate authority that is missing.",
        path: "adapters/client.py",
        bad: "+    reply = requests.post(url, json=order, verify=False, timeout=5)\n",
        good: "+    reply = requests.post(url, json=order, timeout=5)\n",
        in_tests: InTests::Skip,
        check: tls_check_off,
    },
    Lint {
        id: "plain-http",
        focus: Focus::ApiKeys,
        severity: Severity::Medium,
        title: "a remote address without TLS",
        why: "What goes there can be read and changed on the way. Use https or wss.",
        path: "adapters/client.py",
        bad: "+BASE = \"http://api.venue.io/v1\"\n",
        good: "+BASE = \"https://api.venue.io/v1\"\n",
        in_tests: InTests::Skip,
        check: plain_http,
    },
];

fn secret_in_code(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    let rules = Rules::default();
    for (index, line) in region.lines.iter().enumerate().filter(|(_, line)| line.is_added) {
        let by_shape = find(line.text, &rules).into_iter().any(|span| {
            let range = span.range.clone();
            let text = line.text.get(range.clone()).unwrap_or_default();
            !PLACEHOLDER.is_match(text) && is_literal(region.language, line, range)
        });
        let by_name = ASSIGNED.captures(line.text).is_some_and(|found| {
            let group = |index| found.get(index).map_or("", |found| found.as_str());
            let value = group(2);
            key_is_secret(group(1)) && is_random(value) && !PLACEHOLDER.is_match(value)
        });
        let by_line = matches!(region.language, Language::Shell | Language::Settings)
            && UNQUOTED.captures(line.text).is_some_and(|found| {
                let group = |index| found.get(index).map_or("", |found| found.as_str());
                key_is_secret(group(1)) && is_random(group(2)) && !PLACEHOLDER.is_match(group(2))
            });
        let in_env_file = ENV_FILE.is_match(region.path)
            && ENV_LINE.captures(line.text).is_some_and(|found| {
                found.get(1).is_some_and(|name| key_is_secret(name.as_str()))
                    && found.get(2).is_some_and(|value| !PLACEHOLDER.is_match(value.as_str()))
            });
        let is_made_up = MADE_UP.is_match(line.text) || (region.is_test && counts_up(line.text));
        if (by_shape || by_name || by_line || in_env_file) && !is_made_up {
            hits.line(region, index);
        }
    }
}

/// Whether a text has a run that a person types and no machine draws: `0123456789`, `abcdefgh`, `aaaaaaaa`.
fn counts_up(text: &str) -> bool {
    let bytes = text.as_bytes();
    let runs = |step: u8| {
        bytes.windows(8).any(|eight| {
            eight.iter().all(u8::is_ascii_alphanumeric)
                && eight
                    .windows(2)
                    .all(|two| matches!(two, [a, b] if a.checked_add(step) == Some(*b)))
        })
    };
    runs(0) || runs(1)
}

/// Whether the text stands in a string or a comment, so that it is a value and no name in code.
fn is_literal(language: Language, line: &SourceLine<'_>, range: std::ops::Range<usize>) -> bool {
    match language {
        Language::Python | Language::Rust | Language::Script => {
            line.code.get(range).is_some_and(|code| code.trim().is_empty())
        }
        _ => true,
    }
}

/// Letters and digits mixed, as keys are and names are not.
fn is_random(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    digits >= 3 && letters >= 3 && !value.contains("://")
}

fn secret_logged(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let is_shell = matches!(region.language, Language::Shell | Language::Settings);
        // Into a file or another program it is not shown.
        if is_shell && SHELL_SHOWS.is_match(line.text) && !line.text.contains(['|', '>']) {
            hits.line(region, index);
        }
        if !LOG_CALL.is_match(&line.code) {
            continue;
        }
        // The line of the call that names it: a call may span many.
        let naming = region.call(index).enumerate().find(|(offset, part)| {
            let in_strings = BRACES.captures_iter(part.text).any(|found| {
                found.get(1).or(found.get(2)).is_some_and(|inner| names_secret(inner.as_str()))
            });
            let code = part.code.as_str();
            let arguments = if *offset == 0 {
                code.split_once('(').map_or("", |(_, arguments)| arguments)
            } else {
                code
            };
            in_strings || names_secret(arguments) || HOLDS_SECRET.is_match(arguments)
        });
        if let Some((offset, _)) = naming {
            hits.line(region, index + offset);
        }
    }
}

pub(super) fn names_secret(code: &str) -> bool {
    NAME.find_iter(code).any(|name| {
        let last = name.as_str().rsplit('.').next().unwrap_or_default();
        let before = code.get(..name.start()).unwrap_or_default();
        let after = code.get(name.end()..).unwrap_or_default().trim_start();
        let is_used = !HELD_BACK.is_match(before.trim_end()) && !after.starts_with("is not None");
        key_is_secret(last) && is_used
    })
}

fn secret_in_url(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if KEY_IN_URL.is_match(line.text) {
            hits.line(region, index);
        }
    }
}

fn tls_check_off(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if NO_TLS_CHECK.is_match(&line.code) {
            hits.line(region, index);
        }
    }
}

fn plain_http(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language == Language::Other {
        return;
    }
    for (index, line) in region.added() {
        if PLAIN_HTTP.is_match(line.text) && !LOCAL.is_match(line.text) {
            hits.line(region, index);
        }
    }
}
