//! The rows of referrals.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, ReferralId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::life::State;
use super::record::{Move, Point, Referral};
use crate::codes::Code;
use crate::people::Whose;

/// Numbers in the database. They never change their meaning.
pub(super) const fn number_of(state: State) -> i16 {
    match state {
        State::Attributed => 1,
        State::Qualified => 2,
        State::Held => 3,
        State::Approved => 4,
        State::Rewarded => 5,
        State::Flagged => 6,
        State::Rejected => 7,
        State::Reversed => 8,
    }
}

pub(super) fn read_state(number: i16) -> Result<State, StoreError> {
    let found = State::ALL.into_iter().find(|state| number_of(*state) == number);
    found.ok_or_else(|| StoreError::unreadable("a state of a referral"))
}

const fn point_of(point: Point) -> i16 {
    match point {
        Point::Enrolment => 1,
        Point::Checkout => 2,
    }
}

fn read_point(number: i16) -> Result<Point, StoreError> {
    let found = [Point::Enrolment, Point::Checkout].into_iter().find(|point| point_of(*point) == number);
    found.ok_or_else(|| StoreError::unreadable("a point of attribution"))
}

/// Reads rows into referrals; a macro, because each checked query has a row type of its own.
macro_rules! referral {
    ($row:expr) => {{
        let row = $row;
        Ok::<Referral, StoreError>(Referral {
            id: row.referral.into(),
            inviter: row.inviter.into(),
            invitee: row.invitee.into(),
            code: Code::parse(&row.code).map_err(StoreError::unreadable)?,
            point: $crate::referral::store::point(row.point)?,
            touched_at: row.touched_at.into(),
            attributed_at: row.attributed_at.into(),
            checkout: row.checkout_order.map(Into::into),
            terms_version: row.terms_version,
            inviter_points: row.inviter_points,
            invitee_points: row.invitee_points,
            grounds: serde_json::from_value(row.grounds).map_err(StoreError::unreadable)?,
            state: $crate::referral::store::state(row.state)?,
            entered_at: row.entered_at.into(),
            flagged_from: row.flagged_from.map($crate::referral::store::state).transpose()?,
            order: row.order_id.map(Into::into),
            hold_ends_at: row.hold_ends_at.map(Timestamp::from),
            approved_at: row.approved_at.map(Timestamp::from),
            inviter_entry: row.inviter_entry.map(Into::into),
            invitee_entry: row.invitee_entry.map(Into::into),
            moves: row.moves,
            made: Vec::new(),
            errands: Vec::new(),
        })
    }};
}
pub(super) use referral;

pub(super) fn state(number: i16) -> Result<State, StoreError> {
    read_state(number)
}

pub(super) fn point(number: i16) -> Result<Point, StoreError> {
    read_point(number)
}

/// The referrals by which some members came.
pub(super) async fn of_invitees(
    connection: &mut PgConnection,
    all: &[Whose],
) -> Result<BTreeMap<Whose, Referral>, StoreError> {
    let tenants: Vec<Uuid> = all.iter().map(|(tenant, _)| tenant.uuid()).collect();
    let shards: Vec<i16> = all.iter().map(|(_, member)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = all.iter().map(|(_, member)| member.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT r.tenant, r.referral, r.inviter, r.invitee, r.code, r.point, r.touched_at, r.attributed_at,
                  r.checkout_order, r.terms_version, r.inviter_points, r.invitee_points, r.grounds, r.state,
                  r.entered_at, r.flagged_from, r.order_id, r.hold_ends_at, r.approved_at, r.inviter_entry,
                  r.invitee_entry, r.moves
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, invitee)
           CROSS JOIN LATERAL (
               SELECT * FROM referral AS r
               WHERE (r.tenant, r.shard, r.invitee) = (asked.tenant, asked.shard, asked.invitee) OFFSET 0
           ) AS r"#,
        &tenants,
        &shards,
        &members,
    )
    .fetch_all(connection)
    .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let tenant = TenantId::from(row.tenant);
        let read = referral!(row)?;
        found.insert((tenant, read.invitee), read);
    }
    Ok(found)
}

/// Whose referral an id names.
pub(super) async fn invitee_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    referral: ReferralId,
) -> Result<Option<MemberId>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT invitee FROM referral WHERE tenant = $1 AND referral = $2",
        tenant.uuid(),
        referral.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.map(MemberId::from))
}

/// Who invited a member, who invited that one, and so on. Ends, because rings are refused.
pub(super) async fn above(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<Vec<MemberId>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"WITH RECURSIVE up (inviter, height) AS (
               SELECT inviter, 1 FROM referral WHERE tenant = $1 AND invitee = $2
               UNION ALL
               SELECT r.inviter, up.height + 1 FROM up JOIN referral AS r ON r.tenant = $1 AND r.invitee = up.inviter
           )
           SELECT inviter AS "inviter!" FROM up ORDER BY height"#,
        tenant.uuid(),
        member.uuid(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(MemberId::from).collect())
}

/// How often a code attributed since a moment.
pub(super) async fn attributions(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &Code,
    since: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM referral WHERE tenant = $1 AND code = $2 AND attributed_at > $3"#,
        tenant.uuid(),
        code.text(),
        SqlTimestamp::from(since) as SqlTimestamp,
    )
    .fetch_one(connection)
    .await?)
}

/// How many referrals of an inviter were approved since a moment.
pub(super) async fn approvals(
    connection: &mut PgConnection,
    tenant: TenantId,
    inviter: MemberId,
    since: Option<Timestamp>,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM approval
           WHERE tenant = $1 AND shard = $2 AND inviter = $3 AND approved_at > coalesce($4::timestamptz, '-infinity')"#,
        tenant.uuid(),
        Shard::of_member(inviter).number(),
        inviter.uuid(),
        since.map(SqlTimestamp::from) as Option<SqlTimestamp>,
    )
    .fetch_one(connection)
    .await?)
}

/// Counts a referral against its inviter's limit.
pub(super) async fn count_approval(
    connection: &mut PgConnection,
    tenant: TenantId,
    referral: &Referral,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO approval (tenant, shard, inviter, referral, approved_at) VALUES ($1, $2, $3, $4, $5)",
        tenant.uuid(),
        Shard::of_member(referral.inviter).number(),
        referral.inviter.uuid(),
        referral.id.uuid(),
        SqlTimestamp::from(at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a referral as it stands now, and the moves it has made.
pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    referral: &Referral,
    now: Timestamp,
) -> Result<(), StoreError> {
    let grounds = serde_json::to_value(&referral.grounds).map_err(StoreError::unreadable)?;
    let time = |at: Option<Timestamp>| at.map(SqlTimestamp::from);
    sqlx::query!(
        "INSERT INTO referral (tenant, shard, invitee, referral, inviter, code, point, touched_at, attributed_at,
             checkout_order, terms_version, inviter_points, invitee_points, grounds, state, entered_at, flagged_from,
             order_id, hold_ends_at, approved_at, inviter_entry, invitee_entry, moves)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
         ON CONFLICT (tenant, shard, invitee) DO UPDATE SET
             state = excluded.state, entered_at = excluded.entered_at, flagged_from = excluded.flagged_from,
             order_id = excluded.order_id, hold_ends_at = excluded.hold_ends_at, approved_at = excluded.approved_at,
             inviter_entry = excluded.inviter_entry, invitee_entry = excluded.invitee_entry, moves = excluded.moves",
        tenant.uuid(),
        Shard::of_member(referral.invitee).number(),
        referral.invitee.uuid(),
        referral.id.uuid(),
        referral.inviter.uuid(),
        referral.code.text(),
        point_of(referral.point),
        SqlTimestamp::from(referral.touched_at) as SqlTimestamp,
        SqlTimestamp::from(referral.attributed_at) as SqlTimestamp,
        referral.checkout.map(|order| order.uuid()),
        referral.terms_version,
        referral.inviter_points,
        referral.invitee_points,
        grounds,
        number_of(referral.state),
        SqlTimestamp::from(referral.entered_at) as SqlTimestamp,
        referral.flagged_from.map(number_of),
        referral.order.map(|order| order.uuid()),
        time(referral.hold_ends_at) as Option<SqlTimestamp>,
        time(referral.approved_at) as Option<SqlTimestamp>,
        referral.inviter_entry.map(|entry| entry.uuid()),
        referral.invitee_entry.map(|entry| entry.uuid()),
        referral.moves,
    )
    .execute(&mut *connection)
    .await?;
    write_moves(connection, tenant, referral.invitee, &referral.made, now).await
}

async fn write_moves(
    connection: &mut PgConnection,
    tenant: TenantId,
    invitee: MemberId,
    made: &[Move],
    now: Timestamp,
) -> Result<(), StoreError> {
    let numbers: Vec<i64> = made.iter().map(|step| step.number).collect();
    let from: Vec<Option<i16>> = made.iter().map(|step| step.from.map(number_of)).collect();
    let to: Vec<i16> = made.iter().map(|step| number_of(step.to)).collect();
    let reasons: Vec<String> = made.iter().map(|step| step.reason.clone()).collect();
    let evidence = made
        .iter()
        .map(|step| serde_json::to_value(&step.evidence).map_err(StoreError::unreadable))
        .collect::<Result<Vec<_>, _>>()?;
    let occurred: Vec<SqlTimestamp> = made.iter().map(|step| step.occurred_at.into()).collect();
    sqlx::query!(
        "INSERT INTO referral_move (tenant, shard, invitee, number, from_state, to_state, reason, evidence, occurred_at,
             recorded_at)
         SELECT $1, $2, $3, unnest($4::bigint[]), unnest($5::smallint[]), unnest($6::smallint[]), unnest($7::text[]),
                unnest($8::jsonb[]), unnest($9::timestamptz[]), $10",
        tenant.uuid(),
        Shard::of_member(invitee).number(),
        invitee.uuid(),
        &numbers,
        &from as &[Option<i16>],
        &to,
        &reasons,
        &evidence,
        &occurred as &[SqlTimestamp],
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}
