//! Lines that cannot be taken, each with its number and why, and the file that gives them back.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, WriterBuilder};

use super::mapping::Column;
use super::records::Records;

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A column begins with a quote that nothing closes.
    Unclosed,
    /// It ends before this column.
    Short(Column),
    /// The column is empty.
    Empty(Column),
    /// The column holds bytes that are no text in the file's encoding.
    Unreadable(Column),
    /// The column is longer than this many characters.
    TooLong(Column, usize),
    /// The column holds control characters.
    Control(Column),
    /// The column should be a whole number.
    NotWhole(String),
    /// The column should be a decimal of at most nine digits after the point.
    NotDecimal(Column, String),
    /// The column should be a day and a time.
    NotATime(String),
    /// The amount does not fit.
    TooLarge,
    /// The discount is negative, above the line's amount, or of a smaller unit than the currency has.
    Discount(String),
    /// A discount on a line that is no purchase.
    DiscountOutOfPlace,
    /// Nothing was bought and nothing came back.
    ZeroQuantity,
    /// A credit takes goods back, at a price that is not negative.
    CreditNotNegative,
    /// The invoice is another customer's.
    AnotherCustomer,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed => out.write_str(
                "a column begins with a quote that is not closed; close it, or write it twice within quotes where it belongs to the text",
            ),
            Self::Short(column) => write!(out, "the line ends before {}", column.name()),
            Self::Empty(column) => write!(out, "{} is empty", column.name()),
            Self::Unreadable(column) => write!(out, "{} is no text in the file's encoding", column.name()),
            Self::TooLong(column, most) => write!(out, "{} has more than {most} characters", column.name()),
            Self::Control(column) => write!(out, "{} has control characters", column.name()),
            Self::NotWhole(value) => write!(out, "quantity \"{value}\" is no whole number"),
            Self::NotDecimal(column, value) => {
                write!(out, "{} \"{value}\" is no decimal with at most nine digits after the point", column.name())
            }
            Self::NotATime(value) => write!(out, "time \"{value}\" is no day and time that can be read"),
            Self::TooLarge => out.write_str("the amount is too large"),
            Self::Discount(value) => {
                write!(
                    out,
                    "discount \"{value}\" is not between nothing and the line's amount, in the currency's units"
                )
            }
            Self::DiscountOutOfPlace => out.write_str("only purchases have a discount"),
            Self::ZeroQuantity => out.write_str("quantity is 0"),
            Self::CreditNotNegative => {
                out.write_str("a credit has a negative quantity and a price that is not negative")
            }
            Self::AnotherCustomer => out.write_str("the invoice belongs to another customer"),
        }
    }
}

/// Writes the rejected lines as they stand in the file, behind their number and reason. An older file makes way; where nothing was
/// rejected there is none.
pub fn write(
    path: &Path,
    rejected: &BTreeMap<u64, String>,
    heading: &ByteRecord,
    mut records: Records<impl Read>,
) -> io::Result<()> {
    if rejected.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut out = WriterBuilder::new().flexible(true).from_path(path)?;
    let with = |line: &str, reason: &str, fields: &ByteRecord| {
        let mut record = ByteRecord::from(vec![line, reason]);
        record.extend(fields);
        record
    };
    out.write_byte_record(&with("line", "reason", heading))?;
    let mut left = rejected.len();
    let mut record = ByteRecord::new();
    while left > 0 && records.next(&mut record)?.is_some() {
        let number = record.position().map_or(0, csv::Position::line);
        if let Some(reason) = rejected.get(&number) {
            out.write_byte_record(&with(&number.to_string(), reason, &record))?;
            left -= 1;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_lines_come_back_with_number_and_reason() {
        let path = std::env::temp_dir().join(format!("rapport-rejects-{}.csv", std::process::id()));
        let text = "no,name\n1,a\n2,\"b,\nc\"\n3,d\n";
        let mut records = Records::of(text.as_bytes(), b',');
        let (heading, _) = records.heading().expect("a heading");
        let rejected = BTreeMap::from([(3, Reason::ZeroQuantity.to_string())]);
        write(&path, &rejected, &heading, records).expect("written");
        let written = fs::read_to_string(&path).expect("there");
        assert_eq!(written, "line,reason,no,name\n3,quantity is 0,2,\"b,\nc\"\n");

        write(&path, &BTreeMap::new(), &heading, Records::of(io::empty(), b',')).expect("taken away");
        assert!(!path.exists());
    }
}
