//! Ways by which a key leaves the process.

use plimsoll_redact::key_is_secret;

use super::keys::names_secret;
use super::patterns::{is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Region, SourceLine};

pattern!(
    CARRIES,
    r"\braise\s+\w|\b(bail|anyhow|ensure|panic|eyre)!\s*\(|\bErr\(|\.(expect|context|with_context|ok_or_else|map_err)\(|\b(json_response|JSONResponse|jsonify|HttpResponse|PlainTextResponse|HTTPException)\(|\.(set_tag|set_extra|set_context|set_user|add_breadcrumb|labels|with_label_values|set_attribute|add_event|record_exception)\(|\b(set_tag|set_context|capture_message|add_breadcrumb)\(|\b(counter|gauge|histogram|span|event|info_span|debug_span|warn_span)!\(|\bsubprocess\.\w+\(|\bPopen\(|\bCommand::new\(|\.args?\("
);
pattern!(BRACES, r"\{([^{}]*)\}");
pattern!(
    FALLBACK,
    r#"(?:environ\.get|getenv)\(\s*["'](\w+)["']\s*,\s*["']([^"']{8,})["']|env::var\(\s*"(\w+)"\s*\)\s*\.unwrap_or(?:_else)?\(\s*(?:\|_\w*\|\s*)?(?:String::from\(\s*)?"([^"]{8,})"|process\.env\.(\w+)\s*(?:\|\||\?\?)\s*["'`]([^"'`]{8,})["'`]|\$\{(\w+):-([^}$]{8,})\}|\bField\(\s*(?:default\s*=\s*)?["'](\w{16,})["'].*env\s*=\s*["'](\w+)"#
);
pattern!(
    OPEN_TO_ALL,
    r"(?i)\b(chmod|mode|set_mode|from_mode)\b\W+.*\b0?o?(644|664|666|755|775|777)\b"
);
pattern!(KEY_FILE, r"(?i)secret|cred|\.pem|\.key\b|_key\b|token|wallet|\.env\b");
pattern!(
    NO_SECRET,
    r"(?i)change.?me|example|placeholder|your[_-]|<\w|^/|^https?://|^\./|\.json$|\.pem$|dummy|xxxx"
);
pattern!(DERIVES, r"#\[derive\([^)]*\b(Debug|Serialize)\b");
pattern!(
    STRUCT_FIELD,
    r"^\s*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*(?:Option<\s*)?(String|&'?\w*\s*str|Vec<u8>|\[u8;\s*\d+\]|Box<str>|Arc<str>)\b"
);
pattern!(
    COMPARED,
    r"(?i)\b\w*(signature|\bsig|hmac|digest|token|secret|api_key|mac|password)\w*(\.\w+\(\))?\s*(==|!=)\s*[\w.]*(signature|sig|hmac|digest|token|secret|expected|computed|key|mac|password|header)|\b(expected|computed|calculated)\w*\s*(==|!=)\s*\w*(sig|token|mac|header|provided|given)"
);
pattern!(CONSTANT_TIME, r"compare_digest|ct_eq|constant_time|verify_slice");
pattern!(
    RIGHTS,
    r#"(?i)\b(permission|scope|right|perm|grant)s?\b.*\b(withdraw|transfer)|\b(enable|allow|can)_?(withdraw|transfer)\w*["']?\s*[:=]\s*["']?(true|1|yes)"#
);
pattern!(
    WRITES,
    r"\.write(_text|ln|_all)?\(|\bwrite(ln)?!\(|\bfs::write\(|\bjson\.dump\(|\byaml\.(safe_)?dump\(|\.to_file\(|\bpickle\.dump\(|\.(set|setex|hset)\("
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "secret-leaves",
        focus: Focus::ApiKeys,
        severity: Severity::Critical,
        title: "a secret is put into an error, an answer, a metric or a command line",
        why: "All of these are kept and shown where many can read. Say which key it is by its name, never its value.",
        path: "adapters/login.py",
        bad: "+    raise LoginRefused(f\"{self.url} refused {self.api_secret}\")\n",
        good: "+    raise LoginRefused(f\"{self.url} refused the key of {self.account}\")\n",
        in_tests: InTests::Skip,
        check: secret_leaves,
    },
    Lint {
        id: "secret-as-fallback",
        focus: Focus::ApiKeys,
        severity: Severity::Critical,
        title: "a secret stands in the code for when the variable is missing",
        why: "It is in the history for good, and a host without the variable trades with it. Fail when the variable is \
              missing, and revoke this one.",
        path: "adapters/client.py",
        bad: "+SIGN = os.environ.get(\"VENUE_SECRET\", \"q7Zr0VtX4mN9bLw2Kc8PdYh5\")\n",
        good: "+SIGN = os.environ[\"VENUE_SECRET\"]\n",
        in_tests: InTests::Skip,
        check: secret_as_fallback,
    },
    Lint {
        id: "secret-shown-by-debug",
        focus: Focus::ApiKeys,
        severity: Severity::High,
        title: "a struct with a secret can be printed",
        why: "One `{:?}` in a log, a panic or a test shows the key. Hold it in a type that prints nothing, or write \
              Debug by hand.",
        path: "src/credentials.rs",
        bad: "+#[derive(Debug, Clone)]\n+pub struct Credentials {\n+    pub api_key: String,\n+}\n",
        good: "+#[derive(Debug, Clone)]\n+pub struct Credentials {\n+    pub api_key: Secret<String>,\n+}\n",
        in_tests: InTests::Skip,
        check: secret_shown_by_debug,
    },
    Lint {
        id: "secret-compared-plainly",
        focus: Focus::ApiKeys,
        severity: Severity::Medium,
        title: "a signature or token is compared byte by byte",
        why: "The time that `==` takes tells how much was right. Use hmac.compare_digest, or a comparison in constant \
              time.",
        path: "adapters/hook.py",
        bad: "+    if signature != expected:\n+        return 401\n",
        good: "+    if not hmac.compare_digest(signature, expected):\n+        return 401\n",
        in_tests: InTests::Skip,
        check: secret_compared_plainly,
    },
    Lint {
        id: "key-with-too-many-rights",
        focus: Focus::ApiKeys,
        severity: Severity::High,
        title: "a key may move money out",
        why: "A key that can withdraw turns a leak into a loss. Trade with a key that can only trade.",
        path: "config/keys.yaml",
        bad: "+permissions: [trade, withdraw]\n",
        good: "+permissions: [trade]\n",
        in_tests: InTests::Skip,
        check: key_with_too_many_rights,
    },
    Lint {
        id: "secret-written-down",
        focus: Focus::ApiKeys,
        severity: Severity::High,
        title: "a secret is written to a file or a cache",
        why: "What is on disk or in a cache is in every backup and readable by other programs. Keep it in memory, or in \
              a secret store.",
        path: "adapters/session.py",
        bad: "+    path.write_text(self.api_secret)\n",
        good: "+    path.write_text(self.session_name)\n",
        in_tests: InTests::Skip,
        check: secret_written_down,
    },
];

/// The lines of a call that name a secret, in code or in the braces of a text.
fn naming(region: &Region<'_>, first: usize) -> Option<usize> {
    let named = region.call(first).enumerate().find(|(offset, line)| {
        let arguments = match (offset, line.code.split_once('(')) {
            (0, Some((_, arguments))) => arguments,
            _ => line.code.as_str(),
        };
        let in_text = BRACES.captures_iter(line.text).any(|found| names_secret(&found[1]));
        in_text || names_secret(arguments)
    });
    named.map(|(offset, _)| first + offset)
}

fn each_naming(region: &Region<'_>, pattern: &regex::Regex, hits: &mut Hits) {
    for (index, line) in region.added() {
        if pattern.is_match(&line.code)
            && !is_in_test_module(region, index)
            && let Some(index) = naming(region, index)
        {
            hits.line(region, index);
        }
    }
}

fn secret_leaves(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each_naming(region, &CARRIES, hits);
}

fn secret_written_down(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each_naming(region, &WRITES, hits);
    for (index, line) in region.added() {
        if OPEN_TO_ALL.is_match(&line.code) && KEY_FILE.is_match(line.text) {
            hits.line(region, index);
        }
    }
}

fn secret_as_fallback(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    const BEGINS: [&str; 6] = ["environ", "getenv", "env::var", "process.env", ":-", "Field("];
    let begins =
        region.added().filter(|(_, line)| BEGINS.iter().any(|word| line.text.contains(word)));
    for (index, _) in begins {
        let text = match region.language {
            Language::Rust => region.chain(index),
            _ => region.statement(index),
        };
        let is_secret = FALLBACK.captures_iter(&text).any(|found| {
            let groups = (1..=10).filter_map(|group| found.get(group));
            let mut groups = groups.map(|group| group.as_str());
            let (Some(one), Some(two)) = (groups.next(), groups.next()) else { return false };
            (key_is_secret(one) && !NO_SECRET.is_match(two))
                || (key_is_secret(two) && !NO_SECRET.is_match(one))
        });
        if is_secret {
            hits.line(region, index);
        }
    }
}

fn secret_shown_by_debug(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.lines.iter().enumerate() {
        if !DERIVES.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let fields = region.lines.iter().enumerate().skip(index + 1).take(40);
        let mut fields = fields.take_while(|(_, field)| !field.code.starts_with('}'));
        let is_plain = |field: &SourceLine<'_>| {
            STRUCT_FIELD.captures(&field.code).is_some_and(|found| key_is_secret(&found[1]))
        };
        let found = fields.find(|(_, field)| is_plain(field));
        if let Some((at, field)) = found
            && (field.is_added || line.is_added)
        {
            hits.line(region, if field.is_added { at } else { index });
        }
    }
}

fn secret_compared_plainly(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let is_plain = COMPARED.is_match(&line.code) && !CONSTANT_TIME.is_match(&line.code);
        if is_plain && !line.code.contains("assert") && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
    }
}

fn key_with_too_many_rights(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language == Language::Other {
        return;
    }
    for (index, line) in region.added() {
        if RIGHTS.is_match(line.text) && !line.is_blank() {
            hits.line(region, index);
        }
    }
}
