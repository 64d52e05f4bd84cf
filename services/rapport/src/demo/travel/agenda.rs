//! What the shop tells on which evening.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;

use crate::demo::dice::Dice;
use crate::demo::entries::{Fact, facts};
use crate::demo::friends::{Friend, by_buyer};
use crate::demo::history::{Fate, History, Spending};
use crate::demo::subscribers::{Deed, Subscriber};

/// Streams of chance beside all others: one for each member.
const STREAMS: u64 = 1 << 44;
/// Who has bought so often may spend points.
const PURCHASES: usize = 6;
/// Of a thousand of them, so many do.
const SPEND: u64 = 350;

/// What is told on one evening. Members, purchases, friends and subscribers are named by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evening {
    pub(super) joined: Vec<usize>,
    pub(super) facts: Vec<Fact>,
    pub(super) cancelled: Vec<(usize, Timestamp, bool)>,
    pub(super) friends: Vec<usize>,
    pub(super) spent: Vec<Spending>,
    pub(super) subscribed: Vec<usize>,
    pub(super) changed: Vec<(usize, Deed)>,
}

/// All evenings on which there is something to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Agenda {
    evenings: BTreeMap<Date, Evening>,
}

impl Agenda {
    /// The agenda of a life.
    pub(super) fn of(
        seed: u64,
        history: &History,
        friends: &[Friend],
        subscribers: &[Subscriber],
        zone: &TimeZone,
    ) -> Self {
        let mut agenda = Self::default();
        let day = |moment: Timestamp| day_of(moment, zone);
        for (place, (_, joined)) in history.people.iter().enumerate() {
            agenda.on(day(*joined)).joined.push(place);
        }
        for fact in facts(history) {
            agenda.on(day(fact.moment)).facts.push(fact);
        }
        for (place, purchase) in history.purchases.iter().enumerate() {
            if let Fate::Cancelled(at, uncollected) = purchase.fate {
                agenda.on(day(at)).cancelled.push((place, at, uncollected));
            }
        }
        for (place, friend) in friends.iter().enumerate() {
            let (_, joined) = &history.people[friend.invitee as usize];
            agenda.on(day(*joined)).friends.push(place);
        }
        for (place, subscriber) in subscribers.iter().enumerate() {
            agenda.on(subscriber.day).subscribed.push(place);
            for (day, deed) in &subscriber.deeds {
                agenda.on(*day).changed.push((place, *deed));
            }
        }
        agenda.spend(seed, history, zone);
        agenda
    }

    fn on(&mut self, day: Date) -> &mut Evening {
        self.evenings.entry(day).or_default()
    }

    fn spend(&mut self, seed: u64, history: &History, zone: &TimeZone) {
        for (member, bought) in (0_u32..).zip(by_buyer(history)) {
            let mut dice = Dice::of(seed, STREAMS + u64::from(member));
            let Some(last) = bought.get(PURCHASES - 1).filter(|_| dice.chance(SPEND)) else { continue };
            let points = i64::try_from(dice.between(1, 2) * 50).unwrap_or(50);
            let day = day_of(history.purchases[*last].moment, zone);
            self.on(day.tomorrow().unwrap_or(day)).spent.push(Spending { member, points, on: "折抵消費" });
        }
    }

    /// Evening by evening, up to and without a day.
    pub(super) fn before(&self, end: Date) -> impl Iterator<Item = (Date, &Evening)> {
        self.evenings.range(..end).map(|(day, evening)| (*day, evening))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::history::Shop;
    use crate::demo::{friends, subscribers};

    fn agenda(seed: u64) -> (Agenda, History, Vec<Friend>) {
        let zone = kernel::calendar::zone("Asia/Taipei").expect("known");
        let end: Timestamp = "2026-06-30T16:00:00Z".parse().expect("an instant");
        let shop = Shop { members: 120, seed, ..Shop::default() };
        let history = shop.life(end, &zone);
        let sent = friends::friends(seed, &history, Timestamp::MIN, &zone);
        let subscribers = subscribers::over_time(seed, &history, &zone);
        (Agenda::of(seed, &history, &sent, &subscribers, &zone), history, sent)
    }

    #[test]
    fn the_same_seed_has_the_same_agenda() {
        assert_eq!(agenda(7).0, agenda(7).0);
        assert_ne!(agenda(7).0, agenda(8).0);
    }

    #[test]
    fn everything_is_told_once_and_in_an_order_in_which_it_can_be() {
        let (agenda, history, sent) = agenda(7);
        let (mut joined, mut told, mut subscribed) = (Vec::new(), Vec::new(), Vec::new());
        let mut attributed = 0;
        for (_, evening) in agenda.before(Date::MAX) {
            joined.extend(&evening.joined);
            for fact in &evening.facts {
                let buyer = history.purchases[fact.purchase].buyer;
                assert!(buyer.is_none_or(|buyer| joined.contains(&(buyer as usize))), "who buys has joined");
                assert_eq!(told.contains(&fact.purchase), fact.back, "what comes back was bought");
                told.push(fact.purchase);
            }
            assert!(evening.cancelled.iter().all(|(place, ..)| told.contains(place)), "what is cancelled was bought");
            for place in &evening.friends {
                let friend = &sent[*place];
                assert!(joined.contains(&(friend.invitee as usize)) && joined.contains(&(friend.inviter as usize)));
                assert_eq!(told.contains(&friend.purchase), friend.at_checkout);
                attributed += 1;
            }
            subscribed.extend(&evening.subscribed);
            assert!(evening.changed.iter().all(|(place, _)| subscribed.contains(place)));
        }
        assert_eq!((joined.len(), attributed), (120, sent.len()));
        assert_eq!(told.len(), facts(&history).len());
    }
}
