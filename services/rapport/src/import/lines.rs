//! One record of a shop's file becomes a line, or is rejected with a reason.
//!
//! Values are taken as spreadsheets and tills write them: blanks around them, `17850.0` for a whole number, `1,234.50` for a price.
//! What is kept of a price is its text, as the file has it.

use std::borrow::Cow;

use csv::ByteRecord;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::rounding::line_minor;
use rust_decimal::Decimal;

use super::mapping::{Column, Mapping};
use super::rejects::Reason;
use super::sorting_out::Kind;
use super::times::Times;

/// More digits after the point than any price has.
const MOST_PLACES: u32 = 9;
/// In units of the currency; sums of a million of these are still exact.
const LARGEST: i64 = 1_000_000_000_000;

/// A line that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'r> {
    /// Where it begins in the file, from 1.
    pub number: u64,
    /// Number of its invoice.
    pub invoice: &'r str,
    /// Product code.
    pub product: &'r str,
    /// Negative where goods came back; may be zero.
    pub quantity: i64,
    /// Price of one as text, without thousands separators.
    pub price: Cow<'r, str>,
    /// True below zero.
    pub negative_price: bool,
    /// When.
    pub moment: Timestamp,
    /// Who; empty for a guest.
    pub customer: &'r str,
    /// What people read; bytes that are no text are replaced.
    pub description: Cow<'r, str>,
    /// May be empty.
    pub category: &'r str,
    /// Cost of one as text; may be empty.
    pub unit_cost: Cow<'r, str>,
    /// Taken off, in minor units.
    pub discount_minor: i64,
    /// May be empty.
    pub channel: &'r str,
    /// May be empty.
    pub store: &'r str,
    /// May be empty.
    pub staff: &'r str,
    /// Quantity times price, less the discount, exactly.
    pub exact: Decimal,
    /// The same in minor units: half-even, then less the discount.
    pub minor: i64,
}

/// Headings that the file lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has no column {missing}; it has {there}. --column NAME=HEADING says which one it is")]
pub struct MissingColumns {
    missing: String,
    there: String,
}

/// Reads records.
#[derive(Debug)]
pub struct Reader {
    places: [Option<usize>; Column::ALL.len()],
    times: Times,
    minor_digits: u32,
}

impl Reader {
    /// Finds the columns by their headings.
    pub fn of(
        heading: &ByteRecord,
        mapping: &Mapping,
        zone: TimeZone,
        minor_digits: u32,
    ) -> Result<Self, MissingColumns> {
        let there: Vec<String> = heading.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        let place = |column: Column| there.iter().position(|cell| cell == mapping.heading(column));
        let missing: Vec<String> = Column::ALL
            .into_iter()
            .filter(|column| (column.required() || mapping.names(*column)) && place(*column).is_none())
            .map(|column| format!("\"{}\" ({})", mapping.heading(column), column.name()))
            .collect();
        if !missing.is_empty() {
            return Err(MissingColumns { missing: missing.join(", "), there: there.join(", ") });
        }
        let times = Times::new(zone, mapping.get(super::mapping::Setting::TimeFormat));
        Ok(Self { places: Column::ALL.map(place), times, minor_digits })
    }

    /// Reads one record.
    pub fn read<'r>(&mut self, record: &'r ByteRecord) -> Result<Line<'r>, Reason> {
        let price_text = decimal_text(self.required(record, Column::UnitPrice, 40)?);
        let price = decimal(Column::UnitPrice, &price_text)?;
        let quantity = whole(self.required(record, Column::Quantity, 40)?)?;
        let written = self.required(record, Column::Time, 60)?;
        let moment = self.times.read(written).ok_or_else(|| Reason::NotATime(written.to_owned()))?;
        let gross = line_minor(price, quantity, self.minor_digits).ok_or(Reason::TooLarge)?;
        let exact = price.checked_mul(Decimal::from(quantity)).ok_or(Reason::TooLarge)?;
        if exact.abs() > Decimal::from(LARGEST) {
            return Err(Reason::TooLarge);
        }
        let (discount, discount_minor) = self.discount(record, gross)?;
        let unit_cost = decimal_text(self.optional(record, Column::UnitCost, 40)?);
        if !unit_cost.is_empty() {
            decimal(Column::UnitCost, &unit_cost)?;
        }
        Ok(Line {
            number: record.position().map_or(0, csv::Position::line),
            invoice: self.required(record, Column::Invoice, 40)?,
            product: self.required(record, Column::Product, 100)?,
            quantity,
            negative_price: price.is_sign_negative() && !price.is_zero(),
            price: price_text,
            moment,
            customer: without_point(self.optional(record, Column::Customer, 200)?),
            description: self.description(record),
            category: self.optional(record, Column::Category, 200)?,
            unit_cost,
            discount_minor,
            channel: self.optional(record, Column::Channel, 40)?,
            store: self.optional(record, Column::Store, 100)?,
            staff: self.optional(record, Column::Staff, 100)?,
            exact: exact.checked_sub(discount).ok_or(Reason::TooLarge)?,
            minor: gross.checked_sub(discount_minor).ok_or(Reason::TooLarge)?,
        })
    }

    fn cell<'r>(&self, record: &'r ByteRecord, column: Column) -> Option<&'r [u8]> {
        self.places[column as usize].and_then(|place| record.get(place))
    }

    fn optional<'r>(&self, record: &'r ByteRecord, column: Column, most: usize) -> Result<&'r str, Reason> {
        let Some(bytes) = self.cell(record, column) else { return Ok("") };
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::Unreadable(column))?.trim();
        if !text.is_ascii() && text.contains('\u{fffd}') {
            return Err(Reason::Unreadable(column));
        }
        if text.len() > most && text.chars().count() > most {
            return Err(Reason::TooLong(column, most));
        }
        if text.chars().any(char::is_control) {
            return Err(Reason::Control(column));
        }
        Ok(text)
    }

    fn required<'r>(&self, record: &'r ByteRecord, column: Column, most: usize) -> Result<&'r str, Reason> {
        if self.cell(record, column).is_none() {
            return Err(Reason::Short(column));
        }
        let text = self.optional(record, column, most)?;
        if text.is_empty() { Err(Reason::Empty(column)) } else { Ok(text) }
    }

    /// A damaged description is no reason to lose a purchase.
    fn description<'r>(&self, record: &'r ByteRecord) -> Cow<'r, str> {
        let text = String::from_utf8_lossy(self.cell(record, Column::Description).unwrap_or_default());
        if text.trim() == text && !text.chars().any(char::is_control) {
            return text;
        }
        let words: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        Cow::Owned(words.trim().to_owned())
    }

    fn discount(&self, record: &ByteRecord, gross: i64) -> Result<(Decimal, i64), Reason> {
        let text = decimal_text(self.optional(record, Column::Discount, 40)?);
        if text.is_empty() {
            return Ok((Decimal::ZERO, 0));
        }
        let amount = decimal(Column::Discount, &text)?;
        let minor = line_minor(amount, 1, self.minor_digits).ok_or(Reason::TooLarge)?;
        let back = Decimal::try_from_i128_with_scale(i128::from(minor), self.minor_digits);
        if back != Ok(amount) || minor < 0 || (minor > 0 && minor > gross) {
            return Err(Reason::Discount(text.into_owned()));
        }
        Ok((amount, minor))
    }
}

/// A discount belongs to a purchase; a credit tells what is given back by its price.
pub fn discount_in_place(line: &Line<'_>, kind: Kind) -> Result<(), Reason> {
    if line.discount_minor == 0 || kind == Kind::Purchase { Ok(()) } else { Err(Reason::DiscountOutOfPlace) }
}

/// `17850.0`, as tables with holes in a column of whole numbers are written, is `17850`.
pub fn without_point(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => {
            let digits = whole.strip_prefix('-').unwrap_or(whole);
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) { whole } else { text }
        }
        _ => text,
    }
}

/// A whole number as tables write it: `1,234`, `17850.0`.
pub fn whole(text: &str) -> Result<i64, Reason> {
    let plain = decimal_text(without_point(text));
    plain.parse().map_err(|_| Reason::NotWhole(text.to_owned()))
}

fn decimal(column: Column, text: &str) -> Result<Decimal, Reason> {
    let wrong = || Reason::NotDecimal(column, text.to_owned());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && !digits.ends_with('.');
    let number: Decimal = text.parse().map_err(|_| wrong())?;
    if fits && number.scale() <= MOST_PLACES { Ok(number) } else { Err(wrong()) }
}

/// Without the commas between thousands.
fn decimal_text(text: &str) -> Cow<'_, str> {
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let mut groups = digits.split(',');
    let first_fits = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    if digits.contains(',') && first_fits && groups.all(|group| group.len() == 3) {
        return Cow::Owned(text.replace(',', ""));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests;
