//! Other values for a marked one, of the same kind and with another meaning.

use crate::fixture::Mark;

/// Texts to put in a mark's place; each says something else than is declared.
pub(crate) fn others(mark: &Mark) -> Vec<String> {
    let text = mark.text.as_str();
    match mark.key.split('.').next().unwrap() {
        "ports" => {
            let port: u32 = text.parse().unwrap();
            vec![
                (port + 1001).to_string(),
                (port - 17).to_string(),
                format!("{text}1"),
                swapped(text),
            ]
        }
        "versions" | "runtime" => versions(text),
        "columns" => vec![misspelled(text)],
        "types" => vec!["LONG".to_owned(), "STRING".to_owned()],
        "partition" => vec!["HOUR".to_owned(), "MONTH".to_owned()],
        "ttl" => vec!["30 DAYS".to_owned(), "3 YEARS".to_owned()],
        "paths" => vec![
            text.replace("/data/", "/dota/"),
            text.replace("_v3", "_v30"),
            text.replace("/srv/", "/mnt/srv/"),
        ]
        .into_iter()
        .filter(|other| other != text && !other.starts_with("/mnt"))
        .collect(),
        "exchange" => vec!["BYBIT".to_owned(), "HYPERLIQUID2".to_owned()],
        "telemetry" => vec![text.replace("false", "true").replace("False", "True")],
        _ if text.starts_with('~') => {
            vec![text.replace("/ralph/", "/ralf/"), text.replace("state.json", "state.yaml")]
        }
        _ => numbers(text),
    }
}

/// Two digits in each other's place.
fn swapped(text: &str) -> String {
    let mut digits: Vec<char> = text.chars().collect();
    let last = digits.len() - 1;
    match (1..=last).find(|at| digits[*at] != digits[at - 1] && digits[*at] != '0' || *at == last) {
        Some(at) if digits[at] != digits[at - 1] => digits.swap(at, at - 1),
        _ => digits[0] = '1',
    }
    if digits[0] == '0' {
        digits[0] = '5';
    }
    digits.into_iter().collect()
}

fn misspelled(text: &str) -> String {
    format!("{}x", text.strip_suffix('l').or(text.strip_suffix('o')).unwrap_or(text))
}

/// Other versions: a part of it changed; of a lower bound always something that it does not allow.
fn versions(text: &str) -> Vec<String> {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap();
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (head, tail) = (&text[..start], &rest[end..]);
    let parts: Vec<u64> = rest[..end].split('.').map(|part| part.parse().unwrap()).collect();
    let put = |parts: Vec<u64>| {
        let parts: Vec<String> = parts.iter().map(u64::to_string).collect();
        format!("{head}{}{tail}", parts.join("."))
    };
    let changed = |at: usize, by: i64| {
        let mut other = parts.clone();
        other[at] = u64::try_from(i64::try_from(other[at]).unwrap() + by).unwrap();
        put(other)
    };
    if head.trim() == ">=" && parts[0] == 10 {
        return vec![changed(0, 40)];
    }
    // `py312` is one number.
    if parts.len() == 1 && parts[0] > 100 {
        return vec![changed(0, -1), changed(0, -2)];
    }
    if parts.len() == 1 {
        return vec![changed(0, -2), changed(0, 1)]
            .into_iter()
            .filter(|_| tail.is_empty())
            .collect();
    }
    let is_python = parts[0] == 3;
    let last = parts.len() - 1;
    if is_python {
        let floor = i64::try_from(parts[1]).unwrap() - 11;
        return vec![changed(1, -floor), changed(0, -1)];
    }
    let mut all = vec![changed(last, 4), changed(0, 10)];
    if parts[0] > 2 && head.is_empty() {
        all.push(changed(0, -1));
    }
    all
}

/// Other numbers in the same unit.
fn numbers(text: &str) -> Vec<String> {
    let start = text.find(|c: char| c.is_ascii_digit() || c == '.').unwrap();
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (head, tail) = (&text[..start], &rest[end..]);
    let digits = &rest[..end];
    let bumped: String = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(index, c)| match (index, c.to_digit(10)) {
            (0, Some(digit)) => char::from_digit((digit + 3) % 10, 10).unwrap(),
            _ => c,
        })
        .collect::<Vec<char>>()
        .into_iter()
        .rev()
        .collect();
    let doubled = digits.parse::<f64>().unwrap() * 4.0;
    let point = if digits.starts_with('.') { 1 } else { 0 };
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let doubled = format!("{doubled:.fraction$}");
    vec![format!("{head}{bumped}{tail}"), format!("{head}{}{tail}", &doubled[point..])]
}
