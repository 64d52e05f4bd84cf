//! How far long work has come: a bar on a terminal, a line now and then elsewhere. Always on standard error, so that results stay clean.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::say::aside;
use crate::words;

/// Between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// One piece of long work.
#[derive(Debug)]
pub struct Progress {
    label: String,
    unit: String,
    total: u64,
    began: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines(Mutex<Told>),
    Nothing,
}

#[derive(Debug)]
struct Told {
    done: u64,
    at: Instant,
}

impl Progress {
    /// Begins to tell of `total` units.
    pub fn new(label: &str, unit: &str, total: u64) -> Self {
        let now = Instant::now();
        let shown = if std::io::stderr().is_terminal() {
            Shown::Bar(bar(label, unit, total))
        } else {
            Shown::Lines(Mutex::new(Told { done: 0, at: now }))
        };
        Self { label: label.to_owned(), unit: unit.to_owned(), total, began: now, shown }
    }

    /// Tells nothing: for tests, and where somebody else tells.
    pub fn silent() -> Self {
        Self { label: String::new(), unit: String::new(), total: 0, began: Instant::now(), shown: Shown::Nothing }
    }

    /// So many more are done.
    pub fn add(&self, done: u64) {
        match &self.shown {
            Shown::Bar(bar) => bar.inc(done),
            Shown::Lines(told) => {
                let Ok(mut told) = told.lock() else { return };
                told.done += done;
                if told.at.elapsed() >= PAUSE {
                    told.at = Instant::now();
                    aside(line(&self.label, &self.unit, told.done, self.total, self.began.elapsed()));
                }
            }
            Shown::Nothing => {}
        }
    }

    /// So many were done before this began: they count, but not for the rate.
    pub fn skip(&self, done: u64) {
        match &self.shown {
            Shown::Bar(bar) => {
                bar.inc(done);
                bar.reset_eta();
            }
            Shown::Lines(told) => {
                if let Ok(mut told) = told.lock() {
                    told.done += done;
                }
            }
            Shown::Nothing => {}
        }
    }

    /// It is over, and takes its bar with it. Answers how long it took.
    pub fn finish(&self) -> Duration {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }
}

fn bar(label: &str, unit: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    // The template is fixed text; a bar in the usual style is no harm.
    let style =
        ProgressStyle::with_template("  {msg:<14} [{bar:30}] {human_pos}/{human_len} {prefix}  {rate}  {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("== ");
    bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // A bar that cannot be drawn is not worth an error.
        let _ = write!(out, "{:.0}/s", HumanFloatCount(state.per_sec().round()));
    }));
    bar.set_message(label.to_owned());
    bar.set_prefix(unit.to_owned());
    bar
}

fn line(label: &str, unit: &str, done: u64, total: u64, took: Duration) -> String {
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
    format!(
        "  {label:<14} {} of {} {unit} ({percent} %), {}/s",
        words::count(done),
        words::count(total),
        words::count(rate(done, took))
    )
}

/// Units a second.
pub fn rate(done: u64, took: Duration) -> u64 {
    let millis = took.as_millis().max(1);
    u64::try_from(u128::from(done) * 1_000 / millis).unwrap_or(u64::MAX)
}

/// A duration as people say it: `0.8 s`, `12 s`, `3 min 05 s`.
pub fn spoken(took: Duration) -> String {
    let seconds = took.as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, took.subsec_millis() / 100),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_and_how_fast() {
        let told = line("purchases", "lines", 61_300, 541_909, Duration::from_secs(1));
        assert_eq!(told, "  purchases      61,300 of 541,909 lines (11 %), 61,300/s");
        assert!(line("nothing", "lines", 0, 0, Duration::ZERO).contains("(100 %)"));
    }

    #[test]
    fn durations_are_spoken() {
        let table = [(800, "0.8 s"), (12_400, "12 s"), (185_000, "3 min 05 s")];
        for (millis, text) in table {
            assert_eq!(spoken(Duration::from_millis(millis)), text);
        }
    }
}
