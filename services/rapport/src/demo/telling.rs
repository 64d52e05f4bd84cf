//! Telling the suite the history of the demo shop, call by call, each under a request id of its own for ever.

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::RequestId;
use proto::activity::v1::{
    CancelKind, CancelOrderRequest, EntryOutcome, Guest, NewEntry, NewOrder, NewReturn, OrderLine, Payment,
    RecordEntriesRequest, ReturnLine, UpsertProductsRequest, new_entry, new_order, new_return,
};
use proto::loyalty::v1::{PutProgrammeRequest, RedeemPointsBatchRequest, RedeemPointsRequest};
use proto::registry::v1::{EnrolMembersRequest, TagMemberRequest};
use uuid::Uuid;

use crate::client::{CliError, Suite, long_call, patiently};
use crate::following;
use crate::programme;
use crate::progress::Progress;

use super::history::{Fate, History, Purchase, touchpoint};
use super::shelf::{self, CHANNELS, THINGS};
use super::{Summary, WHOLE};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
const MOST_MEMBERS: usize = 500;
const MOST_ENTRIES: usize = 1_000;

/// Tells the suite.
pub(super) struct Teller {
    pub(super) suite: Suite,
    pub(super) operator: Suite,
    pub(super) cause: Uuid,
    pub(super) shown: bool,
}

/// One fact of the journal: a purchase, or what came back of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    moment: Timestamp,
    back: bool,
    purchase: usize,
}

impl Teller {
    pub(super) async fn tell(&self, history: &History, end: Timestamp) -> Result<Summary, CliError> {
        self.terms(end).await?;
        self.products().await?;
        let members = self.members(history).await?;
        let mut summary = Summary { members: members.len() as u64, ..Summary::default() };
        let orders = self.journal(history, &members, &mut summary).await?;
        self.cancellations(history, &orders, &mut summary).await?;
        following::until_settled(&self.operator).await?;
        self.redemptions(history, &members, &mut summary).await?;
        following::until_settled(&self.operator).await?;
        following::until_sorted(&self.suite, &self.operator, self.id("snapshot")).await?;
        self.mark_whole(&members).await?;
        Ok(summary)
    }

    fn id(&self, what: &str) -> String {
        RequestId::caused_by(self.cause, what).to_string()
    }

    fn progress(&self, label: &str, unit: &str, total: usize) -> Progress {
        if self.shown { Progress::new(label, unit, total as u64) } else { Progress::silent() }
    }

    /// The terms have ruled since before the first purchase.
    async fn terms(&self, end: Timestamp) -> Result<(), CliError> {
        let terms = programme::shipped("signature");
        let mut terms = terms.ok_or_else(|| CliError::odd("the shipped programme cannot be read"))?;
        terms.effective_time = end.checked_sub(jiff::Span::new().hours(3 * 366 * 24)).ok();
        let request = PutProgrammeRequest {
            request_id: self.id("programme"),
            programme: Some(terms.into()),
            validate_only: false,
        };
        patiently(PATIENCE, || async { self.suite.loyalty().put_programme(request.clone()).await }).await?;
        Ok(())
    }

    async fn products(&self) -> Result<(), CliError> {
        let request = UpsertProductsRequest {
            request_id: self.id("products"),
            products: shelf::products(),
            validate_only: false,
        };
        patiently(PATIENCE, || async { self.suite.activity().upsert_products(request.clone()).await }).await?;
        Ok(())
    }

    /// Ids of the members, by place.
    async fn members(&self, history: &History) -> Result<Vec<String>, CliError> {
        let progress = self.progress("members", "members", history.people.len());
        let mut members = Vec::with_capacity(history.people.len());
        for (number, some) in history.people.chunks(MOST_MEMBERS).enumerate() {
            let request = EnrolMembersRequest {
                request_id: self.id(&format!("members {number}")),
                members: some.iter().map(|(person, joined)| person.member(*joined)).collect(),
                validate_only: false,
            };
            let answer =
                patiently(PATIENCE, || async { self.suite.registry().enrol_members(long_call(request.clone())).await });
            let outcomes = answer.await?.into_inner().outcomes;
            if let Some(refused) = outcomes.iter().find(|outcome| outcome.member.is_empty()) {
                return Err(CliError::Failed(format!("a member of the demo shop was refused: {}", refused.refusal)));
            }
            members.extend(outcomes.into_iter().map(|outcome| outcome.member));
            progress.add(some.len() as u64);
        }
        progress.finish();
        Ok(members)
    }

    /// Tells purchases and returns in the order of time; answers the ids of the orders that are to be cancelled.
    async fn journal(
        &self,
        history: &History,
        members: &[String],
        summary: &mut Summary,
    ) -> Result<HashMap<usize, String>, CliError> {
        let facts = facts(history);
        let progress = self.progress("orders", "entries", facts.len());
        let mut orders = HashMap::new();
        for (number, some) in facts.chunks(MOST_ENTRIES).enumerate() {
            let request = RecordEntriesRequest {
                request_id: self.id(&format!("entries {number}")),
                entries: some.iter().map(|fact| entry(history, members, fact)).collect(),
                historic: true,
                validate_only: false,
            };
            let answer = patiently(PATIENCE, || async {
                self.suite.activity().record_entries(long_call(request.clone())).await
            });
            let outcomes = answer.await?.into_inner().outcomes;
            for (fact, outcome) in some.iter().zip(outcomes) {
                booked(history, fact, outcome, summary, &mut orders)?;
            }
            progress.add(some.len() as u64);
        }
        progress.finish();
        Ok(orders)
    }

    async fn cancellations(
        &self,
        history: &History,
        orders: &HashMap<usize, String>,
        summary: &mut Summary,
    ) -> Result<(), CliError> {
        for (place, purchase) in history.purchases.iter().enumerate() {
            let Fate::Cancelled(at, uncollected) = &purchase.fate else { continue };
            let Some(order) = orders.get(&place) else { continue };
            let kind = if *uncollected { CancelKind::Uncollected } else { CancelKind::Cancelled };
            let request = CancelOrderRequest {
                request_id: self.id(&format!("cancel {place}")),
                order: order.clone(),
                kind: kind.into(),
                occur_time: Some(proto::timestamp(*at)),
                validate_only: false,
            };
            patiently(PATIENCE, || async { self.suite.activity().cancel_order(request.clone()).await }).await?;
            summary.cancelled += 1;
        }
        Ok(())
    }

    /// Who has not enough points after all keeps what there is.
    async fn redemptions(&self, history: &History, members: &[String], summary: &mut Summary) -> Result<(), CliError> {
        for some in history.spendings.chunks(MOST_ENTRIES) {
            let redemptions = some.iter().filter_map(|spending| {
                Some(RedeemPointsRequest {
                    request_id: self.id(&format!("redeem {}", spending.member)),
                    member: members.get(spending.member as usize)?.clone(),
                    points: spending.points,
                    spent_on: spending.on.to_owned(),
                    validate_only: false,
                    explain: false,
                })
            });
            let request = RedeemPointsBatchRequest { redemptions: redemptions.collect() };
            let answer = patiently(PATIENCE, || async {
                self.suite.loyalty().redeem_points_batch(long_call(request.clone())).await
            });
            let outcomes = answer.await?.into_inner().outcomes;
            summary.redemptions += outcomes.iter().filter(|outcome| outcome.refusal.is_empty()).count() as u64;
        }
        Ok(())
    }

    async fn mark_whole(&self, members: &[String]) -> Result<(), CliError> {
        let Some(member) = members.first() else { return Ok(()) };
        let request = TagMemberRequest {
            request_id: self.id("whole"),
            member: member.clone(),
            add: vec![WHOLE.to_owned()],
            remove: Vec::new(),
        };
        patiently(PATIENCE, || async { self.suite.registry().tag_member(request.clone()).await }).await?;
        Ok(())
    }
}

fn facts(history: &History) -> Vec<Fact> {
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

fn booked(
    history: &History,
    fact: &Fact,
    outcome: EntryOutcome,
    summary: &mut Summary,
    orders: &mut HashMap<usize, String>,
) -> Result<(), CliError> {
    if !outcome.refusal.is_empty() && outcome.refusal != "ALREADY_APPLIED" {
        let what = if fact.back { "a return" } else { "an order" };
        let EntryOutcome { refusal, detail, .. } = outcome;
        return Err(CliError::Failed(format!("{what} of the demo shop was refused: {refusal} {detail}")));
    }
    if fact.back {
        summary.returns += 1;
    } else {
        summary.orders += 1;
        if matches!(history.purchases[fact.purchase].fate, Fate::Cancelled(..)) {
            orders.insert(fact.purchase, outcome.id);
        }
    }
    Ok(())
}

fn entry(history: &History, members: &[String], fact: &Fact) -> NewEntry {
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
