//! Random walks over tiers: what must hold whatever happens, for every window and every way of falling.

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId};
use proptest::prelude::*;

use super::order_id;
use crate::account::earning::{LineFacts, OrderFacts, earn};
use crate::account::holdings::{Holdings, TierChangeKind};
use crate::account::qualification::{On, highest_entered, progress, rank};
use crate::account::reversing::{ReturnFacts, take_back};
use crate::account::settling::{Until, settle};
use crate::programme::example;
use crate::programme::terms::{Demotion, Gift, MAIN, Renewal, Terms, Versions, Window};

#[derive(Clone, Debug)]
enum Step {
    Wait { days: i64 },
    Buy { amount: i64 },
    Return { which: usize, percent: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..200_i64).prop_map(|days| Step::Wait { days }),
        (0..25_000_i64).prop_map(|amount| Step::Buy { amount }),
        (0..50_usize, 1..=100_i64).prop_map(|(which, percent)| Step::Return { which, percent }),
    ]
}

fn programme() -> impl Strategy<Value = Terms> {
    let window = prop_oneof![
        (1..30_i32).prop_map(Window::RollingMonths),
        Just(Window::CalendarYear),
        Just(Window::MemberYear),
        Just(Window::SinceJoining)
    ];
    let demotion = prop_oneof![Just(Demotion::None), Just(Demotion::OneStep), Just(Demotion::ToWhatIsMet)];
    let renewal = prop_oneof![Just(Renewal::AtReview), Just(Renewal::Restarts), Just(Renewal::Appends)];
    let days = (prop_oneof![Just(0), 1..28_i32], prop_oneof![Just(0), 1..60_i32]);
    let settings = (any::<bool>(), days, renewal, prop_oneof![Just(0), 1..500_i64]);
    (window, demotion, 1..30_i32, settings).prop_map(|(window, demotion, term_months, settings)| {
        let mut terms = example::signature();
        let ladder = terms.ladder.as_mut().expect("a ladder");
        (ladder.window, ladder.demotion, ladder.term_months) = (window, demotion, term_months);
        let (carry_over, (grace_days, notice_days), renewal, gift) = settings;
        (ladder.carry_over, ladder.grace_days, ladder.notice_days) = (carry_over, grace_days, notice_days);
        ladder.renewal = renewal;
        for tier in &mut ladder.tiers {
            let of = |points| Gift { points, campaign: Some(format!("of {}", tier.code)) };
            (tier.promotion_gift, tier.retention_gift) = (of(gift), of(gift / 2));
        }
        terms
    })
}

struct Walk {
    holdings: Holdings,
    terms: Terms,
    versions: Versions,
    now: Timestamp,
    amounts: Vec<(i64, i64)>,
}

impl Walk {
    fn begin(terms: Terms) -> Self {
        let now = "2026-01-01T02:00:00Z".parse().expect("an instant");
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id");
        let versions = Versions::new(vec![terms.clone()]);
        Self { holdings: Holdings::new(member, now), terms, versions, now, amounts: Vec::new() }
    }

    fn go(&mut self, step: &Step) {
        self.now += SignedDuration::from_secs(1);
        if let Step::Wait { days } = step {
            self.now += SignedDuration::from_hours(24 * days);
        }
        let told = self.holdings.changes.len();
        settle(&mut self.holdings, &self.versions, Until::Including(self.now)).expect("in range");
        self.only(told, &[TierChangeKind::Retained, TierChangeKind::Demoted]);
        let told = self.holdings.changes.len();
        match step {
            Step::Wait { .. } => {}
            Step::Buy { amount } => {
                self.buy_and_bring_back(*amount);
                let order = self.amounts.len();
                self.buy(order, *amount);
                self.amounts.push((*amount, 0));
                self.only(told, &[TierChangeKind::Promoted, TierChangeKind::Retained, TierChangeKind::Renewed]);
            }
            Step::Return { which, percent } => {
                self.bring_back(*which, *percent);
                self.only(told, &[TierChangeKind::Demoted, TierChangeKind::Shortened]);
            }
        }
        self.holds(step);
    }

    /// An order that comes back at once is as if it had never been.
    fn buy_and_bring_back(&mut self, amount: i64) {
        let before = self.holdings.clone();
        let order = 1_000;
        self.buy(order, amount);
        self.back(order, amount, amount);
        let (then, now) = (before.standings.get(MAIN), self.holdings.standings.get(MAIN));
        if let (Some(then), Some(now)) = (then, now) {
            assert_eq!((&now.tier, now.review_at), (&then.tier, then.review_at), "{amount} bought and brought back");
            assert_eq!((&now.gift, now.ended_at), (&then.gift, then.ended_at), "{amount} bought and brought back");
            assert_eq!(self.holdings.balance(), before.balance(), "what it brought is taken back");
        }
        self.holdings = before;
    }

    fn buy(&mut self, order: usize, amount: i64) {
        let facts = OrderFacts {
            order: order_id(order),
            currency: Currency::parse("TWD").expect("listed"),
            lines: vec![LineFacts { gross_minor: amount, ..LineFacts::default() }],
            channel: String::new(),
            touchpoint: String::new(),
            points_paid_minor: 0,
            occurred_at: self.now,
            received_at: None,
            historic: false,
        };
        earn(&mut self.holdings, &self.versions, &facts, None, self.now).expect("in range");
    }

    fn bring_back(&mut self, which: usize, percent: i64) {
        let order = which % self.amounts.len().max(1);
        let Some((amount, returned)) = self.amounts.get_mut(order) else { return };
        *returned += (*amount - *returned) * percent / 100;
        let (amount, returned) = (*amount, *returned);
        self.back(order, amount, returned);
    }

    fn back(&mut self, order: usize, amount: i64, returned: i64) {
        let facts = ReturnFacts {
            order: order_id(order),
            cause: String::new(),
            returned_minor: returned,
            whole: returned == amount,
            occurred_at: self.now,
            historic: false,
        };
        take_back(&mut self.holdings, &self.versions, &facts, self.now).expect("known");
    }

    /// Orders promote and nothing else; time retains or demotes; returns only demote.
    fn only(&self, from: usize, kinds: &[TierChangeKind]) {
        for change in &self.holdings.changes[from..] {
            assert!(kinds.contains(&change.kind), "{change:?}");
        }
    }

    fn holds(&self, step: &Step) {
        let ladder = self.terms.ladder.as_ref().expect("a ladder");
        let Some(standing) = self.holdings.standings.get(MAIN) else { return };
        let place = rank(ladder, &standing.tier);
        let reached = progress(&self.holdings, On { terms: &self.terms, ladder }, self.now).expect("in range");
        if let Step::Buy { .. } | Step::Return { .. } = step {
            assert!(place >= highest_entered(ladder, reached), "{standing:?} after {step:?}: {reached} is spent");
        }
        assert_eq!(standing.review_at.is_some(), place > 0, "{standing:?}");
        assert!(standing.review_at.is_none_or(|review| review > self.now), "{standing:?}");
        for pair in self.holdings.changes.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "one change leads to the next");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    #[test]
    fn tiers_keep_their_laws(terms in programme(), steps in proptest::collection::vec(step(), 50)) {
        let mut walk = Walk::begin(terms);
        steps.iter().for_each(|step| walk.go(step));
    }
}
