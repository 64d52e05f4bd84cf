//! A private Redis, used as a cache: it keeps nothing on disk and nothing is lost with it.
//!
//! Redis is a convenience. When it is [`Trouble::Missing`], the suite runs with its in-process cache alone.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::install::{Package, install};
use crate::place::{InUse, Place, Turn, shown};
use crate::{Doing, Stopped, Tell, Trouble, port, process, secret};

const PACKAGE: Package = Package { name: "Redis", apt: "redis-server", brew: "redis" };
/// The users that run the server when we are root, best first.
const USERS: [&str; 2] = ["redis", "nobody"];

/// A running private server. Dropping it lets go of it, and stops it if nobody else holds it.
#[derive(Debug)]
pub struct Redis {
    place: Place,
    version: String,
    port: u16,
    password: String,
    in_use: Option<InUse>,
}

/// Opens the private server in this folder, silently.
pub fn private(folder: &Path) -> Result<Redis, Trouble> {
    private_telling(folder, &|_, _| ())
}

/// Opens the private server in this folder, telling each step.
pub fn private_telling(folder: &Path, tell: Tell<'_>) -> Result<Redis, Trouble> {
    let (program, version, origin) = program(tell)?;
    let place = Place::open(folder, PACKAGE.name, &USERS, tell)?;
    let turn = place.turn()?;
    let (what, port, password) = match running(&place)? {
        Some((port, password)) => ("running private server", port, password),
        None => {
            let (port, password) = start(&program, &place, &turn)?;
            ("private server", port, password)
        }
    };
    let in_use = place.join(&turn)?;
    tell(
        &format!("{} {version}", PACKAGE.name),
        &format!("{origin}, {what} in {} (port {port})", shown(place.folder())),
    );
    Ok(Redis { place, version, port, password, in_use: Some(in_use) })
}

/// Stops the server in this folder if it was left running and nobody uses it.
pub fn stop(folder: &Path) -> Result<Stopped, Trouble> {
    halt(folder, |_, _| Ok(()))
}

/// Removes the folder's contents, stopping a server that was left running there; does nothing if it is in use.
pub fn discard(folder: &Path) -> Result<Stopped, Trouble> {
    halt(folder, Place::empty)
}

fn halt(folder: &Path, then: impl Fn(&Place, &Turn) -> Result<(), Trouble>) -> Result<Stopped, Trouble> {
    let Some(place) = Place::existing(folder, PACKAGE.name, &USERS)? else { return Ok(Stopped::NotRunning) };
    let turn = place.turn()?;
    if place.used(&turn)? {
        return Ok(Stopped::StillUsed);
    }
    let stopped = match running(&place)? {
        Some((port, password)) => shut_down(port, &password)?,
        None => Stopped::NotRunning,
    };
    then(&place, &turn).map(|()| stopped)
}

impl Redis {
    /// Where clients connect, with the password.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's version, such as "7.0.15".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where its log lies; not always the folder asked for (see the crate's fifth promise).
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// How many keys it holds: whether somebody uses it.
    pub fn keys(&self) -> Result<u64, Trouble> {
        let doing = || "counting Redis's keys".to_owned();
        let said = say(self.port, &self.password, "DBSIZE").doing(doing)?;
        said.strip_prefix(':').and_then(|count| count.parse().ok()).ok_or_else(|| Trouble::failed(doing(), said))
    }

    /// Kills the server under everybody who uses it: for tests of what a crash costs. Whoever opens the folder next
    /// starts it again, on the same port if nobody took it.
    pub fn crash(&self) -> Result<Stopped, Trouble> {
        let _turn = self.place.turn()?;
        let Some((port, password)) = running(&self.place)? else { return Ok(Stopped::NotRunning) };
        let doing = || "killing Redis".to_owned();
        // Asked of the server itself: a file may name a process that is long gone, and its number be somebody else's.
        let pid = pid_of(port, &password).doing(doing)?;
        let status = process::quiet(Command::new("kill").args(["-KILL", &pid.to_string()])).status().doing(doing)?;
        if status.success() && wait_for(port, &password, false) {
            return Ok(Stopped::Stopped);
        }
        Err(Trouble::failed(doing(), format!("process {pid} is still there")))
    }

    /// Lets go of the server, and stops it if nobody else holds it.
    pub fn stop(mut self) -> Result<Stopped, Trouble> {
        self.let_go()
    }

    /// Lets go of the server without stopping it: the next to open the folder finds it running.
    pub fn leave_running(mut self) {
        self.in_use = None;
    }

    fn let_go(&mut self) -> Result<Stopped, Trouble> {
        let Some(in_use) = self.in_use.take() else { return Ok(Stopped::StillUsed) };
        let turn = self.place.turn()?;
        if self.place.leave(in_use, &turn)? {
            return Ok(Stopped::StillUsed);
        }
        match running(&self.place)? {
            Some((port, password)) => shut_down(port, &password),
            None => Ok(Stopped::NotRunning),
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; the next to open the folder finds the server running and takes it over.
        drop(self.let_go());
    }
}

fn program(tell: Tell<'_>) -> Result<(PathBuf, String, String), Trouble> {
    let find = || process::on_path("redis-server").and_then(|path| Some((version_of(&path)?, path)));
    if let Some((version, path)) = find() {
        return Ok((path, version, "found".to_owned()));
    }
    let means = install(PACKAGE, tell)?;
    let (version, path) =
        find().ok_or_else(|| Trouble::failed("installing Redis", format!("{means} brought no redis-server")))?;
    Ok((path, version, format!("installed with {means}")))
}

/// "7.0.15" out of "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=...".
fn version_of(program: &Path) -> Option<String> {
    let said = process::output_of(program, &["--version"])?;
    said.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned)
}

fn running(place: &Place) -> Result<Option<(u16, String)>, Trouble> {
    let password = secret::read(&place.inside("password")).doing(|| "reading Redis's password".to_owned())?;
    let found = port::remembered(&place.inside("port")).zip(password);
    Ok(found.filter(|(port, password)| answers(*port, password)))
}

fn start(program: &Path, place: &Place, _turn: &Turn) -> Result<(u16, String), Trouble> {
    let doing = || format!("preparing {}", place.folder().display());
    let data = place.inside("data");
    std::fs::create_dir_all(&data).doing(doing)?;
    place.hand_over(&data).doing(doing)?;
    let password = match secret::read(&place.inside("password")).doing(doing)? {
        // Whoever used the server that was here finds this one by the same URL.
        Some(password) => password,
        None => {
            let password = secret::fresh().doing(doing)?;
            secret::write(&place.inside("password"), &password).doing(doing)?;
            password
        }
    };
    let mut tried = 1u64;
    loop {
        let port = port::remembered_or_free(&place.inside("port")).doing(doing)?;
        let started = launch(program, place, &configuration(port, &password, &data));
        if started.is_ok() && wait_for(port, &password, true) {
            return Ok((port, password));
        }
        if tried == 3 {
            let log = std::fs::read_to_string(data.join("server.log")).unwrap_or_default();
            let why = started.err().map_or_else(|| process::last_lines(&log, 3), |trouble| trouble.to_string());
            return Err(Trouble::failed("starting redis-server", why));
        }
        // The port may have been taken a moment ago.
        sleep(Duration::from_millis(200 * tried));
        tried += 1;
    }
}

fn launch(program: &Path, place: &Place, configuration: &str) -> Result<(), Trouble> {
    let doing = || "running redis-server".to_owned();
    let mut command = Command::new(program);
    command.arg("-");
    if let Some(account) = &place.account {
        account.applied_to(&mut command);
    }
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = process::quiet(&mut command).stdin(Stdio::piped()).spawn().doing(doing)?;
    // Through its standard input, so that the password is in no file and on no command line that others can read.
    if let Some(mut input) = child.stdin.take() {
        input.write_all(configuration.as_bytes()).doing(doing)?;
    }
    // It becomes a daemon, and the process that was started here ends at once.
    let status = child.wait().doing(doing)?;
    if status.success() { Ok(()) } else { Err(Trouble::failed(doing(), status)) }
}

fn configuration(port: u16, password: &str, data: &Path) -> String {
    let data = data.display();
    format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize yes\nsave \"\"\nappendonly no\n\
         dir \"{data}\"\nlogfile \"{data}/server.log\"\npidfile \"{data}/redis.pid\"\n"
    )
}

fn wait_for(port: u16, password: &str, up: bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while answers(port, password) != up {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
    true
}

/// Whether our own server answers there: another one does not know the password.
fn answers(port: u16, password: &str) -> bool {
    say(port, password, "PING").is_ok_and(|answer| answer == "+PONG")
}

fn shut_down(port: u16, password: &str) -> Result<Stopped, Trouble> {
    // It closes the connection instead of answering: whether it went is seen by asking again.
    drop(say(port, password, "SHUTDOWN NOSAVE"));
    if wait_for(port, password, false) {
        return Ok(Stopped::Stopped);
    }
    Err(Trouble::failed("stopping Redis", "it still answers after ten seconds"))
}

/// The process that answers there, by its own word.
fn pid_of(port: u16, password: &str) -> std::io::Result<u32> {
    let said = ask(port, password, "INFO server")?.map_while(Result::ok).find_map(|line| {
        let pid = line.strip_prefix("process_id:")?;
        pid.trim().parse().ok()
    });
    said.ok_or_else(|| std::io::Error::other("it does not say which process it is"))
}

fn say(port: u16, password: &str, words: &str) -> std::io::Result<String> {
    Ok(ask(port, password, words)?.next().transpose()?.unwrap_or_default())
}

fn ask(port: u16, password: &str, words: &str) -> std::io::Result<Lines<BufReader<TcpStream>>> {
    let mut stream = port::connect(port)?;
    stream.write_all(format!("AUTH {password}\r\n").as_bytes())?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let welcome = lines.next().transpose()?.unwrap_or_default();
    if welcome != "+OK" {
        return Err(std::io::Error::other(format!("not our server: {welcome}")));
    }
    stream.write_all(format!("{words}\r\n").as_bytes())?;
    Ok(lines)
}
