//! How long a grant takes at half of the most, from when it was due.

use super::callers::MEMBERS;
use super::grounds::Grounds;
use crate::bench::load;
use crate::bench::table::Row;
use crate::run::{Failure, tell};

/// How long the most is looked for, and then how long the pace is kept.
const SECONDS: &str = "10";

pub(super) fn rows(grounds: &mut Grounds<'_>) -> Result<Vec<Row>, Failure> {
    let told = grounds.ours_tells(MEMBERS, &["pace", SECONDS])?;
    let number = |name: &str, place: usize| load::number(&told, name, place);
    let (most, times) = (number("most", 0)?, number("half", 0)?);
    let (half, nearly_all) = (number("half", 1)?, number("half", 2)?);
    tell("measured", &format!("at {:.0} a second: p50 {half:.1} ms, p99 {nearly_all:.1} ms", most / 2.0));
    Ok(vec![Row::stated(
        format!(
            "points: one grant a call at {:.0} a second, half of the most that 64 callers got given ({times:.0} times)",
            most / 2.0
        ),
        format!("p50 {half:.1} ms, p99 {nearly_all:.1} ms"),
    )])
}
