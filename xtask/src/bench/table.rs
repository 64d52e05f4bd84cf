//! The table of a benchmark: on the terminal, as JSON, and in `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::run::{Failure, Outcome, say};

const PAGE: &str = "docs/benchmarks.md";

/// One row: ours, the peer's, and what we want of the ratio. A row without a peer is only stated.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) ours: String,
    pub(super) peer: String,
    pub(super) ratio: Option<f64>,
    pub(super) goal: &'static str,
    pub(super) holds: Option<bool>,
}

impl Row {
    /// A row that nothing is compared with.
    pub(super) fn stated(name: impl Into<String>, ours: String) -> Self {
        Self { name: name.into(), ours, peer: String::new(), ratio: None, goal: "stated", holds: None }
    }
}

/// Prints the rows and writes them into the page.
pub(super) fn tell(name: &str, machine: &str, rows: &[Row], json: bool) -> Outcome {
    print(machine, rows, json);
    write(name, &markdown(machine, rows))
}

/// Prints the rows: a table, or one object a row.
pub(super) fn print(machine: &str, rows: &[Row], json: bool) {
    if !json {
        say(markdown(machine, rows));
        return;
    }
    for row in rows {
        let ratio = row.ratio.map_or("null".to_owned(), |ratio| format!("{ratio:.3}"));
        let holds = row.holds.map_or("null".to_owned(), |holds| holds.to_string());
        say(format_args!(
            "{{\"row\":\"{}\",\"ours\":\"{}\",\"peer\":\"{}\",\"ratio\":{ratio},\"goal\":\"{}\",\"holds\":{holds}}}",
            row.name, row.ours, row.peer, row.goal
        ));
    }
}

fn markdown(machine: &str, rows: &[Row]) -> String {
    let mut text = format!("{machine}\n\n| what | ours | peer | ratio | goal | holds |\n|---|---|---|---|---|---|\n");
    for row in rows {
        let ratio = row.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let holds = row.holds.map_or("stated", |holds| if holds { "yes" } else { "no" });
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} | {} | {ratio} | {} | {holds} |", row.name, row.ours, row.peer, row.goal);
    }
    text
}

/// Puts the table between its marks; what stands around them is the page's own.
fn write(name: &str, table: &str) -> Outcome {
    let (begin, end) = (format!("<!-- bench:{name} -->"), format!("<!-- /bench:{name} -->"));
    let page = std::fs::read_to_string(Path::new(PAGE)).unwrap_or_else(|_| "# Benchmarks\n".to_owned());
    let (before, after) = match (page.split_once(&begin), page.split_once(&end)) {
        (Some((before, _)), Some((_, after))) => (before.to_owned(), after.to_owned()),
        _ => (format!("{page}\n"), "\n".to_owned()),
    };
    std::fs::write(PAGE, format!("{before}{begin}\n{table}{end}{after}")).map_err(Failure::said)
}
