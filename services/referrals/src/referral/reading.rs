//! Looking referrals up. Nothing is locked; each look sees what is committed.

mod store;

use std::collections::BTreeMap;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, ReferralId, TenantId};
use wire::Stop;

use super::decision::Decision;
use super::explaining::{explain, led_here};
use super::life::State;
use super::record::{Move, Referral};
use super::{ReferralRefusal, Referrals, ruling, store as rows};
use crate::people;

/// A move and when it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The move.
    pub step: Move,
    /// When it was written down.
    pub recorded_at: Timestamp,
}

/// A referral with its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// As it stands.
    pub referral: Referral,
    /// Oldest first.
    pub moves: Vec<Recorded>,
    /// Why it stands there, where that was asked for.
    pub decision: Option<Decision>,
}

impl Told {
    /// In the word of the step that led there.
    #[must_use]
    pub fn why(&self) -> &str {
        led_here(self.moves.iter().map(|recorded| &recorded.step)).map_or("", |last| last.reason.as_str())
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// What begun before this one, at that instant.
    pub before: Option<(Timestamp, ReferralId)>,
    /// At most so many.
    pub limit: i64,
}

/// The referrals in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Which.
    pub state: State,
    /// How many.
    pub referrals: i64,
    /// Promised to inviters.
    pub inviter_points: i64,
    /// Promised to invitees.
    pub invitee_points: i64,
}

impl Referrals {
    /// A referral by its id.
    pub async fn get(&self, tenant: TenantId, id: ReferralId, why: bool) -> Result<Told, Stop<ReferralRefusal>> {
        let not_found = || Stop::Refused(ReferralRefusal::NotFound { referral: id });
        let mut reading = self.store.read(tenant).await?;
        let invitee = rows::invitee_of(reading.connection(), tenant, id).await?.ok_or_else(not_found)?;
        drop(reading);
        self.told(tenant, invitee, why).await?.ok_or_else(not_found)
    }

    /// The referral by which a member came.
    pub async fn of(&self, tenant: TenantId, invitee: MemberId, why: bool) -> Result<Told, Stop<ReferralRefusal>> {
        let none = ReferralRefusal::NoneOf { member: invitee };
        self.told(tenant, invitee, why).await?.ok_or(Stop::Refused(none))
    }

    async fn told(&self, tenant: TenantId, invitee: MemberId, why: bool) -> Result<Option<Told>, StoreError> {
        let whose = (tenant, invitee);
        let mut reading = self.store.read(tenant).await?;
        let Some(referral) = rows::of_invitees(reading.connection(), &[whose]).await?.remove(&whose) else {
            return Ok(None);
        };
        let moves = store::moves(reading.connection(), tenant, invitee).await?;
        drop(reading);
        let decision = match why {
            true => Some(self.why(tenant, &referral, &moves).await?),
            false => None,
        };
        Ok(Some(Told { referral, moves, decision }))
    }

    async fn why(&self, tenant: TenantId, referral: &Referral, moves: &[Recorded]) -> Result<Decision, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let mut bought = people::read(&mut reading, &[(tenant, referral.invitee)]).await?;
        drop(reading);
        let held = self.offers.of(tenant).await?;
        let steps: Vec<Move> = moves.iter().map(|recorded| recorded.step.clone()).collect();
        let orders = bought.remove(&(tenant, referral.invitee)).unwrap_or_default();
        Ok(explain(referral, &steps, &orders, ruling(&held, referral.terms_version)?))
    }

    /// Whom a member invited, newest first.
    pub async fn invitations(
        &self,
        tenant: TenantId,
        inviter: MemberId,
        states: &[State],
        page: &Page,
    ) -> Result<Vec<Referral>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::invitations(reading.connection(), tenant, inviter, states, page).await
    }

    /// The referrals of a tenant by state.
    pub async fn overview(&self, tenant: TenantId) -> Result<BTreeMap<State, Sums>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let sums = store::sums(reading.connection(), tenant).await?;
        Ok(sums.into_iter().map(|one| (one.state, one)).collect())
    }
}
