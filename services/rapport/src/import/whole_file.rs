//! The real file, whole, sorted out without a suite, against figures computed here from its raw lines in another way.
//!
//! The file lies beside the checkout (`../shared/data`), or where `RAPPORT_DATA` says; without it these tests fail, and `cargo xtask
//! test` leaves them out by the words `the_real_file` in their names.

use std::collections::{BTreeMap, BTreeSet};

use proto::activity::v1::EntryOutcome;

use super::booking::{Answer, book};
use super::opening::{self, Encoding};
use super::reading::tests::uci;
use super::reconciliation::{Bucket, Tally};

#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    lines: u64,
    entries: u64,
    thousandths: i128,
    pence: i128,
}

/// What each bucket should hold, by arithmetic on the digits of the raw lines.
fn expected(text: &str) -> (BTreeMap<&'static str, Figures>, BTreeSet<String>) {
    let mut figures: BTreeMap<&'static str, Figures> = BTreeMap::new();
    let mut seen: BTreeSet<(&'static str, String)> = BTreeSet::new();
    let mut customers = BTreeSet::new();
    for record in csv::Reader::from_reader(text.as_bytes()).into_records() {
        let record = record.expect("the file is a table");
        let (invoice, quantity, price, customer) = (&record[0], &record[3], &record[5], &record[6]);
        let quantity: i128 = quantity.parse().expect("a whole number");
        let name = match (invoice.as_bytes()[0], quantity < 0, customer.is_empty()) {
            (b'C', _, true) => "guest credits",
            (b'C', _, false) => "unmatched credits",
            (b'A', _, _) | (_, true, _) => "adjustments",
            (_, false, true) => "guest orders",
            (_, false, false) => "purchases",
        };
        let thousandths = quantity * thousandths(price);
        let held = figures.entry(name).or_default();
        held.lines += 1;
        held.thousandths += thousandths;
        held.pence += half_even(thousandths);
        held.entries += u64::from(seen.insert((name, invoice.to_owned())));
        if !customer.is_empty() {
            customers.insert(customer.to_owned());
        }
    }
    (figures, customers)
}

fn thousandths(price: &str) -> i128 {
    let (sign, price) = price.strip_prefix('-').map_or((1, price), |price| (-1, price));
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    sign * format!("{whole}{fraction:0<3}").parse::<i128>().expect("digits")
}

fn half_even(thousandths: i128) -> i128 {
    let (down, rest) = (thousandths.div_euclid(10), thousandths.rem_euclid(10));
    down + i128::from(rest > 5 || (rest == 5 && down % 2 != 0))
}

#[test]
fn every_line_of_the_real_file_is_in_its_bucket() {
    let path = testkit::real_history();
    let survey = opening::survey(&path, Encoding::Auto).expect("readable");
    assert_eq!((survey.encoding, survey.lines), (Encoding::Utf8, 541_910));
    let mut text = String::new();
    let open = || opening::text(&path, survey.encoding).expect("readable");
    std::io::Read::read_to_string(&mut open(), &mut text).expect("UTF-8");
    let (expected, customers) = expected(&text);
    let contents = uci().read(open(), |_| {}).expect("a table of orders");

    assert_eq!((contents.sum.lines, contents.sum.exact.to_string().as_str()), (541_909, "9747747.934"));
    assert!(contents.rejected.is_empty(), "{:?}", contents.rejected);
    let told: BTreeSet<String> = contents
        .history
        .customers()
        .iter()
        .map(|customer| format!("{}.0", contents.history.text(customer.number)))
        .collect();
    assert_eq!(told, customers);
    assert_eq!(told.len(), 4_372);

    let (mut tally, mut refused) = (Tally::default(), BTreeMap::new());
    let pieces = contents.history.pieces();
    assert_eq!(pieces.len(), 25_900);
    for piece in &pieces {
        book(&contents.history, 2, piece, &Answer::Outcome(EntryOutcome::default()), &mut tally, &mut refused);
    }
    for (name, expected) in &expected {
        let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.name() == *name).expect("there is one");
        let held = tally.held(bucket);
        let mut thousandths = held.exact;
        thousandths.rescale(3);
        let figures = Figures {
            lines: held.lines,
            entries: held.entries,
            thousandths: thousandths.mantissa(),
            pence: held.minor,
        };
        assert_eq!(&figures, expected, "{name}");
    }
    assert_eq!(tally.differences(&contents.sum), Vec::<String>::new());
    let lines = |bucket| tally.held(bucket).lines;
    assert_eq!(lines(Bucket::UnmatchedCredits) + lines(Bucket::GuestCredits), 9_288);
    assert_eq!(lines(Bucket::UnmatchedCredits), 8_905);
    assert_eq!(lines(Bucket::GuestOrders) + lines(Bucket::GuestCredits) + lines(Bucket::Adjustments), 135_080);
    assert_eq!(lines(Bucket::Adjustments), 1_339);
}

#[test]
fn the_real_file_is_told_in_the_order_of_time_with_the_earliest_time_of_each_invoice() {
    let path = testkit::real_history();
    let contents = uci().read(opening::text(&path, Encoding::Utf8).expect("readable"), |_| {}).expect("a table");
    let history = &contents.history;
    let pieces = history.pieces();
    let moments: Vec<_> = pieces.iter().map(|piece| history.invoice(piece.invoice).moment).collect();
    assert!(moments.is_sorted());
    let lines: usize = pieces.iter().map(|piece| piece.lines.len()).sum();
    assert_eq!(lines, 541_909);
    // The lines of the first tell two times and lie apart; those of the second tell two, in summer time.
    let of = |number: &str| {
        let found = pieces.iter().find(|piece| history.text(history.invoice(piece.invoice).number) == number);
        found.map(|piece| history.invoice(piece.invoice).moment.to_string())
    };
    assert_eq!(of("542806").as_deref(), Some("2011-02-01T11:19:00Z"));
    assert_eq!(of("549245").as_deref(), Some("2011-04-07T10:59:00Z"));
}
