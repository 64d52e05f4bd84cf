//! Random walks: the rules of points against a reference model small enough to read.
//!
//! The model knows no lots but a bag of single points, each with its lapse day, and works every sum out anew.

mod holding;
mod openings;
mod rules;
mod tiers;
mod transferring;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId, OrderId, Points};
use proptest::prelude::*;
use uuid::Uuid;

use super::earning::{LineFacts, OrderFacts, earn};
use super::holdings::Holdings;
use super::redemption::{ByHand, add_by_hand, redeem, take_by_hand};
use super::reversing::{Redeemed, ReturnFacts, give_back, take_back};
use super::settling::{Until, settle};
use crate::programme::example;
use crate::programme::expiry::{grace_instant, lapse_instant, usable_instant};
use crate::programme::terms::{DeficitPolicy, Expiry, Pending, PendingFrom, Slide, Terms, Versions};

const BY_HAND: ByHand<'static> = ByHand { reason: "by hand", actor: "clerk" };

#[derive(Clone, Debug)]
enum Step {
    Wait { days: i64 },
    Buy { amount: i64, days_ago: i64 },
    Return { which: usize, percent: i64 },
    Redeem { points: i64 },
    GiveBack { which: usize },
    Add { points: i64 },
    Take { points: i64 },
    Hold { points: i64, days: i64 },
    Capture { which: usize, percent: i64, keep: bool },
    Release { which: usize },
    Bring { points: i64, wait: i64, days: i64 },
    Owe { points: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..120_i64).prop_map(|days| Step::Wait { days }),
        (0..4_000_i64).prop_map(|amount| Step::Buy { amount, days_ago: 0 }),
        (0..4_000_i64, 1..600_i64).prop_map(|(amount, days_ago)| Step::Buy { amount, days_ago }),
        (0..50_usize, 1..=100_i64).prop_map(|(which, percent)| Step::Return { which, percent }),
        (1..120_i64).prop_map(|points| Step::Redeem { points }),
        (0..50_usize).prop_map(|which| Step::GiveBack { which }),
        (1..60_i64).prop_map(|points| Step::Add { points }),
        (1..60_i64).prop_map(|points| Step::Take { points }),
        (1..90_i64, 1..200_i64).prop_map(|(points, days)| Step::Hold { points, days }),
        (0..50_usize, 1..=120_i64, any::<bool>()).prop_map(|(which, percent, keep)| Step::Capture {
            which,
            percent,
            keep
        }),
        (0..50_usize).prop_map(|which| Step::Release { which }),
        (1..90_i64, 0..90_i64, 1..400_i64).prop_map(|(points, wait, days)| Step::Bring { points, wait, days }),
        (1..60_i64).prop_map(|points| Step::Owe { points }),
    ]
}

fn policy() -> impl Strategy<Value = DeficitPolicy> {
    prop_oneof![Just(DeficitPolicy::OnlyPending), Just(DeficitPolicy::WithinBalance), Just(DeficitPolicy::Unlimited)]
}

/// A point knows when it lapses, when it was earned, and the order it came from, if it came from one.
type Point = (Timestamp, Timestamp, Option<usize>);

struct Model {
    terms: Terms,
    points: Vec<Point>,
    waiting: Vec<(Timestamp, Point)>,
    /// What each hold holds, and until when.
    holds: Vec<(Timestamp, Vec<Point>)>,
    owed: i64,
    bought: BTreeMap<usize, Bought>,
    spent: Vec<Vec<Point>>,
}

struct Bought {
    amount: i64,
    returned: i64,
    earned: i64,
    taken: i64,
    lapsed: i64,
}

impl Model {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            points: Vec::new(),
            waiting: Vec::new(),
            holds: Vec::new(),
            owed: 0,
            bought: BTreeMap::new(),
            spent: Vec::new(),
        }
    }

    fn pass(&mut self, now: Timestamp) {
        let mut ended: Vec<(Timestamp, usize)> =
            (0..self.holds.len()).map(|which| (self.holds[which].0, which)).filter(|(at, _)| *at <= now).collect();
        ended.sort_unstable();
        ended.into_iter().for_each(|(at, which)| self.let_go(which, at));
        let (usable, waiting) = self.waiting.drain(..).partition(|(usable, _)| *usable <= now);
        self.waiting = waiting;
        let usable: Vec<(Timestamp, Point)> = usable;
        self.points.extend(usable.into_iter().map(|(_, point)| point));
        self.points.sort_unstable();
        while self.points.first().is_some_and(|(lapses, ..)| *lapses <= now) {
            // What came from another member was not bought here.
            let bought = self.points.remove(0).2.and_then(|order| self.bought.get_mut(&order));
            bought.into_iter().for_each(|bought| bought.lapsed += 1);
        }
    }

    /// What is owed is filled first.
    fn add(&mut self, point: Point) {
        if self.owed > 0 { self.owed -= 1 } else { self.points.push(point) }
    }

    /// Where points keep as long as their member comes by, all that are there keep as if earned at a moment.
    fn renew(&mut self, at: Timestamp, now: Timestamp) {
        let Expiry::Inactivity(_) = self.terms.expiry else { return };
        let until = lapse_instant(&self.terms, at).expect("in range").expect("they lapse");
        let held = self.holds.iter_mut().flat_map(|(_, points)| points.iter_mut());
        let waiting = self.waiting.iter_mut().map(|(_, point)| point);
        let all = self.points.iter_mut().chain(held).chain(waiting).filter(|point| point.0 > now);
        all.for_each(|point| point.0 = point.0.max(until));
    }

    fn buy(&mut self, order: usize, amount: i64, at: Timestamp, now: Timestamp) {
        let earned = amount / 50;
        if earned > 0 {
            self.renew(at, now);
        }
        let usable = usable_instant(&self.terms, at, None).expect("in range");
        let promised = lapse_instant(&self.terms, usable.unwrap_or(at)).expect("in range").expect("they lapse");
        let lapses = if promised <= now { self.grace(now) } else { promised };
        self.bought.insert(order, Bought { amount, returned: 0, earned, taken: 0, lapsed: 0 });
        for _ in 0..earned {
            let point = (lapses, at, Some(order));
            match usable.filter(|usable| *usable > now && self.owed == 0) {
                Some(usable) => self.waiting.push((usable, point)),
                None => self.add(point),
            }
        }
    }

    fn grace(&self, now: Timestamp) -> Timestamp {
        grace_instant(&self.terms, now).expect("in range")
    }

    fn take(&mut self, points: i64) -> Option<Vec<Point>> {
        let wanted = usize::try_from(points).expect("positive");
        self.points.sort_unstable();
        (self.points.len() >= wanted).then(|| self.points.drain(..wanted).collect())
    }

    fn let_go(&mut self, which: usize, at: Timestamp) {
        let points = std::mem::take(&mut self.holds[which].1);
        self.come_back(points, false, at);
    }

    fn give_back(&mut self, which: usize, now: Timestamp) {
        self.renew(now, now);
        let points = std::mem::take(&mut self.spent[which]);
        self.come_back(points, true, now);
    }

    fn come_back(&mut self, points: Vec<Point>, given: bool, now: Timestamp) {
        for (lapses, earned_at, order) in points {
            let late = lapses <= now;
            let slides = matches!(self.terms.expiry, Expiry::Inactivity(_));
            let lapses = if slides && given {
                lapse_instant(&self.terms, now).expect("in range").expect("they lapse").max(lapses)
            } else if late {
                self.grace(now)
            } else {
                lapses
            };
            self.add((lapses, earned_at, order));
        }
    }

    fn take_back(&mut self, order: usize, returned: i64) {
        let bought = self.bought.get_mut(&order).expect("bought");
        bought.returned = returned;
        let due = if returned == bought.amount { bought.earned } else { bought.earned * returned / bought.amount };
        let take = (due.min(bought.earned - bought.lapsed) - bought.taken).max(0);
        bought.taken += take;
        self.points.sort_unstable();
        for _ in 0..take {
            if !self.take_one(order) && self.terms.deficit == DeficitPolicy::Unlimited {
                self.owed += 1;
            }
        }
    }

    /// Its own point that waits, another of its own, any that waits, any at all.
    fn take_one(&mut self, order: usize) -> bool {
        self.waiting.sort_unstable_by_key(|(_, point)| *point);
        let waits = |own: bool| self.waiting.iter().position(|(_, point)| !own || point.2 == Some(order));
        let usable = |own: bool| self.points.iter().position(|point| !own || point.2 == Some(order));
        let only = self.terms.deficit == DeficitPolicy::OnlyPending;
        match (waits(true), usable(true), waits(false), usable(false)) {
            (Some(place), ..) => drop(self.waiting.remove(place)),
            _ if only => return false,
            (_, Some(place), ..) | (_, _, None, Some(place)) => drop(self.points.remove(place)),
            (_, _, Some(place), _) => drop(self.waiting.remove(place)),
            (None, None, None, None) => return false,
        }
        true
    }
}

fn sliding(terms: Terms) -> Terms {
    let mut terms = terms;
    terms.terms.expiry = Expiry::Inactivity(Slide { months: 6, days: 0 });
    terms
}

fn flat(deficit: DeficitPolicy, days: Option<i32>) -> Terms {
    let mut terms = example::signature();
    terms.ladder = None;
    terms.deficit = deficit;
    terms.pending = days.map(|days| Pending { days, from: PendingFrom::Order });
    terms
}

fn order_id(number: usize) -> OrderId {
    OrderId::from(Uuid::new_v5(&Uuid::nil(), number.to_string().as_bytes()))
}

struct Walk {
    holdings: Holdings,
    versions: Versions,
    model: Model,
    now: Timestamp,
    redemptions: Vec<Redeemed>,
}

impl Walk {
    fn begin(terms: Terms) -> Self {
        let now = "2026-01-01T02:00:00Z".parse().expect("an instant");
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id");
        Self {
            holdings: Holdings::new(member, now),
            versions: Versions::new(vec![terms.clone()]),
            model: Model::new(terms),
            now,
            redemptions: Vec::new(),
        }
    }

    fn go(&mut self, step: &Step) {
        // No two things happen at one instant: ties between lots of one day are then settled by the time alone.
        self.now += SignedDuration::from_secs(1);
        if let Step::Wait { days } = step {
            self.now += SignedDuration::from_hours(24 * days);
        }
        settle(&mut self.holdings, &self.versions, Until::Including(self.now)).expect("in range");
        self.model.pass(self.now);
        match step {
            Step::Wait { .. } => {}
            Step::Buy { amount, days_ago } => self.buy(*amount, *days_ago),
            Step::Return { which, percent } => self.take_back(*which, *percent),
            Step::Redeem { points } => self.redeem(*points),
            Step::GiveBack { which } => self.give_back(*which),
            Step::Add { points } => self.add(*points),
            Step::Hold { points, days } => self.hold(*points, *days),
            Step::Capture { which, percent, keep } => self.capture(*which, *percent, *keep),
            Step::Release { which } => self.release(*which),
            Step::Bring { points, wait, days } => self.bring(*points, *wait, *days),
            Step::Owe { points } => self.owe(*points),
            Step::Take { points } => {
                let taken = take_by_hand(&mut self.holdings, &self.versions, Points(*points), BY_HAND, self.now);
                assert_eq!(taken.is_ok(), self.model.take(*points).is_some(), "{step:?}");
            }
        }
        assert_eq!(self.holdings.spendable(), i64::try_from(self.model.points.len()).expect("few"), "after {step:?}");
        assert_eq!(self.holdings.pending(), i64::try_from(self.model.waiting.len()).expect("few"), "after {step:?}");
        let held: usize = self.model.holds.iter().map(|(_, points)| points.len()).sum();
        assert_eq!(self.holdings.held(), i64::try_from(held).expect("few"), "after {step:?}");
        assert_eq!(self.holdings.deficit, self.model.owed, "after {step:?}");
        let entries: i64 = self.holdings.postings.iter().map(|posting| posting.points).sum();
        assert_eq!(entries, self.holdings.balance(), "after {step:?}");
    }

    fn buy(&mut self, amount: i64, days_ago: i64) {
        let order = self.model.bought.len();
        let occurred_at = self.now - SignedDuration::from_hours(24 * days_ago);
        let facts = OrderFacts {
            order: order_id(order),
            currency: Currency::parse("TWD").expect("listed"),
            lines: vec![LineFacts { gross_minor: amount, ..LineFacts::default() }],
            channel: String::new(),
            touchpoint: String::new(),
            points_paid_minor: 0,
            occurred_at,
            received_at: None,
            historic: false,
        };
        earn(&mut self.holdings, &self.versions, &facts, None, self.now).expect("in range");
        self.model.buy(order, amount, occurred_at, self.now);
    }

    fn take_back(&mut self, which: usize, percent: i64) {
        let order = which % self.model.bought.len().max(1);
        let Some(bought) = self.model.bought.get(&order) else { return };
        let more = ((bought.amount - bought.returned) * percent + 99) / 100;
        let returned = bought.returned + more;
        if more == 0 {
            return;
        }
        let facts = ReturnFacts {
            order: order_id(order),
            cause: String::new(),
            returned_minor: returned,
            whole: returned == bought.amount,
            occurred_at: self.now,
            historic: false,
        };
        take_back(&mut self.holdings, &self.versions, &facts, self.now).expect("known");
        self.model.take_back(order, returned);
    }

    fn redeem(&mut self, points: i64) {
        let spent = redeem(&mut self.holdings, &self.versions, Points(points), "coffee", self.now).ok();
        let taken = self.model.take(points);
        assert_eq!(spent.is_some(), taken.is_some(), "redeem {points}");
        if let (Some(entry), Some(taken)) = (spent, taken) {
            let draws = self.holdings.postings.last().expect("posted").draws.clone();
            self.redemptions.push(Redeemed { entry, draws });
            self.model.spent.push(taken);
            self.model.renew(self.now, self.now);
        }
    }

    fn give_back(&mut self, which: usize) {
        let which = which % self.redemptions.len().max(1);
        let Some(redeemed) = self.redemptions.get(which).filter(|_| !self.model.spent[which].is_empty()) else {
            return;
        };
        give_back(&mut self.holdings, &self.versions, redeemed, self.now).expect("in range");
        self.model.give_back(which, self.now);
    }

    fn add(&mut self, points: i64) {
        let terms = self.model.terms.clone();
        add_by_hand(&mut self.holdings, &self.versions, &terms, Points(points), BY_HAND, self.now).expect("in range");
        let lapses = lapse_instant(&terms, self.now).expect("in range").expect("they lapse");
        (0..points).for_each(|_| self.model.add((lapses, self.now, None)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    #[test]
    fn the_rules_agree_with_the_model(
        steps in proptest::collection::vec(step(), 50),
        deficit in policy(),
        days in proptest::option::of(1..90_i32),
    ) {
        let mut walk = Walk::begin(flat(deficit, days));
        steps.iter().for_each(|step| walk.go(step));
    }

    #[test]
    fn points_that_slide_agree_with_the_model(
        steps in proptest::collection::vec(step(), 50),
        deficit in policy(),
        days in proptest::option::of(1..90_i32),
    ) {
        let mut walk = Walk::begin(sliding(flat(deficit, days)));
        steps.iter().for_each(|step| walk.go(step));
    }
}
