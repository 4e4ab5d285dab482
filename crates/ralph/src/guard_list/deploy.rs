//! Commands that change what runs in production.

use super::programs::{has_arg, has_token, operands, tokens};
use super::shell::{Command, base_name};

/// What people call a script or a target that deploys.
const DEPLOY_WORDS: &[&str] =
    &["deploy", "deployment", "redeploy", "rollout", "promote", "release", "rollback"];
/// Programs that deploy by a subcommand, with those subcommands.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("plimsoll", &["deploy", "rollback", "resume"]),
    (
        "kubectl",
        &[
            "apply", "delete", "create", "patch", "scale", "rollout", "set", "edit", "replace",
            "drain", "cordon", "exec", "run",
        ],
    ),
    ("oc", &["apply", "delete", "create", "patch", "scale", "rollout", "set", "edit", "replace"]),
    ("helm", &["upgrade", "install", "uninstall", "rollback", "delete"]),
    ("helmfile", &["apply", "sync", "destroy"]),
    ("terraform", &["apply", "destroy", "import", "taint", "state"]),
    ("tofu", &["apply", "destroy", "import", "taint", "state"]),
    ("terragrunt", &["apply", "destroy", "run-all"]),
    ("pulumi", &["up", "destroy", "update"]),
    ("cdk", &["deploy", "destroy"]),
    ("ansible-playbook", &[]),
    ("ansible", &[]),
    ("vercel", &[]),
    ("netlify", &["deploy"]),
    ("firebase", &["deploy"]),
    ("fly", &["deploy", "scale", "secrets", "destroy"]),
    ("flyctl", &["deploy", "scale", "secrets", "destroy"]),
    ("serverless", &["deploy", "remove"]),
    ("sls", &["deploy", "remove"]),
    ("sst", &["deploy", "remove"]),
    ("cap", &["deploy"]),
    ("eb", &["deploy", "terminate"]),
    ("gcloud", &["deploy", "update", "delete", "promote"]),
    (
        "aws",
        &[
            "deploy",
            "update-service",
            "create-deployment",
            "update-function-code",
            "delete-stack",
            "update-stack",
            "create-stack",
            "sync",
            "terminate-instances",
            "reboot-instances",
            "stop-instances",
        ],
    ),
    ("az", &["deploy", "up", "restart", "delete", "update"]),
    (
        "heroku",
        &[
            "restart",
            "rollback",
            "promote",
            "container:release",
            "pipelines:promote",
            "releases:rollback",
        ],
    ),
    ("wrangler", &["deploy", "publish"]),
    ("railway", &["up", "redeploy"]),
    ("kamal", &["deploy", "redeploy", "rollback", "setup"]),
    ("nomad", &["run", "stop"]),
    ("argocd", &["sync", "rollback", "set"]),
    ("skaffold", &["run", "deploy"]),
    ("docker-compose", &["up", "down", "restart", "stop", "rm", "kill"]),
    ("podman-compose", &["up", "down", "restart", "stop", "rm", "kill"]),
];
/// Programs whose targets have names that somebody chose.
const TARGETS: &[&str] = &[
    "make", "gmake", "just", "task", "npm", "yarn", "pnpm", "bun", "rake", "invoke", "inv", "fab",
    "mage", "nox", "tox", "mise", "cargo", "gradle", "gradlew", "mvn", "bazel", "earthly",
    "dagger", "nx", "turbo",
];
/// Words behind which a subcommand only looks: `helm diff upgrade`.
const READS: &[&str] = &[
    "diff", "get", "describe", "logs", "template", "plan", "status", "history", "list", "show",
    "lint", "view", "validate", "explain", "output",
];
/// With one of these nothing is changed.
const HARMLESS: &[&str] = &[
    "--dry-run",
    "--dryrun",
    "--check",
    "--plan",
    "--help",
    "-h",
    "--diff",
    "--preview",
    "--syntax-check",
    "--list-hosts",
    "--list-tasks",
    "--dry-run=client",
    "--dry-run=server",
    "--whatif",
    "--what-if",
    "--noop",
];
/// Remote commands that only look.
const LOOKING: &[&str] = &[
    "cat",
    "tail",
    "head",
    "less",
    "grep",
    "zgrep",
    "ls",
    "df",
    "du",
    "free",
    "ps",
    "top",
    "uptime",
    "journalctl",
    "date",
    "hostname",
    "uname",
    "whoami",
    "id",
    "stat",
    "wc",
    "find",
    "ss",
    "netstat",
    "dmesg",
    "env",
    "echo",
    "test",
    "true",
];

/// Whether a program may deploy.
pub(super) fn is_known(name: &str) -> bool {
    PROGRAMS.iter().any(|(program, _)| *program == name)
        || TARGETS.contains(&name)
        || has_token(name, DEPLOY_WORDS)
}

/// Whether a command changes what runs where one of the `production` words stands: in an argument, a variable of the
/// command, or the directory that the script has changed to.
pub(super) fn is_to_production(command: &Command, production: &[&str]) -> bool {
    let args = command.args();
    if has_arg(args, HARMLESS) {
        return false;
    }
    let program = command.program();
    let is_there = |word: &str| has_token(word, production);
    let assigned = command.assignments.iter().any(|(_, value)| is_there(value));
    let in_dir = command.dir.as_deref().is_some_and(is_there);
    let named = args.iter().any(|arg| is_there(arg)) || assigned || in_dir;
    match program {
        "git" => pushes_to(args, production),
        "gh" => has_arg(args, &["workflow"]) && has_arg(args, &["run"]) && named,
        "docker" | "podman" | "nerdctl" => {
            let deploys = args.windows(2).any(|w| w == ["stack", "deploy"])
                || has_arg(args, &["compose"])
                    && has_arg(args, &["up", "down", "restart", "stop", "rm", "kill"]);
            deploys && named
        }
        "ssh" => acts_on_host(args, production),
        "scp" | "rsync" => {
            args.last().and_then(|to| to.split_once(':')).is_some_and(|(host, _)| is_there(host))
        }
        "make" | "gmake" if has_arg(args, &["-n", "--just-print"]) => false,
        _ if named || is_there(base_name(program)) => {
            by_subcommand(program, args).unwrap_or_else(|| by_name(command))
        }
        _ => false,
    }
}

/// `None`: the program is not one of the table.
fn by_subcommand(program: &str, args: &[String]) -> Option<bool> {
    let (_, subcommands) = PROGRAMS.iter().find(|(name, _)| *name == program)?;
    let is_listed = |arg: &str| {
        subcommands.contains(&arg) || arg.split(':').any(|part| DEPLOY_WORDS.contains(&part))
    };
    let looks = operands(args).any(|arg| READS.contains(&arg));
    Some(!looks && (subcommands.is_empty() || operands(args).any(is_listed)))
}

/// A script or a target whose name says that it deploys.
fn by_name(command: &Command) -> bool {
    let (program, args) = (command.program(), command.args());
    if TARGETS.contains(&program) {
        let is_package_tool = matches!(program, "npm" | "yarn" | "pnpm" | "bun" | "cargo" | "mvn");
        let is_other = matches!(
            args.first().map(String::as_str),
            Some(
                "install"
                    | "ci"
                    | "add"
                    | "test"
                    | "build"
                    | "t"
                    | "i"
                    | "b"
                    | "check"
                    | "clippy"
                    | "nextest"
            )
        );
        return !(is_package_tool && is_other)
            && operands(args)
                .take_while(|arg| *arg != "--")
                .any(|arg| !arg.contains('=') && has_token(arg, DEPLOY_WORDS));
    }
    let is_script = |word: &str| {
        let name = base_name(word);
        let is_runnable = word.starts_with("./")
            || !word.contains('/')
            || name.ends_with(".sh")
            || name.ends_with(".py")
            || word.contains("/bin/")
            || word.contains("/scripts/");
        is_runnable && has_token(name, DEPLOY_WORDS) && !name.contains("test")
    };
    if super::effective::is_runner(program) {
        // `bash deploy.sh prod`, `python3 scripts/deploy.py --env prod`; what a wrapper runs is a command of its own.
        let runs_file = super::effective::runs_files(program);
        return runs_file
            && operands(args)
                .next()
                .is_some_and(|file| tokens(file).count() > 1 && is_script(file));
    }
    command.words.first().is_some_and(|word| is_script(word))
}

/// A remote or a branch that production is deployed from.
fn pushes_to(args: &[String], production: &[&str]) -> bool {
    let (subcommand, rest) = super::git::subcommand(args);
    let mut names = operands(rest);
    let remote = names.next().unwrap_or_default();
    subcommand == "push"
        && (has_token(remote, production)
            || names.any(|refspec| {
                let to = refspec.rsplit(':').next().unwrap_or(refspec).trim_start_matches('+');
                production.contains(&base_name(to))
            }))
}

/// A command for a host in production that does more than look.
fn acts_on_host(args: &[String], production: &[&str]) -> bool {
    let mut words = args.iter();
    let mut host = None;
    while let Some(word) = words.next() {
        if matches!(
            word.as_str(),
            "-i" | "-p" | "-l" | "-o" | "-F" | "-J" | "-L" | "-R" | "-D" | "-c" | "-m" | "-W"
        ) {
            words.next();
        } else if !word.starts_with('-') {
            host = Some(word);
            break;
        }
    }
    let remote: Vec<&str> = words.flat_map(|word| word.split_whitespace()).collect();
    let first = remote.iter().find(|word| **word != "sudo").copied().unwrap_or_default();
    let looks = LOOKING.contains(&base_name(first))
        || first == "systemctl"
            && remote.iter().any(|w| matches!(*w, "status" | "is-active" | "list-units" | "show"))
        || first == "docker"
            && remote.iter().any(|w| matches!(*w, "ps" | "logs" | "inspect" | "stats"));
    host.is_some_and(|host| has_token(host, production)) && !remote.is_empty() && !looks
}
