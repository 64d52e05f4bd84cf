//! A referral as it is kept, and how it moves.

use jiff::Timestamp;
use kernel::{EntryId, MemberId, OrderId, ReferralId};
use serde::{Deserialize, Serialize};

use super::decision::{Decision, Facts};
use super::life::{Happening, State, next};
use crate::codes::alphabet::Code;

/// Where somebody said who had invited them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Point {
    /// When they enrolled.
    Enrolment,
    /// When they paid.
    Checkout,
}

/// One of the two who are given points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Who invited.
    Inviter,
    /// Who was invited.
    Invitee,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Inviter, Self::Invitee];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inviter => "inviter",
            Self::Invitee => "invitee",
        }
    }
}

/// What loyalty is to be asked for, once a move is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Give one side its points.
    Grant(Side),
    /// Take them back.
    Revoke(Side),
}

/// One step; written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Counts from one.
    pub number: i64,
    /// Where it came from; nowhere, where it begins; where it came to, where something is only noted.
    pub from: Option<State>,
    /// Where it came to.
    pub to: State,
    /// Why, in a word.
    pub reason: String,
    /// What it rests on.
    pub evidence: Facts,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// A referral, and what has happened to it since it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Its id.
    pub id: ReferralId,
    /// Who invited.
    pub inviter: MemberId,
    /// Who was invited.
    pub invitee: MemberId,
    /// The code it began with.
    pub code: Code,
    /// Where it was told.
    pub point: Point,
    /// When the code was touched.
    pub touched_at: Timestamp,
    /// When it began.
    pub attributed_at: Timestamp,
    /// The order that was being paid then.
    pub checkout: Option<OrderId>,
    /// The terms that rule it.
    pub terms_version: i32,
    /// Points for who invited.
    pub inviter_points: i64,
    /// Points for who was invited.
    pub invitee_points: i64,
    /// Why it began as it did.
    pub grounds: Decision,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub entered_at: Timestamp,
    /// Where it was flagged.
    pub flagged_from: Option<State>,
    /// The order that counts.
    pub order: Option<OrderId>,
    /// When it may be approved.
    pub hold_ends_at: Option<Timestamp>,
    /// When it was approved first.
    pub approved_at: Option<Timestamp>,
    /// The inviter's entry in loyalty.
    pub inviter_entry: Option<EntryId>,
    /// The invitee's entry in loyalty.
    pub invitee_entry: Option<EntryId>,
    /// How many moves it has made.
    pub moves: i64,
    /// Moves since it was read.
    pub made: Vec<Move>,
    /// What follows from them.
    pub errands: Vec<Errand>,
}

impl Referral {
    /// Writes its beginning down.
    pub fn begin(&mut self, reason: &str, evidence: Facts) {
        self.note(None, State::Attributed, reason, evidence, self.attributed_at);
    }

    /// Something happens to it. False where that changes nothing.
    pub fn happen(&mut self, happening: Happening, reason: &str, evidence: Facts, at: Timestamp) -> bool {
        let Some(to) = next(self.state, self.flagged_from, happening) else { return false };
        // Nothing happens before what happened before it, however late it is heard.
        let at = at.max(self.entered_at);
        self.note(Some(self.state), to, reason, evidence, at);
        self.flagged_from = (to == State::Flagged).then_some(self.state);
        self.state = to;
        self.entered_at = at;
        match to {
            State::Approved => self.approve(at),
            State::Rejected | State::Reversed => self.take_back(),
            State::Attributed | State::Qualified | State::Held | State::Rewarded | State::Flagged => {}
        }
        true
    }

    /// One side has its points; once both have, it is rewarded.
    pub fn granted(&mut self, side: Side, entry: EntryId, at: Timestamp) {
        match side {
            Side::Inviter => self.inviter_entry = Some(entry),
            Side::Invitee => self.invitee_entry = Some(entry),
        }
        self.reward_if_complete(at);
    }

    /// Notes something where it stands, that a person may see it.
    pub fn remark(&mut self, reason: &str, evidence: Facts, at: Timestamp) {
        self.note(Some(self.state), self.state, reason, evidence, at.max(self.entered_at));
    }

    /// Points of one side.
    pub const fn points(&self, side: Side) -> i64 {
        match side {
            Side::Inviter => self.inviter_points,
            Side::Invitee => self.invitee_points,
        }
    }

    /// Who one side is.
    pub const fn member(&self, side: Side) -> MemberId {
        match side {
            Side::Inviter => self.inviter,
            Side::Invitee => self.invitee,
        }
    }

    /// The entry of one side in loyalty.
    pub const fn entry(&self, side: Side) -> Option<EntryId> {
        match side {
            Side::Inviter => self.inviter_entry,
            Side::Invitee => self.invitee_entry,
        }
    }

    fn approve(&mut self, at: Timestamp) {
        self.approved_at.get_or_insert(at);
        let missing: Vec<Errand> = Side::BOTH.into_iter().filter(|side| self.lacks(*side)).map(Errand::Grant).collect();
        self.errands.extend(missing);
        self.reward_if_complete(at);
    }

    fn lacks(&self, side: Side) -> bool {
        self.points(side) > 0 && self.entry(side).is_none()
    }

    fn reward_if_complete(&mut self, at: Timestamp) {
        if !Side::BOTH.into_iter().any(|side| self.lacks(side)) {
            let entries = Side::BOTH.into_iter().filter_map(|side| {
                let name = format!("{}_entry", side.word());
                self.entry(side).map(|entry| (name, entry.to_string()))
            });
            let evidence = entries.collect();
            self.happen(Happening::Granted, "POINTS_GRANTED", evidence, at);
        }
    }

    /// Also where nothing is known to be granted: a grant may be under way, and its revocation goes after it.
    fn take_back(&mut self) {
        if self.approved_at.is_some() {
            let granted = Side::BOTH.into_iter().filter(|side| self.points(*side) > 0);
            self.errands.extend(granted.map(Errand::Revoke).collect::<Vec<_>>());
        }
    }

    fn note(&mut self, from: Option<State>, to: State, reason: &str, evidence: Facts, occurred_at: Timestamp) {
        self.moves = self.moves.saturating_add(1);
        self.made.push(Move { number: self.moves, from, to, reason: reason.to_owned(), evidence, occurred_at });
    }
}
