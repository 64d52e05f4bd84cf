//! Who subscribes to what, how they are charged, and what they change about it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;
use proto::subscriptions::v1::{Cadence, CadenceUnit, CatchUp, Plan, PlanKind, PlanLine};

use super::dice::Dice;
use super::friends::by_buyer;
use super::history::History;
use super::shelf::{CATEGORIES, THINGS};

/// Streams of chance beside those of members, guests and friends: one for each member.
const STREAMS: u64 = 1 << 43;
/// Of a thousand members, so many subscribe to something in two years.
const SUBSCRIBE: u64 = 170;
/// Of a thousand who bought lately, so many subscribe where the history is told at its end.
const SUBSCRIBE_NOW: u64 = 110;
/// Who bought within so many days is asked then.
const LATELY_DAYS: i64 = 30;

/// Codes of what can be subscribed to, and how likely each is.
pub(super) const PLANS: [&str; 3] = ["coffee-beans", "tea", "club"];
const WISHED: [u32; 3] = [5, 3, 4];
/// The plan that is a membership.
const CLUB: usize = 2;

/// What the sandbox provider answers to the tokens of a hundred subscribers.
const TOKENS: [(&str, u32); 6] = [
    ("sandbox_ok", 66),
    ("sandbox_later_1", 12),
    ("sandbox_later_2", 6),
    ("sandbox_ok_from_2", 4),
    (AWAITS_CARD, 8),
    ("sandbox_never", 4),
];
const AWAITS_CARD: &str = "sandbox_card";
/// A card that works.
pub(super) const NEW_CARD: &str = "sandbox_ok";

/// What a subscriber changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// The next occurrence is not wanted.
    Skip,
    /// Nothing is wanted for a while.
    Pause,
    /// It goes on.
    Resume,
    /// Another card is given.
    NewCard,
    /// Nothing is wanted any more.
    Cancel,
}

/// Somebody who subscribes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscriber {
    /// Place of the member.
    pub(super) member: u32,
    /// Place of the plan.
    pub(super) plan: usize,
    /// The day they subscribe.
    pub(super) day: Date,
    /// The provider's token.
    pub(super) token: &'static str,
    /// What they change, in the order of time.
    pub(super) deeds: Vec<(Date, Deed)>,
}

/// Who subscribes in a life, each on a day on which they buy.
pub(super) fn over_time(seed: u64, history: &History, zone: &TimeZone) -> Vec<Subscriber> {
    let bought = by_buyer(history);
    let subscriber = |member: u32| {
        let mut dice = Dice::of(seed, STREAMS + u64::from(member));
        let theirs = &bought[member as usize];
        if !dice.chance(SUBSCRIBE) || theirs.is_empty() {
            return None;
        }
        let moment = history.purchases[theirs[dice.place(theirs.len())]].moment;
        Some(subscriber(&mut dice, member, day_of(moment, zone)))
    };
    places(history).filter_map(subscriber).collect()
}

/// Who subscribes at the end of a history: some who bought lately. What they change, they change at once.
pub(super) fn at_the_end(seed: u64, history: &History, end: Timestamp, zone: &TimeZone) -> Vec<Subscriber> {
    let (bought, today) = (by_buyer(history), day_of(end, zone));
    let lately = end - jiff::SignedDuration::from_hours(LATELY_DAYS * 24);
    let subscriber = |member: u32| {
        let mut dice = Dice::of(seed, STREAMS + u64::from(member));
        let bought_lately =
            bought[member as usize].last().is_some_and(|place| history.purchases[*place].moment >= lately);
        if !dice.chance(SUBSCRIBE_NOW) || !bought_lately {
            return None;
        }
        let mut subscriber = subscriber(&mut dice, member, today);
        subscriber.deeds.retain(|(_, deed)| *deed != Deed::Resume);
        subscriber.deeds.truncate(1);
        if let Some((day, _)) = subscriber.deeds.first_mut() {
            *day = today;
        }
        Some(subscriber)
    };
    places(history).filter_map(subscriber).collect()
}

fn places(history: &History) -> impl Iterator<Item = u32> {
    0..u32::try_from(history.people.len()).unwrap_or(u32::MAX)
}

fn subscriber(dice: &mut Dice, member: u32, day: Date) -> Subscriber {
    let plan = dice.weighted(&WISHED);
    let token = TOKENS[dice.weighted(&TOKENS.map(|(_, weight)| weight))].0;
    let mut deeds = Vec::new();
    let mut does = |after: u64, deed| deeds.push((later(day, after), deed));
    let (card, skip, pause, cancel) =
        (dice.between(2, 25), dice.between(20, 150), dice.between(60, 260), dice.between(90, 600));
    let away = dice.between(30, 75);
    if token == AWAITS_CARD && dice.chance(750) {
        does(card, Deed::NewCard);
    }
    // A membership is kept or ended; there is nothing of it to skip.
    if plan != CLUB && dice.chance(300) {
        does(skip, Deed::Skip);
    }
    if plan != CLUB && dice.chance(220) {
        does(pause, Deed::Pause);
        does(pause + away, Deed::Resume);
    }
    if dice.chance(330) {
        does(cancel, Deed::Cancel);
    }
    deeds.sort_unstable();
    Subscriber { member, plan, day, token, deeds }
}

/// So many days later.
pub(super) fn later(day: Date, days: u64) -> Date {
    i64::try_from(days).ok().and_then(|days| day.checked_add(jiff::Span::new().days(days)).ok()).unwrap_or(day)
}

/// True where a plan's first occurrence waits for the next morning: goods are sent then, a membership opens at once.
pub(super) const fn is_sent(plan: usize) -> bool {
    plan != CLUB
}

/// The plans, as they are put.
pub(super) fn plans() -> Vec<Plan> {
    let cadence = |every, unit: CadenceUnit| Some(Cadence { every, unit: unit.into() });
    let plan = |place: usize, name: &str, kind: PlanKind, cadence| Plan {
        code: PLANS[place].to_owned(),
        display_name: name.to_owned(),
        kind: kind.into(),
        currency_code: "TWD".to_owned(),
        cadence,
        retry_days: vec![1, 3, 5],
        catch_up: CatchUp::Latest.into(),
        end_after_unpaid: 3,
        ..Plan::default()
    };
    let lines = |codes: &[&str]| {
        let things = THINGS.iter().filter(|thing| codes.contains(&thing.code));
        let line = things.map(|thing| PlanLine {
            product: thing.code.to_owned(),
            category: CATEGORIES[thing.category].to_owned(),
            quantity: 1,
            unit_price_minor: thing.price,
        });
        line.collect()
    };
    vec![
        Plan {
            lines: lines(&["C-0201", "C-0202"]),
            ..plan(0, "咖啡豆 四週一箱", PlanKind::Goods, cadence(4, CadenceUnit::Week))
        },
        Plan { lines: lines(&["T-0101"]), ..plan(1, "每月一茶", PlanKind::Goods, cadence(1, CadenceUnit::Month)) },
        Plan {
            fee_minor: 1_200,
            entitlements: vec!["tasting-evenings".to_owned()],
            ..plan(CLUB, "日常會 年費會員", PlanKind::Membership, cadence(1, CadenceUnit::Year))
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::super::history::Shop;
    use super::*;
    use std::collections::BTreeSet;

    fn zone() -> TimeZone {
        kernel::calendar::zone("Asia/Taipei").expect("known")
    }

    fn end() -> Timestamp {
        "2026-11-21T03:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn a_sixth_subscribes_and_everything_that_can_happen_happens_to_some() {
        let history = Shop::default().history(end(), &zone());
        let all = over_time(7, &history, &zone());
        assert!((240..420).contains(&all.len()), "{} subscribe", all.len());
        assert_eq!(all, over_time(7, &history, &zone()));
        assert_ne!(all, over_time(8, &history, &zone()));
        let tokens: BTreeSet<&str> = all.iter().map(|one| one.token).collect();
        let plans: BTreeSet<usize> = all.iter().map(|one| one.plan).collect();
        let deeds: BTreeSet<Deed> = all.iter().flat_map(|one| one.deeds.iter().map(|(_, deed)| *deed)).collect();
        assert_eq!((tokens.len(), plans.len(), deeds.len()), (TOKENS.len(), PLANS.len(), 5));
        for one in &all {
            assert!(one.deeds.is_sorted() && one.deeds.iter().all(|(day, _)| *day > one.day));
            assert!(
                day_of(history.people[one.member as usize].1, &zone()) <= one.day,
                "nobody subscribes before joining"
            );
        }
    }

    #[test]
    fn at_the_end_those_subscribe_who_bought_lately_and_do_one_thing_at_most() {
        let history = Shop::default().history(end(), &zone());
        let all = at_the_end(7, &history, end(), &zone());
        let today = day_of(end(), &zone());
        assert!((25..120).contains(&all.len()), "{} subscribe", all.len());
        assert!(all.iter().all(|one| one.day == today && one.deeds.len() <= 1));
        assert!(all.iter().flat_map(|one| &one.deeds).all(|(day, deed)| *day == today && *deed != Deed::Resume));
    }

    #[test]
    fn what_is_sent_is_on_the_shelf() {
        for (place, plan) in plans().iter().enumerate() {
            assert_eq!((plan.code.as_str(), plan.lines.is_empty()), (PLANS[place], !is_sent(place)));
        }
        assert_eq!(plans()[0].lines.iter().map(|line| line.unit_price_minor).sum::<i64>(), 1_180);
    }
}
