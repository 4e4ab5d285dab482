//! What comes from outside: numbers, paths, addresses, lengths and requests that are used as they are.

use regex::Regex;

use super::patterns::{has_word, is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Function, Region};

pattern!(BY_ALL, r"middleware");
pattern!(
    SOURCE,
    r"\b(request|req|body|payload|params|form|query|match_info|args|message|msg|headers|event|data)\b\s*(\.|\[)|\binput\(|\bsys\.argv"
);
pattern!(TAINTED, r"^\s*(?:let\s+(?:mut\s+)?)?(\w+)(?:\s*:\s*[^=]+?)?\s*=\s*(.+)$");
pattern!(EXTRACTS, r"\b(Json|Query|Form|Path)\(\s*(?:mut\s+)?(\w+)\s*\)");
pattern!(ROUTE, r#"^\s*@\w+(\.\w+)*\.(get|post|put|delete|route|patch)\(\s*["']([^"']*)"#);
pattern!(
    OPENS,
    r#"\bopen\(|\bFileResponse\(|\bsend_file\(|\bsend_from_directory\(|\bos\.path\.join\(|\bPath\(|\.joinpath\(|\bFile::open\(|\bfs::read\w*\(|\bread_to_string\(|\.join\(|\bunlink\(|\bremove_file\(|\brmtree\(|\bNamedFile\b|\w\s/\s+(f?["']|\w)"#
);
pattern!(
    HELD_INSIDE,
    r"resolve\(|is_relative_to|secure_filename|basename|\.name\b|commonpath|canonicalize|starts_with|file_name\(\)|isalnum|fullmatch|\bre\.match|\bin\s+[A-Z_]{3,}|isdigit|UUID|\.is_match\(|allowed|contains\("
);
pattern!(EXTRACTS_ALL, r"\.extractall\(");
pattern!(
    ARGUMENT,
    r#"add_argument\(\s*["']--?([\w-]*(?:qty|quantity|size|leverage|risk|price|notional|limit|max|amount|ratio)[\w-]*)["']"#
);
pattern!(NUMBER_TYPE, r"type\s*=\s*(float|int|Decimal)\b");
pattern!(
    PARAMETER,
    r"\b(\w*(?:qty|quantity|size|leverage|price|px|notional|amount|ratio|bps)\w*)\s*:\s*(?:float|int|Decimal)\b"
);
pattern!(
    FETCHES,
    r"\b(requests|session|httpx|client|http|aiohttp|self\._?\w*(http|session|client))\w*\.(get|post|put|request)\(\s*f?[\x22']?\{?\s*(\w+(?:\[[^\]]*\]|\.\w+)*)"
);
pattern!(
    MONEY_FIELD,
    r"(?i)^(qty|quantity|price|px|limit_px|limit_price|size|amount|leverage|notional|stop_px|bps|weight|ratio)$"
);
pattern!(
    HOLDS,
    r"[<>]|is_finite|validat|check|clamp|\.min\(|\.max\(|try_from|is_zero|is_sign|ensure!|try_into|NonZero|parse_|Positive"
);
pattern!(
    FLOAT_PARSED,
    r"\blet\s+(?:mut\s+)?(\w*(?:price|px|qty|quantity|size|amount|rate|leverage|notional)\w*)\s*(?::\s*f(?:32|64)\s*)?=.*\.parse(?:::<f(?:32|64)>)?\(\)"
);
pattern!(FLOAT, r"\bf(32|64)\b");
pattern!(
    LENGTH,
    r"\blet\s+(?:mut\s+)?(\w+)(?:\s*:\s*\w+)?\s*=\s*.*\b(from_[bl]e_bytes|read_u(?:16|32|64)|get_u(?:16|32|64)(?:_le)?|unpack(?:_from)?)\b|^\s*\(?(\w+)[,)\s]*.*=\s*struct\.unpack|^\s*(\w+)\s*=\s*int\.from_bytes"
);
pattern!(
    UNCHECKED_BYTES,
    r"\bfrom_utf8_unchecked\(|\bget_unchecked(_mut)?\(|\.set_len\(|\btransmute(::<|\()|\bfrom_raw_parts\("
);
pattern!(TRADES, r"(?i)order|submit|enter|trade|signal|position|strategy|publish|desk|engine");
pattern!(HOOK, r"(?i)hook|signal|tradingview|alert|notify|callback");
pattern!(
    PROVEN,
    r"(?i)signature|hmac|digest|token|secret|auth|verify|depends\(|api_key|permission|login"
);
pattern!(
    VALIDATES,
    r"(?i)\b(if|elif|assert|ensure!)\b.*(isfinite|is_finite|isnan|is_nan|is_infinite|<=?\s*(0|Decimal)|<\s*\w*min|is_sign_negative|is_zero|not\s+in\b|is_empty|isinstance|len\(|\bage\b|stale|\.contains\()|\.validate\(|model_validate\(|verify_\w*\(|compare_digest\(|\bvalidate_\w+\(|check_signature\(|secure_filename\("
);
pattern!(
    REFUSES,
    r"\braise\b|return\s+Err|bail!|\breturn\b|\bcontinue\b|\bthrow\b|reject|\babort\b"
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "path-from-outside",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a path is put together with a name from outside",
        why: "`../` in the name leads out of the folder, to keys and settings. Take the last part of the name only, or \
              resolve the path and refuse what is not below the folder.",
        path: "backoffice/files.py",
        bad: "+async def statement(request):\n+    name = request.query[\"name\"]\n+    return FileResponse(STATEMENTS / name)\n",
        good: "+async def statement(request):\n+    name = Path(request.query[\"name\"]).name\n+    return FileResponse(STATEMENTS / name)\n",
        in_tests: InTests::Skip,
        check: path_from_outside,
    },
    Lint {
        id: "address-from-outside",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a request goes to an address from outside",
        why: "Whoever sends it chooses where this host connects, inside its own network too. Take addresses from the \
              configuration.",
        path: "backoffice/relay.py",
        bad: "+async def relay(request):\n+    body = await request.json()\n+    await self.session.post(body[\"callback_url\"], timeout=5)\n",
        good: "+async def relay(request):\n+    body = await request.json()\n+    await self.session.post(CALLBACKS[self.desk], timeout=5)\n",
        in_tests: InTests::Skip,
        check: address_from_outside,
    },
    Lint {
        id: "request-field-not-checked",
        focus: Focus::InputValidation,
        severity: Severity::Medium,
        title: "a price or size of a request is used as it comes",
        why: "A request may hold zero, a negative, an absurd or no number at all. Check sign and range before it becomes \
              an order or a setting.",
        path: "src/http.rs",
        bad: "+async fn put(Json(req): Json<Put>) -> Result<(), Refused> {\n+    let half = req.price / TWO;\n+    queue(half)\n+}\n",
        good: "+async fn put(Json(req): Json<Put>) -> Result<(), Refused> {\n+    if req.price <= ZERO {\n+        return Err(Refused::Price);\n+    }\n+    let half = req.price / TWO;\n+    queue(half)\n+}\n",
        in_tests: InTests::Skip,
        check: request_field_not_checked,
    },
    Lint {
        id: "float-parsed-unchecked",
        focus: Focus::InputValidation,
        severity: Severity::Medium,
        title: "a price or size is parsed as a float and not checked",
        why: "\"NaN\", \"inf\" and \"-1\" are floats, too, and every comparison with NaN is false. Parse a decimal, or \
              check that it is finite and positive.",
        path: "src/csv.rs",
        bad: "+fn row(text: &str) -> Result<Row, Bad> {\n+    let price: f64 = text.parse()?;\n+    Ok(Row { price })\n+}\n",
        good: "+fn row(text: &str) -> Result<Row, Bad> {\n+    let price: f64 = text.parse()?;\n+    if !price.is_finite() || price <= 0.0 {\n+        return Err(Bad::Price);\n+    }\n+    Ok(Row { price })\n+}\n",
        in_tests: InTests::Skip,
        check: float_parsed_unchecked,
    },
    Lint {
        id: "length-from-outside",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a length or an unchecked read comes from the wire",
        why: "A message that lies about its length panics the process, or makes it ask for gigabytes. Compare the length \
              with what was received and with a maximum first.",
        path: "src/frame.rs",
        bad: "+fn body(buf: &[u8]) -> Vec<u8> {\n+    let len = u32::from_be_bytes(head(buf)) as usize;\n+    buf[4..4 + len].to_vec()\n+}\n",
        good: "+fn body(buf: &[u8]) -> Option<Vec<u8>> {\n+    let len = u32::from_be_bytes(head(buf)) as usize;\n+    if len > FRAME_MAX {\n+        return None;\n+    }\n+    buf.get(4..4 + len).map(<[u8]>::to_vec)\n+}\n",
        in_tests: InTests::Skip,
        check: length_from_outside,
    },
    Lint {
        id: "webhook-without-proof",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "whoever can reach this address can trade",
        why: "Nothing shows that the request is from whom it should be. Check a signature over the body, and its age.",
        path: "adapters/hook.py",
        bad: "+@routes.post(\"/webhook/tradingview\")\n+async def tradingview(request):\n+    alert = parse_alert(await request.read())\n+    await request.app[\"strategy\"].on_alert(alert)\n",
        good: "+@routes.post(\"/webhook/tradingview\")\n+async def tradingview(request):\n+    raw = await verified(request, request.app[\"hook_secret\"])\n+    await request.app[\"strategy\"].on_alert(parse_alert(raw))\n",
        in_tests: InTests::Skip,
        check: webhook_without_proof,
    },
    Lint {
        id: "validation-removed",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a check of what comes in is removed",
        why: "The removed lines refused something, and nothing in their place does. Keep the check, or show where it is \
              made now.",
        path: "adapters/feed.py",
        bad: " def price(raw):\n     px = parse_px(raw)\n-    if not math.isfinite(px) or px <= 0:\n-        raise BadPrice(px)\n     return px\n",
        good: " def price(raw):\n     px = parse_px(raw)\n-    if not math.isfinite(px) or px <= 0:\n+    if not is_price(px):\n         raise BadPrice(px)\n     return px\n",
        in_tests: InTests::Skip,
        check: validation_removed,
    },
];

/// Names in a function that hold something from outside, unless the line that sets them holds it to something.
fn tainted(region: &Region<'_>, function: &Function) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let header = region.statement_code(function.first);
    names.extend(EXTRACTS.captures_iter(&header).map(|found| found[2].to_owned()));
    if let Some(above) = function.first.checked_sub(1).and_then(|above| region.lines.get(above))
        && let Some(found) = ROUTE.captures(above.text)
    {
        let holes = found[3].split('{').skip(1).filter_map(|part| part.split(['}', ':']).next());
        names.extend(holes.map(str::to_owned));
    }
    for line in region.body(function) {
        let Some(found) = TAINTED.captures(&line.code) else { continue };
        let value = &found[2];
        let is_outside = SOURCE.is_match(value) || names.iter().any(|name| has_word(value, name));
        if is_outside && !HELD_INSIDE.is_match(value) {
            names.push(found[1].to_owned());
        }
    }
    names
}

fn path_from_outside(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !matches!(region.language, Language::Python | Language::Rust) {
        return;
    }
    for (index, line) in region.added() {
        if EXTRACTS_ALL.is_match(&line.code) && !line.code.contains("filter") {
            hits.line(region, index);
        }
        if !OPENS.is_match(line.text) || is_in_test_module(region, index) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        if region.body(function).any(|line| HELD_INSIDE.is_match(&line.code)) {
            continue;
        }
        let text = region.statement(index);
        let direct = SOURCE.is_match(&text) && text.contains('/') && line.text.contains("open(");
        let names = tainted(region, function);
        // A number divided by another is no path.
        let is_path =
            line.text.contains('(') || line.text.contains('"') || line.text.contains("/ f");
        if is_path && (direct || names.iter().any(|name| as_path(&text, name))) {
            hits.line(region, index);
        }
    }
}

/// Whether a name is the part of a path: after a slash, or an argument of what opens or joins.
fn as_path(text: &str, name: &str) -> bool {
    let name = regex::escape(name);
    let used = format!(
        r#"/\s*(f["'][^"']*\{{)?{name}\b|/\{{{name}\b|\b(open|FileResponse|send_file|join|joinpath|Path|File::open|read\w*|unlink|remove_file)\((?:[^()]*,\s*)?(f?["'][^"']*\{{|&)?{name}\b|format!\([^)]*\{{{name}\b[^)]*\.(csv|json|log|parquet|pdf)"#
    );
    Regex::new(&used).is_ok_and(|used| used.is_match(text))
}

fn address_from_outside(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let Some(found) = FETCHES.captures(line.text) else { continue };
        let Some(function) = region.function(index) else { continue };
        let target = found.get(4).map_or("", |target| target.as_str());
        let root = target.split(['.', '[']).next().unwrap_or(target);
        let is_field = target.len() > root.len() && SOURCE.is_match(target);
        let is_name = tainted(region, function).iter().any(|name| name == target);
        let is_held = region.body(function).any(|line| HELD_INSIDE.is_match(&line.code));
        if (is_field || is_name) && !is_held {
            hits.line(region, index);
        }
    }
}

/// Python: an argument of a program, by its name, that nothing holds to a range.
fn is_loose_argument(view: &View<'_>, name: &str) -> bool {
    let used = format!("args.{}", name.replace('-', "_"));
    let mut uses = view.lines().filter(|line| line.code.contains(&used)).peekable();
    let is_used = uses.peek().is_some();
    is_used
        && !uses.any(|line| HOLDS.is_match(&line.code) || line.code.trim_start().starts_with("if"))
}

fn argument_not_checked(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let is_number = || NUMBER_TYPE.is_match(&region.statement(index));
        if let Some(found) = ARGUMENT.captures(line.text)
            && is_number()
            && is_loose_argument(view, &found[1])
        {
            hits.line(region, index);
        }
        if !ROUTE.is_match(line.text) {
            continue;
        }
        let Some(function) = region.function(index + 1) else { continue };
        let header = region.statement_code(function.first);
        let is_loose = PARAMETER.captures_iter(&header).any(|found| {
            !region.body(function).skip(1).any(|other| {
                has_word(&other.code, &found[1]) && HOLDS.is_match(&other.code.replace("->", " "))
            })
        });
        if is_loose && !header.contains("Query(") && !header.contains("Annotated") {
            hits.line(region, function.first);
        }
    }
}

fn request_field_not_checked(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language == Language::Python {
        argument_not_checked(view, region, hits);
    }
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.added() {
        let Some(function) = region.function(index) else { continue };
        let header = region.statement_code(function.first);
        for found in EXTRACTS.captures_iter(&header) {
            let name = &found[2];
            let Some(field) = money_field(&line.code, name) else { continue };
            let is_held = region.body(function).any(|line| {
                HOLDS.is_match(&line.code.replace("->", " ").replace("=>", " "))
                    && (has_word(&line.code, &field)
                        || line.code.contains(&format!("{name}.validate")))
                    && !line.code.contains("fn ")
            });
            if !is_held {
                hits.line(region, index);
            }
        }
    }
}

/// The field in `name.field`, if it is money.
fn money_field(code: &str, name: &str) -> Option<String> {
    code.match_indices(&format!("{name}.")).find_map(|(at, found)| {
        let rest = code.get(at + found.len()..)?;
        let field: String = rest
            .chars()
            .take_while(|character| character.is_alphanumeric() || *character == '_')
            .collect();
        MONEY_FIELD.is_match(&field).then_some(field)
    })
}

fn float_parsed_unchecked(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.added() {
        let Some(found) = FLOAT_PARSED.captures(&line.code) else { continue };
        if !FLOAT.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let name = &found[1];
        let Some(function) = region.function(index) else { continue };
        let is_held = region.body(function).any(|line| {
            has_word(&line.code, name)
                && !FLOAT_PARSED.is_match(&line.code)
                && HOLDS.is_match(&line.code.replace("->", " ").replace("=>", " "))
        });
        if !is_held {
            hits.line(region, index);
        }
    }
}

fn length_from_outside(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if is_in_test_module(region, index) {
            continue;
        }
        if region.language == Language::Rust && UNCHECKED_BYTES.is_match(&line.code) {
            hits.line(region, index);
            continue;
        }
        let Some(found) = LENGTH.captures(&line.code) else { continue };
        let name =
            [1, 3, 4].into_iter().find_map(|group| found.get(group)).map(|name| name.as_str());
        let (Some(name), Some(function)) = (name, region.function(index)) else { continue };
        let word = regex::escape(name);
        let uses = format!(
            r"\[[^\]]*\b{word}\b[^\]]*\]|with_capacity\([^)]*\b{word}\b|vec!\[[^\]]*;\s*{word}|\b(read|recv|readexactly|read_exact|bytes|range)\([^)]*\b{word}\b"
        );
        let Ok(uses) = Regex::new(&uses) else { continue };
        let after = || region.body(function).filter(|other| other.number > line.number);
        let is_used = after().any(|other| uses.is_match(&other.code));
        let is_held = after().any(|other| {
            has_word(&other.code, name)
                && (other.code.contains('<')
                    || other.code.contains('>')
                    || other.code.contains(".min(")
                    || other.code.contains(".get(")
                    || other.code.contains("min("))
        });
        if is_used && !is_held {
            hits.line(region, index);
        }
    }
}

fn webhook_without_proof(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let Some(found) = ROUTE.captures(line.text) else { continue };
        if !HOOK.is_match(&found[3]) || &found[2] == "get" {
            continue;
        }
        let Some(function) = region.function(index + 1) else { continue };
        let has = |pattern: &Regex| region.body(function).any(|line| pattern.is_match(line.text));
        if has(&TRADES) && !has(&PROVEN) && !view.has(&BY_ALL) && !PROVEN.is_match(line.text) {
            hits.line(region, index);
        }
    }
}

fn validation_removed(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for change in &region.changes {
        let found =
            change.removed.iter().enumerate().find(|(_, removed)| VALIDATES.is_match(removed));
        let Some((at, removed)) = found else { continue };
        let refuses = change.removed.iter().skip(at).take(3).any(|line| REFUSES.is_match(line))
            || !removed.trim_start().starts_with("if");
        let is_comment = removed.trim_start().starts_with(['#', '/', '*']);
        let added = || {
            change
                .added
                .iter()
                .filter_map(|index| region.lines.get(*index))
                .filter(|line| !line.is_blank())
        };
        let is_replaced = added().any(|line| {
            VALIDATES.is_match(line.text)
                || REFUSES.is_match(&line.code)
                || line.code.trim_start().starts_with("if")
        });
        // Somewhere else in the file by the same words, or by a function that says so.
        let has_moved = || view.adds(removed) || view.adds_text(&VALIDATES);
        if refuses && !is_comment && !is_replaced && !has_moved() {
            hits.removed(change.number, removed);
        }
    }
}
