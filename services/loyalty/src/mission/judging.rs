//! Which windows a member has begun, and which rewards they should have.
//!
//! 1. A window is begun by the first thing that counts, or by accepting; it keeps the version it was begun with.
//! 2. What a member should have follows from what they did and kept. A reward that is there stays where its window still
//!    supports it; only what came back takes one away, the last first.
//! 3. Rewards are wanted or not here, and paid or taken back elsewhere ([`super::desk`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::OutOfCalendar;
use kernel::{CouponId, EntryId, MemberId, MissionRewardId};

use super::counting::{Reached, reached};
use super::facts::{Deed, Event, Order, Who, of_event, of_order};
use super::terms::{Definition, Terms};
use super::windows::{Span, span};

/// A window a member has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Of which mission.
    pub mission: String,
    /// When it is.
    pub span: Span,
    /// The version whose terms hold.
    pub version: i32,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Changed since it was read.
    pub touched: bool,
}

/// How far the paying of a reward has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// Nothing was done yet.
    Not,
    /// The budget is taken, the reward is being given.
    Giving,
    /// The member has it.
    Given,
    /// The budget was spent.
    Denied,
    /// It is being taken back.
    Taking,
    /// It was taken back.
    Taken,
}

/// A reward of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reward {
    /// Of which mission.
    pub mission: String,
    /// In which window.
    pub window: String,
    /// Which of the window's, from 1 on.
    pub number: i64,
    /// Its place among the member's.
    pub place: i64,
    /// How often it was begun to be given: what was taken back may be earned anew.
    pub attempt: i64,
    /// The version it was earned by.
    pub version: i32,
    /// Points of it.
    pub points: i64,
    /// Campaign of its coupon.
    pub campaign: Option<String>,
    /// When the mission was completed.
    pub completed_at: Timestamp,
    /// The member should have it.
    pub wanted: bool,
    /// How far the paying has come.
    pub paid: Paid,
    /// The entry that gave the points.
    pub entry: Option<EntryId>,
    /// The coupon.
    pub coupon: Option<CouponId>,
    /// Changed since it was read.
    pub touched: bool,
}

impl Reward {
    /// What names it: the cause of its entry.
    pub fn id(&self, member: MemberId) -> MissionRewardId {
        let Self { mission, window, number, attempt, .. } = self;
        MissionRewardId::derived_from(member.uuid(), &format!("mission/{mission}/{window}/{number}/{attempt}"))
    }

    /// Whether something is to be done for it.
    pub const fn is_owed(&self) -> bool {
        match (self.paid, self.wanted) {
            (Paid::Not | Paid::Taken, wanted) => wanted,
            (Paid::Given, wanted) => !wanted,
            (Paid::Giving | Paid::Taking, _) => true,
            (Paid::Denied, _) => false,
        }
    }
}

/// All missions know of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Orders.
    pub orders: Vec<Order>,
    /// Events.
    pub events: Vec<Event>,
    /// Windows that were begun.
    pub rounds: Vec<Round>,
    /// Rewards.
    pub rewards: Vec<Reward>,
}

/// Missions of a tenant: the last version of each, and older ones that windows were begun with.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// The last versions.
    pub last: BTreeMap<String, Definition>,
    /// Others.
    pub older: BTreeMap<(String, i32), Definition>,
}

impl Definitions {
    /// A version of a mission.
    pub fn of(&self, mission: &str, version: i32) -> Option<&Definition> {
        let last = self.last.get(mission).filter(|last| last.version == version);
        last.or_else(|| self.older.get(&(mission.to_owned(), version)))
    }
}

/// What a judgement changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A reward is to be given.
    Completed(Reward),
    /// One is not to be given any more, or to be taken back.
    Reopened(Reward),
}

/// Whether a mission is for somebody.
pub fn is_for(terms: &Terms, who: &Who) -> bool {
    terms.audience.rule().is_ok_and(|rule| rule.is_none_or(|rule| rule.holds(who)))
}

/// Everything that counts for a mission, in the order in which it happened.
pub fn deeds(terms: &Terms, record: &Record, zone: &TimeZone) -> Vec<Deed> {
    let orders = record.orders.iter().filter_map(|order| of_order(terms, order, zone));
    let mut deeds: Vec<Deed> = orders.chain(record.events.iter().filter_map(|event| of_event(terms, event))).collect();
    deeds.sort_by(|one, other| (one.at, &one.name).cmp(&(other.at, &other.name)));
    deeds
}

/// How far a window has come.
pub fn progress(
    mission: &Definition,
    round: &Round,
    record: &Record,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Reached, OutOfCalendar> {
    let from = round.accepted_at.map_or(round.span.from, |at| at.max(round.span.from));
    let within = |at: Timestamp| from <= at && round.span.until.is_none_or(|until| at < until);
    let deeds: Vec<Deed> = deeds(&mission.terms, record, zone).into_iter().filter(|deed| within(deed.at)).collect();
    reached(&mission.terms, &deeds, now, zone)
}

/// Begins windows and settles which rewards a member should have.
pub fn judge(
    definitions: &Definitions,
    record: &mut Record,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<Change>, OutOfCalendar> {
    let mut changes = Vec::new();
    for mission in definitions.last.values() {
        if !mission.terms.opt_in {
            begin(mission, record, zone)?;
        }
        settle(definitions, mission, record, now, zone, &mut changes)?;
    }
    Ok(changes)
}

/// Begins the windows in which something counts. What a window that was begun covers belongs to it, whatever the terms of
/// a later version say windows are.
fn begin(mission: &Definition, record: &mut Record, zone: &TimeZone) -> Result<(), OutOfCalendar> {
    for deed in deeds(&mission.terms, record, zone) {
        let own = || record.rounds.iter().filter(|round| round.mission == mission.code);
        let covered =
            own().any(|round| round.span.from <= deed.at && round.span.until.is_none_or(|until| deed.at < until));
        let Some(mut span) = span(mission, (deed.joined_at, None), deed.at, zone)?.filter(|_| !covered) else {
            continue;
        };
        let ended = own().filter_map(|round| round.span.until).filter(|until| *until <= deed.at).max();
        let begun = own().map(|round| round.span.from).filter(|from| *from > deed.at).min();
        if own().any(|round| round.span.key == span.key) {
            // The window ended under older terms, and the last version goes on after that.
            span.key = format!("{}-v{}", span.key, mission.version);
            if own().any(|round| round.span.key == span.key) {
                continue;
            }
        }
        span.from = ended.map_or(span.from, |ended| span.from.max(ended));
        span.until = [span.until, begun].into_iter().flatten().min();
        record.rounds.push(Round {
            mission: mission.code.clone(),
            span,
            version: mission.version,
            accepted_at: None,
            touched: true,
        });
    }
    Ok(())
}

/// How many rewards each window supports, and when they were earned.
fn settle(
    definitions: &Definitions,
    mission: &Definition,
    record: &mut Record,
    now: Timestamp,
    zone: &TimeZone,
    changes: &mut Vec<Change>,
) -> Result<(), OutOfCalendar> {
    let mut rounds: Vec<Round> = record.rounds.iter().filter(|round| round.mission == mission.code).cloned().collect();
    rounds.sort_by(|one, other| (one.span.from, &one.span.key).cmp(&(other.span.from, &other.span.key)));
    let mut earned: Vec<(&Definition, &Round, Vec<Timestamp>)> = Vec::with_capacity(rounds.len());
    for round in &rounds {
        // A version that is not there any more is none that anything was promised by.
        let Some(terms) = definitions.of(&round.mission, round.version) else { continue };
        earned.push((terms, round, progress(terms, round, record, now, zone)?.completed));
    }
    for (_, round, completed) in &earned {
        for reward in record.rewards.iter_mut().filter(|reward| is_of(reward, round) && reward.wanted) {
            if reward.number > i64::try_from(completed.len()).unwrap_or(i64::MAX) {
                reward.wanted = false;
                reward.touched = true;
                if reward.paid == Paid::Denied {
                    reward.paid = Paid::Not;
                }
                changes.push(Change::Reopened(reward.clone()));
            }
        }
    }
    let own = |reward: &&Reward| reward.mission == mission.code && reward.wanted;
    let mut in_all = i64::try_from(record.rewards.iter().filter(own).count()).unwrap_or(i64::MAX);
    for (terms, round, completed) in &earned {
        for (number, at) in (1_i64..).zip(completed) {
            if mission.terms.most_in_all.is_some_and(|most| in_all >= most) {
                return Ok(());
            }
            if let Some(reward) = want(record, terms, round, (number, *at)) {
                in_all = in_all.saturating_add(1);
                changes.push(Change::Completed(reward));
            }
        }
    }
    Ok(())
}

fn is_of(reward: &Reward, round: &Round) -> bool {
    reward.mission == round.mission && reward.window == round.span.key
}

/// Wants a reward that is not wanted yet.
fn want(record: &mut Record, mission: &Definition, round: &Round, (number, at): (i64, Timestamp)) -> Option<Reward> {
    let place = record.rewards.iter().map(|reward| reward.place).max().unwrap_or(0).saturating_add(1);
    let known = record.rewards.iter_mut().find(|reward| is_of(reward, round) && reward.number == number);
    if let Some(reward) = known {
        if reward.wanted {
            return None;
        }
        (reward.wanted, reward.touched, reward.completed_at) = (true, true, at);
        return Some(reward.clone());
    }
    let reward = Reward {
        mission: round.mission.clone(),
        window: round.span.key.clone(),
        number,
        place,
        attempt: 1,
        version: round.version,
        points: mission.terms.reward.points,
        campaign: mission.terms.reward.campaign.clone(),
        completed_at: at,
        wanted: true,
        paid: Paid::Not,
        entry: None,
        coupon: None,
        touched: true,
    };
    record.rewards.push(reward.clone());
    Some(reward)
}
