//! A real terminator of TLS before a server on loopback, with an authority made for the proof.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::{command, machine};

const LIMIT: Duration = Duration::from_secs(300);
const READY_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// stunnel in the foreground. Dropping it ends the process and removes the keys.
#[derive(Debug)]
pub(super) struct Terminator {
    dir: TempDir,
    port: u16,
    process: Child,
}

impl Terminator {
    /// Makes an authority and a certificate for `localhost`, and passes on to `to`.
    pub(super) fn start(to: SocketAddr) -> anyhow::Result<Terminator> {
        for (program, package) in [("stunnel", "stunnel4"), ("openssl", "openssl")] {
            if machine::program(program).is_none() {
                super::questdb_server::install(&[package])?;
            }
        }
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let terminator = dir.path();
        std::fs::write(terminator.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
        for arguments in [
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=proof \
             -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE",
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
             -keyout server.key -out server.csr",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile names -out server.pem",
        ] {
            let mut openssl = Command::new("openssl");
            openssl.args(arguments.split_whitespace()).current_dir(terminator);
            command::stdout_of(&mut openssl, LIMIT)?;
        }
        let port = testbed::free_port().context("no free port")?;
        let config = format!(
            "foreground = yes\npid =\n[questdb]\naccept = 127.0.0.1:{port}\nconnect = {to}\n\
             cert = server.pem\nkey = server.key\n"
        );
        std::fs::write(terminator.join("stunnel.conf"), config)?;
        let process = Command::new("stunnel")
            .arg("stunnel.conf")
            .current_dir(terminator)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start stunnel")?;
        let mut terminator = Terminator { dir, port, process };
        terminator.wait()?;
        Ok(terminator)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begun = machine::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(self.process.try_wait()?.is_none(), "stunnel ended");
            ensure!(begun.elapsed() < READY_LIMIT, "stunnel does not listen");
            machine::pause(POLL);
        }
        Ok(())
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(super) fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        // What cannot be ended any more has ended.
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}
