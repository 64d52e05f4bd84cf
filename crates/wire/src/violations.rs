//! Everything wrong with a call's fields, told at once.

use std::ops::RangeInclusive;

use kernel::RequestId;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// HTTP/2 header lists are limited to 16 KiB, and this travels in one.
const MOST: usize = 20;
const MOST_BYTES: usize = 4_096;

/// What is wrong so far. Reading goes on after a wrong field, so that the caller learns of all of them.
#[derive(Debug, Default)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes down what is wrong with a field.
    pub fn add(&mut self, field: impl Into<String>, what: impl ToString) {
        self.0.push((field.into(), what.to_string()));
    }

    /// The value of a field that was read, or what was wrong with it.
    pub fn take<T, E: ToString>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|wrong| self.add(field, wrong)).ok()
    }

    /// A text of so many characters, without control characters and without blanks around it.
    pub fn text(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        let count = text.chars().count();
        if !length.contains(&count) {
            let (least, most) = length.into_inner();
            let what = if least == 0 {
                format!("must be at most {most} characters, not {count}")
            } else if count == 0 {
                "is required".to_owned()
            } else {
                format!("must be {least} to {most} characters, not {count}")
            };
            self.add(field, what);
            return None;
        }
        if text.chars().any(char::is_control) || text.trim() != text {
            self.add(field, "must have no control characters and no blanks around it");
            return None;
        }
        Some(text.to_owned())
    }

    /// A code: lower-case letters, digits and `-_.:/`, so many of them.
    pub fn code(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.text(field, text, length)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:/".contains(c);
        if !text.chars().all(fits) {
            self.add(field, "must be lower-case letters, digits and - _ . : / only");
            return None;
        }
        Some(text)
    }

    /// A whole number within bounds.
    pub fn number(&mut self, field: &str, number: i64, bounds: RangeInclusive<i64>) -> Option<i64> {
        if bounds.contains(&number) {
            return Some(number);
        }
        let (least, most) = bounds.into_inner();
        self.add(field, format!("must be from {least} to {most}, not {number}"));
        None
    }

    /// How many items a list may have.
    pub fn count(&mut self, field: &str, count: usize, bounds: RangeInclusive<usize>) -> bool {
        if bounds.contains(&count) {
            return true;
        }
        let (least, most) = bounds.into_inner();
        self.add(field, format!("must have {least} to {most} items, not {count}"));
        false
    }

    /// The request id of a mutation.
    pub fn request_id(&mut self, text: &str) -> Option<RequestId> {
        self.take("request_id", RequestId::parse(text))
    }

    /// An instant; `None` both where it is wrong and where it is unset.
    pub fn instant(&mut self, field: &str, wire: Option<&prost_types::Timestamp>) -> Option<jiff::Timestamp> {
        wire.and_then(|wire| self.take(field, proto::instant(wire)))
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer to the call, where anything was wrong.
    pub fn finish(self) -> Result<(), Status> {
        if self.0.is_empty() { Ok(()) } else { Err(self.status()) }
    }

    /// Everything that was read, or the answer to the call: `None` in `read` without a violation is a defect of ours.
    pub fn settle<T>(self, read: Option<T>) -> Result<T, Status> {
        match read {
            Some(value) if self.0.is_empty() => Ok(value),
            Some(_) => Err(self.status()),
            None if self.0.is_empty() => Err(crate::status::internal("a field was read as wrong without a violation")),
            None => Err(self.status()),
        }
    }

    fn status(self) -> Status {
        let count = self.0.len();
        let mut bytes = 0;
        let mut told = Vec::new();
        for (field, what) in self.0 {
            bytes += field.len() + what.len() + 16;
            if told.len() == MOST || bytes > MOST_BYTES {
                break;
            }
            told.push(FieldViolation::new(field, what));
        }
        let mut text = told
            .first()
            .map_or_else(|| "a field is wrong".to_owned(), |first| format!("{} {}", first.field, first.description));
        if count > 1 {
            text = format!("{text}, and {} more", count - 1);
        }
        Status::with_error_details(Code::InvalidArgument, text, ErrorDetails::with_bad_request(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let mut bad = Violations::new();
        assert_eq!(bad.text("spent_on", "", 1..=200), None);
        assert_eq!(bad.number("points", -1, 1..=10), None);
        let status = bad.finish().expect_err("two fields are wrong");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "spent_on is required, and 1 more");
        let told = status.get_details_bad_request().expect("it carries BadRequest").field_violations;
        assert_eq!(told[1].field, "points");
        assert_eq!(told[1].description, "must be from 1 to 10, not -1");
    }

    #[test]
    fn many_violations_stay_within_a_header() {
        let mut bad = Violations::new();
        for place in 0..10_000 {
            bad.add(format!("lines[{place}].product"), "x".repeat(300));
        }
        let status = bad.finish().expect_err("all are wrong");
        assert!(status.details().len() < 8_192, "{}", status.details().len());
        assert!(status.message().ends_with("and 9999 more"));
    }

    #[test]
    fn blanks_and_control_characters_are_told() {
        let mut bad = Violations::new();
        assert_eq!(bad.text("name", " 王", 0..=10), None);
        assert_eq!(bad.text("name", "王\u{0}", 0..=10), None);
        assert_eq!(bad.text("name", "王小明", 0..=10), Some("王小明".to_owned()));
    }
}
