//! A return that names no order: whose lines it takes back.
//!
//! Each of its lines goes to the member's newest earlier lines of the same product that have something left, newest
//! first and across orders, until its units are used up. What finds none is a credit without an order. The shop's own
//! credit price is no condition: shops round, discount and re-price, and what was paid is known from the order itself.

use std::cmp::Reverse;

use jiff::Timestamp;
use kernel::{Currency, MemberId};

use super::held::{HeldOrder, State};

/// A line to be matched.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// Whose it is.
    pub member: MemberId,
    /// The shop's code.
    pub product: &'a str,
    /// What is credited in.
    pub currency: Currency,
    /// When it came back: only what was bought by then counts.
    pub came_back_at: Timestamp,
    /// Units.
    pub units: i64,
}

/// Units found: of which order, which of its lines (both by place), and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Place of the order among those given.
    pub order: usize,
    /// Place of the line within it.
    pub line: usize,
    /// Units.
    pub units: i64,
}

/// Finds units among orders given by place, newest first; answers what was found and how many units were not.
pub fn find(sought: Sought<'_>, orders: &[HeldOrder], places: impl IntoIterator<Item = usize>) -> (Vec<Found>, i64) {
    let mut open: Vec<usize> = places.into_iter().filter(|place| may_take(&sought, &orders[*place])).collect();
    open.sort_by_key(|place| Reverse((orders[*place].occurred_at, orders[*place].order)));
    let mut found = Vec::new();
    let mut rest = sought.units;
    for order in open {
        // Of two lines of one order the later one is the newer.
        for (line, held) in orders[order].lines.iter().enumerate().rev() {
            let units = held.units_left().min(rest);
            if held.product == sought.product && units > 0 {
                found.push(Found { order, line, units });
                rest = rest.saturating_sub(units);
            }
        }
        if rest == 0 {
            break;
        }
    }
    (found, rest)
}

fn may_take(sought: &Sought<'_>, order: &HeldOrder) -> bool {
    let delivered = match order.state {
        State::Recorded | State::Returned => true,
        State::Cancelled | State::Uncollected => false,
    };
    delivered
        && order.member == Some(sought.member)
        && order.currency == sought.currency
        && order.occurred_at <= sought.came_back_at
}

#[cfg(test)]
mod tests {
    use super::super::held::HeldLine;
    use super::*;
    use kernel::{OrderId, Shard};

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).expect("in range")
    }

    /// "2 A:3 B:1/2": bought on day 2, three of A, and two of B of which one is left.
    fn order(member: MemberId, text: &str) -> HeldOrder {
        let mut words = text.split_whitespace();
        let when = words.next().expect("a day");
        let (when, state) = match when.strip_suffix('x') {
            Some(when) => (when, State::Cancelled),
            None => (when, State::Recorded),
        };
        let moment = day(when.parse().expect("a day"));
        let lines = words
            .zip(1..)
            .map(|(word, number)| {
                let (product, units) = word.split_once(':').expect("a line");
                let (left, quantity) = units.split_once('/').unwrap_or((units, units));
                let (left, quantity): (i64, i64) = (left.parse().expect("left"), quantity.parse().expect("bought"));
                HeldLine {
                    number,
                    product: product.to_owned(),
                    quantity,
                    net_minor: quantity * 10,
                    back_units: quantity - left,
                    back_with_units: (quantity - left) * 10,
                    back_alone: 0,
                }
            })
            .collect();
        HeldOrder {
            order: OrderId::new_at(moment),
            shard: Shard::from(0),
            subject: Shard::of_member(member),
            member: Some(member),
            currency: Currency::parse("GBP").expect("listed"),
            state,
            state_at: moment,
            occurred_at: moment,
            units: 0,
            returned_units: 0,
            net_minor: 0,
            returned_minor: 0,
            lines,
        }
    }

    /// Each row: orders of the member | day, product and units that come back | day:units found, newest first, and rest.
    #[test]
    fn the_newest_earlier_lines_are_matched_first() {
        let table = "
            1 A:5                       | 3 A 2   | 1:2 rest 0
            1 A:5 ; 2 A:5               | 3 A 2   | 2:2 rest 0
            2 A:5 ; 1 A:5               | 3 A 7   | 2:5 1:2 rest 0
            1 A:5 ; 2 A:5               | 3 A 12  | 2:5 1:5 rest 2
            1 A:5 ; 4 A:5               | 3 A 2   | 1:2 rest 0
            3 A:5                       | 3 A 2   | 3:2 rest 0
            1 A:5 ; 2 A:0/5             | 3 A 2   | 1:2 rest 0
            1 A:5 ; 2 A:1/5             | 3 A 2   | 2:1 1:1 rest 0
            1 A:5 ; 2x A:5              | 3 A 2   | 1:2 rest 0
            1 A:2 B:9 A:2               | 3 A 3   | 1:2 1:1 rest 0
            1 B:9                       | 3 A 1   | rest 1
            | 3 A 1 | rest 1
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let member = MemberId::new_at(day(0));
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let bought = cells[0].split(';').map(str::trim).filter(|text| !text.is_empty());
            let orders: Vec<HeldOrder> = bought.map(|text| order(member, text)).collect();
            let asked: Vec<&str> = cells[1].split_whitespace().collect();
            let sought = Sought {
                member,
                product: asked[1],
                currency: Currency::parse("GBP").expect("listed"),
                came_back_at: day(asked[0].parse().expect("a day")),
                units: asked[2].parse().expect("units"),
            };
            let (found, rest) = find(sought, &orders, 0..orders.len());
            let mut told: Vec<String> = found
                .iter()
                .map(|found| format!("{}:{}", orders[found.order].occurred_at.as_second() / 86_400, found.units))
                .collect();
            told.push(format!("rest {rest}"));
            assert_eq!(told.join(" "), cells[2], "{row}");
        }
    }

    #[test]
    fn neither_another_member_nor_another_currency_is_matched() {
        let (member, other) = (MemberId::new_at(day(0)), MemberId::new_at(day(0)));
        let orders = [order(other, "1 A:5")];
        let gbp = Currency::parse("GBP").expect("listed");
        let sought = Sought { member, product: "A", currency: gbp, came_back_at: day(3), units: 1 };
        assert_eq!(find(sought, &orders, 0..1), (vec![], 1));
        let twd = Currency::parse("TWD").expect("listed");
        assert_eq!(find(Sought { member: other, currency: twd, ..sought }, &orders, 0..1), (vec![], 1));
        assert_eq!(find(Sought { member: other, ..sought }, &orders, 0..1).1, 0);
    }
}
