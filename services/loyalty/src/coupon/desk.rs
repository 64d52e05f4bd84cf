//! The desk of coupons: those that are given, and those whose time is over, batch by batch.
//!
//! As at the desk of accounts: shards are locked, then requests recalled, then what there is is read, then it is decided in
//! memory, then written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::store::{Desk, Place, Recall, RequestKey, StoreError, Tx};
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Clock, CouponId, MemberId, RequestId, Shard, TenantId};
use timers::Timer;

use super::standing::{Coupon, State};
use super::{CouponRefusal, Issue, IssueReceipt, events, store, timer};
use crate::campaign::terms::Window;
use crate::campaign::{self, Standing, Standings};
use crate::receipt::Reached;

/// A request to the desk.
#[derive(Debug)]
pub(super) enum Ask {
    Issue(Issue),
    Lapse { tenant: TenantId, coupons: Vec<(Shard, CouponId)> },
}

/// The desk's answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Done(IssueReceipt),
    Settled,
    Refused(CouponRefusal),
    Reused { field: String },
    TooOld { kept_days: u16 },
    Suspended,
}

type Twin = (TenantId, Shard, &'static str, RequestId);

/// What members hold, as it changes within the batch: unused coupons of a campaign, and the number of the last of any.
pub(super) struct Holdings {
    held: BTreeMap<(TenantId, MemberId, String), i64>,
    last: BTreeMap<(TenantId, MemberId), i64>,
}

/// What a tenant has, as far as the batch needs it.
pub(super) struct Grounds {
    suspended: bool,
    campaigns: Standings,
}

pub(super) struct CouponDesk {
    clock: Clock,
}

impl CouponDesk {
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock }
    }

    async fn work_off(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>, StoreError> {
        let now = self.clock.now();
        let recalled = recall(tx, asks, now).await?;
        let grounds = grounds(tx, asks, now).await?;
        let mut holdings = holdings(tx, asks, now).await?;
        let brought = brought(tx, asks).await?;
        let mut given: Vec<(TenantId, Coupon)> = Vec::new();
        let mut first: HashMap<Twin, usize> = HashMap::new();
        let mut answers: Vec<Answer> = Vec::with_capacity(asks.len());
        for (place, (ask, known)) in asks.iter().zip(recalled).enumerate() {
            let answer = match (ask, known) {
                (Ask::Lapse { tenant, coupons }, _) => lapse(tx, *tenant, coupons, now).await?,
                (Ask::Issue(_), Recall::Done(kept)) => {
                    Answer::Done(serde_json::from_value(kept).map_err(StoreError::unreadable)?)
                }
                (Ask::Issue(_), Recall::Reused { field }) => Answer::Reused { field },
                (Ask::Issue(_), Recall::TooOld { kept_days }) => Answer::TooOld { kept_days },
                (Ask::Issue(issue), Recall::New) => match twin(asks, &answers, &mut first, place) {
                    Some(answer) => answer,
                    None => {
                        let before = known_as(issue, &brought, &given);
                        before.unwrap_or_else(|| decide(&mut holdings, &mut given, &grounds, issue, now))
                    }
                },
            };
            answers.push(answer);
        }
        write(tx, &given, now).await?;
        remember(tx, asks, &mut answers, &first, now)?;
        Ok(answers)
    }
}

impl Desk for CouponDesk {
    type Ask = Ask;
    type Answer = Answer;

    fn place(ask: &Ask) -> Place {
        match ask {
            Ask::Issue(issue) => {
                Place { tenants: [issue.tenant].into(), shards: [Shard::of_member(issue.member)].into() }
            }
            Ask::Lapse { tenant, coupons } => {
                Place { tenants: [*tenant].into(), shards: coupons.iter().map(|(shard, _)| *shard).collect() }
            }
        }
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Answer>, StoreError>> {
        Box::pin(self.work_off(tx, asks))
    }
}

fn issues(asks: &[Ask]) -> impl Iterator<Item = &Issue> {
    asks.iter().filter_map(|ask| match ask {
        Ask::Issue(issue) => Some(issue),
        Ask::Lapse { .. } => None,
    })
}

fn key(ask: &Ask) -> Option<(TenantId, Shard, &RequestKey)> {
    match ask {
        Ask::Issue(issue) => Some((issue.tenant, Shard::of_member(issue.member), &issue.key)),
        Ask::Lapse { .. } => None,
    }
}

async fn recall(tx: &mut Tx, asks: &[Ask], now: Timestamp) -> Result<Vec<Recall<serde_json::Value>>, StoreError> {
    let keyed: Vec<_> = asks.iter().filter_map(key).collect();
    let mut known = tx.recall_all(&keyed, now).await?.into_iter();
    Ok(asks.iter().map(|ask| key(ask).and_then(|_| known.next()).unwrap_or(Recall::New)).collect())
}

pub(super) async fn grounds(
    tx: &mut Tx,
    asks: &[Ask],
    now: Timestamp,
) -> Result<HashMap<TenantId, Grounds>, StoreError> {
    let mut asked: BTreeMap<TenantId, BTreeSet<(String, i32)>> = BTreeMap::new();
    for issue in issues(asks) {
        asked.entry(issue.tenant).or_default().insert((issue.campaign.clone(), 0));
    }
    let mut all = HashMap::new();
    for (tenant, asked) in asked {
        let suspended = ::terms::of(tx, tenant).await?.suspended;
        let campaigns = campaign::within(tx.connection(), tenant, &asked, now).await?;
        all.insert(tenant, Grounds { suspended, campaigns });
    }
    Ok(all)
}

pub(super) async fn holdings(tx: &mut Tx, asks: &[Ask], now: Timestamp) -> Result<Holdings, StoreError> {
    let asked: BTreeSet<_> = issues(asks).map(|issue| (issue.tenant, issue.member, issue.campaign.clone())).collect();
    let mut holdings = Holdings { held: BTreeMap::new(), last: BTreeMap::new() };
    if asked.is_empty() {
        return Ok(holdings);
    }
    for ((tenant, member, campaign), (held, last)) in store::held(tx.connection(), &asked, now).await? {
        holdings.held.insert((tenant, member, campaign), held);
        holdings.last.insert((tenant, member), last);
    }
    Ok(holdings)
}

/// Coupons that were brought along before under the references of some issues.
async fn brought(tx: &mut Tx, asks: &[Ask]) -> Result<BTreeMap<CouponId, Coupon>, StoreError> {
    let mut asked: BTreeMap<TenantId, Vec<(Shard, CouponId)>> = BTreeMap::new();
    for issue in issues(asks) {
        let id = issue.opening.as_ref().map(|opening| (Shard::of_member(issue.member), opening.id(issue.member)));
        if let Some(id) = id {
            asked.entry(issue.tenant).or_default().push(id);
        }
    }
    let mut known = BTreeMap::new();
    for (tenant, asked) in asked {
        let found = store::by_id(tx.connection(), tenant, &asked).await?;
        known.extend(found.into_iter().map(|coupon| (coupon.id, coupon)));
    }
    Ok(known)
}

/// Why a coupon is not brought along a second time, in this batch or after another.
fn known_as(issue: &Issue, brought: &BTreeMap<CouponId, Coupon>, given: &[(TenantId, Coupon)]) -> Option<Answer> {
    let opening = issue.opening.as_ref()?;
    let id = opening.id(issue.member);
    let here = given.iter().map(|(_, coupon)| coupon).find(|coupon| coupon.id == id);
    let before = brought.get(&id).or(here)?;
    let reference = opening.reference.clone();
    Some(Answer::Refused(match opening.differs_in(&issue.campaign, before) {
        Some(field) => CouponRefusal::BroughtDiffers { reference, field, coupon: id },
        None => CouponRefusal::AlreadyBrought { reference, coupon: id },
    }))
}

/// When a coupon can be used that is given now, and what it is known by; or why it is not given.
fn terms_of(
    found: &Standing,
    (issue, held): (&Issue, i64),
    now: Timestamp,
) -> Result<(Window, CouponId), CouponRefusal> {
    let campaign = || issue.campaign.clone();
    if let Some(opening) = &issue.opening {
        let window = opening.window(now);
        return match window.until.filter(|until| *until <= now) {
            Some(until) => Err(CouponRefusal::BroughtOver { until }),
            None => Ok((window, opening.id(issue.member))),
        };
    }
    if let Some(until) = found.terms.valid_until.filter(|until| *until <= now) {
        return Err(CouponRefusal::Over { campaign: campaign(), until });
    }
    if let Some(most) = found.terms.max_held.filter(|most| held >= *most) {
        return Err(CouponRefusal::TooManyHeld { campaign: campaign(), held, most });
    }
    let window = found.terms.window(now);
    // What could never be used is not given.
    if let Some(until) = window.until.filter(|until| *until <= window.from) {
        return Err(CouponRefusal::Over { campaign: campaign(), until });
    }
    Ok((window, CouponId::derived_from(issue.key.id.uuid(), &issue.member.to_string())))
}

pub(super) fn decide(
    holdings: &mut Holdings,
    given: &mut Vec<(TenantId, Coupon)>,
    grounds: &HashMap<TenantId, Grounds>,
    issue: &Issue,
    now: Timestamp,
) -> Answer {
    let Some(grounds) = grounds.get(&issue.tenant).filter(|grounds| !grounds.suspended) else {
        return Answer::Suspended;
    };
    let campaign = issue.campaign.clone();
    if !issue.known {
        return Answer::Refused(CouponRefusal::MemberNotFound { member: issue.member });
    }
    let Some(found) = grounds.campaigns.get(&(campaign.clone(), 0)) else {
        return Answer::Refused(CouponRefusal::CampaignNotFound { campaign });
    };
    let held = holdings.held.entry((issue.tenant, issue.member, campaign.clone())).or_default();
    let (window, id) = match terms_of(found, (issue, *held), now) {
        Ok(given) => given,
        Err(refusal) => return Answer::Refused(refusal),
    };
    let mut receipt = IssueReceipt {
        coupon: None,
        version: found.version,
        valid_from: window.from,
        valid_until: window.until,
        reached: Reached::default(),
    };
    if issue.validate_only {
        return Answer::Done(receipt);
    }
    *held = held.saturating_add(1);
    let last = holdings.last.entry((issue.tenant, issue.member)).or_default();
    *last = last.saturating_add(1);
    let coupon = Coupon {
        id,
        member: issue.member,
        campaign,
        version: found.version,
        number: *last,
        state: State::Issued,
        state_at: now,
        window,
        reservation: None,
        reserved_until: None,
        reason: issue.reason.clone(),
        issued_at: now,
    };
    given.push((issue.tenant, coupon));
    receipt.coupon = Some(id);
    Answer::Done(receipt)
}

/// Lets those lapse whose time is over. One that is put aside keeps no timer: whoever gives it up lets it lapse.
async fn lapse(
    tx: &mut Tx,
    tenant: TenantId,
    coupons: &[(Shard, CouponId)],
    now: Timestamp,
) -> Result<Answer, StoreError> {
    let found = store::by_id(tx.connection(), tenant, coupons).await?;
    let over: Vec<&Coupon> = found
        .iter()
        .filter(|coupon| {
            let (state, _) = coupon.at(now);
            state == State::Lapsed && coupon.state != State::Lapsed
        })
        .collect();
    let lapsed: Vec<_> =
        over.iter().map(|coupon| (Shard::of_member(coupon.member), coupon.id, coupon.at(now).1)).collect();
    if !lapsed.is_empty() {
        store::lapse(tx.connection(), tenant, &lapsed).await?;
    }
    let said: Vec<_> = over.iter().map(|coupon| events::lapsed(tenant, coupon, now)).collect();
    eventlog::append(tx, said, now)?;
    // Whatever rang is over, or is put aside past its time, or is not there any more.
    let timers: Vec<Timer> = coupons
        .iter()
        .map(|(shard, coupon)| {
            let known = found.iter().find(|known| known.id == *coupon);
            let due_at = known.and_then(|known| known.window.until).filter(|until| *until > now);
            Timer { tenant, shard: *shard, subject: coupon.uuid(), kind: super::OVER, due_at }
        })
        .collect();
    timers::set(tx, &timers).await?;
    Ok(Answer::Settled)
}

pub(super) async fn write(tx: &mut Tx, given: &[(TenantId, Coupon)], now: Timestamp) -> Result<(), StoreError> {
    if given.is_empty() {
        return Ok(());
    }
    store::insert(tx.connection(), given).await?;
    let due: Vec<Timer> = given
        .iter()
        .filter(|(_, coupon)| coupon.window.until.is_some())
        .map(|(tenant, coupon)| timer(*tenant, coupon))
        .collect();
    timers::set(tx, &due).await?;
    let said: Vec<_> = given.iter().map(|(tenant, coupon)| events::issued(*tenant, coupon)).collect();
    eventlog::append(tx, said, now)
}

/// Twins of one batch: the first that is done is carried out, the others get its answer, or are told which field differs.
/// What was refused is decided anew: by the second time registry may have been asked who the member is.
fn twin(asks: &[Ask], answers: &[Answer], first: &mut HashMap<Twin, usize>, place: usize) -> Option<Answer> {
    let (tenant, shard, own) = key(&asks[place])?;
    let mut known = match first.entry((tenant, shard, own.rpc, own.id)) {
        std::collections::hash_map::Entry::Vacant(vacant) => {
            vacant.insert(place);
            return None;
        }
        std::collections::hash_map::Entry::Occupied(known) => known,
    };
    let (.., before) = key(&asks[*known.get()])?;
    if let Some(field) = before.digests.first_difference(&own.digests) {
        return Some(Answer::Reused { field: field.to_owned() });
    }
    match answers.get(*known.get()) {
        Some(done @ Answer::Done(_)) => Some(done.clone()),
        Some(_) | None => {
            known.insert(place);
            None
        }
    }
}

fn remember(
    tx: &mut Tx,
    asks: &[Ask],
    answers: &mut [Answer],
    first: &HashMap<Twin, usize>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (place, (ask, answer)) in asks.iter().zip(answers.iter_mut()).enumerate() {
        let (Some((tenant, shard, own)), Answer::Done(receipt)) = (key(ask), answer) else { continue };
        if receipt.coupon.is_none() || receipt.reached != Reached::default() {
            continue;
        }
        receipt.reached = Reached::of(tx, shard);
        if first.get(&(tenant, shard, own.rpc, own.id)) == Some(&place) {
            tx.remember(tenant, shard, own, &*receipt, now)?;
        }
    }
    Ok(())
}
