//! The prize draw: tickets that win at once, by odds that are stated, provably.
//!
//! 1. A draw is put once. With it a secret seed is made and its SHA-256 published; when the draw is closed, the seed is
//!    revealed. What every ticket rolls follows from the seed, its number and what the caller adds ([`rolling`]), so that
//!    nobody can choose an outcome, and anybody can work all of them out again ([`verifying`]).
//! 2. Odds stay as stated when a prize has run out: a ticket that would have won it is told which prize is gone, and nobody
//!    else's odds change. Once all prizes are gone no ticket is drawn any more.
//! 3. Stock, budget, limits and the number are checked and taken in one transaction that holds the draw's shard. None can be
//!    overrun, and numbers have no gaps.
//! 4. What is won is given by a timer that is due at once, exactly once: points by the ticket's id, a coupon in the commit that
//!    says so ([`desk`]).
//! 5. The seed lies in its row and is told by nothing but a closed draw. A try tells whether a ticket may be drawn, never
//!    what it would win.
//!
//! Life cycle: put -> closed; ticket: drawn -> given.
//! Cost of a ticket: one commit of eight statements with the draw's shard locked, so that tickets of one draw go one after
//! another.

mod asks;
mod desk;
mod events;
pub mod rolling;
mod store;
pub mod terms;
pub mod verifying;

use std::collections::BTreeSet;

use ::store::{Store, StoreError};
use jiff::Timestamp;
use kernel::calendar::{day_of, start_of};
use kernel::{Clock, DrawTicketId, MemberId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use timers::Timer;
use uuid::Uuid;
use wire::{Stop, known, patiently};

use self::asks::Closed;
pub use self::asks::{Close, DrawRefusal, Limit, Put, PutReceipt, Revealed, Shut, Take, TakeReceipt};
use self::rolling::Seed;
use self::terms::{Outcome, Prize, Terms, Won};
use self::verifying::{Differs, Working};
use crate::account::Accounts;
use crate::campaign;
use crate::receipt::Reached;

/// The kind of timer that rings when prizes of a draw are to be given.
pub(crate) const OWED: &str = "draw";

/// Tickets that are read at once when a draw is worked out again.
const AT_ONCE: i64 = 10_000;

/// A ticket that was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number in the draw.
    pub number: i64,
    /// Whose.
    pub member: MemberId,
    /// What the caller added.
    pub client_seed: String,
    /// What it rolled.
    pub roll: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// What it won is with the member.
    pub given: bool,
    /// When it was drawn.
    pub drawn_at: Timestamp,
}

/// A draw as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its code.
    pub draw: String,
    /// What it promises.
    pub terms: Terms,
    pub(crate) seed: Seed,
    /// What was committed to.
    pub commitment: Vec<u8>,
    /// Tickets that were drawn.
    pub tickets: i64,
    /// What was won.
    pub won: Won,
    /// When it was put.
    pub recorded_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl Standing {
    /// The seed, once the draw is closed.
    pub fn revealed(&self) -> Option<&Seed> {
        self.closed_at.map(|_| &self.seed)
    }
}

/// Where a draw lies.
pub(crate) fn shard_of(tenant: TenantId, draw: &str) -> Shard {
    Shard::of_text(tenant, &["draw", draw])
}

/// What a draw's timer is about.
fn subject_of(tenant: TenantId, draw: &str) -> Uuid {
    Uuid::new_v5(&tenant.uuid(), format!("draw/{draw}").as_bytes())
}

/// What names a ticket: the cause of the entry of its points.
pub fn ticket_id(tenant: TenantId, draw: &str, number: i64) -> DrawTicketId {
    DrawTicketId::derived_from(tenant.uuid(), &format!("draw/{draw}/{number}"))
}

fn timer(tenant: TenantId, draw: &str, due_at: Option<Timestamp>) -> Timer {
    Timer { tenant, shard: shard_of(tenant, draw), subject: subject_of(tenant, draw), kind: OWED, due_at }
}

/// All draws.
#[derive(Clone)]
pub struct Draws {
    store: Store,
    clock: Clock,
    accounts: Accounts,
}

impl Draws {
    pub(crate) const fn new(store: Store, clock: Clock, accounts: Accounts) -> Self {
        Self { store, clock, accounts }
    }

    /// Puts a draw, and commits to its seed.
    pub async fn put(&self, ask: &Put) -> Result<PutReceipt, Stop<DrawRefusal>> {
        patiently(|| self.try_put(ask)).await
    }

    async fn try_put(&self, ask: &Put) -> Result<PutReceipt, Stop<DrawRefusal>> {
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.draw), Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [home, tenants]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, tenants, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        if store::one(tx.connection(), tenant, &ask.draw).await?.is_some() {
            return Err(Stop::Refused(DrawRefusal::Fixed { draw: ask.draw.clone() }));
        }
        let asked: BTreeSet<(String, i32)> =
            ask.terms.prizes.iter().filter_map(|prize| Some((prize.campaign.clone()?, 0))).collect();
        let found = campaign::within(tx.connection(), tenant, &asked, now).await?;
        if let Some((campaign, _)) = asked.into_iter().find(|asked| !found.contains_key(asked)) {
            return Err(Stop::Refused(DrawRefusal::CampaignNotFound { campaign }));
        }
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PutReceipt { commitment: Vec::new(), reached: Reached::default() });
        }
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(StoreError::unreadable)?;
        let seed = Seed(bytes);
        store::put(tx.connection(), ask, &seed, now).await?;
        let receipt = PutReceipt { commitment: seed.commitment().to_vec(), reached: Reached::of(&tx, home) };
        tx.remember(tenant, tenants, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Draws a ticket.
    pub async fn take(&self, ask: &Take) -> Result<TakeReceipt, Stop<DrawRefusal>> {
        patiently(|| self.try_take(ask)).await
    }

    async fn try_take(&self, ask: &Take) -> Result<TakeReceipt, Stop<DrawRefusal>> {
        let (tenant, member) = (ask.tenant, ask.member);
        let (home, place) = (Shard::of_member(member), shard_of(tenant, &ask.draw));
        let mut tx = self.store.begin(tenant, [home, place]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let settled = ::terms::of(&mut tx, tenant).await?;
        if settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        if !ask.known {
            return Err(Stop::Refused(DrawRefusal::MemberNotFound { member }));
        }
        let draw = ask.draw.clone();
        let found = store::one(tx.connection(), tenant, &ask.draw).await?;
        let found = found.ok_or(Stop::Refused(DrawRefusal::NotFound { draw }))?;
        let today = start_of(day_of(now, &settled.zone), &settled.zone).map_err(StoreError::unreadable)?;
        let terms = &found.terms;
        let limits =
            (terms.most_per_member.is_some(), terms.most_per_member_a_day.is_some(), terms.most_a_day.is_some());
        let drawn = store::drawn(tx.connection(), (tenant, member), &ask.draw, today, limits).await?;
        may_draw(&found, drawn, now).map_err(Stop::Refused)?;
        let mut receipt =
            TakeReceipt { ticket: None, commitment: found.commitment.clone(), reached: Reached::default() };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(receipt);
        }
        let (ticket, prize) = roll(&found, ask, now);
        let points = prize.as_ref().map_or(0, |prize| prize.points);
        if !store::add(tx.connection(), tenant, (&ask.draw, points), &ticket).await? {
            let wrong = "a counter that was read under its lock is another when it is written";
            return Err(Stop::Failed(StoreError::unreadable(wrong)));
        }
        if let Some(prize) = prize {
            let said = events::won((tenant, member), (&ask.draw, ticket.number, &prize.code), now);
            eventlog::append(&mut tx, [said], now)?;
            if !ticket.given {
                timers::set(&mut tx, &[timer(tenant, &ask.draw, Some(now))]).await?;
            }
        }
        receipt.ticket = Some(ticket);
        receipt.reached = Reached::of(&tx, home);
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Closes a draw and reveals its seed.
    pub async fn close(&self, ask: &Close) -> Result<Revealed, Stop<DrawRefusal>> {
        patiently(|| self.try_close(ask)).await
    }

    async fn try_close(&self, ask: &Close) -> Result<Revealed, Stop<DrawRefusal>> {
        // A request is known in the tenant's shard, so that its id cannot be used for another draw.
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.draw), Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [home, tenants]).await?;
        let now = self.clock.now();
        let recalled: Option<Closed> = known(tx.recall(tenant, tenants, &ask.key, now).await?)?;
        let draw = ask.draw.clone();
        let found = store::one(tx.connection(), tenant, &ask.draw).await?;
        let found = found.ok_or(Stop::Refused(DrawRefusal::NotFound { draw }))?;
        if let Some(Closed { at, reached }) = recalled {
            return Ok(Revealed { seed: found.revealed().cloned(), at, reached });
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let at = found.closed_at.unwrap_or(now);
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Revealed { seed: None, at, reached: Reached::default() });
        }
        store::close(tx.connection(), tenant, &ask.draw, now).await?;
        let reached = Reached::of(&tx, home);
        tx.remember(tenant, tenants, &ask.key, &Closed { at, reached }, now)?;
        tx.commit().await?;
        Ok(Revealed { seed: Some(found.seed), at, reached })
    }

    /// A draw as it stands.
    pub async fn get(&self, tenant: TenantId, draw: String) -> Result<Standing, Stop<DrawRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::one(reading.connection(), tenant, &draw).await?;
        found.ok_or(Stop::Refused(DrawRefusal::NotFound { draw }))
    }

    /// A page of tickets by their number.
    pub async fn tickets(
        &self,
        (tenant, draw): (TenantId, &str),
        member: Option<MemberId>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Ticket>, Stop<DrawRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::tickets(reading.connection(), (tenant, draw), member, after, limit).await?)
    }

    /// Works all tickets out again: how many were looked at, and the first difference.
    pub async fn verify(&self, tenant: TenantId, draw: String) -> Result<(i64, Option<Differs>), Stop<DrawRefusal>> {
        // Tickets that are drawn meanwhile are not among those that were counted.
        let found = self.get(tenant, draw).await?;
        let mut working = match Working::begin(&found.draw, &found.terms, &found.seed, &found.commitment) {
            Ok(working) => working,
            Err(differs) => return Ok((0, Some(differs))),
        };
        while working.looked_at < found.tickets {
            let most = found.tickets.saturating_sub(working.looked_at).min(AT_ONCE);
            let page = self.tickets((tenant, &found.draw), None, working.looked_at, most).await?;
            if page.is_empty() {
                break;
            }
            for ticket in &page {
                if let Err(differs) = working.next(ticket) {
                    return Ok((working.looked_at, Some(differs)));
                }
            }
        }
        let differs = working.end(found.tickets).err();
        Ok((working.looked_at, differs))
    }
}

/// Whether another ticket may be drawn.
fn may_draw(found: &Standing, (own, own_today, today): (i64, i64, i64), now: Timestamp) -> Result<(), DrawRefusal> {
    let terms = &found.terms;
    let shut = if found.closed_at.is_some() {
        Some(Shut::Closed)
    } else if terms.from.is_some_and(|from| now < from) {
        Some(Shut::NotYet)
    } else if terms.until.is_some_and(|until| until <= now) {
        Some(Shut::Over)
    } else {
        found.won.is_all(terms).then_some(Shut::NothingLeft)
    };
    if let Some(why) = shut {
        return Err(DrawRefusal::NotOpen { draw: found.draw.clone(), why });
    }
    let limits = [
        (Limit::Member, terms.most_per_member, own),
        (Limit::MemberDay, terms.most_per_member_a_day, own_today),
        (Limit::Day, terms.most_a_day, today),
    ];
    let reached =
        limits.into_iter().find_map(|(limit, most, drawn)| Some((limit, most.filter(|most| drawn >= *most)?)));
    match reached {
        Some((limit, most)) => Err(DrawRefusal::LimitReached { draw: found.draw.clone(), limit, most }),
        None => Ok(()),
    }
}

/// The next ticket, and the prize it wins.
fn roll(found: &Standing, ask: &Take, now: Timestamp) -> (Ticket, Option<Prize>) {
    let number = found.tickets.saturating_add(1);
    let roll = found.seed.roll(&found.draw, number, &ask.client_seed);
    let outcome = found.won.clone().take(&found.terms, roll);
    let prize = match &outcome {
        Outcome::Won(_) => rolling::prize_of(&found.terms, roll).cloned(),
        Outcome::Nothing | Outcome::Gone(_) => None,
    };
    let given = !prize.as_ref().is_some_and(Prize::is_given_here);
    let (member, client_seed) = (ask.member, ask.client_seed.clone());
    (Ticket { number, member, client_seed, roll, outcome, given, drawn_at: now }, prize)
}
