//! Reading rows for those who look.

use std::collections::BTreeMap;

use ::store::{Head, SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, Shard, SubscriptionId, TenantId};
use sqlx::PgConnection;

use super::{OccurrenceRow, Row, read_state, state_number};
use crate::subscription::charging::Decline;
use crate::subscription::paid::Grant;
use crate::subscription::reading::{ChargeView, Filter, Grants};
use crate::subscription::standing::{Change, Occurrence, Standing};

/// Whose a subscription is.
pub(in crate::subscription) async fn member_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<Option<MemberId>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT member FROM subscription WHERE tenant = $1 AND subscription = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.map(MemberId::from))
}

pub(in crate::subscription) async fn one(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<Option<Row>, StoreError> {
    let found = sqlx::query_as!(
        Row,
        "SELECT subscription, member, plan, plan_version, state, state_since, state_reason, changes, schedule,
                next_number, payment_token, by_provider, awaits_card, unpaid_in_row, last_paid, membership, started_at
         FROM subscription WHERE tenant = $1 AND subscription = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found)
}

/// Subscriptions that a provider charges by itself with a token, oldest first.
pub(in crate::subscription) async fn with_token(
    connection: &mut PgConnection,
    tenant: TenantId,
    token: &str,
) -> Result<Vec<Row>, StoreError> {
    let found = sqlx::query_as!(
        Row,
        "SELECT subscription, member, plan, plan_version, state, state_since, state_reason, changes, schedule,
                next_number, payment_token, by_provider, awaits_card, unpaid_in_row, last_paid, membership, started_at
         FROM subscription WHERE tenant = $1 AND payment_token = $2 AND by_provider
         ORDER BY started_at, subscription LIMIT 1000",
        tenant.uuid(),
        token,
    )
    .fetch_all(connection)
    .await?;
    Ok(found)
}

pub(in crate::subscription) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    after: Option<(Timestamp, SubscriptionId)>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let (since, id) = after.unwrap_or((Timestamp::MIN, SubscriptionId::from(uuid::Uuid::nil())));
    // No subscription began before the year 1, where PostgreSQL's and our calendars still agree.
    let since = since.max(Timestamp::from_second(-62_000_000_000).unwrap_or(Timestamp::UNIX_EPOCH));
    let state = filter.state.map(state_number);
    let since = SqlTimestamp::from(since);
    let found = match filter.member {
        Some(member) => {
            sqlx::query_as!(
                Row,
                "SELECT subscription, member, plan, plan_version, state, state_since, state_reason, changes, schedule,
                        next_number, payment_token, by_provider, awaits_card, unpaid_in_row, last_paid, membership,
                        started_at
                 FROM subscription
                 WHERE tenant = $1 AND shard = $2 AND member = $3 AND ($4 = '' OR plan = $4)
                   AND ($5::smallint IS NULL OR state = $5) AND (started_at, subscription) > ($6, $7)
                 ORDER BY started_at, subscription LIMIT $8",
                tenant.uuid(),
                Shard::of_member(member).number(),
                member.uuid(),
                filter.plan,
                state,
                since as SqlTimestamp,
                id.uuid(),
                limit,
            )
            .fetch_all(connection)
            .await?
        }
        None => {
            sqlx::query_as!(
                Row,
                "SELECT subscription, member, plan, plan_version, state, state_since, state_reason, changes, schedule,
                        next_number, payment_token, by_provider, awaits_card, unpaid_in_row, last_paid, membership,
                        started_at
                 FROM subscription
                 WHERE tenant = $1 AND ($2 = '' OR plan = $2) AND ($3::smallint IS NULL OR state = $3)
                   AND (started_at, subscription) > ($4, $5)
                 ORDER BY started_at, subscription LIMIT $6",
                tenant.uuid(),
                filter.plan,
                state,
                since as SqlTimestamp,
                id.uuid(),
                limit,
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(found)
}

/// Occurrences that are skipped, due, being charged, or unpaid.
pub(in crate::subscription) async fn open(
    connection: &mut PgConnection,
    tenant: TenantId,
    ours: &Standing,
) -> Result<BTreeMap<i64, Occurrence>, StoreError> {
    let rows = sqlx::query_as!(
        OccurrenceRow,
        "SELECT number, state, state_since, state_reason, due_at, charge_at, first_tried_at, attempts, order_id,
                order_refusal
         FROM occurrence WHERE tenant = $1 AND shard = $2 AND subscription = $3 AND state IN (2, 3, 4, 6)",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.read().map(|occurrence| (occurrence.number, occurrence))).collect()
}

/// The latest occurrences that are no longer ahead, newest first.
pub(in crate::subscription) async fn recent(
    connection: &mut PgConnection,
    tenant: TenantId,
    ours: &Standing,
    limit: i64,
) -> Result<Vec<Occurrence>, StoreError> {
    let rows = sqlx::query_as!(
        OccurrenceRow,
        "SELECT number, state, state_since, state_reason, due_at, charge_at, first_tried_at, attempts, order_id,
                order_refusal
         FROM occurrence WHERE tenant = $1 AND shard = $2 AND subscription = $3 AND number < $4
         ORDER BY number DESC LIMIT $5",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        ours.next,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OccurrenceRow::read).collect()
}

/// When occurrences with a row are due, by number: the latest thousand.
pub(in crate::subscription) async fn due_days(
    connection: &mut PgConnection,
    tenant: TenantId,
    ours: &Standing,
) -> Result<BTreeMap<i64, Timestamp>, StoreError> {
    let rows = sqlx::query!(
        "SELECT number, due_at FROM occurrence WHERE tenant = $1 AND shard = $2 AND subscription = $3
         ORDER BY number DESC LIMIT 1000",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, Timestamp::from(row.due_at))).collect())
}

/// Charges, newest first, behind one.
pub(in crate::subscription) async fn charges(
    connection: &mut PgConnection,
    tenant: TenantId,
    ours: &Standing,
    after: Option<(i64, i16, i32)>,
    limit: i64,
) -> Result<Vec<ChargeView>, StoreError> {
    let (number, kind, attempt) = after.unwrap_or((i64::MAX, i16::MAX, i32::MAX));
    let rows = sqlx::query!(
        r#"SELECT charge.number, charge.kind, charge.attempt, charge.charge, charge.amount_minor, charge.currency,
                  charge.placed_at, told.outcome AS "outcome?", told.code AS "code?", told.reference AS "reference?",
                  told.answered_at AS "answered_at?"
           FROM charge LEFT JOIN charge_outcome AS told USING (tenant, shard, subscription, number, kind, attempt)
           WHERE tenant = $1 AND shard = $2 AND subscription = $3 AND (number, kind, attempt) < ($4, $5, $6)
           ORDER BY number DESC, kind DESC, attempt DESC LIMIT $7"#,
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        number,
        kind,
        attempt,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ChargeView {
                id: row.charge.into(),
                number: row.number,
                attempt: row.attempt,
                refund: row.kind == 2,
                amount_minor: row.amount_minor,
                currency: row.currency,
                outcome: row.outcome.map(read_outcome).transpose()?,
                code: row.code.unwrap_or_default(),
                reference: row.reference.unwrap_or_default(),
                placed_at: row.placed_at.into(),
                answered_at: row.answered_at.map(Timestamp::from),
            })
        })
        .collect()
}

fn read_outcome(number: i16) -> Result<Result<(), Decline>, StoreError> {
    Ok(match number {
        1 => Ok(()),
        2 => Err(Decline::Never),
        3 => Err(Decline::AfterCardUpdate),
        4 => Err(Decline::Later),
        _ => return Err(StoreError::unreadable("the outcome of a charge")),
    })
}

/// The latest changes of state, newest first.
pub(in crate::subscription) async fn changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    ours: &Standing,
    limit: i64,
) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        "SELECT number, from_state, to_state, reason, occurred_at FROM state_change
         WHERE tenant = $1 AND shard = $2 AND subscription = $3 ORDER BY number DESC LIMIT $4",
        tenant.uuid(),
        Shard::of_member(ours.member).number(),
        ours.id.uuid(),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let from = if row.from_state == 0 { None } else { Some(read_state(row.from_state)?) };
            let (to, at) = (read_state(row.to_state)?, row.occurred_at.into());
            Ok(Change { number: row.number, from, to, reason: row.reason, at })
        })
        .collect()
}

/// What is, or was, open to a member, in one statement with the head of its partition.
pub(in crate::subscription) async fn grants(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<(Head, Grants), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT head.epoch, head.position, there.code AS "code?", there.subscription AS "subscription?",
                  there.paid_from AS "paid_from?", there.paid_until AS "paid_until?",
                  there.entitled_until AS "entitled_until?"
           FROM head LEFT JOIN entitlement AS there
             ON there.tenant = $1 AND there.shard = head.shard AND there.member = $3
           WHERE head.shard = $2
           ORDER BY there.code, there.subscription"#,
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
    )
    .fetch_all(connection)
    .await?;
    let head = rows.first().map(|row| Head { epoch: row.epoch, position: row.position });
    let grants = rows.into_iter().filter_map(|row| {
        Some(Grant {
            code: row.code?,
            subscription: row.subscription?.into(),
            paid_from: row.paid_from?.into(),
            paid_until: row.paid_until?.into(),
            entitled_until: row.entitled_until?.into(),
        })
    });
    let grants = grants.collect();
    Ok((head.ok_or_else(|| StoreError::unreadable("the heads: run `rapport migrate`"))?, grants))
}
