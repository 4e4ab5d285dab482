use std::collections::BTreeMap;

use plimsoll_kit::{Change, Config, Facts, Piece, Plan, Record, State, Survey, Wish, plan};

/// A repository in memory, with what was rendered into it last.
#[derive(Clone)]
struct Desk {
    files: BTreeMap<String, String>,
    facts: Facts,
    config: Config,
    record: Record,
}

impl Desk {
    fn with(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self {
            files: files.iter().map(own).collect(),
            facts: Facts::default(),
            config: Config::default(),
            record: Record::default(),
        }
    }

    fn plan(&self, taken: &[String]) -> Plan {
        let survey = Survey::of(self.files.keys().map(String::as_str));
        let wish = Wish::new(&survey, &self.facts, &self.config, &self.record).with_taken(taken);
        plan(&wish, |path| Ok(self.files.get(path).cloned()))
    }

    /// Writes what is planned, and keeps the record as the file has it.
    fn apply(&mut self) -> Plan {
        let plan = self.plan(&[]);
        for change in &plan.changes {
            match &change.after {
                Some(text) => drop(self.files.insert(change.path.clone(), text.clone())),
                None => drop(self.files.remove(&change.path)),
            }
        }
        self.record = Record::parse(&plan.record.text()).unwrap();
        plan
    }

    fn change(&self, path: &str) -> Change {
        self.plan(&[]).changes.into_iter().find(|change| change.path == path).unwrap()
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let text = self.files.get_mut(path).unwrap();
        assert!(text.contains(from), "{path}: {text}");
        *text = text.replace(from, to);
    }
}

const RUST: [(&str, &str); 3] = [("Cargo.toml", ""), ("Cargo.lock", ""), ("src/lib.rs", "")];
const CI: &str = ".github/workflows/ci.yml";

#[test]
fn a_second_look_changes_nothing() {
    for files in
        [&[][..], &RUST, &[("pyproject.toml", ""), ("uv.lock", ""), ("tests/test_a.py", "")]]
    {
        let mut desk = Desk::with(files);
        assert!(desk.apply().changes.iter().all(|change| change.state == State::New));
        let again = desk.plan(&[]);
        assert!(again.is_in_step(), "{again:?}");
        assert_eq!(again.record, desk.record);
    }
}

#[test]
fn every_template_is_filled_to_the_end() {
    let python = [("pyproject.toml", ""), ("tests/test_a.py", ""), ("package.json", "")];
    let mut desk = Desk::with(&[&RUST[..], &python].concat());
    desk.facts.canonical = Some("config/canonical.yaml".to_owned());
    for Change { path, after, .. } in desk.plan(&[]).changes {
        let text = after.unwrap();
        for sign in ["@{", "@if", "@end", "CONTACTS", "ESCALATION\n", "LANGUAGES", "SERVICES"] {
            assert!(!text.contains(sign), "{path} has {sign}: {text}");
        }
    }
}

#[test]
fn a_workflow_calls_no_command_that_is_not_there() {
    let mut desk = Desk::with(&RUST);
    desk.facts.canonical = Some("config/canonical.yaml".to_owned());
    let text = |desk: &Desk| desk.change(CI).after.unwrap();
    assert!(!text(&desk).contains("plimsoll drift") && !text(&desk).contains("verify"));
    desk.facts.commands = ["drift", "verify"].map(str::to_owned).into();
    let text = text(&desk);
    assert!(text.contains("run: plimsoll drift\n"), "{text}");
    assert!(text.contains("run: plimsoll verify --offline\n"), "{text}");
}

#[test]
fn a_workflow_reads_no_file_of_a_piece_that_is_left_out() {
    let mut desk = Desk::with(&[("pyproject.toml", ""), ("tests/test_a.py", ""), ("a.py", "")]);
    desk.config.without = vec!["bandit".to_owned()];
    let plan = desk.plan(&[]);
    let workflows = plan.changes.iter().filter(|change| change.path.ends_with(".yml"));
    for Change { path, after, .. } in workflows {
        let text = after.as_deref().unwrap_or_default();
        assert!(!text.contains("bandit.yaml"), "{path}: {text}");
    }
    desk.config.without.clear();
    assert!(desk.change(CI).after.unwrap().contains("--configfile bandit.yaml"));
}

#[test]
fn undefined_behavior_is_looked_for_where_that_is_wanted() {
    let mut desk = Desk::with(&RUST);
    let text = |desk: &Desk| desk.change(CI).after.unwrap();
    assert!(!text(&desk).contains("miri"));
    desk.config.miri = true;
    let text = text(&desk);
    assert!(text.contains("run: cargo +nightly miri test --workspace --lib --locked\n"), "{text}");
    assert!(text.contains("needs: [changes, rust, miri]\n"), "{text}");
}

#[test]
fn a_review_is_of_the_base_and_takes_nothing_from_the_pull_request_into_a_shell() {
    let mut desk = Desk::with(&RUST);
    let path = ".github/workflows/review.yml";
    assert!(desk.plan(&[]).changes.iter().all(|change| change.path != path));
    desk.facts.commands = ["review".to_owned()].into();
    let text = desk.change(path).after.unwrap();
    for line in text.lines().filter(|line| line.contains("run: ")) {
        assert!(!line.contains("${{"), "{line}");
    }
    assert!(text.contains("\npermissions: {}\n"), "{text}");
    assert!(text.contains("ref: ${{ github.event.pull_request.base.sha }}"), "{text}");
    assert!(!text.contains("contents: write") && !text.contains("pull_request_target"), "{text}");
}

#[test]
fn a_proposal_to_fix_drift_is_rendered_once_there_is_a_command_for_it() {
    let mut desk = Desk::with(&RUST);
    let path = ".github/workflows/fix-drift.yml";
    desk.facts.canonical = Some("config/canonical.yaml".to_owned());
    assert!(desk.plan(&[]).changes.iter().all(|change| change.path != path));
    desk.facts.commands = ["drift --pr".to_owned()].into();
    assert!(desk.change(path).after.unwrap().contains("plimsoll drift --pr"));
}

#[test]
fn what_people_changed_stays_and_what_the_template_changed_arrives() {
    let mut desk = Desk::with(&RUST);
    desk.apply();
    desk.edit(CI, "timeout-minutes: 60", "timeout-minutes: 90");
    assert_eq!(desk.change(CI).state, State::InStep);
    desk.config.default_branch = "trunk".to_owned();
    let change = desk.change(CI);
    assert_eq!(change.state, State::Update);
    let after = change.after.unwrap();
    assert!(after.contains("branches: [\"trunk\"]") && after.contains("timeout-minutes: 90"));
}

#[test]
fn the_same_line_changed_on_both_sides_is_for_people() {
    let mut desk = Desk::with(&RUST);
    desk.apply();
    desk.edit(CI, "branches: [\"main\"]", "branches: [\"main\", \"next\"]");
    desk.config.default_branch = "trunk".to_owned();
    let change = desk.change(CI);
    assert_eq!(change.state, State::Conflict);
    assert_eq!(change.after, change.before);
    assert!(change.why.unwrap().contains("line 8 was changed here and in the template"));
    let taken = desk.plan(&[CI.to_owned()]);
    let change = taken.changes.into_iter().find(|change| change.path == CI).unwrap();
    assert_eq!(change.state, State::Update);
}

#[test]
fn a_file_that_was_there_before_stays() {
    let mut desk = Desk::with(&[("Cargo.toml", ""), (CI, "mine\n"), ("deny.toml", "mine\n")]);
    let plan = desk.apply();
    for path in [CI, "deny.toml"] {
        let change = plan.changes.iter().find(|change| change.path == path).unwrap();
        assert_eq!(change.state, State::Theirs, "{change:?}");
        assert_eq!(desk.files[path], "mine\n");
    }
    assert!(desk.plan(&[]).is_in_step());
}

#[test]
fn what_somebody_took_away_does_not_come_back() {
    let mut desk = Desk::with(&RUST);
    desk.apply();
    for path in [CI, ".mcp.json", "AGENTS.md", ".pre-commit-config.yaml"] {
        desk.files.remove(path).unwrap();
        let change = desk.change(path);
        assert_eq!((change.state, change.after), (State::Theirs, None), "{path}");
    }
}

#[test]
fn a_piece_that_is_left_out_goes_unless_people_changed_it() {
    let mut desk = Desk::with(&RUST);
    desk.apply();
    desk.record = desk.record.with_left_out(&[Piece::Codeql]);
    assert_eq!(desk.change(".github/workflows/codeql.yml").state, State::Remove);
    desk.edit(".github/workflows/codeql.yml", "name: codeql", "name: mine");
    assert!(desk.apply().is_in_step());
    assert!(desk.files[".github/workflows/codeql.yml"].contains("name: mine"));
    assert!(desk.record.left_out().eq([Piece::Codeql]));
}

#[test]
fn a_part_is_added_to_a_file_and_kept_in_step_there() {
    let mut desk = Desk::with(&[("CLAUDE.md", "# Mine\n\nRead me.\n")]);
    desk.apply();
    let text = desk.files["CLAUDE.md"].clone();
    assert!(text.starts_with("# Mine\n\nRead me.\n\n<!-- plimsoll:begin agents -->\n"), "{text}");
    assert!(!desk.files.contains_key("AGENTS.md"));
    desk.edit("CLAUDE.md", "Read me.", "Read me well.");
    desk.facts.canonical = Some("config/canonical.yaml".to_owned());
    let change = desk.change("CLAUDE.md");
    assert_eq!(change.state, State::Update);
    let after = change.after.unwrap();
    assert!(
        after.contains("Read me well.") && after.contains("`config/canonical.yaml` is the one")
    );
    desk.edit("CLAUDE.md", "<!-- plimsoll:end agents -->", "");
    assert_eq!(desk.change("CLAUDE.md").state, State::Conflict);
}

#[test]
fn entries_are_added_behind_a_list_that_has_others() {
    let theirs =
        "version: 2\nupdates:\n  # ours\n  - package-ecosystem: \"cargo\"\n    directory: /\n";
    let hooks = "repos:\n- repo: local\n  hooks: []\n";
    let mut desk = Desk::with(
        &[&RUST[..], &[(".github/dependabot.yml", theirs), (".pre-commit-config.yaml", hooks)]]
            .concat(),
    );
    desk.apply();
    let text = &desk.files[".github/dependabot.yml"];
    assert!(text.starts_with(theirs) && text.contains("\n  # plimsoll:begin dependabot\n  - pack"));
    assert_eq!(text.matches("\"cargo\"").count(), 1, "{text}");
    assert!(text.contains("\"github-actions\""));
    let text = &desk.files[".pre-commit-config.yaml"];
    assert!(text.contains("\n# plimsoll:begin pre-commit\n- repo: local\n"), "{text}");
    assert!(desk.plan(&[]).is_in_step());
    desk.files.insert("package.json".to_owned(), String::new());
    let change = desk.change(".github/dependabot.yml");
    assert_eq!(change.state, State::Update);
    assert!(change.after.unwrap().contains("\"npm\""));
}

#[test]
fn entries_are_not_added_where_nobody_can_tell_the_place() {
    for text in ["updates: []\n", "updates:\n  - a\nother: 1\n", "- a\n", "updates:\n  - a\n...\n"]
    {
        let desk = Desk::with(&[(".github/dependabot.yml", text)]);
        let change = desk.change(".github/dependabot.yml");
        assert_eq!((change.state, change.after.as_deref()), (State::Theirs, Some(text)), "{text}");
    }
}

#[test]
fn a_server_is_added_to_json_and_every_other_byte_stays() {
    let sentry = "\"sentry\": {\n      \"type\": \"http\",";
    for (text, begins) in [
        ("{}\n", "{\n  \"mcpServers\": {\n    \"sentry\": {"),
        ("{ \"a\": 1 }", "{\n  \"mcpServers\": {\n    \"sentry\": {"),
        ("{\"mcpServers\": {\"x\": {}}}", "{\"mcpServers\": {\n    \"sentry\": {"),
    ] {
        let mut desk = Desk::with(&[(".mcp.json", text)]);
        desk.apply();
        let after = &desk.files[".mcp.json"];
        let _: serde_json::Value = serde_json::from_str(after).unwrap();
        assert!(after.starts_with(begins) && after.contains(sentry), "{after}");
        assert!(desk.plan(&[]).is_in_step());
    }
    for text in ["{\"mcpServers\": {\"sentry\": {\"mine\": 1}}}", "[]", "{", "{\"mcpServers\": 1}"]
    {
        let change = Desk::with(&[(".mcp.json", text)]).change(".mcp.json");
        assert_eq!((change.state, change.after.as_deref()), (State::Theirs, Some(text)));
    }
}

#[test]
fn a_record_of_a_newer_program_is_refused() {
    let text = Record::default().text();
    assert!(Record::parse(&text).is_ok());
    let newer = text.replace("\"schema_version\": 1", "\"schema_version\": 2");
    let error = Record::parse(&newer).unwrap_err().to_string();
    assert_eq!(error, "`.plimsoll/kit.json` has version 2, this program knows 1");
    assert!(Record::parse("{").is_err());
}

#[test]
fn only_what_is_there_is_watched_for_updates() {
    #[track_caller]
    fn check(files: &[&str], expected: &[&str]) {
        let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, "")).collect();
        let text = Desk::with(&files).change(".github/dependabot.yml").after.unwrap();
        let found =
            text.lines().filter_map(|line| line.trim().strip_prefix("- package-ecosystem: "));
        let found: Vec<&str> = found.map(|name| name.trim_matches('"')).collect();
        assert_eq!(found, expected);
    }
    check(&[], &["github-actions", "pip"]);
    check(&["a/Cargo.toml", "vendor/x/package.json"], &["github-actions", "cargo", "pip"]);
    check(&["uv.lock", "pyproject.toml"], &["github-actions", "uv", "pip"]);
    check(
        &["requirements.txt", "go.mod", "web/package.json", "Dockerfile", "compose.yaml"],
        &["github-actions", "pip", "npm", "gomod", "docker", "docker-compose"],
    );
}

#[test]
fn agents_with_a_list_of_tools_get_those_of_sentry_once() {
    let agent = ".claude/agents/backtest.md";
    let free = ".claude/agents/free.md";
    let text = "---\nname: backtest\ntools: Read, Grep\nmodel: opus\n---\n\ntools: none\n";
    let mut desk = Desk::with(&[(agent, text), (free, "---\nname: free\n---\n\nx\n")]);
    let change = desk.change(agent);
    assert_eq!(change.state, State::Update);
    let after = text.replace("tools: Read, Grep\n", "tools: Read, Grep, mcp__sentry\n");
    assert_eq!(change.after.unwrap(), after);
    assert_eq!(desk.change(free).state, State::InStep, "without a list it has every tool");
    desk.apply();
    assert_eq!(desk.change(agent).state, State::InStep);
    desk.edit(agent, ", mcp__sentry", "");
    assert_eq!(desk.change(agent).state, State::Theirs, "who takes it out is not asked again");
}
