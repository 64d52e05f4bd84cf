//! What is said when a list is taken over, or its import was broken off: the rejects, the groups, and whether they add up.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::opening::{self, Survey};
use super::super::records::Records;
use super::super::rejects;
use super::super::remembered::Remembered;
use super::plan::Plan;
use super::reckoning::{Reckoning, Sums};
use super::sheet::Contents;
use crate::client::CliError;
use crate::progress::spoken;
use crate::say::{say, say_all};
use crate::table::Tone;
use crate::words;

/// The end of taking a list over.
#[derive(Debug)]
pub struct Ending {
    survey: Survey,
    unit: &'static str,
    rejects: PathBuf,
    dry_run: bool,
    file: Sums,
    unread: BTreeMap<u64, String>,
    /// Lines as they were read, and by their ends alone.
    lines: (u64, u64),
    members: (u64, u64),
    /// What was answered, in this run and those before.
    pub answered: Remembered<Reckoning>,
    /// How long it took.
    pub took: Duration,
}

impl Ending {
    /// Of a file that was read, and nothing of it told yet. Of the members so many are named, and so many of them new.
    pub fn of<I>(plan: &Plan, survey: Survey, unit: &'static str, contents: &Contents<I>, members: (u64, u64)) -> Self {
        Self {
            survey,
            unit,
            rejects: plan.rejects.clone(),
            dry_run: plan.dry_run,
            file: contents.sums.clone(),
            unread: contents.rejected.clone(),
            lines: (contents.read, contents.counted),
            members,
            answered: Remembered::default(),
            took: Duration::ZERO,
        }
    }

    fn rejected(&self) -> BTreeMap<u64, String> {
        let mut all = self.answered.refused.clone();
        all.extend(self.unread.clone());
        all
    }

    /// Gives rejected lines back, as they stand in the file.
    pub fn write_rejects(&self, plan: &Plan) -> Result<(), CliError> {
        let rejected = self.rejected();
        if rejected.is_empty() && !plan.rejects.exists() {
            return Ok(());
        }
        let failed = |error| CliError::file(&plan.file, error);
        let text = opening::text(&plan.file, self.survey.encoding).map_err(failed)?;
        let mut records = Records::of(text, plan.delimiter);
        let (heading, _) = records.heading().map_err(failed)?;
        rejects::write(&plan.rejects, &rejected, &heading, records)
            .map_err(|error| CliError::file(&plan.rejects, error))
    }

    /// Where what is booked differs from the file, in words.
    fn differences(&self) -> Vec<String> {
        let mut differences = self.answered.tally.differences(&self.file, self.unit);
        let (read, counted) = self.lines;
        if read != counted {
            differences.push(format!("{} lines read, {} line ends", words::count(read), words::count(counted)));
        }
        let rejected = self.rejected().len() as u64;
        if rejected > 0 {
            differences.push(format!("{} rejected", words::counted(rejected, "line", "lines")));
        }
        differences
    }

    /// Prints it.
    ///
    /// # Errors
    /// What is booked differs from the file.
    pub fn report(&self, as_json: bool) -> Result<(), CliError> {
        let differences = self.differences();
        if as_json {
            say!("{}", self.json());
        } else {
            self.print(&differences);
        }
        if differences.is_empty() { Ok(()) } else { Err(CliError::Differs(differences.join("; "))) }
    }

    fn json(&self) -> Value {
        let rejected = self.rejected();
        json!({
            "groups": self.answered.tally.json(&self.file),
            "rejected": rejected.len(),
            "rejects_file": (!rejected.is_empty()).then(|| self.rejects.display().to_string()),
            "members": { "all": self.members.0, "new": self.members.1 },
            "dry_run": self.dry_run,
            "differences": self.differences(),
            "seconds": self.took.as_secs(),
        })
    }

    fn print(&self, differences: &[String]) {
        say_all!("{}", self.answered.tally.table(&self.file, self.unit));
        let (all, new) = self.members;
        let new = if self.dry_run {
            format!("{} would be enrolled", words::count(new))
        } else {
            format!("{} of them new", words::count(new))
        };
        say!("  {} in the file, {new}", words::counted(all, "member", "members"));
        if self.dry_run {
            say!("  dry run: each line was asked for by itself, and nothing is written");
        }
        if !self.rejected().is_empty() {
            let told = format!("rejected lines and their reasons: {}", self.rejects.display());
            say!("  {}", Tone::Bad.of(&told));
        }
        let (tone, verdict) = match differences {
            [] => (Tone::Good, "reconciled".to_owned()),
            _ => (Tone::Bad, format!("NOT reconciled: {}", differences.join("; "))),
        };
        say!("  {} {}", tone.of(&verdict), Tone::Faint.of(&format!("· {}", spoken(self.took))));
    }
}
