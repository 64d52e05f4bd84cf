//! Records as shops write them.

use super::*;

const HEADING: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];
const GOOD: [&str; 8] =
    ["536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"];

fn reader() -> Reader {
    let uci = Mapping::shipped("uci").expect("shipped");
    let zone = kernel::calendar::zone("Europe/London").expect("known");
    Reader::of(&ByteRecord::from(HEADING.to_vec()), &uci, zone, 2).expect("all columns are there")
}

fn with(column: usize, value: &str) -> Result<(i64, String, i64), Reason> {
    let mut cells = GOOD;
    cells[column] = value;
    let record = ByteRecord::from(cells.to_vec());
    reader().read(&record).map(|line| (line.quantity, line.price.into_owned(), line.minor))
}

#[test]
fn a_line_is_read_as_it_stands() {
    let record = ByteRecord::from(GOOD.to_vec());
    let mut reader = reader();
    let line = reader.read(&record).expect("readable");
    assert_eq!((line.invoice, line.product, line.quantity), ("536365", "85123A", 6));
    assert_eq!((&*line.price, line.customer, &*line.description), ("2.55", "17850", "WHITE HEART"));
    assert_eq!(line.moment.to_string(), "2010-12-01T08:26:00Z");
    assert_eq!((line.exact.to_string().as_str(), line.minor), ("15.30", 1530));
}

#[test]
fn values_are_taken_as_spreadsheets_write_them() {
    assert_eq!(with(3, " 6.0 "), Ok((6, "2.55".to_owned(), 1530)));
    assert_eq!(with(3, "-12"), Ok((-12, "2.55".to_owned(), -3060)));
    assert_eq!(with(3, "1,200"), Ok((1200, "2.55".to_owned(), 306_000)));
    assert_eq!(with(5, "1,234.50"), Ok((6, "1234.50".to_owned(), 740_700)));
    assert_eq!(with(5, "0.001"), Ok((6, "0.001".to_owned(), 1)));
    assert_eq!(with(5, "0"), Ok((6, "0".to_owned(), 0)));
    assert_eq!(with(5, "-11062.06"), Ok((6, "-11062.06".to_owned(), -6_637_236)));
}

#[test]
fn what_cannot_be_read_says_why() {
    let table = [
        (0, "", Reason::Empty(Column::Invoice)),
        (1, "  ", Reason::Empty(Column::Product)),
        (0, "12345678901234567890123456789012345678901", Reason::TooLong(Column::Invoice, 40)),
        (1, "a\u{7}b", Reason::Control(Column::Product)),
        (1, "caf\u{fffd}", Reason::Unreadable(Column::Product)),
        (3, "six", Reason::NotWhole("six".to_owned())),
        (3, "6.5", Reason::NotWhole("6.5".to_owned())),
        (3, "1,20", Reason::NotWhole("1,20".to_owned())),
        (5, "2,55", Reason::NotDecimal(Column::UnitPrice, "2,55".to_owned())),
        (5, "1e3", Reason::NotDecimal(Column::UnitPrice, "1e3".to_owned())),
        (5, "1_000", Reason::NotDecimal(Column::UnitPrice, "1_000".to_owned())),
        (5, ".", Reason::NotDecimal(Column::UnitPrice, ".".to_owned())),
        (5, "0.0123456789", Reason::NotDecimal(Column::UnitPrice, "0.0123456789".to_owned())),
        (5, "999999999999999", Reason::TooLarge),
        (4, "yesterday", Reason::NotATime("yesterday".to_owned())),
    ];
    for (column, value, reason) in table {
        assert_eq!(with(column, value), Err(reason), "{value:?}");
    }
}

#[test]
fn a_damaged_description_is_no_reason_to_lose_a_purchase() {
    let mut record = ByteRecord::from(GOOD[..2].to_vec());
    record.push_field(b"CAF\xff\tLATTE ");
    record.extend(&GOOD[3..]);
    assert_eq!(reader().read(&record).map(|line| line.description.into_owned()), Ok("CAF\u{fffd} LATTE".to_owned()));
    let mut record = ByteRecord::from(GOOD[..1].to_vec());
    record.push_field(b"\xff\xfe");
    record.extend(&GOOD[2..]);
    assert_eq!(reader().read(&record).map(|_| ()), Err(Reason::Unreadable(Column::Product)));
}

#[test]
fn a_short_line_is_told_and_a_long_one_is_fine() {
    assert_eq!(reader().read(&ByteRecord::from(GOOD[..5].to_vec())).map(|_| ()), Err(Reason::Short(Column::UnitPrice)));
    let mut long = GOOD.to_vec();
    long.push("more");
    assert!(reader().read(&ByteRecord::from(long)).is_ok());
}

#[test]
fn a_missing_column_is_told_with_those_there_are() {
    let uci = Mapping::shipped("uci").expect("shipped");
    let zone = kernel::calendar::zone("Europe/London").expect("known");
    let heading = ByteRecord::from(HEADING[1..].to_vec());
    let error = Reader::of(&heading, &uci, zone, 2).expect_err("no invoice");
    assert!(error.to_string().starts_with("the file has no column \"InvoiceNo\" (invoice); it has StockCode, "));
}

#[test]
fn a_discount_is_whole_units_and_no_more_than_the_line() {
    let mapping = Mapping::parse("discount = \"off\"").expect("readable");
    let heading = ByteRecord::from(vec!["invoice", "product", "quantity", "unit-price", "time", "off"]);
    let zone = kernel::calendar::zone("Asia/Taipei").expect("known");
    let mut reader = Reader::of(&heading, &mapping, zone, 0).expect("all there");
    let mut off = |text: &str| {
        let record = ByteRecord::from(vec!["AB12345678", "T1", "2", "1,040", "2026/11/12 9:05", text]);
        reader.read(&record).map(|line| (line.minor, line.exact.to_string(), line.discount_minor))
    };
    assert_eq!(off("100"), Ok((1980, "1980".to_owned(), 100)));
    assert_eq!(off(""), Ok((2080, "2080".to_owned(), 0)));
    assert_eq!(off("2080.0").map(|line| line.0), Ok(0));
    for wrong in ["2081", "-1", "0.5"] {
        assert_eq!(off(wrong), Err(Reason::Discount(wrong.to_owned())));
    }
}
