//! The order of a list as callers ask for it, in the words of AIP-132: `join_time desc`.

use crate::Violations;

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest, earliest.
    Ascending,
    /// The largest, latest.
    Descending,
}

impl Direction {
    /// As a caller writes it, and as a page token is bound to it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// Reads the `order_by` of a list that can be ordered by one field; an empty one is the list's `usual` order.
///
/// As in AIP-132 a field without a direction ascends, and how many blanks are written does not matter.
pub fn order_by(bad: &mut Violations, text: &str, field: &str, usual: Direction) -> Option<Direction> {
    let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => Some(usual),
        [by] | [by, "asc"] if *by == field => Some(Direction::Ascending),
        [by, "desc"] if *by == field => Some(Direction::Descending),
        _other => {
            bad.add("order_by", format!("must be \"{field}\" or \"{field} desc\""));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_goes_either_way() {
        let table = [
            ("", Some(Direction::Descending)),
            ("  ", Some(Direction::Descending)),
            ("join_time", Some(Direction::Ascending)),
            ("join_time asc", Some(Direction::Ascending)),
            ("join_time desc", Some(Direction::Descending)),
            ("  join_time \t  desc ", Some(Direction::Descending)),
            ("join_time DESC", None),
            ("join_time descending", None),
            ("join_time desc desc", None),
            ("join_time,", None),
            ("join_time, join_time desc", None),
            ("Join_Time", None),
            ("name", None),
            ("desc", None),
            ("join_time\u{a0}desc", None),
            ("join_time\0", None),
        ];
        for (text, read) in table {
            let mut bad = Violations::new();
            assert_eq!(order_by(&mut bad, text, "join_time", Direction::Descending), read, "{text:?}");
            assert_eq!(bad.is_empty(), read.is_some(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_order_is_told_of_its_field() {
        let mut bad = Violations::new();
        order_by(&mut bad, "name desc", "join_time", Direction::Ascending);
        let status = bad.finish().expect_err("there is no such order");
        assert_eq!(status.message(), "order_by must be \"join_time\" or \"join_time desc\"");
    }
}
