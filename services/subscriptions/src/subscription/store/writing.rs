//! Writing what a transaction has decided: one statement for each table that has something to keep.

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use serde_json::{Value, json};
use timers::Timer;

use super::{stage_number, state_number};
use crate::subscription::charging::{Answer, Decline};
use crate::subscription::standing::{Stage, Standing};

/// The one kind of timer: the next instant at which something happens to a subscription by itself.
const DUE: &str = "subscription";

/// Writes everything.
pub(in crate::subscription) async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    ours: &Standing,
    now: Timestamp,
) -> Result<(), StoreError> {
    write_subscription(tx, tenant, ours).await?;
    write_occurrences(tx, tenant, ours).await?;
    write_charges(tx, tenant, ours, now).await?;
    write_outcomes(tx, tenant, ours, now).await?;
    write_entitlements(tx, tenant, ours).await?;
    write_changes(tx, tenant, ours, now).await?;
    let (shard, due_at) = (Shard::of_member(ours.member), ours.next_instant());
    timers::set(tx, &[Timer { tenant, shard, subject: ours.id.uuid(), kind: DUE, due_at }]).await
}

async fn write_subscription(tx: &mut Tx, tenant: TenantId, ours: &Standing) -> Result<(), StoreError> {
    let membership = ours.membership.as_ref().map(serde_json::to_value).transpose().map_err(StoreError::unreadable)?;
    sqlx::query!(
        "INSERT INTO subscription (tenant, shard, subscription, member, plan, plan_version, state, state_since,
             state_reason, changes, schedule, next_number, payment_token, by_provider, awaits_card, unpaid_in_row,
             last_paid, membership, started_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (tenant, shard, subscription) DO UPDATE
         SET state = excluded.state, state_since = excluded.state_since, state_reason = excluded.state_reason,
             changes = excluded.changes, schedule = excluded.schedule, next_number = excluded.next_number,
             payment_token = excluded.payment_token, by_provider = excluded.by_provider,
             awaits_card = excluded.awaits_card, unpaid_in_row = excluded.unpaid_in_row,
             last_paid = excluded.last_paid, membership = excluded.membership",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        ours.member.uuid(),
        ours.plan.code,
        ours.plan.version,
        state_number(ours.state),
        SqlTimestamp::from(ours.since) as SqlTimestamp,
        ours.reason,
        ours.changes,
        serde_json::to_value(&ours.schedule).map_err(StoreError::unreadable)?,
        ours.next,
        ours.token,
        ours.by_provider,
        ours.awaits_card,
        ours.unpaid_in_row,
        ours.last_paid,
        membership,
        SqlTimestamp::from(ours.started_at) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_occurrences(tx: &mut Tx, tenant: TenantId, ours: &Standing) -> Result<(), StoreError> {
    let touched = || ours.occurrences.values().filter(|occurrence| occurrence.touched);
    let planned: Vec<i64> =
        touched().filter(|one| one.stage == Stage::Planned).map(|occurrence| occurrence.number).collect();
    let shard = Shard::of_member(ours.member).number();
    if !planned.is_empty() {
        sqlx::query!(
            "DELETE FROM occurrence WHERE tenant = $1 AND shard = $2 AND subscription = $3 AND number = ANY ($4)",
            tenant.uuid(),
            shard,
            ours.id.uuid(),
            &planned,
        )
        .execute(tx.connection())
        .await?;
    }
    let rows: Vec<Value> = touched()
        .filter(|occurrence| occurrence.stage != Stage::Planned)
        .map(|one| {
            json!({
                "number": one.number, "state": stage_number(one.stage), "state_since": one.since,
                "state_reason": one.reason, "due_at": one.due_at, "charge_at": one.charge_at,
                "first_tried_at": one.first_tried_at, "attempts": one.attempts,
                "order_id": one.order.map(kernel::OrderId::uuid), "order_refusal": one.order_refusal,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO occurrence (tenant, shard, subscription, number, state, state_since, state_reason, due_at,
             charge_at, first_tried_at, attempts, order_id, order_refusal)
         SELECT $1, $2, $3, o.number, o.state, o.state_since, o.state_reason, o.due_at, o.charge_at, o.first_tried_at,
                o.attempts, o.order_id, o.order_refusal
         FROM jsonb_to_recordset($4::jsonb) AS o (number bigint, state smallint, state_since timestamptz,
              state_reason text, due_at timestamptz, charge_at timestamptz, first_tried_at timestamptz, attempts integer,
              order_id uuid, order_refusal text)
         ON CONFLICT (tenant, shard, subscription, number) DO UPDATE
         SET state = excluded.state, state_since = excluded.state_since, state_reason = excluded.state_reason,
             due_at = excluded.due_at, charge_at = excluded.charge_at, first_tried_at = excluded.first_tried_at,
             attempts = excluded.attempts, order_id = excluded.order_id, order_refusal = excluded.order_refusal",
        tenant.uuid(),
        shard,
        ours.id.uuid(),
        Value::Array(rows),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

const fn kind_number(refund: bool) -> i16 {
    if refund { 2 } else { 1 }
}

async fn write_charges(tx: &mut Tx, tenant: TenantId, ours: &Standing, now: Timestamp) -> Result<(), StoreError> {
    if ours.placed.is_empty() {
        return Ok(());
    }
    let rows = ours.placed.iter().map(|one| {
        json!({
            "number": one.number, "kind": kind_number(one.refund), "attempt": one.attempt, "charge": one.id.uuid(),
            "amount_minor": one.amount_minor,
        })
    });
    sqlx::query!(
        "INSERT INTO charge (tenant, shard, subscription, number, kind, attempt, charge, amount_minor, currency, placed_at)
         SELECT $1, $2, $3, c.number, c.kind, c.attempt, c.charge, c.amount_minor, $4, $5
         FROM jsonb_to_recordset($6::jsonb)
              AS c (number bigint, kind smallint, attempt integer, charge uuid, amount_minor bigint)",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        ours.plan.currency.to_string(),
        SqlTimestamp::from(now) as SqlTimestamp,
        Value::Array(rows.collect()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_outcomes(tx: &mut Tx, tenant: TenantId, ours: &Standing, now: Timestamp) -> Result<(), StoreError> {
    if ours.answered.is_empty() {
        return Ok(());
    }
    let rows = ours.answered.iter().map(|one| {
        let (outcome, code, reference) = match &one.answer {
            Answer::Charged { reference } => (1, "", reference.as_str()),
            Answer::Declined { class: Decline::Never, code } => (2, code.as_str(), ""),
            Answer::Declined { class: Decline::AfterCardUpdate, code } => (3, code.as_str(), ""),
            Answer::Declined { class: Decline::Later, code } => (4, code.as_str(), ""),
        };
        json!({
            "number": one.number, "kind": kind_number(one.refund), "attempt": one.attempt, "outcome": outcome,
            "code": code, "reference": reference,
        })
    });
    sqlx::query!(
        "INSERT INTO charge_outcome (tenant, shard, subscription, number, kind, attempt, outcome, code, reference,
             answered_at)
         SELECT $1, $2, $3, c.number, c.kind, c.attempt, c.outcome, c.code, c.reference, $4
         FROM jsonb_to_recordset($5::jsonb)
              AS c (number bigint, kind smallint, attempt integer, outcome smallint, code text, reference text)",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        Value::Array(rows.collect()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_entitlements(tx: &mut Tx, tenant: TenantId, ours: &Standing) -> Result<(), StoreError> {
    let Some(membership) = &ours.membership else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO entitlement (tenant, shard, member, code, subscription, paid_from, paid_until, entitled_until)
         SELECT $1, $2, $3, unnest($4::text[]), $5, $6, $7, $8
         ON CONFLICT (tenant, shard, member, code, subscription) DO UPDATE
         SET paid_from = excluded.paid_from, paid_until = excluded.paid_until, entitled_until = excluded.entitled_until",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.member.uuid(),
        ours.plan.entitlements(),
        ours.id.uuid(),
        SqlTimestamp::from(membership.opens_from) as SqlTimestamp,
        SqlTimestamp::from(membership.until) as SqlTimestamp,
        SqlTimestamp::from(membership.entitled_until) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_changes(tx: &mut Tx, tenant: TenantId, ours: &Standing, now: Timestamp) -> Result<(), StoreError> {
    if ours.changed.is_empty() {
        return Ok(());
    }
    let rows = ours.changed.iter().map(|one| {
        json!({
            "number": one.number, "from_state": one.from.map_or(0, state_number), "to_state": state_number(one.to),
            "reason": one.reason, "occurred_at": one.at,
        })
    });
    sqlx::query!(
        "INSERT INTO state_change (tenant, shard, subscription, number, from_state, to_state, reason, occurred_at,
             recorded_at)
         SELECT $1, $2, $3, c.number, c.from_state, c.to_state, c.reason, c.occurred_at, $4
         FROM jsonb_to_recordset($5::jsonb)
              AS c (number bigint, from_state smallint, to_state smallint, reason text, occurred_at timestamptz)",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        Value::Array(rows.collect()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
