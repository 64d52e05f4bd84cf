//! The whole file, line by line: what it holds, what cannot be taken, and what it sums to.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::ByteRecord;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::grouping::{Gathering, History};
use super::lines::{MissingColumns, Reader};
use super::mapping::Mapping;
use super::opening::LineEnds;
use super::records::Records;
use super::rejects::Reason;
use super::sorting_out::Habits;

/// What a file sums to, told by its lines alone, before anything is made of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSum {
    /// Lines as they are counted everywhere: a text in quotes may go on over several of the file's and is one. The heading is left out.
    pub lines: u64,
    /// Lines of the file by its line ends alone, whatever they were read as.
    pub counted: u64,
    /// Of these, the heading's.
    pub heading: u64,
    /// Of these, lines that hold nothing.
    pub blank: u64,
    /// Of these, lines in which a text goes on that was opened in an earlier one.
    pub continued: u64,
    /// Of these, lines without an amount that can be read.
    pub unreadable: u64,
    /// Quantity times price less discount, exactly.
    pub exact: Decimal,
    /// The same, rounded half-even line by line.
    pub minor: i128,
    /// Digits after the point in the longest amount.
    pub places: u32,
}

/// How to read a file.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Which column is which.
    pub mapping: Mapping,
    /// The shop's habits.
    pub habits: Habits,
    /// Zone of its times.
    pub zone: TimeZone,
    /// Digits after the point of its currency.
    pub minor_digits: u32,
    /// What stands between columns.
    pub delimiter: u8,
}

/// A line that was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub reason: String,
    /// Its amount, where that could be read.
    pub amount: Option<(Decimal, i64)>,
}

/// Rejected lines by their numbers.
pub type Rejects = BTreeMap<u64, Rejected>;

/// What a file holds.
#[derive(Debug)]
pub struct Contents {
    /// Everything that can be taken.
    pub history: History,
    /// Everything that cannot.
    pub rejected: Rejects,
    /// What all of it sums to.
    pub sum: FileSum,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Columns are missing.
    #[error(transparent)]
    Columns(#[from] MissingColumns),
    /// The file breaks off, or is no table.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
}

impl Ways {
    /// The records of a file.
    pub fn records<R: Read>(&self, text: R) -> Records<R> {
        Records::of(text, self.delimiter)
    }

    /// Reads all of it. `each` hears of every thousand lines.
    pub fn read(&self, text: impl Read, mut each: impl FnMut(u64)) -> Result<Contents, ReadError> {
        let mut records = self.records(LineEnds::of(text));
        let (heading, heading_lines) = records.heading()?;
        let mut reader = Reader::of(&heading, &self.mapping, self.zone.clone(), self.minor_digits)?;
        let mut gathering = Gathering::default();
        let mut rejected = Rejects::new();
        let mut sum = FileSum { heading: heading_lines, ..FileSum::default() };
        let mut record = ByteRecord::new();
        while let Some(extent) = records.next(&mut record)? {
            sum.lines += 1;
            sum.continued += extent.lines - 1;
            if sum.lines.is_multiple_of(1_000) {
                each(1_000);
            }
            let number = record.position().map_or(0, csv::Position::line);
            let line = if extent.unclosed { Err(Reason::Unclosed) } else { reader.read(&record) };
            let line = match line {
                Ok(line) => line,
                Err(reason) => {
                    sum.unreadable += 1;
                    rejected.insert(number, Rejected { reason: reason.to_string(), amount: None });
                    continue;
                }
            };
            sum.exact += line.exact;
            sum.minor += i128::from(line.minor);
            sum.places = sum.places.max(line.exact.scale());
            let kind = self.habits.kind(line.invoice, line.quantity, line.negative_price);
            let taken = kind.and_then(|kind| {
                super::lines::discount_in_place(&line, kind)?;
                gathering.add(&line, kind)
            });
            if let Err(reason) = taken {
                let amount = Some((line.exact, line.minor));
                rejected.insert(number, Rejected { reason: reason.to_string(), amount });
            }
        }
        (sum.blank, sum.counted) = (records.blank(), records.text().lines());
        Ok(Contents { history: gathering.finish(), rejected, sum })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::import::mapping::Setting;
    use crate::import::sorting_out::{Kind, Negative};

    pub(crate) fn uci() -> Ways {
        let mapping = Mapping::shipped("uci").expect("shipped");
        let habits = Habits {
            credit_prefix: mapping.get(Setting::CreditPrefix).map(str::to_owned),
            adjustment_prefix: mapping.get(Setting::AdjustmentPrefix).map(str::to_owned),
            negative: Negative::Adjustment,
        };
        let zone = kernel::calendar::zone("Europe/London").expect("known");
        Ways { mapping, habits, zone, minor_digits: 2, delimiter: b',' }
    }

    pub(crate) fn read(text: &str) -> (History, Rejects) {
        let contents = uci().read(text.as_bytes(), |_| {}).expect("readable");
        (contents.history, contents.rejected)
    }

    const HEADING: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

    #[test]
    fn every_line_is_taken_or_rejected_with_its_number() {
        let text = format!(
            "\u{feff}{HEADING}1,A,x,2,2010-12-01 08:26:00,2.55,17850.0,UK\n\
             1,A,\"x\ny\",0,2010-12-01 08:26:00,2.55,17850.0,UK\n\
             1,A,x,2,never,2.55,17850.0,UK\n\
             1,A,x,2,2010-12-01 08:26:00,2.55,9,UK\n\
             C2,A,x,2,2010-12-01 08:26:00,2.55,9,UK\n\
             3,A\n"
        );
        let contents = uci().read(text.as_bytes(), |_| {}).expect("readable");
        let rejected: Vec<(u64, &str)> =
            contents.rejected.iter().map(|(number, rejected)| (*number, rejected.reason.as_str())).collect();
        assert_eq!(
            rejected,
            [
                (3, "quantity is 0"),
                (5, "time \"never\" is no day and time that can be read"),
                (6, "the invoice belongs to another customer"),
                (7, "a credit has a negative quantity and a price that is not negative"),
                (8, "the line ends before unit-price"),
            ]
        );
        assert_eq!((contents.sum.lines, contents.sum.unreadable), (6, 2));
        assert_eq!((contents.sum.counted, contents.sum.heading, contents.sum.continued), (8, 1, 1));
        assert_eq!((contents.sum.exact.to_string().as_str(), contents.sum.minor), ("15.30", 1530));
        assert_eq!(contents.history.pieces().len(), 1);
    }

    /// Fifty lines, of which some have another description.
    fn fifty(odd: &[(u32, &str)]) -> Contents {
        let lines = (1..=50).map(|number| {
            let name = odd.iter().find(|(at, _)| *at == number).map_or("plate", |(_, name)| name);
            format!("{number},A,{name},2,2010-12-01 08:26:00,2.55,17850.0,UK\n")
        });
        uci().read(format!("{HEADING}{}", lines.collect::<String>()).as_bytes(), |_| {}).expect("readable")
    }

    fn kept(contents: &Contents) -> u64 {
        contents.history.pieces().iter().map(|piece| piece.lines.len() as u64).sum()
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_no_other_line_with_it() {
        for odd in [&[(10, "\"6 inch plate"), (30, "12\" plate")][..], &[(10, "\"6 inch plate")]] {
            let contents = fifty(odd);
            assert_eq!((contents.sum.lines, contents.sum.counted, contents.sum.continued), (50, 51, 0));
            assert_eq!(kept(&contents), 49);
            // The heading is the first line.
            let rejected: Vec<(&u64, &str)> =
                contents.rejected.iter().map(|(number, rejected)| (number, rejected.reason.as_str())).collect();
            assert_eq!(rejected, [(&11, Reason::Unclosed.to_string().as_str())]);
        }
    }

    #[test]
    fn a_description_may_go_on_over_lines() {
        let contents = fifty(&[(10, "\"6 inch\nplate, round\""), (30, "12\" plate"), (50, "\"\n\n\"")]);
        assert_eq!((contents.sum.lines, contents.sum.counted, contents.sum.continued), (50, 54, 3));
        assert_eq!((kept(&contents), contents.rejected.len()), (50, 0));
    }

    #[test]
    fn names_of_products_are_those_they_were_sold_under() {
        let text = format!(
            "{HEADING}1,A,OLD NAME,2,2010-12-01 08:26:00,2.55,,UK\n2,A,NEW NAME,2,2010-12-01 08:26:00,2.55,,UK\n\
             3,A,damaged,-2,2010-12-01 08:26:00,0,,UK\n"
        );
        let (history, _) = read(&text);
        assert_eq!(history.products(), [("A", "NEW NAME")]);
        assert_eq!(history.invoice(2).kind, Kind::Correction);
    }

    #[test]
    fn a_file_that_is_no_table_of_orders_says_what_it_lacks() {
        let error = uci().read("a,b\n1,2\n".as_bytes(), |_| {}).expect_err("no such columns");
        assert!(error.to_string().contains("\"InvoiceNo\" (invoice)"), "{error}");
    }
}
