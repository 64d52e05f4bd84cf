//! A file's lines, read into what they say.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use csv::ByteRecord;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::{day_of, end_of};

use super::super::lines::{whole, without_point};
use super::super::opening::LineEnds;
use super::super::records::Records;
use super::super::rejects::Reason;
use super::super::times::Times;
use super::List;
use super::plan::Plan;
use super::reckoning::{Sum, Sums};
use crate::client::CliError;

/// What no cell is longer than.
const LONGEST: usize = 300;

/// A column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, and its heading where `--column` gives no other.
    pub name: &'static str,
    /// A file without it cannot be taken over.
    pub required: bool,
}

/// The column that says whose it is.
const MEMBER: Column = Column { name: "member", required: true };

/// What a line says.
#[derive(Clone, Debug)]
pub struct Entry<I> {
    /// Its number in the file.
    pub number: u64,
    /// Whose it is, as the file calls them.
    pub who: String,
    /// What.
    pub item: I,
}

/// What a file holds.
#[derive(Debug)]
pub struct Contents<I> {
    /// Everything that can be read.
    pub entries: Vec<Entry<I>>,
    /// Everything that cannot, by the numbers of the lines, and why.
    pub rejected: BTreeMap<u64, String>,
    /// What its lines sum to, by themselves.
    pub sums: Sums,
    /// Lines by their ends alone.
    pub counted: u64,
    /// Lines as they were read: the heading, empty ones, and those in which a text goes on.
    pub read: u64,
}

/// One line while it is read.
#[derive(Debug)]
pub struct Row<'r> {
    places: &'r HashMap<&'static str, usize>,
    record: &'r ByteRecord,
    times: &'r mut Times,
    zone: &'r TimeZone,
}

impl Row<'_> {
    /// A cell; nothing where it is empty or the file has no such column.
    pub fn text(&self, name: &str) -> Result<Option<&str>, String> {
        let Some(bytes) = self.places.get(name).and_then(|place| self.record.get(*place)) else { return Ok(None) };
        let text = str::from_utf8(bytes).map_err(|_| format!("{name} is no text in the file's encoding"))?.trim();
        if text.chars().count() > LONGEST {
            return Err(format!("{name} has more than {LONGEST} characters"));
        }
        if text.chars().any(|letter| letter.is_control() || letter == '\u{fffd}') {
            return Err(format!("{name} has control characters, or is no text in the file's encoding"));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// A cell that must not be empty.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is empty"))
    }

    /// A whole number that must be there.
    pub fn whole(&self, name: &str) -> Result<i64, String> {
        let text = self.required(name)?;
        whole(text).map_err(|_| format!("{name} \"{text}\" is no whole number"))
    }

    /// An instant, where there is one; a bare day is its beginning.
    pub fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(text) = self.text(name)?.map(str::to_owned) else { return Ok(None) };
        let read = self.times.read(&text);
        read.map(Some).ok_or_else(|| format!("{name} \"{text}\" is no day and time that can be read"))
    }

    /// The instant at which a last day is over, where there is one.
    pub fn last_day(&mut self, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(on_it) = self.instant(name)? else { return Ok(None) };
        let over = end_of(day_of(on_it, self.zone), self.zone);
        over.map(Some).map_err(|_| format!("{name} lies beyond the calendar"))
    }
}

/// Reads all of a file.
///
/// # Errors
/// It is no table, or lacks a column.
pub fn read<L: List>(text: impl Read, plan: &Plan, list: &L) -> Result<Contents<L::Item>, CliError> {
    let failed = |error| CliError::file(&plan.file, error);
    let mut records = Records::of(LineEnds::of(text), plan.delimiter);
    let (heading, heading_lines) = records.heading().map_err(failed)?;
    let places = places(&heading, plan, list.columns())?;
    let mut times = Times::new(plan.zone.clone(), plan.time_format.as_deref());
    let (mut entries, mut rejected, mut sums) = (Vec::new(), BTreeMap::new(), Sums::default());
    let mut seen: HashMap<String, u64> = HashMap::new();
    let (mut lines, mut record) = (heading_lines, ByteRecord::new());
    while let Some(extent) = records.next(&mut record).map_err(failed)? {
        lines += extent.lines;
        let number = record.position().map_or(0, csv::Position::line);
        let mut row = Row { places: &places, record: &record, times: &mut times, zone: &plan.zone };
        let read = if extent.unclosed { Err(Reason::Unclosed.to_string()) } else { line(list, &mut row) };
        let (who, item) = match read {
            Ok(read) => read,
            Err(why) => {
                rejected.insert(number, why);
                continue;
            }
        };
        let counted = list.counted(&item);
        sums.entry(counted.group).or_default().add(counted.amount);
        match seen.insert(list.key(&who, &item), number) {
            Some(before) => {
                rejected.insert(number, format!("the same stands in line {before} already"));
            }
            None => entries.push(Entry { number, who, item }),
        }
    }
    let read = lines + records.blank();
    Ok(Contents { entries, rejected, sums, counted: records.text().lines(), read })
}

impl Sum {
    /// Counts another line.
    pub fn add(&mut self, amount: i64) {
        self.lines += 1;
        self.amount += i128::from(amount);
    }
}

fn line<L: List>(list: &L, row: &mut Row<'_>) -> Result<(String, L::Item), String> {
    let who = without_point(row.required(MEMBER.name)?).to_owned();
    Ok((who, list.read(row)?))
}

/// Where each column stands.
fn places(
    heading: &ByteRecord,
    plan: &Plan,
    columns: &'static [Column],
) -> Result<HashMap<&'static str, usize>, CliError> {
    let there: Vec<String> = heading.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let all = || columns.iter().chain([&MEMBER]);
    let names = || all().map(|column| column.name).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = plan.headings.keys().find(|name| all().all(|column| column.name != name.as_str())) {
        return Err(CliError::Asked(format!("--column {unknown}: this list has the columns {}", names())));
    }
    let (mut places, mut missing) = (HashMap::new(), Vec::new());
    for column in all() {
        let named = plan.headings.get(column.name);
        let heading = named.map_or(column.name, String::as_str);
        match there.iter().position(|cell| cell == heading) {
            Some(place) => drop(places.insert(column.name, place)),
            None if column.required || named.is_some() => missing.push(format!("\"{heading}\" ({})", column.name)),
            None => {}
        }
    }
    if missing.is_empty() {
        return Ok(places);
    }
    let (file, missing, there) = (plan.file.display(), missing.join(", "), there.join(", "));
    let text =
        format!("{file}: the file has no column {missing}; it has {there}. --column NAME=HEADING says which one it is");
    Err(CliError::Asked(text))
}
