//! A shop's history as its file tells it, and what must come of it, worked out here in another way: line by line, with
//! plain loops over the raw file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

/// The text of the real file.
pub fn text() -> String {
    let mut text = String::new();
    let file = std::fs::File::open(testkit::real_history()).expect("it can be opened");
    zstd::Decoder::new(file).expect("it is compressed").read_to_string(&mut text).expect("it is text");
    text
}

/// A programme without tiers: a point for every pound, for ever.
pub const FLAT: &str = r#"{ "display_name": "Flat", "effective_time": "2010-01-01T00:00:00Z", "zone": "Europe/London",
    "earn_rates": [{ "currency": "GBP", "points": 1, "per_minor": 100 }], "expiry": "never" }"#;

/// What must come of a history.
#[derive(Debug, Default)]
pub struct Expected {
    pub lines: u64,
    pub members: u64,
    pub member_orders: u64,
    pub guest_orders: u64,
    /// Credit lines that find all, some, nothing of what was bought.
    pub matched: [u64; 3],
    /// Points of all orders before returns: a point a pound, down, order by order.
    pub earned: i64,
    /// Net of the months' orders in minor units, members' and guests', by month of London.
    pub months: BTreeMap<String, i64>,
    /// Bought by members less what their credits found, in minor units.
    pub revenue: i64,
    /// Members with an order that was not wholly returned.
    pub buyers: u64,
}

struct Bought {
    at: String,
    place: usize,
    order: String,
    left: i64,
    quantity: i64,
    minor: i64,
    given: i64,
}

struct Line<'a> {
    invoice: &'a str,
    product: &'a str,
    quantity: i64,
    at: &'a str,
    thousandths: i64,
    member: &'a str,
}

impl Expected {
    /// Works it out from the raw lines.
    pub fn of(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a line")).collect();
        let lines: Vec<Line<'_>> = records
            .iter()
            .map(|record| Line {
                invoice: &record[0],
                product: &record[1],
                quantity: record[3].parse().expect("a whole number"),
                at: &record[4],
                thousandths: thousandths(&record[5]),
                member: &record[6],
            })
            .collect();
        let mut earliest: BTreeMap<&str, &str> = BTreeMap::new();
        for line in &lines {
            let at = earliest.entry(line.invoice).or_insert(line.at);
            *at = (*at).min(line.at);
        }
        let mut expected = Self { lines: lines.len() as u64, ..Self::default() };
        let members: BTreeSet<&str> =
            lines.iter().map(|line| line.member).filter(|member| !member.is_empty()).collect();
        expected.members = members.len() as u64;
        expected.orders(&lines, &earliest);
        expected.credits(&lines, &earliest);
        expected
    }

    fn orders(&mut self, lines: &[Line<'_>], earliest: &BTreeMap<&str, &str>) {
        let mut orders: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for line in lines.iter().filter(|line| is_order(line)) {
            *orders.entry((line.invoice, line.member)).or_default() += line.minor();
        }
        for ((invoice, member), net) in orders {
            // The file's times are London's own.
            *self.months.entry(earliest[invoice][..7].to_owned()).or_default() += net;
            if member.is_empty() {
                self.guest_orders += 1;
            } else {
                self.member_orders += 1;
                self.earned += net / 100;
                self.revenue += net;
            }
        }
    }

    /// Each credit line takes the newest earlier lines of its member and product.
    fn credits(&mut self, lines: &[Line<'_>], earliest: &BTreeMap<&str, &str>) {
        let mut stock: BTreeMap<(&str, &str), Vec<Bought>> = BTreeMap::new();
        let mut units: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for (place, line) in lines.iter().enumerate().filter(|(_, line)| is_order(line) && !line.member.is_empty()) {
            let bought = Bought {
                at: earliest[line.invoice].to_owned(),
                place,
                order: line.invoice.to_owned(),
                left: line.quantity,
                quantity: line.quantity,
                minor: line.minor(),
                given: 0,
            };
            stock.entry((line.member, line.product)).or_default().push(bought);
            units.entry((line.member.to_owned(), line.invoice.to_owned())).or_default().0 += line.quantity;
        }
        for lot in stock.values_mut() {
            lot.sort_by(|a, b| (&a.at, a.place).cmp(&(&b.at, b.place)));
        }
        let is_credit = |line: &&Line<'_>| line.invoice.starts_with('C') && !line.member.is_empty();
        let mut credits: Vec<&Line<'_>> = lines.iter().filter(is_credit).collect();
        credits.sort_by_key(|line| earliest[line.invoice]);
        for credit in credits {
            let mut wanted = -credit.quantity;
            let mut found = 0;
            let none = &mut Vec::new();
            let lots = stock.get_mut(&(credit.member, credit.product)).unwrap_or(none);
            for lot in lots.iter_mut().rev().filter(|lot| lot.at.as_str() <= earliest[credit.invoice]) {
                let taken = lot.left.min(wanted);
                lot.left -= taken;
                wanted -= taken;
                found += taken;
                // What came back of a line so far, in proportion, so that all of it is exactly what was paid.
                let due = lot.minor * (lot.quantity - lot.left) / lot.quantity;
                units.entry((credit.member.to_owned(), lot.order.clone())).or_default().1 += taken;
                self.revenue -= due - lot.given;
                lot.given = due;
            }
            self.matched[usize::from(wanted > 0) + usize::from(found == 0)] += 1;
        }
        let kept = units.into_iter().filter(|(_, (all, back))| back < all).map(|((member, _), _)| member);
        self.buyers = kept.collect::<BTreeSet<String>>().len() as u64;
    }
}

impl Line<'_> {
    /// Half-even, as a line is valued.
    fn minor(&self) -> i64 {
        let exact = self.quantity * self.thousandths;
        let (down, rest) = (exact.div_euclid(10), exact.rem_euclid(10));
        down + i64::from(rest > 5 || (rest == 5 && down.rem_euclid(2) == 1))
    }
}

fn is_order(line: &Line<'_>) -> bool {
    line.quantity > 0 && !line.invoice.starts_with(['C', 'A'])
}

fn thousandths(price: &str) -> i64 {
    let (sign, price) = price.strip_prefix('-').map_or((1, price), |rest| (-1, rest));
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    let fraction: i64 = format!("{fraction:0<3}")[..3].parse().expect("digits");
    sign * (whole.parse::<i64>().expect("digits") * 1_000 + fraction)
}
