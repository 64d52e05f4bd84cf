//! Who came by a friend's code.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;

use super::dice::Dice;
use super::history::{Fate, History};

/// Streams of chance beside those of members and guests: one for each invitee.
const STREAMS: u64 = 1 << 41;
/// Of a thousand who join, so many were sent by somebody.
const SENT: u64 = 300;
/// Of a thousand members, so many have asked for a code of their own.
const HOLD_A_CODE: u64 = 50;
/// Of a thousand friends who keep to what they bought, so many bring it all back where a life is told.
const REGRET: u64 = 120;
/// Who passes a code on has been a member for so many days.
const KNOWS_THE_SHOP_DAYS: i64 = 7;
/// So often it is thought of somebody who could have sent them.
const THOUGHTS: u32 = 12;

/// So long after their first purchase friends may still say who sent them: a fortnight and a day, since the shop that is told
/// at its end lets those of the last fortnight say so now.
pub(super) const NAMED_WITHIN_HOURS: i32 = 15 * 24;

/// Somebody who was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Friend {
    /// Place of the member who came.
    pub(super) invitee: u32,
    /// Place of the member who sent them.
    pub(super) inviter: u32,
    /// Place of their first purchase.
    pub(super) purchase: usize,
    /// They say so where they pay; otherwise they said so when they joined, days before.
    pub(super) at_checkout: bool,
}

/// Who was sent of those who joined since a moment, in the order of places.
///
/// A first purchase stands alone on its day: told in the evening, it is the one they pay, and nothing was bought before. Nobody
/// sends two on one day, so that a limit never has to choose between two of one moment.
pub(super) fn friends(seed: u64, history: &History, since: Timestamp, zone: &TimeZone) -> Vec<Friend> {
    let bought = by_buyer(history);
    let day = |moment: Timestamp| day_of(moment, zone);
    let (mut friends, mut sent) = (Vec::new(), BTreeSet::new());
    for (invitee, (_, joined)) in (0_u32..).zip(&history.people) {
        let mut dice = Dice::of(seed, STREAMS + u64::from(invitee));
        let Some(first) = bought[invitee as usize].first().copied() else { continue };
        let moment = history.purchases[first].moment;
        let alone =
            bought[invitee as usize].get(1).is_none_or(|next| day(history.purchases[*next].moment) > day(moment));
        if !dice.chance(SENT) || *joined < since || !alone {
            continue;
        }
        let knows_the_shop = |inviter: u32| {
            let (_, since) = &history.people[inviter as usize];
            let buys = bought[inviter as usize].first().is_some_and(|first| history.purchases[*first].moment < *joined);
            buys && joined.duration_since(*since).as_hours() >= KNOWS_THE_SHOP_DAYS * 24
        };
        let thoughts = (0..THOUGHTS).map(|_| u32::try_from(dice.place(history.people.len())).unwrap_or(0));
        let thought: Vec<u32> = thoughts.collect();
        let fits = |inviter: &&u32| knows_the_shop(**inviter) && !sent.contains(&(**inviter, day(*joined)));
        let Some(inviter) = thought.iter().find(fits).copied() else { continue };
        sent.insert((inviter, day(*joined)));
        friends.push(Friend { invitee, inviter, purchase: first, at_checkout: day(*joined) == day(moment) });
    }
    friends
}

/// Of some friends, those who have bought once only and pay that now: who bought more was a customer before they said it.
pub(super) fn who_can_say_so_now(friends: Vec<Friend>, history: &History) -> Vec<Friend> {
    let bought = by_buyer(history);
    let once = friends.into_iter().filter(|friend| bought[friend.invitee as usize].len() == 1);
    once.map(|friend| Friend { at_checkout: true, ..friend }).collect()
}

/// Members who have a code: those who sent somebody, and some more.
pub(super) fn holders(seed: u64, history: &History, friends: &[Friend]) -> Vec<u32> {
    let mut dice = Dice::of(seed, STREAMS - 1);
    let asked = (0_u32..).zip(&history.people).filter(|_| dice.chance(HOLD_A_CODE)).map(|(place, _)| place);
    let holders: BTreeSet<u32> = asked.chain(friends.iter().map(|friend| friend.inviter)).collect();
    holders.into_iter().collect()
}

/// Where a life is told, some friends bring their first purchase back: a code alone keeps nobody.
pub(super) fn regret(seed: u64, history: &mut History, friends: &[Friend], end: Timestamp) {
    for friend in friends {
        let mut dice = Dice::of(seed, STREAMS * 2 + u64::from(friend.invitee));
        let purchase = &mut history.purchases[friend.purchase];
        let (regrets, after) = (dice.chance(REGRET), dice.between(2, 6));
        let back = purchase.moment + jiff::SignedDuration::from_hours(i64::try_from(after * 24).unwrap_or(48));
        if regrets && purchase.fate == Fate::Kept && back < end {
            purchase.fate = Fate::Returned(back, (0..purchase.lines.len()).collect());
        }
    }
}

/// Places of each member's purchases, earliest first.
pub(super) fn by_buyer(history: &History) -> Vec<Vec<usize>> {
    let mut bought = vec![Vec::new(); history.people.len()];
    for (place, purchase) in history.purchases.iter().enumerate() {
        if let Some(theirs) = purchase.buyer.and_then(|buyer| bought.get_mut(buyer as usize)) {
            theirs.push(place);
        }
    }
    bought
}

#[cfg(test)]
mod tests {
    use super::super::history::Shop;
    use super::*;

    fn zone() -> TimeZone {
        kernel::calendar::zone("Asia/Taipei").expect("known")
    }

    fn history() -> (History, Timestamp) {
        let end: Timestamp = "2026-11-21T03:00:00Z".parse().expect("an instant");
        (Shop::default().history(end, &zone()), end)
    }

    #[test]
    fn a_fourth_or_so_of_those_who_join_were_sent_by_somebody_who_knew_the_shop() {
        let (history, _) = history();
        let friends = friends(7, &history, Timestamp::MIN, &zone());
        assert!((200..600).contains(&friends.len()), "{} friends", friends.len());
        for friend in &friends {
            let (joined, since) =
                (history.people[friend.invitee as usize].1, history.people[friend.inviter as usize].1);
            assert!(joined.duration_since(since).as_hours() >= 7 * 24 && friend.invitee != friend.inviter);
            assert_eq!(history.purchases[friend.purchase].buyer, Some(friend.invitee));
        }
        assert!(friends.iter().any(|friend| friend.at_checkout) && friends.iter().any(|friend| !friend.at_checkout));
    }

    #[test]
    fn the_same_seed_sends_the_same_and_another_others() {
        let (history, _) = history();
        let sent = |seed| friends(seed, &history, Timestamp::MIN, &zone());
        assert_eq!(sent(7), sent(7));
        assert_ne!(sent(7), sent(8));
        assert_eq!(holders(7, &history, &sent(7)), holders(7, &history, &sent(7)));
    }

    #[test]
    fn at_the_end_only_those_say_so_whose_one_purchase_is_young() {
        let (history, end) = history();
        let since = end - jiff::SignedDuration::from_hours(14 * 24);
        let said = who_can_say_so_now(friends(7, &history, since, &zone()), &history);
        let bought = by_buyer(&history);
        assert!((2..40).contains(&said.len()), "{} friends", said.len());
        assert!(said.iter().all(|friend| friend.at_checkout && bought[friend.invitee as usize].len() == 1));
        assert!(said.iter().all(|friend| history.purchases[friend.purchase].moment >= since));
    }

    #[test]
    fn who_regrets_brings_everything_back_and_nothing_else_changes() {
        let (mut history, end) = history();
        let before = history.purchases.clone();
        let friends = friends(7, &history, Timestamp::MIN, &zone());
        regret(7, &mut history, &friends, end);
        let changed: Vec<usize> =
            (0..before.len()).filter(|place| history.purchases[*place] != before[*place]).collect();
        assert!((20..120).contains(&changed.len()), "{} regret", changed.len());
        for place in changed {
            let Fate::Returned(back, lines) = &history.purchases[place].fate else { panic!("it came back") };
            assert!(*back < end && lines.len() == before[place].lines.len());
            assert!(friends.iter().any(|friend| friend.purchase == place));
        }
    }
}
