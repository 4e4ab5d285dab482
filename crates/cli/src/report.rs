//! Findings of any command in the forms that other programs read: SARIF, `JUnit`, annotations of GitHub's runners.

mod annotations;
mod junit;
mod sarif;

use clap::ValueEnum;

/// A form for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// `JUnit` XML, for test reports
    Junit,
    /// Workflow commands that GitHub shows beside the lines
    Github,
}

/// How bad a finding is, in the words that these forms share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// It blocks.
    Error,
    /// It should be changed.
    Warning,
    /// Worth knowing.
    Note,
}

/// Lines and columns of a file, counted from 1; columns in characters, the last one exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) columns: Option<(u32, u32)>,
}

/// One finding. A secret must not be in its texts any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// One of the report's rules.
    pub(crate) rule: String,
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// Names it over runs, whatever moved.
    pub(crate) fingerprint: Option<String>,
}

/// A rule that may have findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// What one run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The subcommand, such as `review`.
    pub(crate) tool: &'static str,
    pub(crate) rules: Vec<Rule>,
    pub(crate) entries: Vec<Entry>,
    /// What was looked at, such as files; those without a finding have passed.
    pub(crate) looked_at: Vec<String>,
}

impl Findings {
    /// The text of a form, with a newline at its end unless it is empty.
    pub(crate) fn render(&self, form: Form) -> String {
        match form {
            Form::Sarif => sarif::render(self),
            Form::Junit => junit::render(self),
            Form::Github => annotations::render(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        let place =
            Place { path: "a dir/ü.yaml".to_owned(), line: 3, end_line: 3, columns: Some((7, 9)) };
        let message = "9010, wanted 9000:\n100 % \"sure\" <x> & \u{1}".to_owned();
        let drift = Entry {
            rule: "port".to_owned(),
            level: Level::Error,
            message,
            place: Some(place),
            fingerprint: Some("ab12".to_owned()),
        };
        let nowhere = Entry {
            rule: "unreachable".to_owned(),
            level: Level::Warning,
            message: "no answer".to_owned(),
            place: None,
            fingerprint: None,
        };
        let rule = |id: &str| Rule { id: id.to_owned(), title: format!("about {id}") };
        Findings {
            tool: "drift",
            rules: vec![rule("port"), rule("unreachable")],
            entries: vec![drift, nowhere],
            looked_at: vec!["a dir/ü.yaml".to_owned(), "b.toml".to_owned()],
        }
    }

    #[test]
    fn sarif_names_rule_level_place_and_fingerprint() {
        let json: serde_json::Value =
            serde_json::from_str(&findings().render(Form::Sarif)).unwrap();
        assert_eq!(json["version"], "2.1.0");
        let run = &json["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "plimsoll drift");
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "port");
        let result = &run["results"][0];
        assert_eq!(
            (&result["ruleId"], &result["level"], &result["ruleIndex"]),
            (&"port".into(), &"error".into(), &0.into())
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20dir/%C3%BC.yaml");
        assert_eq!(
            place["region"],
            serde_json::json!({"startLine": 3, "endLine": 3, "startColumn": 7, "endColumn": 9})
        );
        assert_eq!(result["partialFingerprints"]["plimsoll/v1"], "ab12");
        assert!(run["results"][1].get("locations").is_none());
    }

    #[test]
    fn junit_counts_what_passed_and_escapes_what_xml_forbids() {
        let xml = findings().render(Form::Junit);
        assert!(xml.contains("tests=\"3\" failures=\"2\""), "{xml}");
        assert!(
            xml.contains("<testcase classname=\"drift\" name=\"b.toml\"/>"),
            "a file without a finding passed: {xml}"
        );
        assert!(xml.contains("100 % &quot;sure&quot; &lt;x&gt; &amp; \u{fffd}"), "{xml}");
    }

    #[test]
    fn an_annotation_is_one_line_whatever_the_message_holds() {
        assert_eq!(
            findings().render(Form::Github),
            "::error file=a dir/ü.yaml,line=3,endLine=3,col=7,endColumn=8,title=drift%3A port::9010, wanted 9000:%0A100 \
             %25 \"sure\" <x> & \u{1}\n::warning title=drift%3A unreachable::no answer\n"
        );
    }

    #[test]
    fn nothing_found_is_still_a_whole_report() {
        let none = Findings { entries: Vec::new(), ..findings() };
        assert!(none.render(Form::Junit).contains("tests=\"2\" failures=\"0\""));
        assert_eq!(none.render(Form::Github), "");
        let json: serde_json::Value = serde_json::from_str(&none.render(Form::Sarif)).unwrap();
        assert_eq!(json["runs"][0]["results"], serde_json::json!([]));
    }
}
