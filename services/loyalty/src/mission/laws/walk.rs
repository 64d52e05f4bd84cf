//! Random months of a member: whatever the order in which things arrive, and in whatever parts they come back, what is wanted
//! in the end is what is wanted of the orders that were kept.

use super::{day, live, mission, only, zone};
use crate::mission::facts::Back;
use crate::mission::judging::{Paid, Record, judge};

/// A plain generator: the same steps for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

const GOALS: [&str; 9] = [
    "orders 2 most 5",
    "units 5 most 5",
    "products 2 most 5",
    "spend 250 weekly most 5",
    "stamps 3 7 monthly most 5",
    "weeks 2 most 5",
    "steps tea,cup,!review most 5",
    "orders 1 weekly in-all 2",
    "categories 2 monthly when order.net_minor >= 120",
];

/// Pays or takes back what is owed at random moments, as the clockwork would.
fn pay(record: &mut Record, dice: &mut Dice) {
    for reward in record.rewards.iter_mut().filter(|reward| reward.is_owed()) {
        if dice.below(2) == 0 {
            reward.paid = if reward.wanted { Paid::Given } else { Paid::Taken };
        }
    }
}

#[test]
fn what_is_wanted_follows_from_what_was_kept_in_whatever_order_it_came() {
    for seed in 0..600_u64 {
        let mut dice = Dice(seed);
        let goal = GOALS[usize::try_from(seed).expect("small") % GOALS.len()];
        let mission = mission(goal);
        let (mut record, mut names, now) = (Record::default(), Vec::new(), day("02-20"));
        for place in 0..12 {
            let at = 1 + dice.below(28);
            let word = match dice.below(5) {
                0 => format!("{at:02} !review"),
                1 => format!("{at:02} cup*2@80 #{place}"),
                2 => format!("{at:02} tea@60+cup@70 #{place}"),
                _ => format!("{at:02} tea@150 #{place}"),
            };
            live(&mut record, &word, &mut names);
            judge(&only(&mission), &mut record, now, &zone()).expect("in range");
            pay(&mut record, &mut dice);
            if dice.below(3) == 0 && !record.orders.is_empty() {
                let which = usize::try_from(dice.below(record.orders.len() as u64)).expect("small");
                let order = &mut record.orders[which];
                let line = usize::try_from(dice.below(order.lines.len() as u64)).expect("small");
                let line = order.lines[line].clone();
                let back = Back { number: line.number, quantity: line.quantity, minor: line.gross_minor };
                order.take_back(&[back], false);
                judge(&only(&mission), &mut record, now, &zone()).expect("in range");
                pay(&mut record, &mut dice);
            }
        }
        // The same as if only what was kept had been bought, all of it heard at once.
        let mut anew = Record { orders: record.orders.clone(), events: record.events.clone(), ..Record::default() };
        anew.orders.reverse();
        judge(&only(&mission), &mut anew, now, &zone()).expect("in range");
        let wanted = |record: &Record| {
            let mut wanted: Vec<(String, i64)> = record
                .rewards
                .iter()
                .filter(|reward| reward.wanted)
                .map(|reward| (reward.window.clone(), reward.number))
                .collect();
            wanted.sort();
            wanted
        };
        if goal.contains("in-all") {
            assert_eq!(wanted(&record).len(), wanted(&anew).len(), "{goal}, seed {seed}");
        } else {
            assert_eq!(wanted(&record), wanted(&anew), "{goal}, seed {seed}");
        }
    }
}

#[test]
fn parts_that_come_back_end_as_if_the_order_had_never_been() {
    for seed in 0..300_u64 {
        let mut dice = Dice(seed);
        let mission = mission(GOALS[usize::try_from(seed).expect("small") % GOALS.len()]);
        let (mut record, mut names, now) = (Record::default(), Vec::new(), day("02-20"));
        for place in 0..4 {
            live(&mut record, &format!("{:02} tea@150 #{place}", 1 + dice.below(28)), &mut names);
        }
        let mut without = record.clone();
        live(&mut record, "14 tea@60+cup@70+milk@90 #gone", &mut names);
        judge(&only(&mission), &mut record, now, &zone()).expect("in range");
        let mut parts: Vec<(i32, i64)> = vec![(1, 20), (1, 40), (2, 70), (3, 1), (3, 89)];
        while !parts.is_empty() {
            let (number, minor) = parts.remove(usize::try_from(dice.below(parts.len() as u64)).expect("small"));
            let gone = record.orders.last_mut().expect("it is there");
            gone.take_back(&[Back { number, quantity: 0, minor }], false);
            judge(&only(&mission), &mut record, now, &zone()).expect("in range");
        }
        judge(&only(&mission), &mut without, now, &zone()).expect("in range");
        let count = |record: &Record| record.rewards.iter().filter(|reward| reward.wanted).count();
        assert_eq!(count(&record), count(&without), "seed {seed}");
    }
}
