//! What members bring along from another system: points that keep what was promised there, and what is owed there.
//!
//! Nothing is earned: no rule is applied, no tier reached, and what is there already is not renewed by it.

use jiff::Timestamp;
use kernel::{EntryId, LotId};

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange};
use super::reversing::take;
use super::settling::{Until, settle};
use crate::account::wallet::WalletCode;
use crate::programme::expiry::slide_of;
use crate::programme::terms::{DeficitPolicy, Terms, Versions};

/// What the causes of their entries begin with.
const CAUSE: &str = "opening/";

/// Points that were earned together in another system, or what is owed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What the other system calls it.
    pub reference: String,
    /// What is left of it; negative where it is owed.
    pub points: i64,
    /// When it was earned, or came to be owed.
    pub earned_at: Timestamp,
    /// From when on it can be spent, where that was told.
    pub usable_from: Option<Timestamp>,
    /// From when on it is lapsed; never, where that was not told.
    pub lapses_at: Option<Timestamp>,
}

/// What was taken over before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The entry.
    pub entry: EntryId,
    /// What it was.
    pub opening: Opening,
}

/// Why it is not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// It has lapsed.
    #[error("it has lapsed since {0}")]
    Over(Timestamp),
    /// It is earned later than now.
    #[error("it is earned only at {0}")]
    NotBegun(Timestamp),
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl Opening {
    /// What its entry stands under on the statement, and its lot comes from.
    pub fn cause(&self) -> String {
        format!("{CAUSE}{}", self.reference)
    }

    /// Reads it from what its entry was written with.
    pub fn told(cause: &str, points: i64, grounds: &Decision) -> Option<Self> {
        let told = |name: &str| grounds.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.parse());
        Some(Self {
            reference: cause.strip_prefix(CAUSE)?.to_owned(),
            points,
            earned_at: told("earn_time")?.ok()?,
            usable_from: told("usable_time").transpose().ok()?,
            lapses_at: told("lapse_time").transpose().ok()?,
        })
    }

    /// The first field in which another of the same reference says something else.
    pub fn differs_in(&self, other: &Self) -> Option<&'static str> {
        if self.points != other.points {
            Some("points")
        } else if self.earned_at != other.earned_at {
            Some("earn_time")
        } else if self.usable_from != other.usable_from {
            Some("usable_time")
        } else if self.lapses_at != other.lapses_at {
            Some("lapse_time")
        } else {
            None
        }
    }
}

/// Whether a text is the cause of something that was brought along.
pub fn is_cause(text: &str) -> bool {
    text.starts_with(CAUSE)
}

/// Takes it over, told with where it comes from.
pub fn open(
    holdings: &mut Holdings,
    versions: &Versions,
    terms: &Terms,
    (opening, reason): (&Opening, &str),
    now: Timestamp,
) -> Result<EntryId, CannotOpen> {
    let now = now.max(holdings.settled_until);
    if opening.earned_at > now {
        return Err(CannotOpen::NotBegun(opening.earned_at));
    }
    if let Some(lapses_at) = opening.lapses_at.filter(|lapse| *lapse <= now) {
        return Err(CannotOpen::Over(lapses_at));
    }
    // At one instant, points are taken before any are added.
    settle(holdings, versions, if opening.points < 0 { Until::Before(now) } else { Until::Earning(now) })?;
    let grounds = Decision::new("open", terms.number, now)
        .fact("reference", &opening.reference)
        .fact("earn_time", opening.earned_at)
        .fact_of("usable_time", opening.usable_from)
        .fact_of("lapse_time", opening.lapses_at);
    holdings.loading = true;
    let opened = if opening.points < 0 {
        owe(holdings, opening, grounds.step("owed", reason, opening.points), now)
    } else {
        keep(holdings, terms, opening, grounds.step("brought along", reason, opening.points), now)
    };
    holdings.loading = false;
    let entry = opened?;
    holdings.openings.push(Opened { entry, opening: opening.clone() });
    Ok(entry)
}

fn keep(
    holdings: &mut Holdings,
    terms: &Terms,
    opening: &Opening,
    grounds: Decision,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let cause = opening.cause();
    let id = lot_of(holdings, &cause);
    let lot = Lot {
        usable_from: opening.usable_from.filter(|usable| *usable > now),
        // Where points keep as long as their member comes by, so do these from now on.
        slide: slide_of(terms).filter(|_| opening.lapses_at.is_some()),
        ..Lot::new(id, cause.as_str(), opening.points, opening.earned_at, opening.lapses_at)
    };
    let draw = holdings.credit(lot)?;
    holdings.post(EntryKind::Earn, opening.points, cause, vec![draw], grounds, now)
}

/// What is owed was owed before anybody came here, whatever the programme says of owing.
fn owe(holdings: &mut Holdings, opening: &Opening, grounds: Decision, now: Timestamp) -> Result<EntryId, OutOfRange> {
    let cause = opening.cause();
    let owed = opening.points.checked_neg().ok_or(OutOfRange)?;
    let (draws, _) = take(holdings, &cause, owed, DeficitPolicy::Unlimited)?;
    holdings.post(EntryKind::EarnReversal, opening.points, cause, draws, grounds, now)
}

fn lot_of(holdings: &Holdings, cause: &str) -> LotId {
    let name = match holdings.wallet {
        WalletCode::POINTS => cause.to_owned(),
        wallet => format!("{wallet}/{cause}"),
    };
    LotId::derived_from(holdings.member.uuid(), &name)
}
