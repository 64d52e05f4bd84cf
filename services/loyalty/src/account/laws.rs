//! The laws of points and tiers as statements of account: each line says what happens and, behind the arrow, what must
//! come of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Currency, EntryId, MemberId, OrderId, Points};
use uuid::Uuid;

use super::earning::{LineFacts, OrderFacts, earn};
use super::granting::{Granted, grant, take_grant_back};
use super::holdings::{Draw, Holdings};
use super::redemption::{CannotSpend, redeem};
use super::reversing::{Redeemed, ReturnFacts, give_back, take_back};
use super::settling::{Until, settle};
use super::standing::standing;
use crate::programme::example;
use crate::programme::terms::{Terms, Versions};

mod given;
mod granting;
mod holding;
mod ladders;
mod occasions;
mod openings;
mod pending;
mod returns;
mod rules;
mod sliding;
mod tiers;
mod transferring;

struct Shop {
    holdings: Holdings,
    versions: Versions,
    now: Timestamp,
    redemptions: BTreeMap<String, EntryId>,
}

fn morning(day: &str) -> Timestamp {
    let day: Date = day.parse().expect("a day");
    // Ten in the morning in Taipei.
    kernel::calendar::start_of(day, example::signature().zone.rules()).expect("in range")
        + jiff::SignedDuration::from_hours(10)
}

/// The last day before an instant at which a day begins.
fn day_before(start: Timestamp) -> Date {
    kernel::calendar::day_of(start - jiff::SignedDuration::from_secs(1), example::signature().zone.rules())
}

fn order_id(name: &str) -> OrderId {
    OrderId::from(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

impl Shop {
    fn open(versions: Vec<Terms>) -> Self {
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id");
        let now = morning("2026-01-01");
        Self {
            holdings: Holdings::new(member, now),
            versions: Versions::new(versions),
            now,
            redemptions: BTreeMap::new(),
        }
    }

    fn order(&self, name: &str, amount: i64, occurred_at: Timestamp, historic: bool) -> OrderFacts {
        OrderFacts {
            order: order_id(name),
            currency: Currency::parse("TWD").expect("listed"),
            lines: vec![LineFacts { gross_minor: amount, ..LineFacts::default() }],
            channel: String::new(),
            touchpoint: String::new(),
            points_paid_minor: 0,
            occurred_at,
            received_at: None,
            historic,
        }
    }

    fn back(&self, name: &str, returned_minor: i64, whole: bool) -> ReturnFacts {
        ReturnFacts {
            order: order_id(name),
            cause: "return".to_owned(),
            returned_minor,
            whole,
            occurred_at: self.now,
            historic: false,
        }
    }

    fn say(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = (self.holdings.postings.len(), self.holdings.changes.len());
        let (activated, at_risk) = (self.holdings.activations.len(), self.holdings.at_risk.len());
        let number = |place: usize| words[place].parse::<i64>().expect("a number");
        let mut said = match words[0] {
            "on" => {
                self.now = morning(words[1]);
                // The clockwork rings for accounts in which something is due, and leaves the others alone.
                if self.holdings.next_due().is_some() {
                    settle(&mut self.holdings, &self.versions, Until::Including(self.now)).expect("in range");
                }
                String::new()
            }
            "buy" => {
                let at = words.get(4).map_or(self.now, |day| morning(day));
                let order = self.order(words[1], number(2), at, words.contains(&"historic"));
                earn(&mut self.holdings, &self.versions, &order, None, self.now).expect("in range");
                String::new()
            }
            "join" => {
                let order = self.order(words[1], number(2), self.now, false);
                let back = self.back(words[1], number(4), words.contains(&"whole"));
                earn(&mut self.holdings, &self.versions, &order, Some(&back), self.now).expect("in range");
                String::new()
            }
            "return" => {
                let back = self.back(words[1], number(2), words.contains(&"whole"));
                match take_back(&mut self.holdings, &self.versions, &back, self.now) {
                    Ok(()) => String::new(),
                    Err(error) => format!("refused: {error}"),
                }
            }
            "redeem" => match redeem(&mut self.holdings, &self.versions, Points(number(1)), "coffee", self.now) {
                Ok(entry) => {
                    self.redemptions.insert(words[1].to_owned(), entry);
                    String::new()
                }
                Err(CannotSpend::Insufficient { asked, spendable }) => {
                    format!("refused: short by {}", asked.0 - spendable.0)
                }
                Err(CannotSpend::OutOfRange(error)) => format!("refused: {error}"),
            },
            "give-back" => {
                let entry = self.redemptions[words[1]];
                let draws: Vec<Draw> =
                    self.holdings.postings.iter().find(|posting| posting.id == entry).expect("posted").draws.clone();
                give_back(&mut self.holdings, &self.versions, &Redeemed { entry, draws }, self.now).expect("in range");
                String::new()
            }
            "grant" => {
                let terms = self.versions.at(self.now).expect("a programme").clone();
                let (cause, points) = (words[1], Points(number(2)));
                let entry =
                    grant(&mut self.holdings, &self.versions, &terms, points, (cause, "a friend came"), self.now);
                self.redemptions.insert(words[1].to_owned(), entry.expect("in range"));
                String::new()
            }
            "revoke" => {
                let entry = self.redemptions[words[1]];
                let posting = self.holdings.postings.iter().find(|posting| posting.id == entry).expect("posted");
                let (points, cause) = (posting.points, posting.cause.clone());
                let granted = Granted { entry, points, cause: &cause };
                take_grant_back(&mut self.holdings, &self.versions, &granted, "the friend left", self.now)
                    .expect("in range");
                String::new()
            }
            "left" => format!("{} left, {} owed", self.holdings.spendable(), self.holdings.deficit),
            "receive" => {
                let received_at = Some(morning(words[4]));
                let order = OrderFacts { received_at, ..self.order(words[1], number(2), self.now, false) };
                earn(&mut self.holdings, &self.versions, &order, None, self.now).expect("in range");
                String::new()
            }
            "hold" | "capture" | "release" | "holds" => self.say_of_holds(&words),
            "count" | "assign" | "stand" | "let-go" | "until" | "main" | "plus" => self.say_of_tiers(&words),
            "bring" | "owe" => self.say_of_openings(&words),
            "pending" => self.pending(),
            "lots" => self.lots(),
            "missing" => self.missing(),
            other => panic!("no such line: {other}"),
        };
        for posting in &self.holdings.postings[before.0..] {
            let _ = write!(said, " {:+}", posting.points);
        }
        for activation in &self.holdings.activations[activated..] {
            let _ = write!(said, " {} usable", activation.points);
        }
        for change in &self.holdings.changes[before.1..] {
            let _ = write!(said, " {}", ladders::told(change));
        }
        for risk in &self.holdings.at_risk[at_risk..] {
            let _ = write!(said, " {} at risk, {} missing", risk.tier, risk.missing_minor);
        }
        self.assert_sums();
        said.trim().to_owned()
    }

    fn lots(&self) -> String {
        let mut lots: Vec<_> = self.holdings.lots.iter().filter(|lot| lot.left > 0 && !lot.waits()).collect();
        lots.sort_by_key(|lot| lot.spending_order());
        let told: Vec<String> = lots
            .iter()
            .map(|lot| {
                let last_day = lot.lapses_at.map(day_before);
                format!("{} until {}", lot.left, last_day.map_or("ever".to_owned(), |day| day.to_string()))
            })
            .collect();
        told.join(", ")
    }

    fn pending(&self) -> String {
        let mut lots: Vec<_> = self.holdings.lots.iter().filter_map(|lot| Some((lot.usable_from?, lot.left))).collect();
        lots.retain(|(_, left)| *left > 0);
        lots.sort_unstable();
        let told: Vec<String> =
            lots.into_iter().map(|(usable, left)| format!("{left} through {}", day_before(usable))).collect();
        told.join(", ")
    }

    fn missing(&self) -> String {
        let terms = self.versions.at(self.now).expect("a programme");
        let (view, _) = standing(&self.holdings, terms, None, self.now).expect("in range").expect("a ladder");
        let next = view.next.map_or("the top".to_owned(), |next| format!("{} to {}", next.missing_minor, next.tier));
        format!("{}, {} to keep, {next}", view.tier, view.missing_to_keep_minor)
    }

    fn assert_sums(&self) {
        let sum: i64 = self.holdings.postings.iter().map(|posting| posting.points).sum();
        assert_eq!(sum, self.holdings.balance(), "sum(entries) = sum(lots left) - deficit");
        for posting in &self.holdings.postings {
            let told: i64 = posting.grounds.steps.iter().map(|step| step.contribution).sum();
            assert_eq!(told, posting.points, "the steps add up to the entry: {:?}", posting.grounds);
        }
        assert!(self.holdings.lots.iter().all(|lot| lot.left >= 0 && lot.left + lot.lapsed <= lot.amount));
    }
}

fn statement(terms: Terms, text: &str) {
    statement_under(vec![terms], text);
}

fn statement_under(versions: Vec<Terms>, text: &str) {
    let mut shop = Shop::open(versions);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").unwrap_or((line, ""));
        assert_eq!(shop.say(said), expected.trim(), "in the line: {line}");
    }
}

#[test]
fn points_are_earned_and_spent_from_the_lot_nearest_to_lapsing() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2026-03-10
         buy B 5000                    -> +100
         lots                          -> 50 until 2027-01-31, 100 until 2027-03-31
         redeem 60                     -> -60
         lots                          -> 90 until 2027-03-31
         redeem 91                     -> refused: short by 1
         left                          -> 90 left, 0 owed",
    );
}

#[test]
fn points_lapse_with_their_last_day_and_not_before() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2027-01-31
         left                          -> 50 left, 0 owed
         on  2027-02-01                -> -50
         redeem 1                      -> refused: short by 1",
    );
}

#[test]
fn fractions_of_a_point_are_not_earned() {
    statement(
        example::signature(),
        "buy A 49
         buy B 50                      -> +1
         buy C 99                      -> +1",
    );
}

#[test]
fn a_return_takes_back_points_and_the_tier_they_won() {
    statement(
        example::signature(),
        "buy A 12000                   -> +240 promoted to silver
         return A 6000                 -> -120 falls to member
         return A 12000 whole          -> -120
         left                          -> 0 left, 0 owed",
    );
}

#[test]
fn partial_returns_take_exactly_what_one_whole_return_does() {
    statement(
        example::signature(),
        "buy A 350                     -> +7
         return A 100                  -> -2
         return A 200                  -> -2
         return A 300                  -> -2
         return A 350 whole            -> -1
         return A 350 whole
         left                          -> 0 left, 0 owed",
    );
}

#[test]
fn points_that_were_spent_are_owed_and_the_next_ones_fill_the_gap() {
    statement(
        example::signature(),
        "buy A 2500                    -> +50
         redeem 50                     -> -50
         return A 2500 whole           -> -50
         left                          -> 0 left, 50 owed
         redeem 1                      -> refused: short by 1
         buy B 1500                    -> +30
         left                          -> 0 left, 20 owed
         buy C 1500                    -> +30
         left                          -> 10 left, 0 owed",
    );
}

#[test]
fn within_balance_nobody_owes() {
    let mut terms = example::signature();
    terms.deficit = crate::programme::terms::DeficitPolicy::WithinBalance;
    statement(
        terms,
        "buy A 2500                    -> +50
         redeem 30                     -> -30
         return A 2500 whole           -> -20
         left                          -> 0 left, 0 owed",
    );
}

#[test]
fn lapsed_points_are_not_taken_a_second_time() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         redeem 20                     -> -20
         on  2027-02-01                -> -30
         return A 2500 whole           -> -20
         left                          -> 0 left, 20 owed",
    );
}

#[test]
fn spent_points_go_back_to_their_lots_or_come_back_with_grace() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2026-03-10
         buy B 2500                    -> +50
         redeem 70                     -> -70
         on  2027-02-10
         give-back 70                  -> +70
         lots                          -> 50 until 2027-02-24, 50 until 2027-03-31",
    );
}

#[test]
fn a_late_order_dates_from_its_own_day_and_is_never_born_lapsed() {
    statement(
        example::signature(),
        "on  2027-06-01
         buy A 2500 on 2026-12-10      -> +50
         lots                          -> 50 until 2027-12-31
         buy B 2500 on 2026-01-10      -> +50
         lots                          -> 50 until 2027-06-15, 50 until 2027-12-31",
    );
}

#[test]
fn a_history_is_booked_as_if_it_had_been_here_all_along() {
    statement(
        example::signature(),
        "on  2028-06-01
         buy A 12000 on 2026-01-10 historic  -> +240 promoted to silver
         buy B 1000 on 2026-02-10 historic   -> +24
         buy C 1000 on 2027-03-10 historic   -> -240 -24 +20 falls to member
         on  2028-06-02                      -> -20",
    );
}

#[test]
fn the_same_order_counts_once() {
    statement(
        example::signature(),
        "buy A 2500                    -> +50
         buy A 2500
         left                          -> 50 left, 0 owed",
    );
}
