//! Spellings and schemes that look alike and are not, or look different and are the same.

use plimsoll_drift::{Canon, Config, Declared, Said, State, check_text};

use crate::canon::origin;

fn canon() -> Canon {
    let base: Vec<(&str, Said)> = vec![
        ("ports.questdb_http", 9000.into()),
        ("ports.questdb_ilp", 9009.into()),
        ("ports.grafana", 3000.into()),
        ("ports.redis", 6379.into()),
        ("versions.grafana", "12.3.1".into()),
        ("versions.questdb", "9.2.3".into()),
        ("versions.postgres", "16".into()),
        ("versions.nautilus", "1.222.0+".into()),
        ("runtime.python", ">=3.12".into()),
        ("paths.catalog", "/p/x/nautilus_catalog_v1222/".into()),
        ("http.timeout_secs", 60.into()),
        ("cache.max_memory", "512mb".into()),
        ("limits.max_daily_loss_ratio", 0.02.into()),
        ("limits.drawdown_warn_ratio", 0.05.into()),
        ("limits.drawdown_kill_ratio", 0.15.into()),
        ("ralph.max_iterations", 15.into()),
        ("ralph.max_budget_usd", 20.0.into()),
        ("ralph.max_consecutive_errors", 3.into()),
        ("telemetry.send_usage_reports", true.into()),
    ];
    let mut declared: Vec<Declared> =
        base.into_iter().map(|(key, value)| Declared::new(key, value, origin(1))).collect();
    declared.push(Declared::new("ports.grafana", 3001, origin(1)).with_profile("staging"));
    declared.push(Declared::new("ports.questdb_http", 9001, origin(1)).with_profile("staging"));
    Canon::new(&declared, Config::default()).unwrap()
}

/// What a text states: `=value` agrees, `!value` does not.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    thread_local!(static CANON: Canon = canon());
    let checked = CANON.with(|canon| check_text(canon, path, text));
    let found: Vec<String> = checked
        .occurrences
        .iter()
        .map(|o| format!("{}{}", if o.state == State::Match { '=' } else { '!' }, o.found))
        .collect();
    assert_eq!(found, expected, "{path}: {text:?}");
}

#[test]
fn a_port_is_a_number_in_any_spelling() {
    let yaml =
        |port: &str| format!("services:\n  grafana:\n    image: x/y:1\n    ports: [\"{port}\"]\n");
    let compose = "docker-compose.yml";
    check(compose, &yaml("127.0.0.1:${X:-3000}:3000"), &["=3000", "=3000"]);
    check(compose, &yaml("127.0.0.1:${GRAFANA_PORT:-3000}:3000"), &["=3000", "=3000"]);
    check(compose, &yaml("127.0.0.1:${GRAFANA_PORT:-3100}:3000"), &["!3100", "=3000"]);
    check(compose, &yaml("[::1]:3000:3000/tcp"), &["=3000", "=3000"]);
    check(compose, &yaml("30000:3000"), &["!30000", "=3000"]);
    check(compose, &yaml("3000:30000"), &["=3000", "!30000"]);
    check(compose, &yaml("3000-3010:3000-3010"), &[]);
    check(
        compose,
        "services:\n  grafana:\n    image: x/y:1\n    ports:\n      - {target: 3000, published: \"3002\"}\n",
        &["=3000", "!3002"],
    );
    check(".env", "GRAFANA_PORT=\"3000\"\n", &["=3000"]);
    check(".env", "GRAFANA_PORT=30001\n", &["!30001"]);
    check(".env", "QUESTDB_ILP_PORT=90091\n", &["!90091"]);
    check(".env", "QUESTDB_ILP_PORT=009009\n", &["=009009"]);
    check(".env", "GRAFANA_URL=http://admin:s3cret@localhost:3000/d/x?y=9000\n", &["=3000"]);
    check(".env", "QUESTDB_URL=http://localhost:9000\n", &["=9000"]);
    check(".env", "REDIS_URL=rediss://:pw@localhost:6380/2\n", &["!6380"]);
    check(".env", "GRAFANA_URL=http://localhost:${GRAFANA_PORT:-3000}/\n", &["=3000"]);
    check(".env", "LOKI_PORT=3000\nHTTP_PORT=3000\n", &[]);
    check(
        "x.yml",
        "datasources:\n- name: QuestDB\n  url: http://questdb:9000\n- name: Loki\n  url: http://loki:9000\n",
        &["=9000"],
    );
}

#[test]
fn a_port_of_another_part_is_another_port() {
    check(
        ".env",
        "GRAFANA_RENDERER_PORT=8081\nREDIS_SENTINEL_PORT=26379\nREDIS_EXPORTER_PORT=9121\n",
        &[],
    );
    check(".env", "QUESTDB_PG_PORT=8812\nQUESTDB_MIN_HTTP_PORT=9003\nOLD_GRAFANA_PORT=3002\n", &[]);
    check("docs/a.md", "The Redis exporter listens on port 9121.\n", &[]);
    check("docs/a.md", "Grafana asks Loki on port 3100 and SonarQube on port 9001.\n", &[]);
    check("docs/a.md", "sentinels of Redis: sentinel1:26379\n", &[]);
}

#[test]
fn a_version_obeys_its_scheme() {
    let image = |tag: &str| format!("services:\n  a:\n    image: {tag}\n");
    let compose = "compose.yaml";
    check(compose, &image("grafana/grafana:12.3.1"), &["=12.3.1"]);
    check(compose, &image("grafana/grafana:v12.3.1"), &["=12.3.1"]);
    check(compose, &image("grafana/grafana:2.3.1"), &["!2.3.1"]);
    check(compose, &image("grafana/grafana:12.3.10"), &["!12.3.10"]);
    check(compose, &image("grafana/grafana:12.3.1-ubuntu"), &["=12.3.1"]);
    check(compose, &image("grafana/grafana:12.3.1-rc1"), &["!12.3.1-rc1"]);
    check(compose, &image("grafana/grafana-oss:12.3"), &["=12.3"]);
    check(compose, &image("docker.io/grafana/grafana-enterprise:12.4"), &["!12.4"]);
    check(compose, &image("questdb/questdb:9.2.3@sha256:0123456789abcdef"), &["=9.2.3"]);
    check(compose, &image("localhost:5000/questdb/questdb:9.2.3"), &["=9.2.3"]);
    check(compose, &image("postgres:16-alpine"), &["=16"]);
    check(compose, &image("postgres:15"), &["!15"]);
    check(compose, &image("postgres:16.2"), &["!16.2"]);
    check(compose, &image("grafana/grafana:latest"), &[]);
    check(compose, &image("grafana/loki:3.0.0"), &[]);
    check(compose, &image("grafana/grafana-image-renderer:3.11.0"), &[]);
    check(compose, &image("grafana/grafana:${GRAFANA_VERSION:-12.3.0}"), &["!12.3.0"]);
    check(compose, &image("\"grafana/grafana@sha256:0123\""), &[]);
    check(".env", "GRAFANA_VERSION=v12.3.1\n", &["=12.3.1"]);
    check(".env", "GRAFANA_PLUGIN_VERSION=1.0.0\nGRAFANA_IMAGE_TAG=12.3.2\n", &["!12.3.2"]);
}

#[test]
fn a_python_version_is_found_in_every_costume() {
    check("pyproject.toml", "[project]\nrequires-python = \">=3.12\"\n", &["=>=3.12"]);
    check("pyproject.toml", "[project]\nrequires-python = \">=3.12.0\"\n", &["=>=3.12.0"]);
    check("pyproject.toml", "[project]\nrequires-python = \">=3.12,<4\"\n", &["=>=3.12,<4"]);
    check("pyproject.toml", "[project]\nrequires-python = \">=3.2\"\n", &["!>=3.2"]);
    check("pyproject.toml", "[project]\nrequires-python = \"==3.12.*\"\n", &["===3.12.*"]);
    check("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.11\"\n", &["!^3.11"]);
    check("pyproject.toml", "[tool.ruff]\ntarget-version = \"py311\"\n", &["!311"]);
    check(
        "pyproject.toml",
        "[tool.black]\ntarget-version = [\"py312\", \"py313\"]\n",
        &["=312", "=313"],
    );
    check("Dockerfile", "FROM python:3.12.11-slim-bookworm\n", &["=3.12.11"]);
    check("Dockerfile", "FROM python:3.1-slim\n", &["!3.1"]);
    check("Dockerfile", "FROM --platform=linux/amd64 python:3.11 AS x\n", &["!3.11"]);
    check(".python-version", "3.12\n", &["=3.12"]);
    check(".python-version", "3.9.18\n", &["!3.9.18"]);
    check("a.sh", "exec python3.11 -m x\n", &["!3.11"]);
    check("README.md", "Needs Python 3.12+.\n", &["=3.12+"]);
    check("README.md", "Needs Python 3.11 or newer.\n", &["!3.11"]);
    check("README.md", "Since Python 3.11 this is faster. Python 3.10 was enough before.\n", &[]);
    check(
        "x.yml",
        "steps:\n- uses: actions/setup-python@v5\n  with: {python-version: '3.12'}\n",
        &["=3.12"],
    );
    check("x.yml", "python-version: 3.10\n", &["!3.10"]);
}

#[test]
fn a_version_of_python_packages_follows_pep_440() {
    let text = |versions: &str| format!("nautilus_trader{versions}\n");
    check("requirements.txt", &text(">=1.222.0"), &["=>=1.222.0"]);
    check("requirements.txt", &text("==1.222.0a20250112"), &["!==1.222.0a20250112"]);
    check("requirements.txt", &text("==1.222.0.dev20250112"), &["!==1.222.0.dev20250112"]);
    check("requirements.txt", &text("==1.223.0"), &["===1.223.0"]);
    check("requirements.txt", &text("~=1.221.0"), &["!~=1.221.0"]);
    check("requirements.txt", &text("[redis]>=1.222,<2"), &["=>=1.222,<2"]);
    check(
        "requirements.txt",
        "Nautilus-Trader == 1.221.0 ; sys_platform == 'linux'\n",
        &["!== 1.221.0"],
    );
    check("docs/a.md", "pip install nautilus_trader==1.221.0\n", &["!==1.221.0"]);
    check("docs/a.md", "NautilusTrader v1.222.0 runs here.\n", &["=1.222.0"]);
    check("docs/a.md", "`nautilus_trader` 1.2220.0\n", &["=1.2220.0"]);
}

#[test]
fn a_path_is_where_it_leads() {
    check(
        ".env",
        "NAUTILUS_CATALOG_PATH=/p/x/nautilus_catalog_v1222\n",
        &["=/p/x/nautilus_catalog_v1222"],
    );
    check(
        ".env",
        "NAUTILUS_CATALOG_PATH=/p/./x//nautilus_catalog_v1222/\n",
        &["=/p/./x//nautilus_catalog_v1222/"],
    );
    check(
        ".env",
        "NAUTILUS_CATALOG_PATH=/p/y/../x/nautilus_catalog_v1222\n",
        &["=/p/y/../x/nautilus_catalog_v1222"],
    );
    check(
        ".env",
        "NAUTILUS_CATALOG_PATH=/p/x/nautilus_catalog_v1221/\n",
        &["!/p/x/nautilus_catalog_v1221/"],
    );
    check(
        "a.py",
        "CATALOG = \"/p/q/nautilus_catalog_v1222/bars\"\n",
        &["!/p/q/nautilus_catalog_v1222/bars"],
    );
    check(
        "docs/a.md",
        "Bars are in `/p/x/nautilus_catalog_v1222/data/bar/`.\n",
        &["=/p/x/nautilus_catalog_v1222/data/bar/"],
    );
    check("docs/a.md", "Use `/path/to/nautilus_catalog_v1/` of your own.\n", &[]);
    check("a.py", "catalog_path = \"/tmp/catalog\"\n", &[]);
}

#[test]
fn a_duration_and_a_size_have_units() {
    check("a.toml", "[http]\ntimeout = \"60s\"\n", &["=60s"]);
    check("a.toml", "[http]\ntimeout = \"1m\"\n", &["=1m"]);
    check("a.toml", "[http]\ntimeout_ms = 60000\n", &["=60000"]);
    check("a.toml", "[http]\ntimeout_ms = 60_000\n", &["=60_000"]);
    check("a.toml", "[http]\ntimeout_ms = 60\n", &["!60"]);
    check("a.toml", "[http]\ntimeout = \"60ms\"\n", &["!60ms"]);
    check("a.toml", "[cache]\nmax_memory = 536870912\n", &["!536870912"]);
    check("a.toml", "[cache]\nmax_memory_bytes = 536870912\n", &["=536870912"]);
    check("a.toml", "[cache]\nmax_memory = \"0.5GB\"\n", &["=0.5GB"]);
    check("a.toml", "[cache]\nmax_memory = \"512kb\"\n", &["!512kb"]);
    check("a.py", "class Http:\n    timeout = timedelta(seconds=61)\n", &["!61"]);
}

#[test]
fn a_ratio_is_a_ratio_in_percent_too() {
    check("a.py", "max_daily_loss_pct: float = 2.0\n", &["=2.0"]);
    check("a.py", "max_daily_loss_pct: float = 0.02\n", &["=0.02"]);
    check("a.py", "max_daily_loss_ratio: float = 2\n", &["!2"]);
    check("a.py", "DAILY_LOSS_LIMIT_PCT = 2     # NEVER adaptive\n", &["=2"]);
    check("a.py", "daily_loss_limit: Decimal = Decimal(\"1000\")\n", &["!1000"]);
    check("a.py", "risk = {\"max_daily_loss\": -0.05}\n", &["!0.05"]);
    check("a.yml", "summary: Daily loss exceeds 3% limit\n", &["!3%"]);
    check(
        "a.md",
        "| Rule | Trigger | Action |\n|---|---|---|\n| Kill switch | -15% drawdown | exit all |\n",
        &["=15%"],
    );
    check("a.md", "- Kill switch triggered (drawdown > 15%)\n", &["=15%"]);
    check("a.md", "Drawdown > 5%: Warning\n", &["=5%"]);
    check("a.md", "Drawdown warning at 500 bps\n", &["=500"]);
    check("a.md", "This cut the drawdown by 30% after the warning.\n", &[]);
}

#[test]
fn a_name_of_common_words_needs_its_section() {
    check("a.toml", "[ralph]\nmax_iterations = 10\n", &["!10"]);
    check("a.toml", "[evolve]\nmax_iterations = 50\n", &[]);
    check(
        ".env",
        "RALPH_MAX_ITERATIONS=15\nPLIMSOLL_RALPH__MAX_ITERATIONS=16\nMAX_ITERATIONS=99\n",
        &["=15", "!16"],
    );
    check("ralph/config.json", "{\"maxIterations\": 14}", &["!14"]);
    check(
        "a.json",
        "{\"ralph\": {\"max-iterations\": 15, \"max_iterations_per_hour\": 100}}",
        &["=15"],
    );
    check("a.py", "MAX_CONSECUTIVE_ERRORS = 5\n", &["!5"]);
    check("a.ini", "[ralph]\nmax_budget = $20.00\n", &["=20.00"]);
    check("a.md", "# Ralph\n\n- Max iterations: 10\n", &["!10"]);
    check("a.md", "- [x] Test Ralph's max iterations (2026-01-11)\n", &[]);
    check("a.py", "SEND_USAGE_REPORTS = False\n", &["!False"]);
    check(".env", "SEND_USAGE_REPORTS=yes\n", &["=yes"]);
}

#[test]
fn a_profile_is_held_to_its_own_values() {
    check(
        "docker-compose.staging.yml",
        "services:\n  grafana:\n    image: a/b:1\n    ports: [\"3001:3000\"]\n",
        &["=3001", "=3000"],
    );
    check(
        "docker-compose.staging.yml",
        "services:\n  grafana:\n    image: a/b:1\n    ports: [\"3000:3000\"]\n",
        &["!3000", "=3000"],
    );
    check(
        "docker-compose.testnet.yml",
        "services:\n  grafana:\n    image: a/b:1\n    ports: [\"3999:3000\"]\n",
        &[],
    );
    check(".env.staging", "GRAFANA_PORT=3000\n", &["!3000"]);
    check(".env.production", "GRAFANA_PORT=3001\n", &["!3001"]);
    check(".env", "GRAFANA_STAGING_PORT=3001\nGRAFANA_PORT=3000\n", &["=3001", "=3000"]);
    check(
        "a.md",
        "On staging Grafana listens on port 3001, in production on port 3000.\n",
        &["=3001", "=3000"],
    );
    check("a.md", "Grafana listens on port 3000 (staging: port 3001).\n", &["=3000", "=3001"]);
    check(
        "a.md",
        "```bash\ndocker compose -f docker-compose.staging.yml up\ncurl localhost:9000/exec\n```\n",
        &["!9000"],
    );
    check("a.md", "```bash\ncurl localhost:9000/exec\n```\n", &["=9000"]);
    check("a.md", "## Staging\n\nGrafana: http://localhost:3001\n", &["=3001"]);
}

#[test]
fn yaml_and_json_are_read_as_they_are() {
    check("a.yml", "x: &p 3002\ngrafana:\n  port: *p\n", &["!3002"]);
    check("a.yml", "base: &b\n  grafana_port: 3002\nmain:\n  <<: *b\n", &["!3002"]);
    check("a.yml", "grafana_port: '3000' # it's 3001 on staging\n", &["=3000"]);
    check("a.yml", "grafana: {port: 3000, name: x}\n", &["=3000"]);
    check("a.yml", "command: |\n  curl http://localhost:3000/api/health\n", &["=3000"]);
    check("a.yml", "? grafana_port\n: 3001\n", &["!3001"]);
    check("a.yml", "---\ngrafana_port: 3000\n---\ngrafana_port: 3001\n", &["=3000", "!3001"]);
    check("a.json", "{\"grafana\": {\"port\": 3000}, /* x */ \"y\": [1,]}", &["=3000"]);
    check("a.json", "{\"url\": \"http:\\/\\/localhost:3001\\/api\\/health\"}", &[]);
    check("a.toml", "grafana.port = 3001\n", &["!3001"]);
    check("a.toml", "a = { grafana = { port = 3001 } }\n", &["!3001"]);
    check("a.toml", "[[x]]\nname = 'a'\n[x.grafana]\nport = 0x0BB9\n", &[]);
}

#[test]
fn files_keep_their_line_ends_and_marks() {
    check(".env", "\u{feff}GRAFANA_PORT=3001\r\nREDIS_PORT=6379\r\n", &["!3001", "=6379"]);
    check("a.md", "| a | b |\r\n|---|---|\r\n| GRAFANA_PORT | 3001 |\r\n", &["!3001"]);
    check("a.md", "Grafana\nlistens on\nport 3001.", &["!3001"]);
    check("a.md", "Грaфана — Grafana: порт port 3001\n", &["!3001"]);
}

#[test]
fn history_and_others_products_are_not_drift() {
    check("a.md", "We upgraded from Grafana 11.2.0 last year.\n", &[]);
    check("a.md", "Grafana 11.2.0 was slow.\n", &[]);
    check(
        "a.md",
        "## History\n\nQuestDB 7.4.2 came first.\n\n## Now\n\nQuestDB 9.2.2 runs.\n",
        &["!9.2.2"],
    );
    check("a.md", "On 2025-11-02 we ran Grafana 11.2.0.\n", &[]);
    check("a.md", "| Old port of Grafana | 3005 |\n|---|---|\n| x | y |\n", &[]);
    check("a.md", "The QuestDB plugin for Grafana is at version 0.1.6.\n", &[]);
    check("a.md", "### QuestDB plugin\n\n- **Version**: 0.1.6\n", &[]);
    check("a.md", "### QuestDB\n\n- **Version**: 9.2.2\n", &["!9.2.2"]);
    check("a.py", "# Python 3.10 doesn't support this natively.\n", &[]);
    check("a.md", "Loki 2.9.0 and Prometheus 2.42 run beside Grafana.\n", &[]);
}

#[test]
fn what_others_say_and_what_is_only_shown_is_not_drift() {
    let chat = "### [2025-10-09 09:15:31] @somebody\n\npip install nautilus_trader==1.221.0\n";
    check("docs/chat.md", chat, &[]);
    check("docs/a.md", "### Install\n\npip install nautilus_trader==1.221.0\n", &["!==1.221.0"]);
    check("docs/a.md", "Fixed in nightly: `pip install nautilus_trader==1.222.0a20251026`\n", &[]);
    check("docs/a.md", "It may have dependency issues with Python 3.11+.\n", &[]);
    check("a.py", "# Pattern: nautilus_trader>=1.221.0 or nautilus_trader[all]>=1.222.0\n", &[]);
    check("a.py", "x = f\"drawdown to kill at {kill:.2%}\"\n", &[]);
    // A bound that the comment tells is the bound; the value before it is chosen within it.
    check("a.yml", "max_daily_loss_pct: 1.5  # must be <= 2.0\n", &[]);
    check("a.yml", "max_daily_loss_pct: 3.0  # must be <= 5.0\n", &["!3.0"]);
    check("a.json", "{\"examples\": [{\"max_daily_loss_pct\": \"0.03\"}]}", &[]);
    check("a.json", "{\"max_daily_loss_pct\": {\"default\": \"0.03\"}}", &["!0.03"]);
    let docstring = |title: &str| {
        format!(
            "def f():\n    \"\"\"Limits.\n\n    {title}:\n        max_daily_loss_pct: 3.0\n    \"\"\"\n"
        )
    };
    check("a.py", &docstring("Example"), &[]);
    check("a.py", &docstring("Attributes"), &["!3.0"]);
    let canon = canon();
    for path in ["docs/research/a.md", "specs/7/research.md", "docs/papers/kelly.md"] {
        assert!(canon.skips(path).is_some(), "{path}");
    }
    for path in ["research/backtest.py", "docs/research-desk.md"] {
        assert_eq!(canon.skips(path), None, "{path}");
    }
}
