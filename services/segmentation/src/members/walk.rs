//! Random lives of a member against a plain model: it knows nothing of timers or of what was there before, but looks at
//! every hour anew.

mod book;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::MemberId;
use proptest::prelude::*;
use testkit::counts::{Promise, count};
use uuid::Uuid;

use self::book::Book;
use super::evaluation::{Look, Standing, standing_at};
use super::frame::{Cuts, Frame};
use super::insight::WINDOW_DAYS;
use super::laws::{bought, days_ago, frame, noon};
use super::person::{Moved, Person};
use super::purchase::{Purchase, Return};
use super::snapshot::{Shop, Snapshot};
use crate::scheme::terms::{Precedence, Scheme};

/// What happens next in a life; times are hours.
#[derive(Clone, Debug)]
enum Step {
    /// So many hours pass, with the clockwork ringing.
    Pass(i64),
    /// An order, bought so many hours before it is heard of.
    Buy(i64, i64),
    /// Something of one of the orders comes back: which, and all of it.
    GiveBack(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_i64..900).prop_map(Step::Pass),
        3 => (prop_oneof![2 => Just(0_i64), 1 => 1_i64..3_000], 50_i64..400).prop_map(|(late, minor)| Step::Buy(late, minor)),
        1 => (0_usize..8, any::<bool>()).prop_map(|(which, whole)| Step::GiveBack(which, whole)),
    ];
    proptest::collection::vec(step, 1..usize::try_from(count(Promise::WalkSteps)).expect("few"))
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// When the second snapshot is taken.
fn second() -> Timestamp {
    days_ago(-40)
}

/// A shop as it is at a moment of the life: its second snapshot is known from when it is taken.
fn shop(precedence: Precedence, now: Timestamp) -> Shop {
    let scheme = Scheme { precedence, rfm_period_months: 2, ..Scheme::default() };
    let snapshot = |number: i64, days: i64, frequency_from, monetary_from, shop_cycle| {
        let taken_at = days_ago(-days);
        let cuts = Cuts { recency_from: days_ago(20 - days).as_second(), frequency_from, monetary_from };
        let frame = Frame { cuts: Some(cuts), shop_cycle: Some(shop_cycle), ..frame(scheme.clone()) };
        Snapshot { number, taken_at, frame_since: number, frame, recorded_at: taken_at }
    };
    let mut taken = vec![snapshot(1, 0, 2, 250, 5), snapshot(2, 40, 3, 300, 8)];
    taken.retain(|snapshot| snapshot.taken_at <= now);
    Shop::new(frame(scheme.clone()), taken)
}

/// One member, the clock, and what the model has noted.
struct Life {
    person: Person,
    shop: Shop,
    now: Timestamp,
    noted: Vec<(Timestamp, Standing)>,
    book: Book,
    number: u128,
    precedence: Precedence,
    /// From when on the second snapshot is what they are compared with: earlier than it was taken where they had bought
    /// nothing by then, and an order from before is heard of after it.
    second_from: Timestamp,
}

impl Life {
    fn begin(precedence: Precedence) -> Self {
        let mut person = Person::new(MemberId::from(Uuid::from_u128(7)));
        person.snapshot = 1;
        let (shop, noted) = (shop(precedence, noon()), vec![(noon(), Standing::PROSPECT)]);
        let book = Book::default();
        Self { person, shop, now: noon(), noted, book, number: 0, precedence, second_from: second() }
    }

    /// The frame that rules at a moment.
    fn frame_at(&self, moment: Timestamp) -> &Frame {
        self.shop.frame(if moment >= self.second_from { 2 } else { 1 })
    }

    fn note(&mut self, at: Timestamp) {
        let standing = standing_at(&self.person.purchases, self.frame_at(at), at);
        if self.noted.last().is_none_or(|(_, last)| *last != standing) {
            self.noted.push((at, standing));
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Pass(passing) => {
                // The model first, so that it cannot learn anything from the member.
                let from = self.now;
                self.now += hours(*passing);
                self.shop = shop(self.precedence, self.now);
                self.note_every_hour_after(from);
            }
            Step::Buy(late, minor) => self.buy(self.now - hours(*late), *minor),
            Step::GiveBack(which, whole) => self.give_back(*which, *whole),
        }
        while let Some(due) = self.person.next_due(&self.shop).filter(|due| *due <= self.now) {
            self.person.settle(&self.shop, due);
        }
    }

    fn note_every_hour_after(&mut self, from: Timestamp) {
        let mut hour = from + hours(1);
        while hour <= self.now {
            self.note(hour);
            hour += hours(1);
        }
    }

    fn buy(&mut self, occurred_at: Timestamp, minor: i64) {
        self.number += 1;
        let category = if self.number.is_multiple_of(3) { "tea" } else { "coffee" };
        // Where nothing was decided after it, it counts from its own time, else from now.
        let in_time = self.person.settled_until.is_none_or(|settled| occurred_at >= settled);
        let purchase = bought(self.number, occurred_at, minor, category);
        self.book.buy(purchase.order, occurred_at, minor);
        self.person.buy(purchase, false, &self.shop, self.now);
        if in_time {
            if self.now >= second() && self.noted.last().is_some_and(|(_, last)| *last == Standing::PROSPECT) {
                self.second_from = self.second_from.min(occurred_at);
            }
            self.noted.retain(|(at, _)| *at < occurred_at || *at == noon());
            self.note(occurred_at);
            self.note_every_hour_after(occurred_at);
        } else {
            self.note(self.now);
        }
    }

    fn give_back(&mut self, which: usize, whole: bool) {
        let open: Vec<&Purchase> = self.person.purchases.iter().filter(|one| one.stands_at(self.now)).collect();
        let Some(purchase) = open.get(which) else { return };
        self.number += 1;
        let net_minor = if whole { purchase.worth_at(self.now) } else { purchase.worth_at(self.now) / 3 };
        let back =
            Return { cause: format!("{}", self.number), occurred_at: self.now, net_minor, cost_minor: None, whole };
        let order = purchase.order;
        self.book.give_back(order, self.now, (!whole).then_some(net_minor));
        assert!(self.person.give_back(order, back, false, &self.shop, self.now), "the order is known");
        self.note(self.now);
    }

    /// What was bought in the last days, as a look and the model find it.
    fn windows_agree_at(&self, moment: Timestamp) {
        let look = Look::at(&self.person.purchases, self.shop.frame(1), moment);
        for days in WINDOW_DAYS {
            assert_eq!(look.within_days(days, moment), self.book.within(days, moment), "{days} days before {moment}");
        }
    }
}

/// What a series of standings says of changes: the last of each instant counts.
fn changes_of(noted: &[(Timestamp, Standing)], read: fn(&Standing) -> &'static str) -> Vec<(Timestamp, &'static str)> {
    let by_instant: BTreeMap<Timestamp, &'static str> = noted.iter().map(|(at, one)| (*at, read(one))).collect();
    let mut all: Vec<(Timestamp, &'static str)> = by_instant.into_iter().collect();
    all.dedup_by(|next, last| next.1 == last.1);
    all
}

/// The same of the changes that were written.
fn written(person: &Person, read: fn(&Moved) -> Option<&'static str>) -> Vec<(Timestamp, &'static str)> {
    let start = (noon(), "PROSPECT");
    let told = person.fresh.iter().filter_map(|change| Some((change.occurred_at, read(&change.moved)?)));
    let by_instant: BTreeMap<Timestamp, &'static str> = std::iter::once(start).chain(told).collect();
    let mut all: Vec<(Timestamp, &'static str)> = by_instant.into_iter().collect();
    all.dedup_by(|next, last| next.1 == last.1);
    all
}

fn live(precedence: Precedence, steps: &[Step]) {
    let (mut life, mut moments) = (Life::begin(precedence), vec![noon()]);
    for step in steps {
        life.take(step);
        life.windows_agree_at(life.now);
        moments.push(life.now);
        let anew = standing_at(&life.person.purchases, life.frame_at(life.now), life.now);
        assert_eq!(life.person.standing, anew, "stored is what a fresh look finds, at {}", life.now);
    }
    // As known at the end, what is late counts at each moment that passed; and windows end at the instant.
    moments.extend(WINDOW_DAYS.into_iter().flat_map(|days| life.book.edges(days)));
    moments.into_iter().for_each(|moment| life.windows_agree_at(moment));
    // A purchase bought before the first hour is told of from when it is heard, or from its own time where nothing else is
    // known: such lives begin earlier than the model, which looks from noon on.
    if life.person.fresh.iter().any(|change| change.occurred_at < noon()) {
        return;
    }
    let stages = written(&life.person, |moved| match moved {
        Moved::Lifecycle(_, to) => Some(to.name()),
        Moved::Group(..) => None,
    });
    assert_eq!(stages, changes_of(&life.noted, |standing| standing.lifecycle.name()));
    let groups = written(&life.person, |moved| match moved {
        Moved::Group(_, to) => Some(to.name()),
        Moved::Lifecycle(..) => None,
    });
    assert_eq!(groups, changes_of(&life.noted, |standing| standing.group.name()));
    let numbers: Vec<i64> = life.person.fresh.iter().map(|change| change.number).collect();
    assert_eq!(numbers, (1..=life.person.changes).collect::<Vec<_>>(), "changes count up without a gap");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: count(Promise::Walks), ..ProptestConfig::default() })]

    #[test]
    fn every_change_is_told_at_its_own_instant(steps in steps()) {
        live(Precedence::NewActiveFirst, &steps);
        live(Precedence::SleepingLostFirst, &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: count(Promise::Walks), ..ProptestConfig::default() })]

    /// What registry says may be heard before or after anything activity says, and anything may be heard twice.
    #[test]
    fn heard_twice_or_in_another_order_it_is_the_same(
        days in proptest::collection::vec(0_i64..200, 1..8),
        joined in 0_usize..8,
        again in 0_usize..8,
    ) {
        let shop = shop(Precedence::NewActiveFirst, noon());
        let mut days = days;
        days.sort_unstable_by(|a, b| b.cmp(a));
        let live = |joined: usize, again: Option<usize>| {
            let mut person = Person::newcomer(MemberId::from(Uuid::from_u128(7)), &shop);
            for (place, number) in (0..days.len()).zip(1_u128..) {
                if place == joined.min(days.len() - 1) {
                    person.join(days_ago(300));
                }
                let heard = again.filter(|again| *again == place).map_or(1, |_| 2);
                for _ in 0..heard {
                    person.buy(bought(number, days_ago(days[place]), 100, "coffee"), false, &shop, noon());
                }
            }
            person.settle(&shop, noon());
            person
        };
        let expected = live(0, None);
        prop_assert!(expected.bought.len() == days.len());
        prop_assert_eq!(&live(joined, None), &expected);
        prop_assert_eq!(&live(0, Some(again)), &expected);
    }
}
