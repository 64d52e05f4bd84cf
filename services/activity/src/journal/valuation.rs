//! What a line is worth: quantity times unit price, rounded half to even to minor units once for the line, less its
//! discount. The unit price itself is kept as the shop wrote it.

use std::collections::HashMap;

use kernel::{Currency, rounding};
use rust_decimal::Decimal;

use super::entry::{Goods, MOST_MINOR, NewAdjustment, NewEntry, NewLine, NewOrder, NewReturn, Origin, Payment};
use super::refusal::Wrong;

/// How money is written here.
pub trait Digits {
    /// The tenant's currency, where it is known.
    fn currency(&self) -> Option<Currency>;
    /// Digits after the point of a currency.
    fn digits_of(&self, currency: Currency) -> u32;
}

/// An entry with its worth.
#[derive(Debug)]
pub enum Valued<'a> {
    /// An order.
    Order(ValuedOrder<'a>),
    /// A return.
    Return(ValuedReturn<'a>),
    /// An adjustment.
    Adjustment(ValuedAdjustment<'a>),
}

/// An order with its worth.
#[derive(Debug)]
pub struct ValuedOrder<'a> {
    /// As told.
    pub order: &'a NewOrder,
    /// What it was paid in.
    pub currency: Currency,
    /// Its lines, by number.
    pub lines: Vec<ValuedLine<'a>>,
    /// Units of all lines.
    pub units: i64,
    /// What the lines cost together, net of discounts.
    pub net_minor: i64,
    /// What of that was paid with points.
    pub points_paid_minor: i64,
}

/// A line with its worth.
#[derive(Debug)]
pub struct ValuedLine<'a> {
    /// As told.
    pub line: &'a NewLine,
    /// As told, or the product's.
    pub category: &'a str,
    /// Before the discount.
    pub gross_minor: i64,
    /// After it.
    pub net_minor: i64,
    /// Cost of all units, where told.
    pub cost_minor: Option<i64>,
}

/// A return with what is known of its worth before its order is.
#[derive(Debug)]
pub struct ValuedReturn<'a> {
    /// As told.
    pub goods: &'a NewReturn,
    /// As told, or the tenant's; none where the order's counts and nothing else is known.
    pub currency: Option<Currency>,
    /// Digits after the point of that currency, to value what finds no order.
    pub digits: u32,
}

/// An adjustment with its currency.
#[derive(Debug)]
pub struct ValuedAdjustment<'a> {
    /// As told.
    pub adjustment: &'a NewAdjustment,
    /// As told, or the tenant's.
    pub currency: Currency,
}

/// Values all entries of a call, or tells everything that is wrong. `path` is where in the request an entry lies.
pub fn value<'a>(
    entries: &'a [NewEntry],
    digits: &impl Digits,
    categories: &'a HashMap<String, String>,
    path: impl Fn(usize) -> String,
) -> Result<Vec<Valued<'a>>, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut valued = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let mut say = |field: String, what: String| {
            wrong.push(Wrong { field: format!("{}{}.{field}", path(place), entry.field()), what });
        };
        let worth = match entry {
            NewEntry::Order(order) => value_order(order, digits, categories, &mut say).map(Valued::Order),
            NewEntry::Return(goods) => value_return(goods, digits, &mut say).map(Valued::Return),
            NewEntry::Adjustment(adjustment) => currency_of(adjustment.currency, digits, &mut say)
                .map(|currency| Valued::Adjustment(ValuedAdjustment { adjustment, currency })),
        };
        valued.extend(worth);
    }
    if wrong.is_empty() { Ok(valued) } else { Err(wrong) }
}

fn value_order<'a>(
    order: &'a NewOrder,
    digits: &impl Digits,
    categories: &'a HashMap<String, String>,
    say: &mut impl FnMut(String, String),
) -> Option<ValuedOrder<'a>> {
    let currency = currency_of(order.currency, digits, say)?;
    let minor_digits = digits.digits_of(currency);
    let mut lines = Vec::with_capacity(order.lines.len());
    let (mut units, mut net_minor) = (0_i64, 0_i64);
    for (place, line) in order.lines.iter().enumerate() {
        let Some(gross_minor) = worth(line.price, line.quantity, minor_digits) else {
            say(format!("lines[{place}].unit_price"), beyond());
            continue;
        };
        if line.discount_minor > gross_minor {
            let what = format!("must not exceed the line's worth of {gross_minor}, and is {}", line.discount_minor);
            say(format!("lines[{place}].discount_minor"), what);
            continue;
        }
        let line_net = gross_minor.saturating_sub(line.discount_minor);
        if line.tax_minor > line_net {
            let what = format!("is contained in what the line costs, {line_net}, and cannot be {}", line.tax_minor);
            say(format!("lines[{place}].tax_minor"), what);
            continue;
        }
        let cost_minor = line.cost.map(|cost| worth(cost, line.quantity, minor_digits));
        if cost_minor == Some(None) {
            say(format!("lines[{place}].unit_cost"), beyond());
            continue;
        }
        units = units.saturating_add(line.quantity);
        net_minor = net_minor.saturating_add(line_net);
        let told = (!line.category.is_empty()).then_some(&line.category);
        let category = told.or_else(|| categories.get(&line.product)).map_or("", String::as_str);
        lines.push(ValuedLine { line, category, gross_minor, net_minor: line_net, cost_minor: cost_minor.flatten() });
    }
    lines.sort_by_key(|valued| valued.line.number);
    let points = order.payments.iter().filter(|payment| payment.kind == Payment::POINTS);
    let points_paid_minor = points.fold(0_i64, |sum, payment| sum.saturating_add(payment.amount_minor));
    if lines.len() == order.lines.len() && points_paid_minor > net_minor {
        say("payments".to_owned(), format!("pay {points_paid_minor} with points for goods worth {net_minor}"));
    }
    Some(ValuedOrder { order, currency, lines, units, net_minor, points_paid_minor })
}

fn value_return<'a>(
    goods: &'a NewReturn,
    digits: &impl Digits,
    say: &mut impl FnMut(String, String),
) -> Option<ValuedReturn<'a>> {
    let named = match goods.origin {
        Origin::Order(_) | Origin::Invoice(_) => true,
        Origin::Member(_) | Origin::Guest => false,
    };
    if named {
        return Some(ValuedReturn { goods, currency: goods.currency, digits: 0 });
    }
    let currency = currency_of(goods.currency, digits, say)?;
    let minor_digits = digits.digits_of(currency);
    if let Goods::Lines(lines) = &goods.goods {
        for (place, line) in lines.iter().enumerate() {
            if worth(line.price, line.quantity, minor_digits).is_none() {
                say(format!("lines[{place}].unit_price"), beyond());
            }
        }
    }
    Some(ValuedReturn { goods, currency: Some(currency), digits: minor_digits })
}

fn currency_of(told: Option<Currency>, digits: &impl Digits, say: &mut impl FnMut(String, String)) -> Option<Currency> {
    let currency = told.or_else(|| digits.currency());
    if currency.is_none() {
        say("currency_code".to_owned(), "is required until the tenant's own currency is known here".to_owned());
    }
    currency
}

/// What so many units are worth; none beyond what a line may be worth.
pub fn worth(price: Decimal, quantity: i64, minor_digits: u32) -> Option<i64> {
    rounding::line_minor(price, quantity, minor_digits).filter(|minor| (0..=MOST_MINOR).contains(minor))
}

fn beyond() -> String {
    format!("makes the line worth more than {MOST_MINOR} minor units")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_rounded_once_and_half_to_even() {
        let table = "
            price   quantity  digits  worth
            2.55    6         2       1530
            0.001   4         2       0
            0.005   1         2       0
            0.015   1         2       2
            0.005   3         2       2
            99      3         0       297
            0.5     1         0       0
            1.5     1         0       2
            0       5         2       0
            1.2345  2         3       2469
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()).skip(1) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let price: Decimal = cells[0].parse().expect("a price");
            let expected: i64 = cells[3].parse().expect("a worth");
            let quantity = cells[1].parse().expect("a quantity");
            assert_eq!(worth(price, quantity, cells[2].parse().expect("digits")), Some(expected), "{row}");
        }
    }

    #[test]
    fn what_no_line_can_be_worth_is_refused() {
        let price: Decimal = "1000000000".parse().expect("a price");
        assert_eq!(worth(price, 10_000, 2), Some(MOST_MINOR));
        assert_eq!(worth(price, 10_001, 2), None);
    }
}
