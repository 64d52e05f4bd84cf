//! Taking goods and money back: from the order a return names, from the orders it is matched to, or all that is left of
//! an order that is cancelled.

use jiff::Timestamp;
use kernel::{OrderId, ReturnId, Shard};

use super::book::{Book, Kind, not_found};
use super::entry::{Goods, Origin};
use super::held::State;
use super::matching::{self, Sought};
use super::outcome::{Match, Outcome};
use super::refusal::{Refusal, Wrong};
use super::returning;
use super::valuation::{self, ValuedReturn};
use super::written::{Fact, NewMatch, Returned, WrittenLine, WrittenReturn};

impl<'a> Book<'a> {
    /// Takes back all that is left of an order that was not delivered or never fetched.
    pub fn cancel(&mut self, order: OrderId, as_state: State, told: Option<Timestamp>) -> Result<Outcome, Refusal> {
        let place = self.named(order)?;
        self.open_or_closed(place)?;
        // A till's clock may be some minutes ahead of ours.
        let occurred_at = told.unwrap_or(self.now.max(self.orders[place].occurred_at));
        self.not_before(place, occurred_at)?;
        let held = &mut self.orders[place];
        let mut taken = Vec::new();
        for (line, position) in held.lines.iter_mut().zip(0..) {
            let (quantity, amount_minor) = returning::take_rest(line);
            if quantity > 0 || amount_minor > 0 {
                taken.push(Match { position, order, order_line: line.number, quantity, amount_minor });
            }
        }
        self.note(place, ReturnId::from(order.uuid()), &taken, occurred_at);
        self.orders[place].state = as_state;
        self.orders[place].state_at = occurred_at;
        self.tell_returned(place, order.to_string(), &taken, occurred_at, true);
        Ok(Outcome::Cancelled { order })
    }

    /// Writes a return, or says why not.
    pub(super) fn record_return(&mut self, valued: &'a ValuedReturn<'a>) -> Result<Outcome, Refusal> {
        let told = valued.goods;
        let shard = self.claim(Kind::Return, "return", &told.source, &told.external_id)?;
        let named = match &told.origin {
            Origin::Order(order) => Some(self.named(*order)?),
            Origin::Invoice(invoice) => Some(self.by_invoice.get(invoice).copied().ok_or_else(|| not_found(invoice))?),
            Origin::Member(_) | Origin::Guest => None,
        };
        let goods = ReturnId::new_at(self.now);
        let mut written = WrittenReturn::new(goods, shard, valued);
        let matches = match named {
            Some(place) => {
                written.currency = Some(self.orders[place].currency);
                written.member = self.orders[place].member;
                self.take_named(place, valued, &mut written)?
            }
            None => self.take_matched(valued, &mut written),
        };
        self.note_all(goods, &matches, told.occurred_at);
        if written.unmatched_minor > 0 {
            let subject = written.member.map_or(shard, Shard::of_member);
            let amount_minor = written.unmatched_minor;
            let member = written.member;
            self.written.facts.push(Fact::Unmatched { goods, subject, member, amount_minor, valued });
        }
        self.remember(Kind::Return, &told.source, &told.external_id, goods.to_string());
        let unmatched_minor = written.unmatched_minor;
        self.written.returns.push(written);
        Ok(Outcome::Return { goods, matches, unmatched_minor })
    }

    /// Takes a return's goods from the order it names. The lines are tried on a copy: a refusal leaves no trace.
    fn take_named(
        &mut self,
        place: usize,
        valued: &'a ValuedReturn<'a>,
        written: &mut WrittenReturn<'a>,
    ) -> Result<Vec<Match>, Refusal> {
        self.open_or_closed(place)?;
        let held = &self.orders[place];
        let order = held.order;
        if let Some(told) = valued.currency.filter(|told| *told != held.currency) {
            let what = format!("must be {}, which order {order} was paid in, or empty, not {told}", held.currency);
            return Err(Refusal::Malformed(vec![Wrong { field: "goods.currency_code".to_owned(), what }]));
        }
        self.not_before(place, valued.goods.occurred_at)?;
        let mut lines = held.lines.clone();
        let mut matches = Vec::new();
        match &valued.goods.goods {
            Goods::Lines(back) => {
                for (line, position) in back.iter().zip(0..) {
                    let exceeds = |left| Refusal::ReturnExceedsOrder {
                        order,
                        line: Some(line.order_line),
                        asked: line.quantity,
                        left,
                    };
                    let bought = lines.iter_mut().find(|bought| bought.number == line.order_line);
                    let bought = bought.ok_or_else(|| exceeds(0))?;
                    let amount_minor =
                        returning::take_units(bought, line.quantity).map_err(|wrong| exceeds(wrong.left))?;
                    let (order_line, quantity) = (line.order_line, line.quantity);
                    matches.push(Match { position, order, order_line, quantity, amount_minor });
                    written.lines.push(WrittenLine::whole(position, line, bought.product.clone()));
                    written.matched_lines = written.matched_lines.saturating_add(1);
                }
            }
            Goods::Amount(amount) => {
                let parts = returning::take_money(&mut lines, *amount).map_err(|wrong| {
                    Refusal::ReturnExceedsOrder { order, line: None, asked: wrong.asked, left: wrong.left }
                })?;
                for (line, amount_minor) in lines.iter().zip(parts).filter(|(_, part)| *part > 0) {
                    matches.push(Match { position: 0, order, order_line: line.number, quantity: 0, amount_minor });
                }
            }
        }
        self.orders[place].lines = lines;
        written.matched_minor = sum(&matches);
        Ok(matches)
    }

    /// Takes a return's goods from the member's newest earlier lines; what finds none is valued at the shop's own price.
    fn take_matched(&mut self, valued: &'a ValuedReturn<'a>, written: &mut WrittenReturn<'a>) -> Vec<Match> {
        let member = match &valued.goods.origin {
            Origin::Member(member) => Some(*member),
            Origin::Order(_) | Origin::Invoice(_) | Origin::Guest => None,
        };
        written.member = member;
        let lines = match &valued.goods.goods {
            Goods::Lines(lines) => lines,
            Goods::Amount(amount) => {
                written.unmatched_minor = *amount;
                return Vec::new();
            }
        };
        let mut matches = Vec::new();
        for (line, position) in lines.iter().zip(0..) {
            let (mut found, mut rest) = (Vec::new(), line.quantity);
            if let (Some(member), Some(currency)) = (member, valued.currency) {
                let came_back_at = valued.goods.occurred_at;
                let sought = Sought { member, product: &line.product, currency, came_back_at, units: line.quantity };
                let places = self.by_member.get(&member).into_iter().flatten().copied();
                (found, rest) = matching::find(sought, &self.orders, places);
            }
            let unmatched_minor = valuation::worth(line.price, rest, valued.digits).unwrap_or(0);
            written.add_line(position, line, !found.is_empty(), rest, unmatched_minor);
            for one in found {
                let held = &mut self.orders[one.order];
                let (order, bought) = (held.order, &mut held.lines[one.line]);
                let amount_minor = returning::take_units(bought, one.units).unwrap_or(0);
                matches.push(Match { position, order, order_line: bought.number, quantity: one.units, amount_minor });
            }
        }
        written.matched_minor = sum(&matches);
        matches
    }

    /// Notes what a return took back, order by order.
    fn note_all(&mut self, goods: ReturnId, matches: &[Match], occurred_at: Timestamp) {
        let mut orders: Vec<OrderId> = Vec::new();
        for one in matches {
            if !orders.contains(&one.order) {
                orders.push(one.order);
            }
        }
        for order in orders {
            let Some(place) = self.by_id.get(&order).copied() else { continue };
            let taken: Vec<Match> = matches.iter().filter(|one| one.order == order).cloned().collect();
            self.note(place, goods, &taken, occurred_at);
            let whole = self.orders[place].is_whole_back();
            if whole && self.orders[place].state == State::Recorded {
                self.orders[place].state = State::Returned;
                self.orders[place].state_at = occurred_at;
            }
            self.tell_returned(place, goods.to_string(), &taken, occurred_at, whole);
        }
    }

    fn note(&mut self, place: usize, goods: ReturnId, taken: &[Match], occurred_at: Timestamp) {
        let held = &mut self.orders[place];
        for one in taken {
            held.returned_units = held.returned_units.saturating_add(one.quantity);
            held.returned_minor = held.returned_minor.saturating_add(one.amount_minor);
            self.written.matches.push(NewMatch { shard: held.shard, goods, taken: one.clone(), occurred_at });
        }
        self.changed[place] = true;
    }

    fn tell_returned(&mut self, place: usize, goods: String, taken: &[Match], occurred_at: Timestamp, whole: bool) {
        let held = &self.orders[place];
        self.written.facts.push(Fact::Returned(Returned {
            goods,
            order: held.order,
            subject: held.subject,
            member: held.member,
            taken: taken.to_vec(),
            returned_minor: held.returned_minor,
            net_minor: held.net_minor,
            whole,
            occurred_at,
        }));
    }
}

fn sum(matches: &[Match]) -> i64 {
    matches.iter().fold(0, |sum, one| sum.saturating_add(one.amount_minor))
}
