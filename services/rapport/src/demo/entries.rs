//! What happened in the demo shop, as calls tell it: orders and returns.

use jiff::Timestamp;
use proto::activity::v1::{
    Guest, NewEntry, NewOrder, NewReturn, OrderLine, Payment, ReturnLine, new_entry, new_order, new_return,
};

use super::history::{Fate, History, Purchase, touchpoint};
use super::shelf::{CHANNELS, THINGS};

/// One fact of the journal: a purchase, or what came back of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    /// When.
    pub(super) moment: Timestamp,
    /// It came back.
    pub(super) back: bool,
    /// Place of the purchase.
    pub(super) purchase: usize,
}

/// All facts of a history in the order of time.
pub(super) fn facts(history: &History) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(history.purchases.len());
    for (purchase, bought) in history.purchases.iter().enumerate() {
        facts.push(Fact { moment: bought.moment, back: false, purchase });
        if let Fate::Returned(moment, _) = &bought.fate {
            facts.push(Fact { moment: *moment, back: true, purchase });
        }
    }
    facts.sort_unstable();
    facts
}

/// A fact as it is told; `members` are ids by place.
pub(super) fn entry(history: &History, members: &[String], fact: &Fact) -> NewEntry {
    let purchase = &history.purchases[fact.purchase];
    let entry = match &purchase.fate {
        Fate::Returned(moment, lines) if fact.back => {
            new_entry::Entry::Goods(goods(purchase, fact.purchase, *moment, lines))
        }
        Fate::Returned(..) | Fate::Kept | Fate::Cancelled(..) => {
            new_entry::Entry::Order(order(purchase, fact.purchase, members))
        }
    };
    NewEntry { entry: Some(entry) }
}

fn source(purchase: &Purchase) -> &'static str {
    if purchase.channel == 0 { "pos" } else { "shop" }
}

/// Two letters and eight digits, as Taiwan's uniform invoices have.
fn invoice(place: usize) -> String {
    let letter = |number: usize| char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    format!("{}{}{:08}", letter(place / 20_000 + 4), letter(place / 5_000 + 7), 10_000_000 + place * 37 % 90_000_000)
}

fn order(purchase: &Purchase, place: usize, members: &[String]) -> NewOrder {
    let member = purchase.buyer.and_then(|buyer| members.get(buyer as usize));
    let lines = purchase.lines.iter().zip(1..).map(|(line, number)| {
        let thing = &THINGS[line.thing];
        let net = thing.price * line.quantity - line.discount;
        OrderLine {
            number,
            product: thing.code.to_owned(),
            quantity: line.quantity,
            unit_price: thing.price.to_string(),
            discount_minor: line.discount,
            // Prices contain five percent of tax.
            tax_minor: net * 5 / 105,
            unit_cost: thing.cost.to_string(),
            ..Default::default()
        }
    });
    let lines: Vec<OrderLine> = lines.collect();
    let net = purchase.lines.iter().map(|line| THINGS[line.thing].price * line.quantity - line.discount).sum();
    NewOrder {
        source: source(purchase).to_owned(),
        external_id: format!("{}-{place:06}", CHANNELS[purchase.channel]),
        buyer: Some(member.map_or(new_order::Buyer::Guest(Guest {}), |id| new_order::Buyer::Member(id.clone()))),
        channel: CHANNELS[purchase.channel].to_owned(),
        touchpoint: touchpoint(purchase.channel, purchase.store).to_owned(),
        invoice_number: invoice(place),
        payments: vec![Payment { kind: purchase.payment.to_owned(), amount_minor: net }],
        lines,
        occur_time: Some(proto::timestamp(purchase.moment)),
        ..Default::default()
    }
}

fn goods(purchase: &Purchase, place: usize, moment: Timestamp, lines: &[usize]) -> NewReturn {
    let lines = lines.iter().filter_map(|line| {
        let bought = purchase.lines.get(*line)?;
        let order_line = i32::try_from(*line + 1).ok()?;
        Some(ReturnLine { order_line, quantity: bought.quantity, ..Default::default() })
    });
    NewReturn {
        source: source(purchase).to_owned(),
        external_id: format!("R-{place:06}"),
        origin: Some(new_return::Origin::InvoiceNumber(invoice(place))),
        lines: lines.collect(),
        occur_time: Some(proto::timestamp(moment)),
        reason: "顧客退貨".to_owned(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::Shop;
    use super::*;
    use std::collections::BTreeSet;

    fn history() -> History {
        let zone = kernel::calendar::zone("Asia/Taipei").expect("known");
        Shop { members: 300, ..Shop::default() }.history("2026-11-21T03:00:00Z".parse().expect("an instant"), &zone)
    }

    #[test]
    fn facts_are_told_in_order_and_what_comes_back_was_bought_before() {
        let history = history();
        let facts = facts(&history);
        assert!(facts.is_sorted_by_key(|fact| fact.moment));
        let mut bought = BTreeSet::new();
        for fact in &facts {
            assert_eq!(bought.contains(&fact.purchase), fact.back);
            bought.insert(fact.purchase);
        }
    }

    #[test]
    fn no_number_comes_twice() {
        let numbers: BTreeSet<String> = (0..200_000).map(invoice).collect();
        assert_eq!(numbers.len(), 200_000);
        assert!(numbers.iter().all(|number| number.len() == 10));
    }

    #[test]
    fn an_order_says_who_bought_it_and_adds_up() {
        let history = history();
        let members: Vec<String> = (0..300).map(|place| format!("member_{place}")).collect();
        for (place, purchase) in history.purchases.iter().enumerate() {
            let order = order(purchase, place, &members);
            let whose = match (&order.buyer, purchase.buyer) {
                (Some(new_order::Buyer::Member(id)), Some(buyer)) => *id == format!("member_{buyer}"),
                (Some(new_order::Buyer::Guest(_)), None) => true,
                _ => false,
            };
            assert!(whose, "{order:?}");
            let sum: i64 = order
                .lines
                .iter()
                .map(|line| {
                    line.unit_price.parse::<i64>().expect("whole dollars") * line.quantity - line.discount_minor
                })
                .sum();
            assert_eq!(order.payments[0].amount_minor, sum);
        }
    }
}
