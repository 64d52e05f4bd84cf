//! Holds on a random walk.

use jiff::SignedDuration;
use kernel::{HoldId, Points};
use uuid::Uuid;

use super::Walk;
use crate::account::holding::{capture, hold, release};
use crate::account::holdings::EntryKind;
use crate::account::reversing::Redeemed;

fn hold_id(number: usize) -> HoldId {
    HoldId::from(Uuid::new_v5(&Uuid::nil(), number.to_string().as_bytes()))
}

impl Walk {
    pub(super) fn hold(&mut self, points: i64, days: i64) {
        let (id, lifetime) = (hold_id(self.model.holds.len()), SignedDuration::from_hours(24 * days));
        let what = (Points(points), "dinner");
        let entries = self.holdings.entries;
        let held = hold(&mut self.holdings, &self.versions, id, what, lifetime, self.now).ok();
        let taken = self.model.take(points);
        assert_eq!(held.is_some(), taken.is_some(), "hold {points}");
        assert_eq!(self.holdings.entries, entries, "holding is no entry");
        if let (Some(until), Some(taken)) = (held, taken) {
            self.model.holds.push((until, taken));
        }
    }

    pub(super) fn capture(&mut self, which: usize, percent: i64, keep: bool) {
        let which = which % self.model.holds.len().max(1);
        let Some((_, held)) = self.model.holds.get(which) else { return };
        let all = i64::try_from(held.len()).expect("few");
        // Now and then more than is held is asked for.
        let points = (all * percent / 100).max(1);
        let before = self.holdings.postings.len();
        let spent = capture(&mut self.holdings, &self.versions, hold_id(which), (Some(Points(points)), keep), self.now);
        assert_eq!(spent.is_ok(), points <= all, "{points} of {all} held");
        let Ok(entry) = spent else { return };
        let posting = &self.holdings.postings[before];
        assert_eq!((posting.id, posting.kind, posting.points), (entry, EntryKind::Redemption, -points));
        self.redemptions.push(Redeemed { entry, draws: posting.draws.clone() });
        let points = usize::try_from(points).expect("positive");
        self.model.renew(self.now, self.now);
        let spent = self.model.holds[which].1.drain(..points).collect();
        self.model.spent.push(spent);
        if !keep {
            self.model.let_go(which, self.now);
        }
    }

    pub(super) fn release(&mut self, which: usize) {
        let which = which % self.model.holds.len().max(1);
        let Some((_, held)) = self.model.holds.get(which) else { return };
        let (all, before) = (i64::try_from(held.len()).expect("few"), self.holdings.entries);
        let quiet = all == 0 || self.model.owed == 0 && held.iter().all(|(lapses, ..)| *lapses > self.now);
        let let_go = release(&mut self.holdings, &self.versions, hold_id(which), self.now).ok();
        assert_eq!(let_go, Some(all).filter(|all| *all > 0));
        assert_eq!(self.holdings.entries == before, quiet, "letting go is no entry where nothing comes of it");
        self.model.let_go(which, self.now);
    }
}
