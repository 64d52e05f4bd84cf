//! The desk of reservations, batch by batch: the locks of all are taken together, then each is decided and written in turn.
//!
//! Whoever asks has looked up where it writes before; what is read under the lock decides. Where that lies elsewhere by
//! now, the request comes again with the right place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::store::{Desk, Place, Recall, RequestKey, StoreError, Tx};
use eventlog::NewEvent;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Clock, MemberId, RequestId, ReservationId, Shard, TenantId, calendar};

use super::applying::Discount;
use super::judging::{Moment, Offer};
use super::life::{Part, Reservation, State, What};
use super::reading::gather;
use super::{End, Receipt, ReservationRefusal, Reserve, events, store, timer, touched};
use crate::campaign::terms::ReturnRule;
use crate::receipt::Reached;
use crate::{campaign, codes, coupon};

/// A request to the desk, and where it writes beside the member's shard.
#[derive(Debug)]
pub(super) enum Ask {
    Reserve { ask: Box<Reserve>, at: BTreeSet<Shard> },
    End { ask: Box<End>, at: BTreeSet<Shard> },
    Ring { tenant: TenantId, shard: Shard, reservation: ReservationId, at: BTreeSet<Shard> },
}

/// The desk's answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Done(Box<Receipt>),
    Settled,
    /// It writes elsewhere than was thought.
    Again,
    Refused(ReservationRefusal),
    Reused {
        field: String,
    },
    TooOld {
        kept_days: u16,
    },
    Suspended,
}

type Twin = (TenantId, Shard, &'static str, RequestId);

impl Ask {
    fn key(&self) -> Option<(TenantId, Shard, &RequestKey)> {
        match self {
            Self::Reserve { ask, .. } => Some((ask.tenant, Shard::of_member(ask.member), &ask.key)),
            Self::End { ask, .. } => Some((ask.tenant, Shard::of_member(ask.member), &ask.key)),
            Self::Ring { .. } => None,
        }
    }

    fn only_validates(&self) -> bool {
        match self {
            Self::Reserve { ask, .. } => ask.validate_only,
            Self::End { ask, .. } => ask.validate_only,
            Self::Ring { .. } => false,
        }
    }
}

fn done(reservation: Reservation) -> Answer {
    Answer::Done(Box::new(Receipt { reservation, reached: Reached::default() }))
}

fn changed_meanwhile() -> StoreError {
    StoreError::unreadable("a counter that was read under its lock is another when it is written")
}

pub(super) struct ReservationDesk {
    clock: Clock,
}

impl ReservationDesk {
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock }
    }

    async fn work_off(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>, StoreError> {
        let now = self.clock.now();
        let keyed: Vec<_> = asks.iter().filter_map(Ask::key).collect();
        let mut recalled = tx.recall_all(&keyed, now).await?.into_iter();
        let mut first: HashMap<Twin, (Answer, RequestKey)> = HashMap::new();
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let Some((tenant, shard, key)) = ask.key() else {
                answers.push(work(tx, ask, now).await?);
                continue;
            };
            let place = (tenant, shard, key.rpc, key.id);
            let twin = first.get(&place).cloned();
            let answer = match (recalled.next().unwrap_or(Recall::New), twin) {
                (Recall::Done(kept), _) => Answer::Done(serde_json::from_value(kept).map_err(StoreError::unreadable)?),
                (Recall::Reused { field }, _) => Answer::Reused { field },
                (Recall::TooOld { kept_days }, _) => Answer::TooOld { kept_days },
                (Recall::New, Some((known, before))) => match before.digests.first_difference(&key.digests) {
                    Some(field) => Answer::Reused { field: field.to_owned() },
                    None => known,
                },
                (Recall::New, None) => {
                    let answer = carry_out(tx, ask, now).await?;
                    first.insert(place, (answer.clone(), key.clone()));
                    answer
                }
            };
            answers.push(answer);
        }
        Ok(answers)
    }
}

impl Desk for ReservationDesk {
    type Ask = Ask;
    type Answer = Answer;

    fn place(ask: &Ask) -> Place {
        let (tenant, home, at) = match ask {
            Ask::Reserve { ask, at } => (ask.tenant, Shard::of_member(ask.member), at),
            Ask::End { ask, at } => (ask.tenant, Shard::of_member(ask.member), at),
            Ask::Ring { tenant, shard, at, .. } => (*tenant, *shard, at),
        };
        let mut shards = at.clone();
        shards.insert(home);
        Place { tenants: [tenant].into(), shards }
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Answer>, StoreError>> {
        Box::pin(self.work_off(tx, asks))
    }
}

/// Works a call off and writes its receipt down.
async fn carry_out(tx: &mut Tx, ask: &Ask, now: Timestamp) -> Result<Answer, StoreError> {
    let answer = work(tx, ask, now).await?;
    let (Some((tenant, shard, key)), Answer::Done(receipt)) = (ask.key(), &answer) else { return Ok(answer) };
    if ask.only_validates() {
        return Ok(answer);
    }
    let receipt = Receipt { reached: Reached::of(tx, shard), ..(**receipt).clone() };
    tx.remember(tenant, shard, key, &receipt, now)?;
    Ok(Answer::Done(Box::new(receipt)))
}

async fn work(tx: &mut Tx, ask: &Ask, now: Timestamp) -> Result<Answer, StoreError> {
    match ask {
        Ask::Reserve { ask, .. } => reserve(tx, ask, now).await,
        Ask::End { ask, .. } => end(tx, ask, now).await,
        Ask::Ring { tenant, shard, reservation, .. } => ring(tx, (*tenant, *shard), *reservation, now).await,
    }
}

async fn reserve(tx: &mut Tx, ask: &Reserve, now: Timestamp) -> Result<Answer, StoreError> {
    let settled = ::terms::of(tx, ask.tenant).await?;
    if settled.suspended {
        return Ok(Answer::Suspended);
    }
    let before = store::of_order(tx.connection(), ask.tenant, ask.member, &ask.order).await?;
    if let Some(before) = &before {
        let order = || ask.order.clone();
        match before.at(now).0 {
            State::Reserved if before.asked == ask.asked => return Ok(done(before.clone())),
            State::Reserved => {
                let reservation = before.id;
                return Ok(Answer::Refused(ReservationRefusal::OrderReserved { order: order(), reservation }));
            }
            state @ (State::Redeemed | State::Returned) => {
                return Ok(Answer::Refused(ReservationRefusal::Over { order: order(), state }));
            }
            State::Cancelled | State::Lapsed => {}
        }
    }
    let held = coupon::of_member(tx.connection(), ask.tenant, ask.member, &ask.coupons).await?;
    let typed = ask.codes.iter().cloned().collect();
    let whose = (ask.tenant, ask.member);
    let pool = gather(tx.connection(), whose, held, &typed, now).await?;
    let is_new = ask.coupons.is_empty() && pool.rooms.values().all(|room| room.member.taken == 0);
    if is_new && !ask.known {
        return Ok(Answer::Refused(ReservationRefusal::MemberNotFound { member: ask.member }));
    }
    let coupons = ask.coupons.iter().map(|coupon| What::Coupon(*coupon));
    let asked: Vec<What> = coupons.chain(ask.codes.iter().cloned().map(What::Code)).collect();
    let moment = Moment { now, today: calendar::day_of(now, &settled.zone) };
    let chosen = match pool.all(&asked, &ask.cart, moment) {
        Ok(chosen) => chosen,
        Err(refusal) => return Ok(Answer::Refused(refusal)),
    };
    let reservation = made(ask, before.as_ref(), chosen, now);
    if ask.validate_only {
        return Ok(done(reservation));
    }
    if !is_locked(tx, ask.tenant, &reservation) {
        return Ok(Answer::Again);
    }
    if let Some(lapsed) = before.filter(|before| before.state == State::Reserved) {
        give_up(tx, whose, &lapsed, State::Lapsed, now).await?;
    }
    take(tx, whose, &reservation, now).await?;
    Ok(done(reservation))
}

fn made(ask: &Reserve, before: Option<&Reservation>, chosen: Vec<(&Offer, Discount)>, now: Timestamp) -> Reservation {
    let parts = chosen.into_iter().map(|(offer, off)| Part {
        what: offer.what.clone(),
        campaign: offer.campaign.clone(),
        version: offer.version,
        kind: offer.terms.kind(),
        comes_back: offer.terms.returns == ReturnRule::ComesBack,
        saved_minor: off.saved_minor,
        line_minor: off.line_minor,
        delivery_minor: off.delivery_minor,
        gift: off.gift,
        returned_at: None,
    });
    Reservation {
        id: ReservationId::derived_from(ask.key.id.uuid(), &ask.member.to_string()),
        member: ask.member,
        order: ask.order.clone(),
        attempt: before.map_or(1, |before| before.attempt.saturating_add(1)),
        state: State::Reserved,
        state_at: now,
        lapses_at: now.saturating_add(ask.lifetime).unwrap_or(Timestamp::MAX),
        currency: ask.cart.currency,
        asked: ask.asked.to_vec(),
        owes: false,
        parts: parts.collect(),
    }
}

fn is_locked(tx: &Tx, tenant: TenantId, reservation: &Reservation) -> bool {
    touched(tenant, reservation).iter().all(|shard| tx.heads().contains_key(shard))
}

/// What a reservation takes of each campaign.
fn by_campaign(reservation: &Reservation) -> BTreeMap<&str, (i64, i64)> {
    let uses = reservation.parts.iter().map(|part| (part.campaign.as_str(), part.saved_minor));
    super::limits::wanted(uses).into_iter().map(|(name, wanted)| (name, (wanted.uses, wanted.minor))).collect()
}

fn typed(reservation: &Reservation) -> impl Iterator<Item = &str> {
    reservation.parts.iter().filter_map(|part| part.what.code())
}

/// Takes from every counter, each in one conditional statement.
async fn take(
    tx: &mut Tx,
    whose: (TenantId, MemberId),
    reservation: &Reservation,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, until) = (whose.0, reservation.lapses_at);
    let mut all_taken = true;
    for (name, wanted) in by_campaign(reservation) {
        campaign::sweep(tx.connection(), tenant, name, now).await?;
        let hold = campaign::Hold { tenant, campaign: name, reservation: reservation.id };
        all_taken &= campaign::reserve(tx.connection(), hold, wanted, until).await?;
    }
    for code in typed(reservation) {
        codes::sweep(tx.connection(), tenant, code, now).await?;
        let hold = codes::Hold { tenant, code, reservation: reservation.id };
        all_taken &= codes::reserve(tx.connection(), hold, until).await?;
    }
    let coupons: Vec<_> = reservation.parts.iter().filter_map(|part| part.what.coupon()).collect();
    let held = coupon::hold(tx.connection(), whose, &coupons, (reservation.id, until), now).await?;
    if !all_taken || usize::try_from(held).ok() != Some(coupons.len()) {
        return Err(changed_meanwhile());
    }
    store::insert(tx.connection(), whose.0, reservation).await?;
    timers::set(tx, &[timer(whose, reservation.id, Some(until))]).await
}

async fn end(tx: &mut Tx, ask: &End, now: Timestamp) -> Result<Answer, StoreError> {
    if ::terms::of(tx, ask.tenant).await?.suspended {
        return Ok(Answer::Suspended);
    }
    let order = || ask.order.clone();
    let found = store::of_order(tx.connection(), ask.tenant, ask.member, &ask.order).await?;
    let Some(found) = found.map(|found| (found.at(now).0, found)) else {
        return Ok(Answer::Refused(ReservationRefusal::NotFound { order: order() }));
    };
    let (state, found) = found;
    match (state, ask.redeem) {
        (State::Redeemed, true) | (State::Cancelled | State::Lapsed, false) => return Ok(done(found.seen_at(now))),
        (State::Cancelled | State::Lapsed | State::Returned, true) | (State::Redeemed | State::Returned, false) => {
            return Ok(Answer::Refused(ReservationRefusal::Over { order: order(), state }));
        }
        (State::Reserved, _) => {}
    }
    let state = if ask.redeem { State::Redeemed } else { State::Cancelled };
    let ended = Reservation { state, state_at: now, ..found.clone() };
    if ask.validate_only {
        return Ok(done(ended));
    }
    if !is_locked(tx, ask.tenant, &found) {
        return Ok(Answer::Again);
    }
    let whose = (ask.tenant, ask.member);
    for (place, name) in by_campaign(&found).into_keys().enumerate() {
        let hold = campaign::Hold { tenant: ask.tenant, campaign: name, reservation: found.id };
        match campaign::settle(tx.connection(), hold, ask.redeem).await? {
            true => {}
            // Swept by a process whose clock is ahead, and nothing is written yet.
            false if place == 0 => {
                return Ok(Answer::Refused(ReservationRefusal::Over { order: order(), state: State::Lapsed }));
            }
            false => return Err(changed_meanwhile()),
        }
    }
    for code in typed(&found) {
        let hold = codes::Hold { tenant: ask.tenant, code, reservation: found.id };
        if !codes::settle(tx.connection(), hold, ask.redeem).await? {
            return Err(changed_meanwhile());
        }
    }
    if ask.redeem {
        let used = coupon::redeem(tx.connection(), whose, found.id, now).await?;
        if usize::try_from(used).ok() != Some(found.parts.iter().filter_map(|part| part.what.coupon()).count()) {
            return Err(changed_meanwhile());
        }
        store::end(tx.connection(), whose, found.id, (state, now)).await?;
        let said: Vec<NewEvent> = found.parts.iter().map(|part| events::redeemed(whose, &found, part, now)).collect();
        eventlog::append(tx, said, now)?;
    } else {
        give_up(tx, whose, &found, state, now).await?;
    }
    Ok(done(ended))
}

/// Frees what the member put aside. Campaigns and codes free theirs by themselves.
async fn give_up(
    tx: &mut Tx,
    whose: (TenantId, MemberId),
    reservation: &Reservation,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = if state == State::Lapsed { reservation.lapses_at } else { now };
    coupon::free(tx, whose, reservation.id, None, now).await?;
    store::end(tx.connection(), whose, reservation.id, (state, at)).await
}

/// Writes down what time has done, and pays what a return owes.
async fn ring(
    tx: &mut Tx,
    (tenant, shard): (TenantId, Shard),
    reservation: ReservationId,
    now: Timestamp,
) -> Result<Answer, StoreError> {
    let Some(found) = store::by_id(tx.connection(), tenant, shard, reservation).await? else {
        let gone = timers::Timer { tenant, shard, subject: reservation.uuid(), kind: super::DUE, due_at: None };
        timers::set(tx, &[gone]).await?;
        return Ok(Answer::Settled);
    };
    if !is_locked(tx, tenant, &found) {
        return Ok(Answer::Again);
    }
    let whose = (tenant, found.member);
    if found.state == State::Reserved && found.at(now).0 == State::Lapsed {
        give_up(tx, whose, &found, State::Lapsed, now).await?;
    }
    if found.owes {
        for part in found.parts.iter().filter(|part| part.returned_at.is_some()) {
            campaign::give_back(tx.connection(), tenant, &part.campaign, (1, part.saved_minor)).await?;
            if let Some(code) = part.what.code() {
                codes::give_back(tx.connection(), tenant, code).await?;
            }
        }
        store::paid(tx.connection(), whose, reservation).await?;
    }
    for name in by_campaign(&found).into_keys() {
        campaign::sweep(tx.connection(), tenant, name, now).await?;
    }
    for code in typed(&found) {
        codes::sweep(tx.connection(), tenant, code, now).await?;
    }
    let next = Some(found.lapses_at).filter(|lapses_at| *lapses_at > now);
    timers::set(tx, &[timer(whose, reservation, next)]).await?;
    Ok(Answer::Settled)
}
