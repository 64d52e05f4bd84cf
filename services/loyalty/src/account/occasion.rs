//! What an occasion brings: something of a member that is no order. They joined, it is their birthday, or they did something
//! that the shop tells.
//!
//! 1. An occasion is known once, by its id, which follows from the member and from what it is ([`OccasionFacts`]). Whoever
//!    tells it again is told what it brought.
//! 2. The rules in force at its time are judged at once for all wallets, by how the member stood then as far as it is known.
//!    What they give to one wallet is one lot and one entry, whose cause is the occasion.
//! 3. Points date from the occasion. Where they would have lapsed meanwhile they keep for the grace, unless the occasion is
//!    an enrolment or belongs to a history that is being loaded: that is booked as if it had been known in its time.
//! 4. It counts for no tier, no tier multiplies it, and it does not wait.

pub(super) mod desk;
mod reading;
pub(super) mod store;

use ::store::RequestKey;
use jiff::Timestamp;
use kernel::{CouponId, EntryId, MemberId, OccasionId, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::reading::OccasionView;
use super::decision::Decision;
use super::earning::grounds::told;
use super::earning::moment_of;
use super::facing::{self, Buyer};
use super::granting::lot_of;
use super::holdings::{EntryKind, Handing, Holdings, Lot, OutOfRange};
use super::judging::{Judged, Verdict, limited, met};
use super::reviewing;
use super::settling::{Until, settle};
use super::sliding::renew;
use super::uses::RuleUse;
use crate::account::wallet::WalletCode;
use crate::programme::expiry::{grace_instant, lapse_instant};
use crate::programme::occasions::{OccasionAward, OccasionRule, On};
use crate::programme::terms::{Terms, Versions};

/// An occasion as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OccasionFacts {
    /// Its id.
    pub id: OccasionId,
    /// What sort.
    pub on: On,
    /// What the shop calls it; of a birthday its year.
    pub external_id: String,
    /// Where it was; of an enrolment, how they came. Empty where not told.
    pub channel: String,
    /// How often.
    pub quantity: i64,
    /// When.
    pub occurred_at: Timestamp,
    /// Part of a history that is being loaded.
    pub historic: bool,
}

/// An occasion to record.
#[derive(Clone, Debug)]
pub struct NewOccasion {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose.
    pub member: MemberId,
    /// What.
    pub facts: OccasionFacts,
    /// When they joined, where whoever tells it knows: for an account that is opened with it.
    pub joined_at: Option<Timestamp>,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What an occasion brought to one wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccasionGift {
    /// Which.
    pub wallet: String,
    /// The entry; none where nothing was to be written.
    pub entry: Option<EntryId>,
    /// So many.
    pub points: i64,
    /// When they lapse.
    pub lapses_at: Option<Timestamp>,
}

/// A coupon that an occasion brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccasionCoupon {
    /// Of which campaign.
    pub campaign: String,
    /// It; none where the campaign gave none, or nothing was to be written.
    pub coupon: Option<CouponId>,
}

/// What a caller keeps of an occasion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccasionReceipt {
    /// Its id; none where nothing was to be written.
    pub occasion: Option<OccasionId>,
    /// It had been recorded before.
    pub repeated: bool,
    /// What it brought in points.
    pub gifts: Vec<OccasionGift>,
    /// What it brought in coupons.
    pub coupons: Vec<OccasionCoupon>,
    /// Missions that ask for it.
    pub missions: Vec<String>,
}

/// An occasion, and what it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What it is.
    pub facts: OccasionFacts,
    /// In points.
    pub gifts: Vec<OccasionGift>,
    /// In coupons.
    pub coupons: Vec<OccasionCoupon>,
    /// Why; none where no rule spoke of it.
    pub grounds: Option<Decision>,
    /// How the member stood, of one that was recorded just now.
    pub who: Option<Buyer>,
    /// Not written yet.
    pub touched: bool,
}

impl OccasionFacts {
    /// A member joined.
    pub fn enrolment(member: MemberId, channel: &str, occurred_at: Timestamp, historic: bool) -> Self {
        let id = OccasionId::derived_from(member.uuid(), "enrolment");
        let channel = channel.to_owned();
        Self { id, on: On::Enrolment, external_id: String::new(), channel, quantity: 1, occurred_at, historic }
    }

    /// It is a member's birthday in a calendar year.
    pub fn birthday(member: MemberId, year: i16, occurred_at: Timestamp) -> Self {
        let id = OccasionId::derived_from(member.uuid(), &format!("birthday/{year}"));
        let (external_id, channel) = (year.to_string(), String::new());
        Self { id, on: On::Birthday, external_id, channel, quantity: 1, occurred_at, historic: false }
    }

    /// A member did something: the event's code, and what the shop calls this one.
    pub fn event(member: MemberId, (event, external_id): (&str, &str), occurred_at: Timestamp) -> Self {
        let id = OccasionId::derived_from(member.uuid(), &format!("event/{event}/{external_id}"));
        let (on, external_id) = (On::Event(event.to_owned()), external_id.to_owned());
        Self { id, on, external_id, channel: String::new(), quantity: 1, occurred_at, historic: false }
    }

    /// It is booked as if it had been known when it happened.
    fn is_as_then(&self) -> bool {
        match self.on {
            On::Enrolment => true,
            On::Birthday | On::Event(_) => self.historic,
        }
    }
}

/// What a rule came to for an occasion.
#[derive(Clone, Debug)]
pub struct Came<'a> {
    rule: &'a OccasionRule,
    judged: Judged,
}

impl Came<'_> {
    fn is_applied(&self) -> bool {
        matches!(self.judged.verdict, Verdict::Applied { .. })
    }
}

/// Settles what fell due before an occasion becomes known, and tells how the member stands.
pub fn stand(
    holdings: &mut Holdings,
    versions: &Versions,
    facts: &OccasionFacts,
    now: Timestamp,
) -> Result<Buyer, OutOfRange> {
    let moment = moment_of(holdings, facts.occurred_at, facts.is_as_then(), now);
    settle(holdings, versions, Until::Earning(moment))?;
    let terms = versions.at(facts.occurred_at);
    if let Some(terms) = terms {
        reviewing::begin(holdings, terms, holdings.settled_until)?;
    }
    Ok(Buyer::at(holdings, facts.occurred_at, None, terms.map(|terms| &terms.terms)))
}

/// Judges all rules that speak of an occasion, in their order. `uses` is what was earned by limited rules before, in all
/// wallets.
pub fn judge<'a>(
    terms: &'a Terms,
    facts: &OccasionFacts,
    buyer: &Buyer,
    uses: &[RuleUse],
) -> Result<Vec<Came<'a>>, OutOfRange> {
    let faced = facing::occasion(facts, buyer, terms.zone.rules());
    let judged = |rule: &'a OccasionRule| {
        let moment = (facts.occurred_at, terms.zone.rules());
        let verdict = match met(&rule.when, &faced) {
            Some(verdict) => verdict,
            None => limited((&rule.code, &rule.limits), uses, moment, given(rule, facts)?),
        };
        let (code, display_name) = (rule.code.clone(), rule.display_name.clone());
        Ok(Came { rule, judged: Judged { code, display_name, counts: rule.counts(), verdict } })
    };
    terms.occasions.iter().filter(|rule| rule.rules(&facts.on, facts.occurred_at)).map(judged).collect()
}

fn given(rule: &OccasionRule, facts: &OccasionFacts) -> Result<i64, OutOfRange> {
    match rule.award {
        OccasionAward::Nothing => Ok(0),
        OccasionAward::Fixed(points) => Ok(points),
        OccasionAward::Each(points) => points.checked_mul(facts.quantity).ok_or(OutOfRange),
    }
}

/// Why an occasion brought what it did: to one wallet, or at all.
pub fn grounds(
    terms: &Terms,
    facts: &OccasionFacts,
    buyer: &Buyer,
    came: &[Came<'_>],
    wallet: Option<WalletCode>,
) -> Decision {
    let (on, event) = match &facts.on {
        On::Enrolment => ("enrolment", None),
        On::Birthday => ("birthday", None),
        On::Event(event) => ("event", Some(event)),
    };
    let grounds = Decision::new("earn", terms.number, facts.occurred_at)
        .fact("occasion", on)
        .fact_of("event", event)
        .fact_of("channel", Some(&facts.channel).filter(|channel| !channel.is_empty()))
        .fact("quantity", facts.quantity)
        .fact("tier", buyer.tier.as_deref().unwrap_or("none"));
    let of = came.iter().filter(|one| wallet.is_none_or(|wallet| one.rule.wallet == wallet));
    of.fold(grounds, |grounds, one| {
        let grounds = told(grounds, &one.judged);
        let grounds = match &one.rule.campaign {
            Some(campaign) => grounds.figure("campaign", campaign),
            None => grounds,
        };
        match one.rule.wallet {
            WalletCode::POINTS => grounds,
            wallet => grounds.figure("wallet", wallet),
        }
    })
}

/// Books what an occasion brings to one wallet; nothing where that is none.
pub fn book(
    holdings: &mut Holdings,
    versions: &Versions,
    facts: &OccasionFacts,
    (came, buyer): (&[Came<'_>], &Buyer),
    now: Timestamp,
) -> Result<Option<OccasionGift>, OutOfRange> {
    let moment = moment_of(holdings, facts.occurred_at, facts.is_as_then(), now);
    settle(holdings, versions, Until::Earning(moment))?;
    let wallet = holdings.wallet;
    let applied = || came.iter().filter(|one| one.rule.wallet == wallet && one.is_applied());
    let points = applied().try_fold(0_i64, |sum, one| sum.checked_add(one.judged.points())).ok_or(OutOfRange)?;
    holdings.uses.extend(applied().filter(|one| one.judged.counts).map(|one| RuleUse {
        of: facts.id.uuid(),
        rule: one.judged.code.clone(),
        points: one.judged.points(),
        back: 0,
        used_at: facts.occurred_at,
        touched: true,
    }));
    let Some(terms) = versions.at(facts.occurred_at).filter(|_| points > 0) else { return Ok(None) };
    let lapses_at = match lapse_instant(terms, facts.occurred_at)? {
        // What is told late is not born lapsed.
        Some(lapse) if lapse <= now && !facts.is_as_then() => Some(grace_instant(terms, now)?),
        other => other,
    };
    let cause = facts.id.to_string();
    let lot = lot_of(holdings.member, wallet, &cause);
    let renewed = renew(holdings, versions, facts.occurred_at)?;
    let draw = holdings.credit(Lot::earned(lot, cause.as_str(), points, facts.occurred_at, (lapses_at, terms)))?;
    let grounds = grounds(terms, facts, buyer, came, Some(wallet))
        .fact_of("lapse_time", lapses_at)
        .fact_of("renewed_until_time", renewed);
    let entry = holdings.post(EntryKind::Earn, points, cause, vec![draw], grounds, facts.occurred_at)?;
    Ok(Some(OccasionGift { wallet: wallet.to_string(), entry: Some(entry), points, lapses_at }))
}

/// The coupons that an occasion brings; none for a history that is being loaded.
pub fn coupons(facts: &OccasionFacts, came: &[Came<'_>]) -> Vec<Handing> {
    let applied = came.iter().filter(|one| one.is_applied() && !facts.historic);
    let handing = |one: &Came<'_>| {
        let campaign = one.rule.campaign.clone()?;
        let cause = Uuid::new_v5(&facts.id.uuid(), one.rule.code.as_bytes());
        Some(Handing { campaign, cause, reason: format!("occasion {}", one.rule.code), take_back: false })
    };
    applied.filter_map(handing).collect()
}
