//! The pieces of a history as the suite is told of them.

use std::collections::HashMap;
use std::ops::Range;

use proto::activity::v1 as wire;
use proto::activity::v1::{NewEntry, new_entry, new_order, new_return};

use super::grouping::{History, Invoice, Kept, Piece};
use super::sorting_out::Kind;
use super::texts::Text;

/// What the suite takes at once, and what it answers within a moment.
const MOST_ENTRIES: usize = 1_000;
const MOST_LINES: usize = 10_000;

/// What is the same for all entries of an import.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The system they are known under for ever.
    pub source: String,
    /// Channel of those that name none.
    pub channel: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits after its point.
    pub minor_digits: u32,
    /// Customers and the members they are; who is missing was not taken.
    pub members: HashMap<Text, String>,
}

/// Which pieces go together.
pub fn batches(pieces: &[Piece]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for (place, piece) in pieces.iter().enumerate() {
        if place > start && (place - start == MOST_ENTRIES || lines + piece.lines.len() > MOST_LINES) {
            batches.push(start..place);
            (start, lines) = (place, 0);
        }
        lines += piece.lines.len();
    }
    if start < pieces.len() {
        batches.push(start..pieces.len());
    }
    batches
}

impl Telling {
    /// One piece; none where its customer was not taken.
    pub fn entry(&self, history: &History, piece: &Piece) -> Option<NewEntry> {
        let invoice = history.invoice(piece.invoice);
        let member = match invoice.customer.is_empty() {
            true => None,
            false => Some(self.members.get(&invoice.customer)?.clone()),
        };
        let lines = history.lines(piece.lines.clone());
        let entry = match invoice.kind {
            Kind::Purchase => new_entry::Entry::Order(self.order(history, invoice, piece, lines, member)),
            Kind::Credit => new_entry::Entry::Goods(self.goods(history, invoice, piece, lines, member)),
            Kind::BadDebt | Kind::Correction => {
                new_entry::Entry::Adjustment(self.adjustment(history, invoice, piece, lines, member))
            }
        };
        Some(NewEntry { entry: Some(entry) })
    }

    fn order(
        &self,
        history: &History,
        invoice: &Invoice,
        piece: &Piece,
        lines: &[Kept],
        member: Option<String>,
    ) -> wire::NewOrder {
        let number = history.text(invoice.number);
        wire::NewOrder {
            source: self.source.clone(),
            external_id: external_id(number, piece),
            buyer: Some(member.map_or(new_order::Buyer::Guest(wire::Guest {}), new_order::Buyer::Member)),
            channel: self.channel(history, invoice),
            touchpoint: history.text(invoice.store).to_owned(),
            staff: history.text(invoice.staff).to_owned(),
            invoice_number: number.to_owned(),
            currency_code: self.currency.clone(),
            lines: lines.iter().zip(1..).map(|(line, number)| order_line(history, line, number)).collect(),
            occur_time: Some(proto::timestamp(invoice.moment)),
            ..Default::default()
        }
    }

    fn goods(
        &self,
        history: &History,
        invoice: &Invoice,
        piece: &Piece,
        lines: &[Kept],
        member: Option<String>,
    ) -> wire::NewReturn {
        let number = history.text(invoice.number);
        let id = external_id(number, piece);
        wire::NewReturn {
            source: self.source.clone(),
            external_id: if invoice.mixed { format!("{id}/return") } else { id },
            origin: Some(member.map_or(new_return::Origin::Guest(wire::Guest {}), new_return::Origin::Member)),
            lines: lines.iter().map(|line| return_line(history, line)).collect(),
            occur_time: Some(proto::timestamp(invoice.moment)),
            currency_code: self.currency.clone(),
            channel: self.channel(history, invoice),
            ..Default::default()
        }
    }

    fn adjustment(
        &self,
        history: &History,
        invoice: &Invoice,
        piece: &Piece,
        lines: &[Kept],
        member: Option<String>,
    ) -> wire::NewAdjustment {
        let kind = if invoice.kind == Kind::BadDebt { "bad-debt" } else { "stock-correction" };
        let line = lines.first();
        wire::NewAdjustment {
            source: self.source.clone(),
            external_id: format!("{}#{kind}-{}", history.text(invoice.number), piece.part),
            member: member.unwrap_or_default(),
            amount_minor: line.map_or(0, |line| history.minor(line, self.minor_digits)),
            currency_code: self.currency.clone(),
            kind: kind.to_owned(),
            product: line.map_or(String::new(), |line| history.text(line.product).to_owned()),
            quantity: line.map_or(0, |line| line.quantity),
            occur_time: Some(proto::timestamp(invoice.moment)),
        }
    }

    fn channel(&self, history: &History, invoice: &Invoice) -> String {
        if invoice.channel.is_empty() { self.channel.clone() } else { history.text(invoice.channel).to_owned() }
    }
}

fn external_id(number: &str, piece: &Piece) -> String {
    if piece.part == 1 { number.to_owned() } else { format!("{number}/{}", piece.part) }
}

fn order_line(history: &History, line: &Kept, number: i32) -> wire::OrderLine {
    let extras = history.extras(line);
    wire::OrderLine {
        number,
        product: history.text(line.product).to_owned(),
        category: history.text(extras.category).to_owned(),
        quantity: line.quantity,
        unit_price: history.text(line.price).to_owned(),
        discount_minor: extras.discount_minor,
        unit_cost: history.text(extras.unit_cost).to_owned(),
        ..Default::default()
    }
}

fn return_line(history: &History, line: &Kept) -> wire::ReturnLine {
    wire::ReturnLine {
        product: history.text(line.product).to_owned(),
        quantity: line.quantity.saturating_neg(),
        unit_price: history.text(line.price).to_owned(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::reading;

    const FILE: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK\n\
        536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,UK\n\
        C536379,71053,LANTERN,-1,2010-12-01 09:41:00,3.39,17850.0,UK\n\
        536589,21777,,-10,2010-12-01 16:50:00,0.0,,UK\n\
        536544,21773,BIRD,1,2010-12-01 14:32:00,2.51,,UK\n\
        A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,UK\n\
        536600,21773,BIRD,1,2010-12-02 14:32:00,2.51,99,UK\n";

    fn entries() -> Vec<Option<NewEntry>> {
        let (history, _) = reading::tests::read(FILE);
        let customer = history.customers()[0].number;
        let telling = Telling {
            source: "uci".to_owned(),
            channel: "web".to_owned(),
            currency: "GBP".to_owned(),
            minor_digits: 2,
            members: HashMap::from([(customer, "member_1".to_owned())]),
        };
        history.pieces().iter().map(|piece| telling.entry(&history, piece)).collect()
    }

    #[test]
    fn purchases_credits_and_adjustments_are_told_as_what_they_are() {
        let entries: Vec<_> = entries().into_iter().flatten().filter_map(|entry| entry.entry).collect();
        let [
            new_entry::Entry::Order(order),
            new_entry::Entry::Goods(goods),
            new_entry::Entry::Order(guest),
            new_entry::Entry::Adjustment(stock),
            new_entry::Entry::Adjustment(debt),
        ] = entries.as_slice()
        else {
            panic!("another order: {entries:?}")
        };
        assert_eq!(
            (order.external_id.as_str(), order.invoice_number.as_str(), order.lines.len()),
            ("536365", "536365", 2)
        );
        assert_eq!(order.buyer, Some(new_order::Buyer::Member("member_1".to_owned())));
        assert_eq!(
            (order.lines[1].number, order.lines[1].unit_price.as_str(), order.lines[1].quantity),
            (2, "3.39", 6)
        );
        assert_eq!(goods.origin, Some(new_return::Origin::Member("member_1".to_owned())));
        assert_eq!((goods.lines[0].product.as_str(), goods.lines[0].quantity), ("71053", 1));
        assert_eq!(guest.buyer, Some(new_order::Buyer::Guest(wire::Guest {})));
        assert_eq!((stock.kind.as_str(), stock.quantity, stock.amount_minor), ("stock-correction", -10, 0));
        assert_eq!(
            (debt.kind.as_str(), debt.amount_minor, debt.external_id.as_str()),
            ("bad-debt", -1_106_206, "A563186#bad-debt-1")
        );
    }

    #[test]
    fn a_customer_who_was_not_taken_has_no_entries() {
        assert_eq!(entries().iter().filter(|entry| entry.is_none()).count(), 1);
    }

    #[test]
    fn batches_keep_within_what_the_suite_takes() {
        let piece = |lines| Piece { invoice: 0, part: 1, lines: 0..lines };
        let sizes = |pieces: &[Piece]| batches(pieces).iter().map(Range::len).collect::<Vec<_>>();
        assert_eq!(sizes(&vec![piece(1); 2_500]), [1_000, 1_000, 500]);
        assert_eq!(sizes(&vec![piece(4_000); 5]), [2, 2, 1]);
        assert_eq!(sizes(&[]), [0_usize; 0]);
    }
}
