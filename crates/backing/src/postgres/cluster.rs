//! One cluster on disk: made, started, stopped.
//!
//! Everything here runs while the caller holds the place's turn, so that two processes never start one cluster.

use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::postgres::{Durability, Programs};
use crate::{Doing, Stopped, Trouble, port, process, secret};

/// How long a start may take: after a crash PostgreSQL first replays what it had written.
const START_SECONDS: u64 = 120;

/// A cluster, running or not.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    pub(super) place: &'a Place,
    pub(super) programs: &'a Programs,
    pub(super) durability: Durability,
}

impl Cluster<'_> {
    pub(super) fn data(&self) -> PathBuf {
        self.place.inside("data")
    }

    /// The superuser's password. It gets its name only after `initdb` succeeded, so it also says that the cluster is whole.
    pub(super) fn password(&self) -> Result<Option<String>, Trouble> {
        secret::read(&self.place.inside("password")).doing(|| "reading the cluster's password".to_owned())
    }

    /// Makes a new cluster in place of whatever an interrupted attempt left.
    pub(super) fn create(&self) -> Result<String, Trouble> {
        let doing = || format!("preparing {}", self.data().display());
        if self.data().exists() {
            std::fs::remove_dir_all(self.data()).doing(doing)?;
        }
        std::fs::create_dir(self.data()).doing(doing)?;
        self.place.hand_over(&self.data()).doing(doing)?;
        let (draft, password) = (self.place.inside("password.new"), secret::fresh().doing(doing)?);
        secret::write(&draft, &password).doing(doing)?;
        self.place.hand_over(&draft).doing(doing)?;

        let mut command = self.programs.command("initdb");
        command.arg("-D").arg(self.data()).arg("--pwfile").arg(&draft).args([
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            self.durability.authentication(),
        ]);
        if self.durability == Durability::Thrown {
            command.arg("--no-sync");
        }
        self.run(command, "initdb")?;
        std::fs::rename(draft, self.place.inside("password")).doing(doing)?;
        Ok(password)
    }

    /// The port of the cluster if it runs, waiting while it is on its way up or down.
    pub(super) fn running(&self) -> Result<Option<u16>, Trouble> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS);
        loop {
            match self.state() {
                State::Ready(port) if port::connect(port).is_ok() => return Ok(Some(port)),
                State::Down => return Ok(None),
                State::Recycled => self.drop_stale_pid()?,
                State::Ready(_) | State::Changing if Instant::now() < deadline => sleep(Duration::from_millis(100)),
                State::Ready(_) | State::Changing => {
                    return Err(Trouble::failed("waiting for PostgreSQL", "it neither comes up nor goes down"));
                }
            }
        }
    }

    /// Starts the cluster and answers its port.
    pub(super) fn start(&self) -> Result<u16, Trouble> {
        let mut tried = 1u64;
        loop {
            let port =
                port::remembered_or_free(&self.place.inside("port")).doing(|| "looking for a free port".to_owned())?;
            let mut command = self.pg_ctl("start");
            let options = self.durability.options(port);
            command.arg("-l").arg(self.log()).arg("-o").arg(options).args(["-t", &START_SECONDS.to_string()]);
            match self.run(command, "pg_ctl start") {
                Ok(()) => return Ok(port),
                // The port may have been taken a moment ago, and after a kill the old server's children need a moment
                // to notice that it is gone. Both pass; anything else will fail again and be reported.
                Err(_) if tried < 5 => sleep(Duration::from_millis(400 * tried)),
                Err(trouble) => return Err(self.with_log(trouble)),
            }
            tried += 1;
        }
    }

    /// Stops the cluster if it runs, in one of `pg_ctl`'s modes.
    pub(super) fn stop(&self, mode: &str) -> Result<Stopped, Trouble> {
        if self.running()?.is_none() {
            return Ok(Stopped::NotRunning);
        }
        let mut command = self.pg_ctl("stop");
        command.args(["-m", mode, "-t", "60"]);
        self.run(command, "pg_ctl stop")?;
        Ok(Stopped::Stopped)
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.programs.command("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-w", action]);
        command
    }

    fn log(&self) -> PathBuf {
        self.data().join("server.log")
    }

    /// Runs a program as the cluster's user, apart from our terminal's process group (pg_ctl then gives the server a
    /// session of its own).
    fn run(&self, mut command: Command, name: &str) -> Result<(), Trouble> {
        if let Some(account) = &self.place.account {
            account.applied_to(&mut command);
        }
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        process::quiet(&mut command).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let output = command.output().doing(|| format!("running {name}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Trouble::failed(name, process::last_words(&output)))
    }

    fn with_log(&self, trouble: Trouble) -> Trouble {
        let Trouble::Failed { doing, why } = trouble else { return trouble };
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let said = process::last_lines(&log, 4);
        Trouble::Failed { doing, why: format!("{why} | {}: {said}", self.log().display()) }
    }

    fn state(&self) -> State {
        let Ok(text) = std::fs::read_to_string(self.pid_file()) else { return State::Down };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // The file is written in steps: what is not there yet means that the server is still coming up.
        let Some(pid) = lines.first().and_then(|line| line.parse().ok()) else { return State::Changing };
        let data = self.data();
        match process::command_line(pid) {
            None => State::Down,
            Some(command) if !command.contains("postgres") || !command.contains(&*data.to_string_lossy()) => {
                State::Recycled
            }
            Some(_) => match (lines.get(3).and_then(|line| line.parse().ok()), lines.get(7)) {
                (Some(port), Some(&("ready" | "standby"))) => State::Ready(port),
                _ => State::Changing,
            },
        }
    }

    /// Removes a pid file whose process number now belongs to some other program, which PostgreSQL would respect.
    fn drop_stale_pid(&self) -> Result<(), Trouble> {
        let data = self.data().canonicalize().doing(|| "finding the cluster".to_owned())?;
        let deadline = Instant::now() + Duration::from_secs(10);
        // Children of a killed server may still be writing; starting another beside them would destroy the data.
        while process::any_working_in(&data) {
            if Instant::now() > deadline {
                return Err(Trouble::failed("starting PostgreSQL", "processes of a killed server are still there"));
            }
            sleep(Duration::from_millis(100));
        }
        std::fs::remove_file(self.pid_file()).doing(|| "removing a stale postmaster.pid".to_owned())
    }

    fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }
}

enum State {
    Down,
    Changing,
    Ready(u16),
    /// The process number in the pid file belongs to another program.
    Recycled,
}

impl Durability {
    /// How connections prove who they are. Both ask for the password: on a shared machine loopback is everybody's, and
    /// the superuser of a cluster can run programs as its user. Thrown clusters see thousands of short connections, for
    /// which SCRAM's work on the client's side, in an unoptimised build, would dominate.
    fn authentication(self) -> &'static str {
        match self {
            Self::Kept => "--auth=scram-sha-256",
            Self::Thrown => "--auth=password",
        }
    }

    pub(super) fn stop_mode(self) -> &'static str {
        match self {
            Self::Kept => "fast",
            Self::Thrown => "immediate",
        }
    }

    /// The server's settings, as words for a shell.
    fn options(self, port: u16) -> String {
        let common = [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=''",
            "max_connections=200",
            "shared_buffers=256MB",
            "max_wal_size=4GB",
            "timezone=UTC",
            "log_timezone=UTC",
        ]
        .map(|setting| format!("-c {setting}"))
        .join(" ");
        let more = match self {
            Self::Kept => "",
            Self::Thrown => {
                " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0"
            }
        };
        common + more
    }
}
