//! The rows of subscriptions. Numbers of states and stages are those of the contract.

pub(super) mod looking;
pub(super) mod writing;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, OrderId, Shard, SubscriptionId, TenantId};
use serde_json::Value;
use uuid::Uuid;

use super::paid::Membership;
use super::standing::{Occurrence, Stage, Standing, State};
use crate::plan::Plans;

pub(super) const fn state_number(state: State) -> i16 {
    match state {
        State::Active => 1,
        State::Paused => 2,
        State::PastDue => 3,
        State::Cancelled => 4,
        State::Ended => 5,
    }
}

pub(super) fn read_state(number: i16) -> Result<State, StoreError> {
    Ok(match number {
        1 => State::Active,
        2 => State::Paused,
        3 => State::PastDue,
        4 => State::Cancelled,
        5 => State::Ended,
        _ => return Err(StoreError::unreadable("the state of a subscription")),
    })
}

const fn stage_number(stage: Stage) -> i16 {
    match stage {
        Stage::Planned => 1,
        Stage::Skipped => 2,
        Stage::Due => 3,
        Stage::Charging => 4,
        Stage::Paid => 5,
        Stage::Unpaid => 6,
        Stage::Passed => 7,
        Stage::Refunded => 8,
    }
}

fn read_stage(number: i16) -> Result<Stage, StoreError> {
    Ok(match number {
        1 => Stage::Planned,
        2 => Stage::Skipped,
        3 => Stage::Due,
        4 => Stage::Charging,
        5 => Stage::Paid,
        6 => Stage::Unpaid,
        7 => Stage::Passed,
        8 => Stage::Refunded,
        _ => return Err(StoreError::unreadable("the stage of an occurrence")),
    })
}

/// A row of `subscription`.
pub(super) struct Row {
    pub(super) subscription: Uuid,
    pub(super) member: Uuid,
    pub(super) plan: String,
    pub(super) plan_version: i32,
    state: i16,
    state_since: SqlTimestamp,
    state_reason: String,
    changes: i64,
    schedule: Value,
    next_number: i64,
    payment_token: String,
    by_provider: bool,
    awaits_card: bool,
    unpaid_in_row: i32,
    last_paid: Option<i64>,
    membership: Option<Value>,
    pub(super) started_at: SqlTimestamp,
}

impl Row {
    /// The subscription without its occurrences.
    pub(super) fn read(self, plan: std::sync::Arc<crate::plan::terms::Plan>) -> Result<Standing, StoreError> {
        let membership: Option<Membership> =
            self.membership.map(serde_json::from_value).transpose().map_err(StoreError::unreadable)?;
        Ok(Standing {
            id: self.subscription.into(),
            member: self.member.into(),
            plan,
            schedule: serde_json::from_value(self.schedule).map_err(StoreError::unreadable)?,
            state: read_state(self.state)?,
            since: self.state_since.into(),
            reason: self.state_reason,
            changes: self.changes,
            next: self.next_number,
            token: self.payment_token,
            by_provider: self.by_provider,
            awaits_card: self.awaits_card,
            unpaid_in_row: self.unpaid_in_row,
            last_paid: self.last_paid,
            membership,
            former: None,
            started_at: self.started_at.into(),
            occurrences: std::collections::BTreeMap::new(),
            placed: Vec::new(),
            answered: Vec::new(),
            orders: Vec::new(),
            changed: Vec::new(),
            news: Vec::new(),
        })
    }
}

/// A row of `occurrence`.
pub(super) struct OccurrenceRow {
    number: i64,
    state: i16,
    state_since: SqlTimestamp,
    state_reason: String,
    due_at: SqlTimestamp,
    charge_at: SqlTimestamp,
    first_tried_at: Option<SqlTimestamp>,
    attempts: i32,
    order_id: Option<Uuid>,
    order_refusal: String,
}

impl OccurrenceRow {
    pub(super) fn read(self) -> Result<Occurrence, StoreError> {
        Ok(Occurrence {
            number: self.number,
            stage: read_stage(self.state)?,
            since: self.state_since.into(),
            reason: self.state_reason,
            due_at: self.due_at.into(),
            charge_at: self.charge_at.into(),
            first_tried_at: self.first_tried_at.map(Timestamp::from),
            attempts: self.attempts,
            order: self.order_id.map(OrderId::from),
            order_refusal: self.order_refusal,
            touched: false,
        })
    }
}

/// A subscription with the occurrences a rule may have to look at, and one more where it is named. The member's shard is
/// locked.
pub(super) async fn load(
    tx: &mut Tx,
    plans: &Plans,
    (tenant, shard): (TenantId, Shard),
    id: SubscriptionId,
    also: Option<i64>,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT subscription, member, plan, plan_version, state, state_since, state_reason, changes, schedule,
                  next_number, payment_token, by_provider, awaits_card, unpaid_in_row, last_paid, membership, started_at
           FROM subscription WHERE tenant = $1 AND shard = $2 AND subscription = $3"#,
        tenant.uuid(),
        shard.number(),
        id.uuid(),
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let plan = plans.within(tx, tenant, &row.plan, Some(row.plan_version)).await?;
    let mut ours = row.read(plan.ok_or_else(|| StoreError::unreadable("a plan that is subscribed to"))?)?;
    if ours.plan.is_membership() && ours.membership.is_none() {
        ours.former = former(tx, tenant, ours.member, &ours.plan.code).await?.1;
    }
    let owed = ours.membership.as_ref().and_then(|membership| membership.refund).map(|refund| refund.number);
    let also: Vec<i64> = ours.last_paid.into_iter().chain(owed).chain(also).collect();
    let rows = sqlx::query_as!(
        OccurrenceRow,
        "SELECT number, state, state_since, state_reason, due_at, charge_at, first_tried_at, attempts, order_id,
                order_refusal
         FROM occurrence
         WHERE tenant = $1 AND shard = $2 AND subscription = $3 AND (state IN (2, 3, 4, 6) OR number = ANY ($4))
         ORDER BY number",
        tenant.uuid(),
        shard.number(),
        id.uuid(),
        &also,
    )
    .fetch_all(tx.connection())
    .await?;
    for row in rows {
        let occurrence = row.read()?;
        ours.occurrences.insert(occurrence.number, occurrence);
    }
    Ok(Some(ours))
}

/// The live subscription of a member and a plan, and the latest membership that was paid for there.
pub(super) async fn former(
    tx: &mut Tx,
    tenant: TenantId,
    member: MemberId,
    plan: &str,
) -> Result<(Option<SubscriptionId>, Option<Membership>), StoreError> {
    let rows = sqlx::query!(
        "SELECT subscription, state, membership FROM subscription
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND plan = $4 ORDER BY started_at, subscription",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        plan,
    )
    .fetch_all(tx.connection())
    .await?;
    let (mut live, mut last) = (None, None::<Membership>);
    for row in rows {
        if read_state(row.state)?.is_live() {
            live = Some(SubscriptionId::from(row.subscription));
        }
        let membership: Option<Membership> =
            row.membership.map(serde_json::from_value).transpose().map_err(StoreError::unreadable)?;
        // Of two that end together, one that nothing runs on from gives way.
        let rank = |one: &Membership| (one.until, !one.cut);
        if membership.as_ref().is_some_and(|one| last.as_ref().is_none_or(|last| rank(one) >= rank(last))) {
            last = membership;
        }
    }
    Ok((live, last))
}

/// Whether registry said that somebody joined.
pub(super) async fn is_known(tx: &mut Tx, tenant: TenantId, member: MemberId) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM known_member WHERE tenant = $1 AND shard = $2 AND member = $3) AS "known!""#,
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(found)
}

/// Keeps who joined.
pub(super) async fn know(tx: &mut Tx, joined: &[(TenantId, MemberId, Timestamp)]) -> Result<(), StoreError> {
    let tenants: Vec<Uuid> = joined.iter().map(|(tenant, ..)| tenant.uuid()).collect();
    let shards: Vec<i16> = joined.iter().map(|(_, member, _)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = joined.iter().map(|(_, member, _)| member.uuid()).collect();
    let at: Vec<SqlTimestamp> = joined.iter().map(|(.., at)| SqlTimestamp::from(*at)).collect();
    sqlx::query!(
        "INSERT INTO known_member (tenant, shard, member, joined_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[])
         ON CONFLICT DO NOTHING",
        &tenants,
        &shards,
        &members,
        &at as &[SqlTimestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
