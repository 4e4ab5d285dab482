//! The units as text. Each ends with a digest of itself, by which it is known whether people changed it.

use std::path::Path;

/// One unit.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// What begins the line with the digest.
const MARK: &str = "# plimsoll-digest: ";

/// What a process that takes rows in and tells people needs of its machine, and no more.
const HARDENING: &str = "\
DynamicUser=yes
StateDirectory=plimsoll
WorkingDirectory=%S/plimsoll
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
";

/// All units. The paths are plain: they need no quoting.
pub(super) fn units(program: &Path, config: Option<&Path>, tokens: Option<&Path>) -> Vec<Unit> {
    let program = program.display();
    let config = config.map_or(String::new(), |path| format!(" --config {}", path.display()));
    let credential =
        tokens.map_or(String::new(), |path| format!("LoadCredential=tokens:{}\n", path.display()));
    let tokens =
        if credential.is_empty() { "" } else { " --tokens ${CREDENTIALS_DIRECTORY}/tokens" };
    let station = format!(
        "[Unit]
Description=Plimsoll station: takes rows in, watches the rules, serves the page
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={program} station --store %S/plimsoll/plimsoll.db --outbox %S/plimsoll/alerts{config}{tokens}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
WatchdogSec=60
TimeoutStopSec=30
LimitNOFILE=65536
{credential}{HARDENING}
[Install]
WantedBy=multi-user.target
"
    );
    let backup = format!(
        "[Unit]
Description=Plimsoll backup: a snapshot, verified, and now and then restored
After=plimsoll-station.service

[Service]
Type=oneshot
ExecStart={program} backup --record %S/plimsoll/plimsoll.db{config}
{HARDENING}"
    );
    let timer = "[Unit]
Description=Plimsoll backup every six hours

[Timer]
OnCalendar=*-*-* 00/6:00:00
RandomizedDelaySec=5min
Persistent=yes

[Install]
WantedBy=timers.target
";
    vec![
        Unit { name: "plimsoll-station.service", text: marked(&station) },
        Unit { name: "plimsoll-backup.service", text: marked(&backup) },
        Unit { name: "plimsoll-backup.timer", text: marked(timer) },
    ]
}

/// Whether it is as some version of this program wrote it.
pub(super) fn is_ours(text: &str) -> bool {
    let Some((body, digest)) = text.rsplit_once(MARK) else { return false };
    digest.trim_end() == digest_of(body)
}

fn marked(body: &str) -> String {
    format!("{body}{MARK}{}\n", digest_of(body))
}

/// FNV-1a, 64 bit: it finds a change, and guards against nobody.
fn digest_of(body: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", body.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_people_changed_is_told_apart() {
        for Unit { text, .. } in units(Path::new("/usr/bin/plimsoll"), None, None) {
            assert!(is_ours(&text), "{text}");
            assert!(!is_ours(&text.replace("plimsoll", "Plimsoll")), "{text}");
            assert!(!is_ours(&format!("{text}Nice=5\n")), "{text}");
        }
        assert!(!is_ours("[Service]\n"));
    }

    #[test]
    fn tokens_come_as_a_credential_only() {
        let of = |tokens| units(Path::new("/p"), None, tokens).remove(0).text;
        let text = of(Some(Path::new("/etc/tokens")));
        assert!(text.contains("LoadCredential=tokens:/etc/tokens"), "{text}");
        assert!(text.contains("--tokens ${CREDENTIALS_DIRECTORY}/tokens"), "{text}");
        assert!(!of(None).contains("tokens"));
    }
}
