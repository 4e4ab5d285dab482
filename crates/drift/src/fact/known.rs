//! What is known of services and runtimes without anybody saying it: their other names, and the ports inside
//! their containers.

/// A service or runtime.
#[derive(Debug)]
pub(crate) struct Known {
    /// The name by which canonical files call it.
    pub(crate) name: &'static str,
    /// Other names of it, as images, packages, keys and people have them.
    pub(crate) aliases: &'static [&'static str],
    /// The ports on which it listens by itself, by the word that tells them apart; `""` for its main one.
    pub(crate) ports: &'static [(&'static str, u16)],
}

const fn known(
    name: &'static str,
    aliases: &'static [&'static str],
    ports: &'static [(&'static str, u16)],
) -> Known {
    Known { name, aliases, ports }
}

/// Ports as the documentation of each service gives them.
pub(crate) const KNOWN: &[Known] = &[
    known(
        "questdb",
        &["QuestDB", "QuestDb", "qdb"],
        &[("http", 9000), ("ilp", 9009), ("pg", 8812), ("min", 9003)],
    ),
    known("grafana", &[], &[("", 3000)]),
    known("redis", &[], &[("", 6379)]),
    known("postgres", &["PostgreSQL", "postgresql"], &[("", 5432)]),
    known("mysql", &["MySQL", "mariadb"], &[("", 3306)]),
    known("prometheus", &[], &[("", 9090)]),
    known("alertmanager", &[], &[("", 9093)]),
    known("loki", &[], &[("", 3100)]),
    known("influxdb", &["InfluxDB"], &[("", 8086)]),
    known("rabbitmq", &["RabbitMQ"], &[("amqp", 5672), ("management", 15672)]),
    known("kafka", &[], &[("", 9092)]),
    known("nats", &[], &[("", 4222)]),
    known("neo4j", &["Neo4j"], &[("http", 7474), ("bolt", 7687)]),
    known("mongo", &["mongodb", "MongoDB"], &[("", 27017)]),
    known("elasticsearch", &["Elasticsearch"], &[("", 9200)]),
    known("clickhouse", &["ClickHouse"], &[("http", 8123), ("tcp", 9000)]),
    known("timescaledb", &["TimescaleDB"], &[("", 5432)]),
    known("minio", &["MinIO"], &[("api", 9000), ("console", 9001)]),
    known("n8n", &[], &[("", 5678)]),
    known("jaeger", &[], &[("", 16686)]),
    known("tempo", &[], &[("", 3200)]),
    known("promtail", &[], &[("", 9080)]),
    known("cadvisor", &["cAdvisor"], &[("", 8080)]),
    known("sonarqube", &["SonarQube"], &[("", 9000)]),
    known("portainer", &[], &[("", 9000)]),
    known("python", &["py3", "requires-python"], &[]),
    known("rust", &["rustc", "rust-version"], &[]),
    known("node", &["nodejs", "node.js", "Node.js"], &[]),
    known(
        "nautilus",
        &["nautilus_trader", "nautilus-trader", "nautilustrader", "NautilusTrader"],
        &[],
    ),
];

/// Words that tell the ports of one service apart, and the words that mean the same.
pub(crate) const QUALIFIERS: &[(&str, &[&str])] = &[
    ("http", &["http", "https", "web", "console", "rest", "api", "exec", "ui"]),
    ("ilp", &["ilp", "line", "influx", "ingest"]),
    ("pg", &["pg", "postgres", "postgresql", "wire", "pgwire", "psql"]),
    ("min", &["min", "health", "metrics"]),
    ("grpc", &["grpc"]),
    ("admin", &["admin", "management"]),
    ("bolt", &["bolt"]),
    ("amqp", &["amqp"]),
    ("tcp", &["tcp", "native"]),
];

/// Paths of URLs that only one service has.
pub(crate) const URL_PATHS: &[(&str, &str)] = &[
    ("/exec", "questdb"),
    ("/imp", "questdb"),
    ("/exp?", "questdb"),
    ("/api/health", "grafana"),
    ("/api/dashboards", "grafana"),
    ("/api/datasources", "grafana"),
    ("/api/v1/provisioning", "grafana"),
    ("/d/", "grafana"),
];

pub(crate) fn of(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The word of [`QUALIFIERS`] that a word means.
pub(crate) fn qualifier(word: &str) -> Option<&'static str> {
    QUALIFIERS.iter().find(|(_, words)| words.contains(&word)).map(|(name, _)| *name)
}
