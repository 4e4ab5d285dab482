//! Faults that are planted in a repository after `init`: the set-up finds each.

use super::fixtures::Fixture;
use super::readers::BANDIT;
use super::tools::Tools;

/// Fails for a secret: its sign is put together here, so that this file has none.
fn secrets() -> [(String, &'static str); 3] {
    let hex = "4f3c2a1b9d8e7f60".repeat(4);
    let token = "aZ3xK9mQ7wL2pR8vT4yB6nH1cJ5dF0gS";
    [
        (
            format!(
                "HOOK = \"https://discord.com/api/web{}/112233445566778899/{token}{token}aB\"\n",
                "hooks"
            ),
            "discord-webhook",
        ),
        (format!("private_{} = \"0x{hex}\"\n", "key"), "hyperliquid-private-key"),
        (format!("token = \"ghp_{token}aBcD\"\n"), "github-pat"),
    ]
}

const HIGH: &str = "\"\"\"Runs what it is given.\"\"\"\n\nimport subprocess\n\n\ndef run(command: str) -> None:\n    \
                    \"\"\"Runs it.\"\"\"\n    subprocess.Popen(command, shell=True)\n";
const WRONG: &str = "name: wrong\non: [pull_request]\npermissions: {}\njobs:\n  wrong:\n    runs-on: ubuntu-24.04\n    \
                     steps:\n      - run: echo\n        shel: bash\n";
const HOLE: &str = "name: hole\non: [pull_request_target]\npermissions: {}\njobs:\n  hole:\n    runs-on: ubuntu-24.04\n    \
                    steps:\n      - run: echo \"${{ github.event.pull_request.title }}\"\n";

/// Plants one fault at a time; returns how many were caught. `is_full` also has each caught before the commit.
pub(super) fn run(tools: &Tools, is_full: bool) -> anyhow::Result<u64> {
    let mut caught = 0;
    let hook = |fixture: &Fixture, id: &str| -> anyhow::Result<()> {
        tools.fine(fixture.path(), &["git", "add", "--all"])?;
        match is_full {
            true => tools.finds(fixture.path(), &["pre-commit", "run", id], "Failed"),
            false => Ok(()),
        }
    };
    let new = || -> anyhow::Result<Fixture> {
        let fixture = Fixture::make(tools, "python")?;
        fixture.init_twice(tools)?;
        Ok(fixture)
    };
    for (text, rule) in secrets() {
        let fixture = new()?;
        fixture.write("settings.py", &text)?;
        hook(&fixture, "plimsoll-gitleaks")?;
        fixture.commit(tools, "a secret")?;
        fixture.write("settings.py", "")?;
        fixture.commit(tools, "taken out again, and still in the history")?;
        let args = [
            "gitleaks",
            "git",
            "--config",
            ".gitleaks.toml",
            "--redact",
            "--no-banner",
            "--verbose",
            ".",
        ];
        tools.finds(fixture.path(), &args, rule)?;
        caught += 1;
    }
    let fixture = new()?;
    fixture.write("lib/run.py", HIGH)?;
    hook(&fixture, "plimsoll-bandit")?;
    tools.finds(fixture.path(), &BANDIT, "B602")?;
    caught += 1;
    for (text, hooked, args, word) in [
        (WRONG, "plimsoll-actionlint", &["actionlint"][..], "unexpected key \"shel\""),
        (HOLE, "plimsoll-zizmor", &["zizmor", "--offline", ".github"][..], "template-injection"),
    ] {
        let fixture = new()?;
        fixture.write(".github/workflows/new.yml", text)?;
        hook(&fixture, hooked)?;
        tools.finds(fixture.path(), args, word)?;
        caught += 1;
    }
    Ok(caught)
}
