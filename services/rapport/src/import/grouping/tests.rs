//! Small histories in every disorder a file can have.

use std::borrow::Cow;

use super::*;

fn line(number: u64, invoice: &'static str, customer: &'static str, time: &str, quantity: i64) -> Line<'static> {
    Line {
        number,
        invoice,
        product: "85123A",
        quantity,
        price: Cow::Borrowed("2.55"),
        negative_price: false,
        moment: format!("2010-12-01T{time}:00Z").parse().expect("an instant"),
        customer,
        description: Cow::Borrowed("WHITE HEART"),
        category: "",
        unit_cost: Cow::Borrowed(""),
        discount_minor: 0,
        channel: "",
        store: "",
        staff: "",
        exact: Decimal::ZERO,
        minor: 0,
    }
}

fn told(history: &History) -> Vec<String> {
    let told = |piece: Piece| {
        let invoice = history.invoice(piece.invoice);
        let lines: Vec<u32> = history.lines(piece.lines).iter().map(|line| line.number).collect();
        let customer = history.text(invoice.customer);
        format!("{} {customer} {} {lines:?}", history.text(invoice.number), invoice.moment.strftime("%H:%M"))
    };
    history.pieces().into_iter().map(told).collect()
}

#[test]
fn the_earliest_time_of_an_invoice_counts_even_when_its_lines_lie_apart() {
    let mut gathering = Gathering::default();
    for (number, invoice, time) in [(2, "a", "09:02"), (3, "b", "09:01"), (4, "a", "09:00"), (5, "a", "09:03")] {
        gathering.add(&line(number, invoice, "17850", time, 1), Kind::Purchase).expect("one customer");
    }
    assert_eq!(told(&gathering.finish()), ["a 17850 09:00 [2, 4, 5]", "b 17850 09:01 [3]"]);
}

#[test]
fn what_is_bought_comes_before_what_is_credited_at_the_same_time() {
    let mut gathering = Gathering::default();
    gathering.add(&line(2, "C1", "17850", "09:00", -1), Kind::Credit).expect("taken");
    gathering.add(&line(3, "1", "17850", "09:00", 1), Kind::Purchase).expect("taken");
    assert_eq!(told(&gathering.finish()), ["1 17850 09:00 [3]", "C1 17850 09:00 [2]"]);
}

#[test]
fn an_invoice_has_one_customer_whichever_of_its_lines_says_so() {
    let mut gathering = Gathering::default();
    gathering.add(&line(2, "a", "", "09:00", 1), Kind::Purchase).expect("nobody named");
    gathering.add(&line(3, "a", "17850", "09:00", 1), Kind::Purchase).expect("named");
    assert_eq!(gathering.add(&line(4, "a", "9", "09:00", 1), Kind::Purchase), Err(Reason::AnotherCustomer));
    gathering.add(&line(5, "b", "", "08:00", 1), Kind::Purchase).expect("a guest");
    let history = gathering.finish();
    assert_eq!(told(&history), ["b  08:00 [5]", "a 17850 09:00 [2, 3]"]);
    let customers = history.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(history.text(customers[0].number), "17850");
}

#[test]
fn different_kinds_under_one_number_are_different_entries() {
    let mut gathering = Gathering::default();
    gathering.add(&line(2, "a", "", "09:00", 1), Kind::Purchase).expect("taken");
    gathering.add(&line(3, "a", "", "09:00", -1), Kind::Correction).expect("taken");
    gathering.add(&line(4, "a", "", "09:00", -2), Kind::Correction).expect("taken");
    let history = gathering.finish();
    assert_eq!(told(&history), ["a  09:00 [2]", "a  09:00 [3]", "a  09:00 [4]"]);
    assert!(history.invoices.iter().all(|invoice| invoice.mixed));
}

#[test]
fn a_very_long_invoice_becomes_several() {
    let mut gathering = Gathering::default();
    for number in 0..12_000 {
        gathering.add(&line(number + 2, "a", "17850", "09:00", 1), Kind::Purchase).expect("taken");
    }
    let pieces = gathering.finish().pieces();
    let sizes: Vec<(usize, usize)> = pieces.iter().map(|piece| (piece.part, piece.lines.len())).collect();
    assert_eq!(sizes, [(1, 5_000), (2, 5_000), (3, 2_000)]);
}

#[test]
fn sums_are_exact_and_rounded_line_by_line() {
    let mut gathering = Gathering::default();
    let mut odd = line(2, "a", "", "09:00", 5);
    odd.price = Cow::Borrowed("0.001");
    odd.discount_minor = 0;
    gathering.add(&odd, Kind::Purchase).expect("taken");
    odd.number = 3;
    odd.price = Cow::Borrowed("2.55");
    odd.discount_minor = 75;
    gathering.add(&odd, Kind::Purchase).expect("taken");
    let history = gathering.finish();
    let sums: Vec<(String, i64)> =
        history.lines(0..2).iter().map(|line| (history.exact(line, 2).to_string(), history.minor(line, 2))).collect();
    assert_eq!(sums, [("0.005".to_owned(), 0), ("12.00".to_owned(), 1200)]);
}

#[test]
fn a_kept_line_stays_small() {
    assert_eq!(size_of::<Kept>(), 32);
}
