//! Planted secrets, put together at run time so that no file holds one as a whole.

pub(crate) struct Planted {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// What must not be in the masked text.
    pub(crate) secret: String,
    pub(crate) kind: &'static str,
}

const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const ALNUM: &str = "aB3dE5fG7hJ9kLmNpQrStUvWxYz1246780CDFHIKMOPRTVXZbcegijlnoqsuwy";
const BASE58: &str = "a2Bb3Cc4Dd5Ee6Ff7Gg8Hh9JjKkLMmNnPpQqRrSsTtUuVvWwXxYyZz";
const WORDS: &str = "abandon ability able about above absent absorb abstract absurd abuse access \
                     accident account accuse achieve acid acoustic acquire across act action actor \
                     actress actual";

/// Characters that look random and are the same in every run.
pub(crate) fn random(alphabet: &str, len: usize) -> String {
    let mut state = 0x2545_f491_u32 ^ u32::try_from(len * 31 + alphabet.len()).unwrap();
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut pick = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        alphabet[usize::try_from(state >> 8).unwrap() % alphabet.len()]
    };
    // The first three make sure of a lower case letter, a capital and a digit.
    let start: String = if alphabet.len() > 40 { "aB3".to_owned() } else { String::new() };
    let rest = len - start.len();
    start + &(0..rest).map(&mut pick).collect::<String>()
}

fn words(count: usize) -> String {
    WORDS.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

/// In `template`, `{}` is where the secret stands.
fn plant(name: &'static str, kind: &'static str, template: &str, secret: String) -> Planted {
    Planted { name, text: template.replace("{}", &secret), secret, kind }
}

pub(crate) fn planted() -> Vec<Planted> {
    let mut all = by_prefix();
    all.extend(by_shape());
    all.extend(webhooks());
    all.extend(in_urls());
    all.extend(by_key());
    all.extend(in_headers());
    all.extend(by_words());
    all
}

fn by_prefix() -> Vec<Planted> {
    let long = random(ALNUM, 60);
    let cases: [(&'static str, &'static str, [&str; 2], String); 36] = [
        ("classic GitHub token", "github", ["gh", "p_"], random(ALNUM, 36)),
        ("GitHub OAuth token", "github", ["gh", "o_"], random(ALNUM, 36)),
        ("GitHub user token", "github", ["gh", "u_"], random(ALNUM, 36)),
        ("GitHub app token", "github", ["gh", "s_"], random(ALNUM, 36)),
        ("GitHub refresh token", "github", ["gh", "r_"], random(ALNUM, 76)),
        (
            "fine-grained GitHub token",
            "github",
            ["github_", "pat_"],
            random(ALNUM, 22) + "_" + &long,
        ),
        ("GitLab personal token", "gitlab", ["glp", "at-"], random(ALNUM, 20)),
        ("GitLab deploy token", "gitlab", ["gld", "t-"], random(ALNUM, 20)),
        ("GitLab runner token", "gitlab", ["glr", "t-"], random(ALNUM, 20)),
        ("Slack bot token", "slack", ["xo", "xb-"], random(DIGITS, 12) + "-" + &random(ALNUM, 24)),
        ("Slack user token", "slack", ["xo", "xp-"], random(DIGITS, 12) + "-" + &random(HEX, 32)),
        ("Slack app token", "slack", ["xa", "pp-1-"], random(UPPER, 11) + "-" + &random(HEX, 64)),
        ("Anthropic key", "anthropic", ["sk-a", "nt-api03-"], random(ALNUM, 93) + "AA"),
        ("OpenAI project key", "openai", ["sk-p", "roj-"], random(ALNUM, 64)),
        ("OpenAI service key", "openai", ["sk-s", "vcacct-"], random(ALNUM, 64)),
        ("OpenAI legacy key", "openai", ["s", "k-"], random(ALNUM, 48)),
        ("OpenRouter key", "openai", ["sk-o", "r-v1-"], random(HEX, 64)),
        ("Stripe live key", "stripe", ["sk_l", "ive_"], random(ALNUM, 24)),
        ("Stripe test key", "stripe", ["sk_t", "est_"], random(ALNUM, 24)),
        ("Stripe restricted key", "stripe", ["rk_l", "ive_"], random(ALNUM, 24)),
        ("Stripe webhook secret", "stripe", ["wh", "sec_"], random(ALNUM, 32)),
        ("AWS key id", "aws", ["AK", "IA"], random(UPPER, 16)),
        ("AWS session key id", "aws", ["AS", "IA"], random(UPPER, 16)),
        ("Google API key", "google", ["AI", "za"], random(ALNUM, 35)),
        ("Google OAuth secret", "google", ["GOC", "SPX-"], random(ALNUM, 28)),
        ("Google access token", "google", ["ya", "29."], random(ALNUM, 60)),
        ("npm token", "registry", ["np", "m_"], random(ALNUM, 36)),
        ("PyPI token", "registry", ["py", "pi-"], "AgEIcHlwaS5vcmc".to_owned() + &long),
        ("crates.io token", "registry", ["ci", "o"], random(ALNUM, 32)),
        ("Docker Hub token", "registry", ["dckr_", "pat_"], random(ALNUM, 27)),
        ("ntfy token", "ntfy", ["t", "k_"], random(LOWER, 29)),
        ("Hugging Face token", "token", ["h", "f_"], random(ALNUM, 34)),
        (
            "Grafana service token",
            "grafana",
            ["gl", "sa_"],
            random(ALNUM, 32) + "_" + &random(HEX, 8),
        ),
        ("Sentry token", "sentry", ["sntr", "ys_"], random(ALNUM, 64)),
        ("DigitalOcean token", "token", ["dop", "_v1_"], random(HEX, 64)),
        ("age key", "private-key", ["AGE-SEC", "RET-KEY-1"], random(UPPER, 58)),
    ];
    let plant_all = |(name, kind, prefix, rest): (_, _, [&str; 2], String)| {
        plant(name, kind, "cannot push: {} was refused", prefix.concat() + &rest)
    };
    cases.into_iter().map(plant_all).collect()
}

fn by_shape() -> Vec<Planted> {
    let dots = |parts: &[String]| parts.join(".");
    let jwt = dots(&[
        "ey".to_owned() + "J" + &random(ALNUM, 33),
        "ey".to_owned() + "J" + &random(ALNUM, 80),
        random(ALNUM, 43),
    ]);
    let bot = dots(&["M".to_owned() + &random(ALNUM, 25), random(ALNUM, 6), random(ALNUM, 38)]);
    let sendgrid = dots(&["S".to_owned() + "G", random(ALNUM, 22), random(ALNUM, 43)]);
    let telegram = random("123456789", 10) + ":" + "AA" + &random(ALNUM, 33);
    let pem = |label: &str, line: &str| {
        let dashes = "-".repeat(5);
        let body = [random(ALNUM, 64), random(ALNUM, 61)].join(line);
        format!("{dashes}BEGIN {label}{dashes}{line}{body}{line}{dashes}END {label}{dashes}")
    };
    let rsa = ["RSA PRI", "VATE KEY"].concat();
    let plain = ["PRI", "VATE KEY"].concat();
    let cut = pem(&plain, "\n").split("-----END").next().unwrap().to_owned();
    vec![
        plant("JSON web token", "jwt", "sent {} to the venue", jwt),
        plant("Discord bot token", "discord", "login with {} failed", bot),
        plant("SendGrid key", "token", "mail by {} refused", sendgrid),
        plant("Telegram token", "telegram", "polling as {} now", telegram.clone()),
        plant(
            "Telegram URL",
            "telegram",
            "POST https://api.telegram.org/bot{}/sendMessage",
            telegram,
        ),
        plant("PEM key", "private-key", "loaded\n{}\nfrom disk", pem(&plain, "\n")),
        plant("PEM key in JSON", "private-key", r#"{"pk":"{}","ok":true}"#, pem(&rsa, "\\n")),
        plant("PEM key that was cut off", "private-key", "dump: {}", cut),
    ]
}

fn webhooks() -> Vec<Planted> {
    let discord = random(ALNUM, 68);
    let slack =
        ["T", &random(UPPER, 10), "/B", &random(UPPER, 10), "/", &random(ALNUM, 24)].concat();
    vec![
        plant(
            "Discord webhook",
            "discord",
            "POST https://discord.com/api/webhooks/112233445566778899/{}?wait=true",
            discord.clone(),
        ),
        plant(
            "Discord webhook, versioned",
            "discord",
            "https://ptb.discordapp.com/api/v10/webhooks/112233445566778899/{}",
            discord,
        ),
        plant("Slack webhook", "slack", "https://hooks.slack.com/services/{} answered 403", slack),
        plant(
            "Teams webhook",
            "teams",
            "https://acme.webhook.office.com/webhookb2/{} answered 400",
            format!("{}@{}/IncomingWebhook/{}", random(HEX, 36), random(HEX, 36), random(HEX, 32)),
        ),
        plant(
            "PagerDuty URL",
            "pagerduty",
            "https://events.pagerduty.com/integration/{}/enqueue",
            random(HEX, 32),
        ),
    ]
}

fn in_urls() -> Vec<Planted> {
    vec![
        plant("Sentry DSN", "sentry", "dsn https://{}@o1.ingest.sentry.io/4507", random(HEX, 32)),
        plant(
            "Sentry DSN with a secret",
            "sentry",
            "https://{}@sentry.example.com/2",
            random(HEX, 32) + ":" + &random(HEX, 31),
        ),
        plant(
            "postgres password",
            "url-password",
            "postgres://bot:{}@db:5432/trades",
            "hunter2".to_owned(),
        ),
        plant(
            "postgres password with a slash",
            "url-password",
            "postgres://bot:{}@db:5432/trades",
            "hun/ter#2".to_owned(),
        ),
        plant(
            "redis password without a user",
            "url-password",
            "redis://:{}@cache:6379/0",
            "s3cr3t".to_owned(),
        ),
        plant("amqp password", "url-password", "amqps://desk:{}@mq/vhost", "p%40ss".to_owned()),
        plant(
            "password in a web URL",
            "url-password",
            "GET https://ops:{}@grafana.example.com/api",
            "letmein".to_owned(),
        ),
        plant(
            "token as the user of a URL",
            "url-password",
            "git fetch https://{}@example.com/r.git",
            random(ALNUM, 40),
        ),
        plant(
            "key in a query",
            "assignment",
            "GET https://x.example.com/v1?apikey={}&symbol=BTC",
            random(ALNUM, 20),
        ),
    ]
}

fn by_key() -> Vec<Planted> {
    let base64 = random(ALNUM, 21) + "+" + &random(ALNUM, 17) + "/";
    let word = || "correct-horse".to_owned();
    vec![
        plant("password by equals sign", "assignment", "user=ops password={} host=db", word()),
        plant("short password", "assignment", "pwd={};timeout=3", "abc".to_owned()),
        plant(
            "password in quotes",
            "assignment",
            "password = \"{}\" # prod",
            "two words, one ;".to_owned(),
        ),
        plant(
            "password in YAML",
            "assignment",
            "db:\n  password: {}\n  port: 1",
            "tr0ub4dor".to_owned(),
        ),
        plant(
            "password of letters in YAML",
            "assignment",
            "password: {}\nport: 1",
            "swordfish".to_owned(),
        ),
        plant("JSON", "assignment", r#"{"user":"ops","api_secret":"{}"}"#, word()),
        plant("JSON in a string", "assignment", r#"body "{\"apiSecret\":\"{}\",\"n\":1}""#, word()),
        plant("Python dictionary", "assignment", "{'passphrase': '{}', 'n': 1}", word()),
        plant("Rust debug output", "assignment", r#"Config { api_key: Some("{}"), n: 1 }"#, word()),
        plant("environment", "assignment", "BINANCE_API_SECRET={} ./run", random(ALNUM, 64)),
        plant("AWS secret key", "assignment", "aws_secret_access_key = {}", base64),
        plant("flag", "assignment", "plimsoll --db-password {} --dry-run", word()),
        plant("flag with an equals sign", "assignment", "plimsoll --api-key={} --dry-run", word()),
        plant("XML", "assignment", "<password>{}</password>", word()),
        plant("header of an exchange", "assignment", "X-MBX-APIKEY: {}", random(ALNUM, 64)),
        plant("bare token", "assignment", "token={} accepted", random(ALNUM, 24)),
        plant(
            "password that begins with a dollar sign",
            "assignment",
            "password={} x",
            "$ecret9".to_owned(),
        ),
        plant("routing key", "assignment", r#"{"routing_key":"{}"}"#, random(HEX, 32)),
        plant(
            "webhook URL of an unknown service",
            "assignment",
            "webhook_url=\"{}\"",
            "https://chat.example.com/h/1x2y".to_owned(),
        ),
    ]
}

fn in_headers() -> Vec<Planted> {
    vec![
        plant(
            "bearer header",
            "authorization",
            "> Authorization: {}\n> Accept: x",
            format!("Bearer {}", random(ALNUM, 30)),
        ),
        plant(
            "basic header",
            "authorization",
            "\"Authorization\": \"{}\"",
            "Basic b3BzOmh1bnRlcjI=".to_owned(),
        ),
        plant("bearer in prose", "authorization", "sent Bearer {} and got 401", random(HEX, 40)),
    ]
}

fn by_words() -> Vec<Planted> {
    vec![
        plant("wallet key", "wallet-key", "using private key 0x{} for the agent", random(HEX, 64)),
        plant(
            "wallet key without prefix",
            "wallet-key",
            "wallet secret for hyperliquid is {}",
            random(HEX, 64),
        ),
        plant("Solana key", "wallet-key", "private key {} loaded", random(BASE58, 88)),
        plant("exchange key", "api-key", "API key {} was refused", random(ALNUM, 64)),
        plant("exchange secret", "api-key", "with secret {} the venue says no", random(ALNUM, 64)),
        plant("AWS secret in prose", "aws", "the secret key {} leaked", random(ALNUM, 40)),
        plant("mnemonic of 12 words", "mnemonic", "mnemonic: {}", words(12)),
        plant(
            "mnemonic of 24 words",
            "mnemonic",
            "restored seed phrase for wallet 2: {}\n",
            words(24),
        ),
        plant(
            "mnemonic in a list",
            "mnemonic",
            "mnemonic [{}]",
            WORDS
                .split_whitespace()
                .take(12)
                .map(|w| format!("\"{w}\""))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        plant("mnemonic in JSON", "assignment", r#"{"mnemonic":"{}"}"#, words(12)),
    ]
}
