//! Writing what a batch has decided: one statement for what nearly every batch posts, and one for each of the rest.

mod accounts;
mod entries;
mod lots;
mod post;

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::Shard;
use timers::Timer;
use uuid::Uuid;

use super::chaining::{Chained, chained};
use super::loading::Found;
use super::{holds, openings, purchases, tiers, transfers};
use crate::account::books::Books;
use crate::account::desk::Whose;
use crate::account::holdings::Holdings;
use crate::account::wallet::Owner;

/// The one kind of timer: the next instant at which something happens to an account by itself.
const DUE: &str = "account";

/// A history that is being loaded comes in order of its own time: what falls due within it is settled by its own next
/// order, and the clock waits this long for that before it settles the rest.
const HISTORY_REST: SignedDuration = SignedDuration::from_mins(10);

/// Writes everything that changed.
pub(in crate::account) async fn write(
    tx: &mut Tx,
    books: &Books,
    found: &Found,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed: Vec<(&Owner, &Holdings)> = books.iter().filter(|(_, holdings)| holdings.touched).collect();
    if !changed.is_empty() {
        let statements = chained(changed.iter().copied(), now)?;
        let new: Vec<&Chained<'_>> =
            statements.iter().filter(|account| !found.accounts.contains_key(account.owner)).collect();
        accounts::insert(tx, &new).await?;
        post::post(tx, &statements, found, now).await?;
        lots::update(tx, &changed, found).await?;
        holds::write(tx, &changed).await?;
        entries::reversed(tx, &changed).await?;
        purchases::write(tx, &changed).await?;
        tiers::write(tx, &changed, now).await?;
        openings::write(tx, &changed, now).await?;
        transfers::write(tx, &changed).await?;
    }
    timers::set(tx, &timers(books, found, now)).await
}

/// The timers that have to be set: of members whose next due instant is another now, and of those that have rung. A member
/// has one for all wallets.
fn timers(books: &Books, found: &Found, now: Timestamp) -> Vec<Timer> {
    let mut due: BTreeMap<Whose, (Option<Timestamp>, Option<Timestamp>)> = BTreeMap::new();
    for (owner, holdings) in books {
        let before = found.accounts.get(owner).and_then(|account| account.due_at);
        let (then, next) = due.entry(owner.whose()).or_default();
        *then = then.iter().copied().chain(before).min();
        *next = next.iter().copied().chain(rings_at(holdings, now)).min();
    }
    let mut timers = Vec::new();
    for ((tenant, member), (before, next)) in due {
        let rung = found.rung.contains(&(tenant, member));
        let stands = next == before && next.is_none_or(|due| due > now) && !rung;
        if !stands {
            let shard = Shard::of_member(member);
            timers.push(Timer { tenant, shard, subject: member.uuid(), kind: DUE, due_at: next });
        }
    }
    timers
}

/// When the timer has to ring for an account. What is overdue although it was just settled belongs to a history that is still
/// being loaded; what the batch did not touch, as it was about another wallet, is due.
fn rings_at(holdings: &Holdings, now: Timestamp) -> Option<Timestamp> {
    let due = holdings.next_due()?;
    let rests = due <= now && holdings.touched;
    Some(if rests { now.saturating_add(HISTORY_REST).unwrap_or(now) } else { due })
}

fn keys<'a>(rows: impl Iterator<Item = &'a Owner>) -> (Vec<Uuid>, Vec<i16>, Vec<Uuid>) {
    let (mut tenants, mut shards, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for owner in rows {
        tenants.push(owner.tenant.uuid());
        shards.push(Shard::of_member(owner.member).number());
        members.push(owner.member.uuid());
    }
    (tenants, shards, members)
}

/// The place of a row among its batch's accounts, as PostgreSQL counts: from one.
fn place_of(place: usize) -> Result<i32, StoreError> {
    i32::try_from(place.saturating_add(1)).map_err(StoreError::unreadable)
}

fn instant(moment: Timestamp) -> SqlTimestamp {
    moment.into()
}
