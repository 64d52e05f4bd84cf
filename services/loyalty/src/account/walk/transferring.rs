//! Two members who pass points on, on a random walk. The model of each is what it was; a point that came from the other knows
//! which lot it came in, so that it is found again when the transfer is taken back.

use jiff::SignedDuration;
use kernel::{MemberId, Points, TransferId};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Point, Step, Walk, flat, policy, step};
use crate::account::AccountRefusal;
use crate::account::transferring::{Passing, pass_on, undo};
use crate::programme::terms::Terms;
use crate::programme::transfers::{Allowed, Transfers};

#[derive(Clone, Debug)]
enum Both {
    One { second: bool, step: Step },
    Pass { back: bool, points: i64 },
    Undo { which: usize },
}

fn of_both() -> impl Strategy<Value = Both> {
    prop_oneof![
        3 => (any::<bool>(), step()).prop_map(|(second, step)| Both::One { second, step }),
        2 => (any::<bool>(), 1..60_i64).prop_map(|(back, points)| Both::Pass { back, points }),
        1 => (0..50_usize).prop_map(|which| Both::Undo { which }),
    ]
}

/// What went: of which point, and which one came of it.
struct Passed {
    transfer: TransferId,
    points: Vec<(Point, Point)>,
    fee: Vec<Point>,
    open: bool,
}

struct Two {
    first: Walk,
    second: Walk,
    policy: Transfers,
    passed: Vec<Passed>,
    vanished: i64,
}

fn with_fee(terms: Terms, fee_points: i64, fee_basis_points: i64) -> Terms {
    let mut terms = terms;
    terms.transfers = Some(Transfers {
        allowed: Allowed::Anybody,
        fee_points,
        fee_basis_points,
        least: 0,
        most: None,
        most_day: None,
        most_month: None,
        most_year: None,
        least_days_left: 0,
    });
    terms
}

impl Two {
    fn begin(terms: &Terms) -> Self {
        let (first, mut second) = (Walk::begin(terms.clone()), Walk::begin(terms.clone()));
        second.holdings.member = MemberId::parse("member_01h455vb4pex5vsknk084sn03q").expect("an id");
        let policy = terms.transfers.clone().expect("it is allowed");
        Self { first, second, policy, passed: Vec::new(), vanished: 0 }
    }

    fn go(&mut self, both: &Both) {
        match both {
            Both::One { second: false, step } => self.first.go(step),
            Both::One { second: true, step } => self.second.go(step),
            Both::Pass { back, points } => self.pass(*back, *points),
            Both::Undo { which } => self.undo(*which),
        }
        // Nobody's clock runs ahead of the other's.
        let now = self.first.now.max(self.second.now);
        (self.first.now, self.second.now) = (now, now);
        self.first.go(&Step::Wait { days: 0 });
        self.second.go(&Step::Wait { days: 0 });
        let moved = self.first.holdings.totals.transferred + self.second.holdings.totals.transferred;
        assert_eq!(moved, -self.vanished, "after {both:?}: what one gave the other got, but for fees");
    }

    fn pass(&mut self, back: bool, points: i64) {
        let (from, to) = if back { (&mut self.second, &mut self.first) } else { (&mut self.first, &mut self.second) };
        let now = from.now + SignedDuration::from_secs(1);
        (from.now, to.now) = (now, now);
        from.model.pass(now);
        to.model.pass(now);
        let transfer = TransferId::from(Uuid::new_v5(&Uuid::nil(), self.passed.len().to_string().as_bytes()));
        let passing = Passing { transfer, points: Points(points), reason: "a present" };
        let (mut giver, mut receiver) = (from.holdings.clone(), to.holdings.clone());
        let moved = pass_on(&mut giver, &mut receiver, &from.versions, &passing, now);
        let fee = points * self.policy.fee_basis_points / 10_000 + self.policy.fee_points;
        let Some(mut taken) = from.model.take(points + fee) else {
            assert!(matches!(moved, Err(AccountRefusal::InsufficientPoints { .. })), "{moved:?}");
            return;
        };
        assert_eq!(moved.expect("there are enough").fee, fee);
        (from.holdings, to.holdings) = (giver, receiver);
        self.vanished += fee;
        let fee = taken.split_off(usize::try_from(points).expect("positive"));
        let parts = &from.holdings.transfers.last().expect("it is known").parts;
        let lots = parts.iter().flat_map(|part| (0..part.points).map(|_| part.to));
        let mut gone = Vec::new();
        for ((lapses, earned_at, order), lot) in taken.into_iter().zip(lots) {
            let mark = usize::try_from(lot.uuid().as_u128() >> 64).expect("64 bits");
            let came = (lapses, earned_at, Some(mark));
            to.model.add(came);
            gone.push(((lapses, earned_at, order), came));
        }
        self.passed.push(Passed { transfer, points: gone, fee, open: !back });
    }

    /// Takes back what the first gave the second.
    fn undo(&mut self, which: usize) {
        let which = which % self.passed.len().max(1);
        let Some(passed) = self.passed.get_mut(which).filter(|passed| passed.open) else { return };
        passed.open = false;
        let now = self.first.now + SignedDuration::from_secs(1);
        (self.first.now, self.second.now) = (now, now);
        self.first.model.pass(now);
        self.second.model.pass(now);
        let (giver, receiver) = (&mut self.first.holdings, &mut self.second.holdings);
        let moved = undo(giver, receiver, &self.first.versions, (passed.transfer, "a mistake"), now).expect("known");
        let mut back = Vec::new();
        for (was, came) in &passed.points {
            if let Some(place) = self.second.model.points.iter().position(|point| point == came) {
                self.second.model.points.remove(place);
                back.push(*was);
            }
        }
        let returned = i64::try_from(back.len()).expect("few");
        let all = i64::try_from(passed.points.len()).expect("few");
        let fee = i64::try_from(passed.fee.len()).expect("few") * returned / all;
        assert_eq!((moved.points, moved.kept, moved.fee), (returned, all - returned, fee));
        self.vanished -= fee;
        back.extend(passed.fee.iter().take(usize::try_from(fee).expect("not negative")));
        self.first.model.come_back(back, true, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    /// One way, with returns and with transfers that are taken back.
    #[test]
    fn what_is_passed_on_agrees_with_the_model(
        steps in proptest::collection::vec(of_both(), 50),
        deficit in policy(),
        days in proptest::option::of(1..90_i32),
        (fixed, share) in (0..4_i64, 0..2_000_i64),
    ) {
        let mut two = Two::begin(&with_fee(flat(deficit, days), fixed, share));
        let one_way = |both: &Both| match both {
            Both::Pass { points, .. } => Both::Pass { back: false, points: *points },
            Both::One { .. } | Both::Undo { .. } => both.clone(),
        };
        steps.iter().for_each(|both| two.go(&one_way(both)));
    }

    /// Both ways. A point that came home again lies beside those that never left, so nothing is asked that would tell them
    /// apart: no returns, and nothing taken back.
    #[test]
    fn what_goes_to_and_fro_agrees_with_the_model(
        steps in proptest::collection::vec(of_both(), 50),
        deficit in policy(),
        (fixed, share) in (0..4_i64, 0..2_000_i64),
    ) {
        let mut two = Two::begin(&with_fee(flat(deficit, None), fixed, share));
        let quiet = |both: &&Both| match both {
            Both::One { step: Step::Return { .. }, .. } | Both::Undo { .. } => false,
            Both::One { .. } | Both::Pass { .. } => true,
        };
        steps.iter().filter(quiet).for_each(|both| two.go(both));
    }
}
