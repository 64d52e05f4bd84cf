//! What was won, given: points at the desk of accounts, once for the ticket's id, and a coupon in the commit that says so.

use std::collections::BTreeSet;

use ::store::{Digests, RequestKey, StoreError};
use jiff::SignedDuration;
use kernel::{Points, RequestId, Shard, TenantId};
use uuid::Uuid;
use wire::Stop;

use super::rolling::prize_of;
use super::{Draws, Standing, Ticket, shard_of, store, ticket_id, timer};
use crate::account::wallet::WalletCode;
use crate::account::{AccountRefusal, Grant};
use crate::coupon;

/// Tried again after so long where somebody has to do something first.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Tickets of one ring; what is left is given at the next.
const MOST: i64 = 100;

impl Draws {
    /// Gives what was won in a draw.
    pub(crate) async fn ring(&self, tenant: TenantId, shard: Shard, subject: Uuid) -> Result<(), StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let code = store::code_of(reading.connection(), (tenant, shard), subject).await?;
        let Some(code) = code else { return Ok(()) };
        let found = store::one(reading.connection(), tenant, &code).await?;
        let owed = store::owed(reading.connection(), (tenant, &code), MOST).await?;
        drop(reading);
        let Some(found) = found else { return Ok(()) };
        let mut waiting = BTreeSet::new();
        for ticket in owed {
            if !self.give(tenant, &found, &ticket).await? {
                waiting.insert(ticket.number);
            }
        }
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let left = store::owed(tx.connection(), (tenant, &code), MOST).await?;
        let now = self.clock.now();
        // What was won meanwhile does not wait for what cannot be given.
        let waits = left.iter().all(|ticket| waiting.contains(&ticket.number));
        let later = if waits { now.saturating_add(PAUSE).unwrap_or(now) } else { now };
        timers::set(&mut tx, &[timer(tenant, &code, (!left.is_empty()).then_some(later))]).await?;
        tx.commit().await
    }

    /// Whether what a ticket won is with the member.
    async fn give(&self, tenant: TenantId, found: &Standing, ticket: &Ticket) -> Result<bool, StoreError> {
        let Some(prize) = prize_of(&found.terms, ticket.roll) else { return Ok(true) };
        let (member, cause) = (ticket.member, ticket_id(tenant, &found.draw, ticket.number));
        let reason = format!("draw {}", found.draw);
        if prize.points > 0 {
            let grant = Grant {
                tenant,
                member,
                wallet: WalletCode::POINTS,
                points: Points(prize.points),
                cause: cause.to_string(),
                reason: reason.clone(),
                known: true,
                validate_only: false,
                key: RequestKey {
                    rpc: "GrantPoints",
                    id: RequestId::caused_by(cause.uuid(), "give"),
                    digests: Digests::default(),
                },
            };
            match self.accounts.grant(grant).await {
                Ok(_) | Err(Stop::Refused(AccountRefusal::AlreadyGranted { .. })) => {}
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Refused(refusal)) => {
                    tracing::warn!(?refusal, "a prize of a draw waits");
                    return Ok(false);
                }
                Err(Stop::TenantSuspended | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. }) => {
                    return Ok(false);
                }
            }
        }
        let mut tx = self.store.begin(tenant, [Shard::of_member(member), shard_of(tenant, &found.draw)]).await?;
        let now = self.clock.now();
        let is_first = store::given(tx.connection(), (tenant, &found.draw), ticket.number).await?;
        if let (true, Some(campaign)) = (is_first, &prize.campaign) {
            let given = coupon::give(&mut tx, (tenant, member), campaign, (cause.uuid(), &reason), now).await?;
            if given.is_none() {
                tracing::warn!(campaign, "a prize of a draw waits: its campaign gives no coupons now");
                tx.roll_back().await?;
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }
}
