//! A member as segmentation knows them, and what happens to them.
//!
//! At one instant a snapshot comes first, then what time does, then orders and returns. What was written is not written
//! anew: where a member was already looked at after the moment something happened, it changes them from when it is heard
//! on, or, in a history that is being loaded, from the last time they were looked at on.

use jiff::Timestamp;
use kernel::MemberId;

use super::cycle::Cycle;
use super::evaluation::{Look, Standing, next_change};
use super::lifecycle::Lifecycle;
use super::purchase::{Purchase, Return};
use super::rfm::Group;
use super::snapshot::Shop;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The group.
    Group(Group, Group),
    /// The lifecycle.
    Lifecycle(Lifecycle, Lifecycle),
}

/// A change of a member's group or lifecycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in the member's history.
    pub number: i64,
    /// From where to where.
    pub moved: Moved,
    /// Where they stand after it.
    pub standing: Standing,
    /// The order or return that caused it; empty where time or a snapshot did.
    pub cause: String,
    /// The snapshot it was decided under.
    pub snapshot: i64,
    /// When.
    pub occurred_at: Timestamp,
    /// Part of a history that is being loaded.
    pub historic: bool,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// When they joined, where that was heard.
    pub joined_at: Option<Timestamp>,
    /// What they bought.
    pub purchases: Vec<Purchase>,
    /// Where they stand, as of `settled_until`.
    pub standing: Standing,
    /// Since when they are in the group; since they joined where it never changed.
    pub group_since: Option<Timestamp>,
    /// The same of the lifecycle.
    pub lifecycle_since: Option<Timestamp>,
    /// The snapshot they were compared with.
    pub snapshot: i64,
    /// How often they changed.
    pub changes: i64,
    /// The last moment they were looked at.
    pub settled_until: Option<Timestamp>,
    /// When a part of a history was last heard: what happened before then is no news.
    pub history_until: Option<Timestamp>,
    /// Changes that are not written yet.
    pub fresh: Vec<Change>,
    /// Orders that are not written yet.
    pub bought: Vec<Purchase>,
    /// Returns that are not written yet, with what they are of.
    pub returned: Vec<(kernel::OrderId, Return)>,
    /// Something is to be written.
    pub touched: bool,
}

/// What is kept of a look for lists and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The first purchase and the last.
    pub first_and_last: Option<(Timestamp, Timestamp)>,
    /// Purchases.
    pub purchases: i64,
    /// Money.
    pub total_minor: i64,
    /// How often they buy.
    pub cycle: Cycle,
}

/// When something happens: at its own time where nothing later was decided.
fn moment_of(person: &Person, occurred_at: Timestamp, historic: bool, now: Timestamp) -> Timestamp {
    let occurred_at = occurred_at.min(now);
    match person.settled_until {
        Some(settled) if occurred_at < settled => {
            if historic {
                settled
            } else {
                now.max(settled)
            }
        }
        Some(_) | None => occurred_at,
    }
}

impl Person {
    /// Of whom nothing is known.
    pub fn new(member: MemberId) -> Self {
        Self {
            member,
            joined_at: None,
            purchases: Vec::new(),
            standing: Standing::PROSPECT,
            group_since: None,
            lifecycle_since: None,
            snapshot: 0,
            changes: 0,
            settled_until: None,
            history_until: None,
            fresh: Vec::new(),
            bought: Vec::new(),
            returned: Vec::new(),
            touched: false,
        }
    }

    /// Of whom something is heard for the first time: they are compared with the last snapshot.
    pub fn newcomer(member: MemberId, shop: &Shop) -> Self {
        Self { snapshot: shop.last().number, ..Self::new(member) }
    }

    /// They joined.
    pub fn join(&mut self, at: Timestamp) {
        self.joined_at = Some(at);
        self.touched = true;
    }

    /// They bought. An order that is known already says nothing new.
    pub fn buy(&mut self, purchase: Purchase, historic: bool, shop: &Shop, now: Timestamp) {
        if self.purchases.iter().any(|known| known.order == purchase.order) {
            return;
        }
        let at = self.begin(purchase.occurred_at, historic, shop, now);
        let cause = purchase.order.to_string();
        self.bought.push(purchase.clone());
        for back in &purchase.returns {
            self.returned.push((purchase.order, back.clone()));
        }
        self.purchases.push(purchase);
        self.decide(shop, at, &cause);
    }

    /// Something of an order came back; false where the order is not known.
    pub fn give_back(
        &mut self,
        order: kernel::OrderId,
        back: Return,
        historic: bool,
        shop: &Shop,
        now: Timestamp,
    ) -> bool {
        let Some(place) = self.purchases.iter().position(|known| known.order == order) else { return false };
        if self.purchases[place].returns.iter().any(|known| known.cause == back.cause) {
            return true;
        }
        let at = self.begin(back.occurred_at, historic, shop, now);
        let cause = back.cause.clone();
        self.returned.push((order, back.clone()));
        self.purchases[place].returns.push(back);
        self.decide(shop, at, &cause);
        true
    }

    fn begin(&mut self, occurred_at: Timestamp, historic: bool, shop: &Shop, now: Timestamp) -> Timestamp {
        if historic {
            self.history_until = Some(now);
        }
        self.touched = true;
        let at = moment_of(self, occurred_at, historic, now);
        self.settle(shop, at);
        at
    }

    /// Everything that happens by itself until a moment happens, each at its own instant.
    pub fn settle(&mut self, shop: &Shop, until: Timestamp) {
        self.skip_snapshots(shop);
        while let Some((at, snapshot)) = self.next_step(shop).filter(|(at, _)| *at <= until) {
            self.snapshot = snapshot;
            self.decide(shop, at, "");
        }
    }

    /// The next instant at which something happens by itself.
    pub fn next_due(&self, shop: &Shop) -> Option<Timestamp> {
        self.next_step(shop).map(|(at, _)| at)
    }

    /// What is kept for lists and counts, as of the last look.
    pub fn summary(&self, shop: &Shop) -> Summary {
        let frame = shop.frame(self.snapshot);
        let look = Look::at(&self.purchases, frame, self.settled_until.unwrap_or(Timestamp::MIN));
        Summary {
            first_and_last: look.first_and_last(),
            purchases: i64::try_from(look.purchases.len()).unwrap_or(i64::MAX),
            total_minor: look.total().0,
            cycle: look.cycle,
        }
    }

    /// A snapshot says nothing about who has bought nothing.
    fn skip_snapshots(&mut self, shop: &Shop) {
        let last = shop.last().number;
        if self.standing.lifecycle == Lifecycle::Prospect && self.snapshot < last {
            self.snapshot = last;
            self.touched = true;
        }
    }

    /// The next instant at which something happens, and the snapshot that rules then.
    fn next_step(&self, shop: &Shop) -> Option<(Timestamp, i64)> {
        let settled = self.settled_until?;
        let next = shop.after(self.snapshot).map(|snapshot| (snapshot.taken_at.max(settled), snapshot.number));
        let frame = shop.frame(self.snapshot);
        let due = next_change(&self.purchases, frame, settled, self.standing).map(|(at, _)| (at, self.snapshot));
        match (next, due) {
            (Some(next), Some(due)) if due.0 < next.0 => Some(due),
            (Some(next), _) => Some(next),
            (None, due) => due,
        }
    }

    fn decide(&mut self, shop: &Shop, at: Timestamp, cause: &str) {
        let before = self.standing;
        self.standing = super::evaluation::standing_at(&self.purchases, shop.frame(self.snapshot), at);
        self.settled_until = Some(at);
        self.touched = true;
        if before.lifecycle != self.standing.lifecycle {
            self.lifecycle_since = Some(at);
            self.note(Moved::Lifecycle(before.lifecycle, self.standing.lifecycle), at, cause);
        }
        if before.group != self.standing.group {
            self.group_since = Some(at);
            self.note(Moved::Group(before.group, self.standing.group), at, cause);
        }
    }

    fn note(&mut self, moved: Moved, at: Timestamp, cause: &str) {
        self.changes += 1;
        self.fresh.push(Change {
            number: self.changes,
            moved,
            standing: self.standing,
            cause: cause.to_owned(),
            snapshot: self.snapshot,
            occurred_at: at,
            historic: self.history_until.is_some_and(|until| at <= until),
        });
    }
}
