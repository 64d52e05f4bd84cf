//! Random walks: the rules against a reference model small enough to read.
//!
//! The model knows no lots but a bag of single points, each with its lapse day, and works every sum out anew.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId, OrderId, Points};
use proptest::prelude::*;
use uuid::Uuid;

use super::earning::{LineFacts, OrderFacts, earn};
use super::holdings::Holdings;
use super::redemption::redeem;
use super::reversing::{ReturnFacts, take_back};
use super::settling::{Until, settle};
use crate::programme::example;
use crate::programme::expiry::lapse_instant;
use crate::programme::terms::{Terms, Versions};

#[derive(Clone, Debug)]
enum Step {
    Wait { days: i64 },
    Buy { amount: i64 },
    Return { which: usize, percent: i64 },
    Redeem { points: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..120_i64).prop_map(|days| Step::Wait { days }),
        (0..4_000_i64).prop_map(|amount| Step::Buy { amount }),
        (0..50_usize, 1..=100_i64).prop_map(|(which, percent)| Step::Return { which, percent }),
        (1..120_i64).prop_map(|points| Step::Redeem { points }),
    ]
}

/// A point knows the order it came from and when it lapses.
#[derive(Default)]
struct Model {
    points: Vec<(Timestamp, usize)>,
    owed: i64,
    bought: BTreeMap<usize, Bought>,
}

struct Bought {
    amount: i64,
    returned: i64,
    earned: i64,
    taken: i64,
    lapsed: i64,
}

impl Model {
    fn lapse(&mut self, now: Timestamp) {
        self.points.sort_unstable();
        while self.points.first().is_some_and(|(lapses, _)| *lapses <= now) {
            let (_, order) = self.points.remove(0);
            self.bought.get_mut(&order).expect("bought").lapsed += 1;
        }
    }

    fn buy(&mut self, order: usize, amount: i64, lapses: Timestamp) {
        let earned = amount / 50;
        let absorbed = earned.min(self.owed);
        self.owed -= absorbed;
        self.points.extend((absorbed..earned).map(|_| (lapses, order)));
        self.bought.insert(order, Bought { amount, returned: 0, earned, taken: 0, lapsed: 0 });
    }

    fn redeem(&mut self, points: i64) -> bool {
        let wanted = usize::try_from(points).expect("positive");
        if self.points.len() < wanted {
            return false;
        }
        self.points.sort_unstable();
        self.points.drain(..wanted);
        true
    }

    fn give_back(&mut self, order: usize, returned: i64) {
        let bought = self.bought.get_mut(&order).expect("bought");
        bought.returned = returned;
        let due = if returned == bought.amount { bought.earned } else { bought.earned * returned / bought.amount };
        let take = (due.min(bought.earned - bought.lapsed) - bought.taken).max(0);
        bought.taken += take;
        self.points.sort_unstable();
        for _ in 0..take {
            let own = self.points.iter().position(|(_, from)| *from == order);
            match own.or((!self.points.is_empty()).then_some(0)) {
                Some(place) => drop(self.points.remove(place)),
                None => self.owed += 1,
            }
        }
    }
}

fn flat() -> Terms {
    let mut terms = example::signature();
    terms.ladder = None;
    terms
}

fn order_id(number: usize) -> OrderId {
    OrderId::from(Uuid::new_v5(&Uuid::nil(), number.to_string().as_bytes()))
}

fn run(steps: &[Step]) {
    let versions = Versions::new(vec![flat()]);
    let mut now: Timestamp = "2026-01-01T02:00:00Z".parse().expect("an instant");
    let mut holdings = Holdings::new(MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id"), now);
    let mut model = Model::default();
    let mut orders = 0_usize;
    for step in steps {
        // No two things happen at one instant: ties between lots of one day are then settled by the time alone.
        now += SignedDuration::from_secs(1);
        match step {
            Step::Wait { days } => now += SignedDuration::from_hours(24 * days),
            Step::Buy { .. } | Step::Return { .. } | Step::Redeem { .. } => {}
        }
        settle(&mut holdings, &versions, Until::Including(now)).expect("in range");
        model.lapse(now);
        match step {
            Step::Wait { .. } => {}
            Step::Buy { amount } => {
                let facts = OrderFacts {
                    order: order_id(orders),
                    currency: Currency::parse("TWD").expect("listed"),
                    lines: vec![LineFacts { gross_minor: *amount, discount_minor: 0, tax_minor: 0 }],
                    points_paid_minor: 0,
                    occurred_at: now,
                    historic: false,
                };
                earn(&mut holdings, &versions, &facts, None, now).expect("in range");
                let lapses = lapse_instant(&flat(), now).expect("in range").expect("they lapse");
                model.buy(orders, *amount, lapses);
                orders += 1;
            }
            Step::Return { which, percent } if orders > 0 => {
                let order = which % orders;
                let bought = &model.bought[&order];
                let more = ((bought.amount - bought.returned) * percent + 99) / 100;
                let returned = bought.returned + more;
                if more > 0 {
                    let facts = ReturnFacts {
                        order: order_id(order),
                        cause: String::new(),
                        returned_minor: returned,
                        whole: returned == bought.amount,
                        occurred_at: now,
                        historic: false,
                    };
                    take_back(&mut holdings, &versions, &facts, now).expect("known");
                    model.give_back(order, returned);
                }
            }
            Step::Return { .. } => {}
            Step::Redeem { points } => {
                let spent = redeem(&mut holdings, &versions, Points(*points), "coffee", now).is_ok();
                assert_eq!(spent, model.redeem(*points), "redeem {points}");
            }
        }
        assert_eq!(holdings.spendable(), i64::try_from(model.points.len()).expect("few"), "after {step:?}");
        assert_eq!(holdings.deficit, model.owed, "after {step:?}");
        let entries: i64 = holdings.postings.iter().map(|posting| posting.points).sum();
        assert_eq!(entries, holdings.balance(), "after {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    #[test]
    fn the_rules_agree_with_the_model(steps in proptest::collection::vec(step(), 50)) {
        run(&steps);
    }
}
