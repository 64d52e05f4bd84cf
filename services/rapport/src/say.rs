//! Printing for whoever reads: a reader that goes away, as `rapport report | head` does, ends the command quietly.

use std::fmt;
use std::io::{self, Write as _};

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::print(format_args!($($text)*), "\n") };
}

/// Prints text that ends its own lines.
macro_rules! say_all {
    ($($text:tt)*) => { $crate::say::print(format_args!($($text)*), "") };
}

pub(crate) use {say, say_all};

pub(crate) fn print(text: fmt::Arguments<'_>, end: &str) {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}{end}").and_then(|()| out.flush());
    // Nobody is left to be told: not of the rest, and not of this.
    if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// Prints a line beside the results, to standard error. Nobody reading any more is no reason to fail.
pub(crate) fn aside(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
