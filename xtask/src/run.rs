//! Running other programs, and how a command fails.

use std::fmt;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::signals;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody pressed Ctrl-C; nothing more needs to be said.
    Interrupted,
    /// The reason, for a person to read.
    Said(String),
}

/// How a command ends.
pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    pub(crate) fn said(text: impl fmt::Display) -> Self {
        Self::Said(text.to_string())
    }
}

impl From<backing::Trouble> for Failure {
    fn from(trouble: backing::Trouble) -> Self {
        Self::said(trouble)
    }
}

/// The cargo that runs us.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Queries are checked against services/*/.sqlx, whatever databases this shell knows; only `prepare` asks one.
    command.args(words).env("SQLX_OFFLINE", "true");
    command
}

/// One line about one step, in the columns all steps share.
pub(crate) fn tell(what: &str, how: &str) {
    say(format_args!("  {what:<18} {how}"));
}

/// Prints a line. Nobody reading any more, as behind `| head`, is no reason to leave work undone.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints a line beside the results.
pub(crate) fn aside(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Runs a program to its end in our place at the terminal, where Ctrl-C reaches it directly.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let name = shown(command);
    let child = command.stdin(Stdio::null()).spawn().map_err(|error| Failure::said(format!("{name}: {error}")))?;
    let status = wait(child, |signal| signal != "INT")?;
    ended(&name, status)
}

/// Runs a program to its end, apart from the terminal's process group: it gets each signal once, from us.
pub(crate) fn run_apart(command: &mut Command) -> Outcome {
    let name = shown(command);
    command.stdin(Stdio::null()).process_group(0);
    let child = command.spawn().map_err(|error| Failure::said(format!("{name}: {error}")))?;
    let passes = |signal: &str| {
        // The terminal has written ^C; what the program says about it begins on a line of its own.
        if signal == "INT" {
            say("");
        }
        true
    };
    let status = wait(child, passes)?;
    if status.success() { Ok(()) } else { ended(&name, status) }
}

/// The output of a program that succeeded.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let name = shown(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| Failure::said(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::said(format!("{name} failed ({})\n{}", output.status, said.trim_end())))
}

fn ended(name: &str, status: ExitStatus) -> Outcome {
    match (status.success(), signals::interrupted()) {
        (_, true) => Err(Failure::Interrupted),
        (true, false) => Ok(()),
        (false, false) => Err(Failure::said(format!("{name} failed ({status})"))),
    }
}

fn wait(mut child: Child, passes: impl Fn(&str) -> bool) -> Result<ExitStatus, Failure> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(Failure::said(format!("waiting for a program: {error}"))),
        }
        if let Some(signal) = signals::taken().filter(|signal| passes(signal)) {
            let words = format!("kill -{signal} {}", child.id());
            // It may have ended this very moment, which the next look will tell.
            drop(Command::new("/bin/sh").args(["-c", &words]).stderr(Stdio::null()).status());
        }
        sleep(Duration::from_millis(30));
    }
}

/// The program and its first words: enough to know which one failed, without the secrets that follow.
fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let words = command.get_args().take(9).map(|word| word.to_string_lossy());
    words.filter(|word| !word.contains("://")).fold(name, |all, word| format!("{all} {word}"))
}
