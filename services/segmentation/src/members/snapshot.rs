//! Snapshots: what members were compared with, one after the other.
//!
//! Only those matter that compare differently from the one before; a member is looked at again for those alone.

mod desk;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::calendar;

use super::frame::Frame;

pub(crate) use self::desk::Taking;

/// The shop at one moment, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Counts from one; zero before the first.
    pub number: i64,
    /// The moment it speaks of.
    pub taken_at: Timestamp,
    /// The first snapshot that compares as this one does.
    pub frame_since: i64,
    /// What it compares with.
    pub frame: Frame,
    /// When it was written.
    pub recorded_at: Timestamp,
}

/// The snapshots of a tenant that compare differently, from some number on. Before the first there is what is known
/// without any.
#[derive(Clone, Debug)]
pub struct Shop(Vec<Snapshot>);

impl Shop {
    /// What is known without any snapshot, and those that were taken, ascending.
    pub fn new(unsorted: Frame, taken: Vec<Snapshot>) -> Self {
        let (taken_at, recorded_at) = (Timestamp::MIN, Timestamp::MIN);
        let zero = Snapshot { number: 0, taken_at, frame_since: 0, frame: unsorted, recorded_at };
        Self(std::iter::once(zero).chain(taken).collect())
    }

    /// The last one.
    pub fn last(&self) -> &Snapshot {
        self.0.last().expect("there is always the one before the first")
    }

    /// What a snapshot compares with.
    pub fn frame(&self, number: i64) -> &Frame {
        let found = self.0.iter().rev().find(|snapshot| snapshot.number <= number);
        &found.unwrap_or_else(|| self.last()).frame
    }

    /// The one after a number.
    pub fn after(&self, number: i64) -> Option<&Snapshot> {
        self.0.iter().find(|snapshot| snapshot.number > number)
    }
}

/// When the next snapshot is due after a moment: at midnight, or earlier where another scheme begins to rule.
pub fn next_due(after: Timestamp, zone: &TimeZone, scheme_change: Option<Timestamp>) -> Option<Timestamp> {
    let midnight = calendar::end_of(calendar::day_of(after, zone), zone).ok();
    midnight.into_iter().chain(scheme_change).min()
}

/// The same while nothing is heard: at the first midnight at which another frame may come out by itself.
pub fn next_by_itself(
    changes_at: Option<Timestamp>,
    zone: &TimeZone,
    scheme_change: Option<Timestamp>,
) -> Option<Timestamp> {
    let just_before = changes_at.and_then(|at| at.checked_sub(SignedDuration::from_micros(1)).ok());
    let midnight = just_before.and_then(|before| next_due(before, zone, None));
    midnight.into_iter().chain(scheme_change).min()
}
