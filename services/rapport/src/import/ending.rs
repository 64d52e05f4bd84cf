//! What an import says when it is over, or broken off: the rejects, the buckets, and whether they add up.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::CliError;
use crate::progress::{rate, spoken};
use crate::say::{say, say_all};
use crate::table::Tone;
use crate::words;

use super::booking::{Answer, book};
use super::grouping::History;
use super::opening::{self, Survey};
use super::plan::Plan;
use super::reading::{FileSum, Rejects};
use super::reconciliation::{Bucket, Tally, verdict};
use super::rejects;
use super::remembered::Remembered;

/// The end of an import.
#[derive(Debug)]
pub struct Ending {
    plan: Arc<Plan>,
    survey: Survey,
    rejected: Rejects,
    sum: FileSum,
    remembered: Remembered,
    earlier: Option<(usize, usize)>,
    supposed: bool,
    members: Option<(u64, u64)>,
    took: Duration,
}

impl Ending {
    /// Of a file that was read, and nothing of it told yet.
    pub fn of(plan: Arc<Plan>, survey: Survey, rejected: Rejects, sum: FileSum) -> Self {
        Self {
            plan,
            survey,
            rejected,
            sum,
            remembered: Remembered::default(),
            earlier: None,
            supposed: false,
            members: None,
            took: Duration::ZERO,
        }
    }

    /// An earlier run came this far.
    pub fn go_on_from(&mut self, remembered: Remembered) {
        self.remembered = remembered;
    }

    /// So many batches there are; those that an earlier run told are not told again.
    pub fn batches(&mut self, all: usize) {
        let told = self.remembered.batches;
        self.earlier = (told > 0).then_some((told, all));
    }

    /// What is done, to be added to.
    pub fn remembered(&mut self) -> &mut Remembered {
        &mut self.remembered
    }

    /// How many customers the file names, and how many of them are new members.
    pub fn members(&mut self, all: u64, new: u64) {
        self.members = Some((all, new));
    }

    /// Lines that the suite is told of.
    pub fn lines_to_tell(&self) -> u64 {
        self.sum.lines - self.rejected.len() as u64
    }

    /// Books everything as if the suite had taken it; what credits would find is not known.
    pub fn suppose(&mut self, history: &History) {
        self.supposed = true;
        let Remembered { tally, refused, .. } = &mut self.remembered;
        for piece in history.pieces() {
            let taken = Answer::Outcome(proto::activity::v1::EntryOutcome::default());
            book(history, self.plan.ways.minor_digits, &piece, &taken, tally, refused);
        }
    }

    /// Gives rejected lines back, as they stand in the file.
    pub fn write_rejects(&self) -> Result<(), CliError> {
        let mut reasons: BTreeMap<u64, String> = self.remembered.refused.clone();
        reasons.extend(self.rejected.iter().map(|(number, rejected)| (*number, rejected.reason.clone())));
        let Plan { file, rejects: path, ways, .. } = &*self.plan;
        let failed = |error| CliError::file(path, error);
        if reasons.is_empty() && !path.exists() {
            return Ok(());
        }
        let text = opening::text(file, self.survey.encoding).map_err(|error| CliError::file(file, error))?;
        let mut records = ways.records(text);
        let (heading, _) = records.heading().map_err(|error| CliError::file(file, error))?;
        rejects::write(path, &reasons, &heading, records).map_err(failed)
    }

    /// All lines in their buckets.
    fn tally(&self) -> Tally {
        let mut tally = self.remembered.tally.clone();
        for rejected in self.rejected.values() {
            let (exact, minor) = rejected.amount.unwrap_or_default();
            tally.line(Bucket::Rejected, exact, minor);
        }
        tally
    }

    /// Prints it, and answers whether it adds up.
    ///
    /// # Errors
    /// The buckets' sums differ from the file's.
    pub fn report(&self, as_json: bool) -> Result<(), CliError> {
        let differences = self.tally().differences(&self.sum);
        if as_json {
            say!("{}", self.json());
        } else {
            self.print(&differences);
        }
        if differences.is_empty() { Ok(()) } else { Err(CliError::Differs(differences.join("; "))) }
    }

    /// All of it for a program.
    pub fn json(&self) -> Value {
        let mut value = self.tally().json(&self.sum);
        value["seconds"] = json!(self.took.as_secs());
        value["lines_per_second"] = json!(rate(self.sum.lines, self.took));
        value["rejects_file"] = json!(self.rejects_file());
        value["dry_run"] = json!(self.supposed);
        value["members"] = json!(self.members.map(|(all, new)| json!({ "all": all, "new": new })));
        value
    }

    /// It is over.
    pub fn over(&mut self, took: Duration) {
        self.took = took;
    }

    fn print(&self, differences: &[String]) {
        say_all!("{}", self.tally().table(&self.sum));
        if let Some((all, new)) = self.members {
            let customers = words::counted(all, "customer", "customers");
            // What an earlier run of this import enrolled is answered as new again.
            let new = if self.earlier.is_none() {
                format!(", {} of them new members", words::count(new))
            } else {
                String::new()
            };
            say!("  {customers} in the file{new}");
        }
        if self.supposed {
            say!("  dry run: the suite was told nothing; which credits find what was bought shows when it is");
        }
        match self.earlier {
            Some((told, all)) if told >= all => say!("  imported before: there was nothing left to tell"),
            Some((told, all)) => say!("  went on after batch {told} of {all} of an earlier run"),
            None => {}
        }
        if let Some(path) = self.rejects_file() {
            say!("  {}", Tone::Bad.of(&format!("rejected lines and their reasons: {path}")));
        }
        let tone = if differences.is_empty() { Tone::Good } else { Tone::Bad };
        say!("  {}", tone.of(&verdict(&self.sum, differences, &self.plan.words, &self.plan.currency)));
        let rate = words::count(rate(self.sum.lines, self.took));
        say!("  {}", Tone::Faint.of(&format!("{} · {rate} lines/s", spoken(self.took))));
    }

    fn rejects_file(&self) -> Option<String> {
        let any = !self.rejected.is_empty() || !self.remembered.refused.is_empty();
        (any && File::open(&self.plan.rejects).is_ok()).then(|| self.plan.rejects.display().to_string())
    }
}
