//! What the drill configures: snapshots of everything, and a deploy of processes or of containers.

use std::path::Path;

use super::engine::Engine;

/// Where everything is.
pub(super) struct Places<'a> {
    pub(super) root: &'a Path,
    pub(super) program: &'a Path,
    pub(super) questdb: String,
    pub(super) redis: String,
    pub(super) venue: &'a str,
    /// Of the web service two, of the station one.
    pub(super) ports: [u16; 3],
    /// With it services are containers of images by digest; without it plain processes.
    pub(super) engine: Option<&'a Engine>,
}

/// `!` ends with 0 unless this is the version with that fault.
fn unless(fault: &str) -> String {
    format!("! grep -qx {fault} fault")
}

impl Places<'_> {
    fn exec(&self, sql: &str) -> String {
        let questdb = &self.questdb;
        format!(r#"curl -fsS -G http://{questdb}/exec --data-urlencode \"query={sql}\""#)
    }

    pub(super) fn canonical(&self) -> String {
        let (questdb, redis, venue) = (&self.questdb, &self.redis, self.venue);
        let apply = self.exec("ALTER TABLE desk ADD COLUMN IF NOT EXISTS v_$(cat version) LONG");
        let drop_column = self.exec("ALTER TABLE desk DROP COLUMN v_$(cat version)");
        let count = self.exec("SELECT count() FROM desk");
        let station = "http://127.0.0.1:$PLIMSOLL_PORT_STATION";
        // A row of this release's own goes in and comes out again.
        let canary = format!(
            r#"curl -fsS -d \"trading_pnl,strategy_id=canary_$(cat version) total_pnl=12.5\" {station}/write && curl -fsS -G --data-urlencode \"query=SELECT total_pnl FROM trading_pnl WHERE strategy_id='canary_$(cat version)'\" {station}/api/query | grep -q 12.5"#
        );
        let (build, services) = match self.engine {
            Some(engine) => (self.image(engine), self.containers(engine)),
            None => (unless("build"), self.processes()),
        };
        format!(
            r#"snapshot:
  files:
    desk:
      roots: [config]
  redis:
    cache:
      server: {{address: "{redis}"}}
      prefixes: ["desk:"]
  questdb:
    database: {{url: "http://{questdb}", data: export}}
  positions:
    paper: {{paper: "{venue}"}}
deploy:
  staging:
    free_disk_min_mb: 100
    build: {{run: [sh, -c, "{build}"], timeout_secs: 240}}
    migrate:
      apply: {{run: [sh, -c, "{apply} && {migration}"]}}
      undo: {{run: [sh, -c, "{drop_column}"]}}
    services:
{services}
    smoke:
      canary: {{run: [sh, -c, "{canary}"]}}
      row: {{run: [sh, -c, "{count} | grep -q dataset && {smoke}"]}}
    accounts: [paper]
    watch_secs: 2
"#,
            migration = unless("migration"),
            smoke = unless("smoke"),
        )
    }

    fn trading(&self) -> String {
        self.root.join(".plimsoll/trading").display().to_string()
    }

    /// A web page, a station that two could not share, and a strategy.
    fn processes(&self) -> String {
        let [web_1, web_2, station] = self.ports;
        let (program, venue, trading) = (self.program.display(), self.venue, self.trading());
        let store = self.root.join(".plimsoll/station.db");
        format!(
            r#"      web:
        run: [python3, -m, http.server, "{{port}}", --bind, 127.0.0.1]
        ports: [{web_1}, {web_2}]
        ready_secs: 20
        health:
          http: "http://127.0.0.1:{{port}}/index.html"
          contains: is well
          run: {{run: [sh, -c, "{health} && {{ {after} || [ ! -e ../../armed ]; }}"]}}
      station:
        kind: single
        run: ["{program}", station, --listen, "127.0.0.1:{{port}}", --store, "{store}"]
        ports: [{station}]
        health: {{http: "http://127.0.0.1:{{port}}/ping"}}
      trend:
        kind: strategy
        lease: trend@paper
        run: [sh, -c, "exec {program} paper trade --venue {venue} --lease trend@paper --trading-dir {trading} --name $(cat version)-$(date +%s%N) --patience 60"]"#,
            health = unless("health"),
            after = unless("after-switch"),
            store = store.display(),
        )
    }

    /// The image of a commit, in the registry.
    fn image(&self, engine: &Engine) -> String {
        let (client, host, registry) =
            (engine.client().display(), engine.host(), engine.registry());
        let context = self.root.with_file_name("docker").join("rootfs");
        let name = format!("{registry}/desk/plimsoll:$(git rev-parse HEAD)");
        format!(
            "{} && export DOCKER_HOST={host} && {client} build -q -t {name} -f Dockerfile {} && {client} push -q {name}",
            unless("build"),
            context.display(),
        )
    }

    /// The same as containers: the web service is another station, whose store nobody keeps.
    fn containers(&self, engine: &Engine) -> String {
        let [web_1, web_2, station] = self.ports;
        let (venue, trading, root) = (self.venue, self.trading(), self.root.display());
        let container = |more: &str| {
            format!(
                r#"container: {{image: "{}/desk/plimsoll:{{commit}}", host: "{}", program: "{}", args: [--network, host{more}]}}"#,
                engine.registry(),
                engine.host(),
                engine.client().display(),
            )
        };
        let volume = |dir: &str| format!(r#", --volume, "{root}/{dir}:{root}/{dir}""#);
        format!(
            r#"      web:
        {web}
        run: [/plimsoll, station, --listen, "127.0.0.1:{{port}}", --store, /tmp/web.db]
        ports: [{web_1}, {web_2}]
        ready_secs: 20
        stop_secs: 10
        health:
          http: "http://127.0.0.1:{{port}}/ping"
          run: {{run: [sh, -c, "{after} || [ ! -e ../../armed ]"]}}
      station:
        kind: single
        {kept}
        run: [/plimsoll, station, --listen, "127.0.0.1:{{port}}", --store, "{root}/.plimsoll/kept/station.db"]
        ports: [{station}]
        ready_secs: 20
        stop_secs: 10
        health: {{http: "http://127.0.0.1:{{port}}/ping"}}
      trend:
        kind: strategy
        lease: trend@paper
        stop_secs: 10
        {trend}
        run: [sh, -c, "exec /plimsoll paper trade --venue {venue} --lease trend@paper --trading-dir {trading} --name $DESK_VERSION-{{start}} --patience 60"]"#,
            web = container(""),
            kept = container(&volume(".plimsoll/kept")),
            trend = container(&format!("{}, --no-healthcheck", volume(".plimsoll/trading"))),
            after = unless("after-switch"),
        )
    }
}

/// How the image of a version is made; one with that fault is never healthy.
pub(super) fn dockerfile(version: &str, fault: &str) -> String {
    let check = match fault {
        "health" => "exit 1",
        _ => "curl -fsS http://127.0.0.1:$PLIMSOLL_PORT/ping",
    };
    format!(
        "FROM scratch\nCOPY . /\nENV DESK_VERSION={version}\n\
         HEALTHCHECK --interval=1s --timeout=3s --retries=2 CMD {check}\n"
    )
}
