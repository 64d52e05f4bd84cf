//! The rows of claims.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{ClaimId, Currency, EntryId, MemberId, Money, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Claim, State};
use crate::reward::terms::{CancelRule, Gives};

/// Numbers of states in the database. They never change their meaning.
const fn state(state: State) -> i16 {
    match state {
        State::Claimed => 1,
        State::Fulfilled => 2,
        State::Cancelled => 3,
    }
}

/// Numbers of what is given, in the database. They never change their meaning.
const fn kind(gives: &Gives) -> i16 {
    match gives {
        Gives::Coupon { .. } => 1,
        Gives::Goods { .. } => 2,
        Gives::Charity { .. } => 3,
    }
}

fn what(gives: &Gives) -> &str {
    match gives {
        Gives::Coupon { campaign: what } | Gives::Goods { product: what } | Gives::Charity { cause: what } => what,
    }
}

fn read_gives(number: i16, what: String) -> Result<Gives, StoreError> {
    match number {
        1 => Ok(Gives::Coupon { campaign: what }),
        2 => Ok(Gives::Goods { product: what }),
        3 => Ok(Gives::Charity { cause: what }),
        _ => Err(StoreError::unreadable("what a claim gives")),
    }
}

/// Numbers of rules in the database. They never change their meaning.
const fn cancels(rule: CancelRule) -> i16 {
    match rule {
        CancelRule::UntilFulfilled => 1,
        CancelRule::Always => 2,
        CancelRule::Never => 3,
    }
}

struct Row {
    claim: Uuid,
    member: Uuid,
    number: i64,
    reward: String,
    version: i32,
    kind: i16,
    what: String,
    display_name: String,
    cancels: i16,
    coupon: Option<Uuid>,
    state: i16,
    state_at: SqlTimestamp,
    points: i64,
    entry: Uuid,
    reversal: Option<Uuid>,
    currency: String,
    co_payment: i64,
    saved_minor: i64,
    cost_minor: i64,
    claimed_at: SqlTimestamp,
}

impl Row {
    fn read(self) -> Result<Claim, StoreError> {
        let states = [State::Claimed, State::Fulfilled, State::Cancelled];
        let rules = [CancelRule::UntilFulfilled, CancelRule::Always, CancelRule::Never];
        Ok(Claim {
            id: Some(self.claim.into()),
            member: self.member.into(),
            number: self.number,
            reward: self.reward,
            version: self.version,
            display_name: self.display_name,
            gives: read_gives(self.kind, self.what)?,
            cancels: rules
                .into_iter()
                .find(|one| cancels(*one) == self.cancels)
                .ok_or_else(|| StoreError::unreadable("until when a claim can be cancelled"))?,
            coupon: self.coupon.map(Into::into),
            state: states
                .into_iter()
                .find(|one| state(*one) == self.state)
                .ok_or_else(|| StoreError::unreadable("a state of a claim"))?,
            state_at: self.state_at.into(),
            points: self.points,
            entry: Some(self.entry.into()),
            reversal: self.reversal.map(Into::into),
            currency: Currency::parse(&self.currency).map_err(StoreError::unreadable)?,
            co_payment_minor: self.co_payment,
            saved_minor: self.saved_minor,
            cost_minor: self.cost_minor,
            claimed_at: self.claimed_at.into(),
        })
    }
}

pub(in crate::reward) async fn by_id(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    claim: ClaimId,
) -> Result<Option<Claim>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT claim, member, number, reward, version, kind, what, display_name, cancels, coupon, state, state_at,
                points, entry, reversal, currency, co_payment, saved_minor, cost_minor, claimed_at
         FROM claim WHERE tenant = $1 AND shard = $2 AND claim = $3 AND member = $4",
        tenant.uuid(),
        Shard::of_member(member).number(),
        claim.uuid(),
        member.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

pub(in crate::reward) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    before: i64,
    limit: i64,
) -> Result<Vec<Claim>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT claim, member, number, reward, version, kind, what, display_name, cancels, coupon, state, state_at,
                points, entry, reversal, currency, co_payment, saved_minor, cost_minor, claimed_at
         FROM claim WHERE tenant = $1 AND shard = $2 AND member = $3 AND number < $4 ORDER BY number DESC LIMIT $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many of each reward a member has, those left out that were cancelled.
pub(in crate::reward) async fn held(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    rewards: &[String],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let rows = sqlx::query!(
        "SELECT reward, count(*) AS \"held!\" FROM claim
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND reward = ANY ($4) AND state <> 3 GROUP BY reward",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        rewards,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.reward, row.held)).collect())
}

/// The number of a member's last claim.
pub(in crate::reward) async fn last(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT coalesce(max(number), 0) AS \"last!\" FROM claim WHERE tenant = $1 AND shard = $2 AND member = $3",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
    )
    .fetch_one(connection)
    .await?)
}

pub(in crate::reward) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    claim: &Claim,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO claim (tenant, shard, claim, member, number, reward, version, kind, what, display_name, cancels,
             coupon, state, state_at, points, entry, currency, co_payment, saved_minor, cost_minor, claimed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        tenant.uuid(),
        Shard::of_member(claim.member).number(),
        claim.id.map(ClaimId::uuid),
        claim.member.uuid(),
        claim.number,
        claim.reward,
        claim.version,
        kind(&claim.gives),
        what(&claim.gives),
        claim.display_name,
        cancels(claim.cancels),
        claim.coupon.map(|coupon| coupon.uuid()),
        state(claim.state),
        SqlTimestamp::from(claim.state_at) as SqlTimestamp,
        claim.points,
        claim.entry.map(EntryId::uuid),
        claim.currency.to_string(),
        claim.co_payment_minor,
        claim.saved_minor,
        claim.cost_minor,
        SqlTimestamp::from(claim.claimed_at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down where a claim stands now.
pub(in crate::reward) async fn moved(
    connection: &mut PgConnection,
    tenant: TenantId,
    claim: &Claim,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE claim SET state = $4, state_at = $5, reversal = $6 WHERE tenant = $1 AND shard = $2 AND claim = $3",
        tenant.uuid(),
        Shard::of_member(claim.member).number(),
        claim.id.map(ClaimId::uuid),
        state(claim.state),
        SqlTimestamp::from(claim.state_at) as SqlTimestamp,
        claim.reversal.map(EntryId::uuid),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a member saved with goods in a time, by currency: how often, and how much.
pub(in crate::reward) async fn savings(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<(i64, Money)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT currency, count(*) AS \"uses!\", sum(saved_minor)::bigint AS \"minor!\" FROM claim
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND state <> 3 AND saved_minor > 0
           AND ($4::timestamptz IS NULL OR claimed_at >= $4) AND ($5::timestamptz IS NULL OR claimed_at < $5)
         GROUP BY currency ORDER BY currency",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        since.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        until.map(SqlTimestamp::from) as Option<SqlTimestamp>,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        let currency = Currency::parse(&row.currency).map_err(StoreError::unreadable)?;
        Ok((row.uses, Money { currency, minor: row.minor }))
    });
    read.collect()
}
