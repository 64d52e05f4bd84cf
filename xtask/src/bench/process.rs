//! A program under measurement: how long it ran, how much memory it had at most, what it printed.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::Failure;

/// How a program ran.
pub(super) struct Ran {
    pub(super) seconds: f64,
    pub(super) peak_mib: f64,
    pub(super) output: String,
}

/// Runs a program to its end.
pub(super) fn measured(command: &mut Command) -> Result<Ran, Failure> {
    let began = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(Failure::said)?;
    let mut stdout = child.stdout.take().ok_or_else(|| Failure::said("no output"))?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let mut peak_mib: f64 = 0.0;
    let status = loop {
        peak_mib = peak_mib.max(peak_of(&child));
        if let Some(status) = child.try_wait().map_err(Failure::said)? {
            break status;
        }
        sleep(Duration::from_millis(20));
    };
    let seconds = began.elapsed().as_secs_f64();
    let output = reading.join().map_err(|_| Failure::said("reading broke off"))?.map_err(Failure::said)?;
    if !status.success() {
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            drop(stderr.read_to_string(&mut said));
        }
        return Err(Failure::said(format!("a measured program failed ({status})\n{output}\n{said}")));
    }
    Ok(Ran { seconds, peak_mib, output })
}

/// The most memory a running program has had, in MiB; nothing where the system does not tell.
pub(super) fn peak_of(child: &Child) -> f64 {
    told_of(child, "VmHWM:")
}

/// The memory a running program has now, in MiB; nothing where the system does not tell.
pub(super) fn memory_of(child: &Child) -> f64 {
    told_of(child, "VmRSS:")
}

fn told_of(child: &Child, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    kib.map_or(0.0, |kib| kib / 1024.0)
}

/// A port nobody listens on.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::said)?;
    listener.local_addr().map(|address| address.port()).map_err(Failure::said)
}

/// Waits until the admin port says it is ready.
pub(crate) fn ready(admin: u16, child: &mut Child) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if let Some(status) = child.try_wait().map_err(Failure::said)? {
            return Err(Failure::said(format!("the suite ended before it was ready ({status})")));
        }
        if answers_ready(admin).is_some() {
            return Ok(());
        }
        sleep(Duration::from_millis(2));
    }
    Err(Failure::said("the suite was not ready within a minute"))
}

fn answers_ready(admin: u16) -> Option<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", admin)).ok()?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().next()?.contains(" 200 ").then_some(())
}

/// Asks a program to end, and waits.
pub(crate) fn stop(mut child: Child) -> Result<(), Failure> {
    let words = format!("kill -TERM {}", child.id());
    Command::new("/bin/sh").args(["-c", &words]).status().map_err(Failure::said)?;
    child.wait().map(drop).map_err(Failure::said)
}
