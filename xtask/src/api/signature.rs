//! Types and signatures of rustdoc's JSON as one would write them.

use serde_json::Value;

/// `(&self, path: &Path) -> Result<(), Error>`.
pub(super) fn function(inner: &Value) -> String {
    let inputs = inner.pointer("/sig/inputs").and_then(Value::as_array);
    let inputs: Vec<String> = inputs.into_iter().flatten().map(parameter).collect();
    let output = match inner.pointer("/sig/output") {
        None | Some(Value::Null) => String::new(),
        Some(output) => format!(" -> {}", ty(output)),
    };
    format!("{}({}){output}", generics(inner), inputs.join(", "))
}

/// Type parameters with their bounds; those that `impl Trait` makes are left out.
fn generics(inner: &Value) -> String {
    let params = inner.pointer("/generics/params").and_then(Value::as_array);
    let named = params.into_iter().flatten().filter_map(|param| {
        let name = text(param, "name");
        if name.starts_with("impl ") {
            return None;
        }
        let bounds = param.pointer("/kind/type/bounds").and_then(Value::as_array);
        let bounds: Vec<String> = bounds.into_iter().flatten().map(bound).collect();
        Some(if bounds.is_empty() {
            name.to_owned()
        } else {
            format!("{name}: {}", bounds.join(" + "))
        })
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { String::new() } else { format!("<{}>", named.join(", ")) }
}

fn parameter(input: &Value) -> String {
    let name = input.get(0).and_then(Value::as_str).unwrap_or("_");
    let shown = input.get(1).map(ty).unwrap_or_default();
    match (name, shown.as_str()) {
        ("self", "Self") => "self".to_owned(),
        ("self", "&Self") => "&self".to_owned(),
        ("self", "&mut Self") => "&mut self".to_owned(),
        _ => format!("{name}: {shown}"),
    }
}

/// A type. What is not known here shows as its kind in angle quotes, so that a change of it still shows.
pub(super) fn ty(value: &Value) -> String {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.to_string();
    };
    match kind.as_str() {
        "primitive" | "generic" => inner.as_str().unwrap_or_default().to_owned(),
        "resolved_path" => path(inner),
        "borrowed_ref" => {
            let lifetime = inner.get("lifetime").and_then(Value::as_str);
            let lifetime = lifetime.map(|name| format!("{name} ")).unwrap_or_default();
            format!("&{lifetime}{}{}", mutable(inner), of(inner, "type"))
        }
        "raw_pointer" => format!(
            "*{}{}",
            if mutable(inner).is_empty() { "const " } else { "mut " },
            of(inner, "type")
        ),
        "slice" => format!("[{}]", ty(inner)),
        "array" => format!("[{}; {}]", of(inner, "type"), text(inner, "len")),
        "tuple" => format!("({})", list(Some(inner), ty, ", ")),
        "impl_trait" => format!("impl {}", list(Some(inner), bound, " + ")),
        "dyn_trait" => {
            let bounds =
                list(inner.get("traits"), |t| t.get("trait").map(path).unwrap_or_default(), " + ");
            let lifetime = inner.get("lifetime").and_then(Value::as_str);
            lifetime
                .map_or_else(|| format!("dyn {bounds}"), |name| format!("dyn {bounds} + {name}"))
        }
        "qualified_path" => format!("{}::{}", of(inner, "self_type"), text(inner, "name")),
        "function_pointer" => format!("fn{}", function(inner)),
        other => format!("‹{other}›"),
    }
}

fn path(inner: &Value) -> String {
    let name = text(inner, "path").rsplit("::").next().unwrap_or_default().to_owned();
    let Some(args) = inner.get("args") else { return name };
    if let Some(call) = args.get("parenthesized") {
        let output = call.get("output").filter(|output| !output.is_null());
        let output = output.map(|output| format!(" -> {}", ty(output))).unwrap_or_default();
        return format!("{name}({}){output}", list(call.get("inputs"), ty, ", "));
    }
    let generic = list(args.pointer("/angle_bracketed/args"), argument, ", ");
    let equal = list(args.pointer("/angle_bracketed/constraints"), constraint, ", ");
    match (generic.is_empty(), equal.is_empty()) {
        (true, true) => name,
        (false, true) => format!("{name}<{generic}>"),
        (true, false) => format!("{name}<{equal}>"),
        (false, false) => format!("{name}<{generic}, {equal}>"),
    }
}

fn argument(value: &Value) -> String {
    match value.as_object().and_then(|object| object.iter().next()) {
        Some((kind, inner)) if kind == "type" => ty(inner),
        Some((kind, inner)) if kind == "lifetime" => inner.as_str().unwrap_or_default().to_owned(),
        Some((_, inner)) => text(inner, "expr").to_owned(),
        None => "_".to_owned(),
    }
}

fn constraint(value: &Value) -> String {
    let equal = value.pointer("/binding/equality/type").map(ty).unwrap_or_default();
    format!("{} = {equal}", text(value, "name"))
}

fn bound(value: &Value) -> String {
    if let Some(outlives) = value.get("outlives").and_then(Value::as_str) {
        return outlives.to_owned();
    }
    let maybe = value.pointer("/trait_bound/modifier").and_then(Value::as_str) == Some("maybe");
    let shown = value.pointer("/trait_bound/trait").map(path).unwrap_or_default();
    if maybe { format!("?{shown}") } else { shown }
}

fn list(values: Option<&Value>, show: impl Fn(&Value) -> String, between: &str) -> String {
    let values = values.and_then(Value::as_array);
    values.into_iter().flatten().map(show).collect::<Vec<_>>().join(between)
}

fn of(inner: &Value, key: &str) -> String {
    inner.get(key).map(ty).unwrap_or_default()
}

fn text<'a>(inner: &'a Value, key: &str) -> &'a str {
    inner.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn mutable(inner: &Value) -> &'static str {
    let is_mutable = inner.get("is_mutable").and_then(Value::as_bool).unwrap_or(false);
    if is_mutable { "mut " } else { "" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[track_caller]
    fn check(value: &serde_json::Value, expected: &str) {
        assert_eq!(super::ty(value), expected);
    }

    #[test]
    fn types_are_shown_as_one_writes_them() {
        let path = |name: &str, args: serde_json::Value| json!({"resolved_path": {"path": name, "args": args}});
        let string = json!({"primitive": "str"});
        check(
            &json!({"borrowed_ref": {"lifetime": "'a", "is_mutable": true, "type": string}}),
            "&'a mut str",
        );
        let args = json!({"angle_bracketed": {"args": [{"type": {"tuple": []}}, {"type": string}], "constraints": []}});
        check(&path("std::result::Result", args), "Result<(), str>");
        let item = json!({"angle_bracketed": {"args": [], "constraints": [
            {"name": "Item", "binding": {"equality": {"type": {"primitive": "u8"}}}}]}});
        let bound = json!({"trait_bound": {"modifier": "none", "trait": {"path": "Iterator", "args": item}}});
        check(&json!({"impl_trait": [bound]}), "impl Iterator<Item = u8>");
        let call = json!({"parenthesized": {"inputs": [{"primitive": "u8"}], "output": null}});
        check(
            &json!({"dyn_trait": {"traits": [{"trait": {"path": "FnMut", "args": call}}], "lifetime": null}}),
            "dyn FnMut(u8)",
        );
        check(&json!({"array": {"type": {"primitive": "u8"}, "len": "4"}}), "[u8; 4]");
        check(&json!({"new_kind": {}}), "‹new_kind›");
    }
}
