//! Reading referrals.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Page, Recorded, Sums};
use crate::codes::Code;
use crate::referral::life::State;
use crate::referral::record::{Move, Referral};
use crate::referral::store::{number_of, read_state, referral};

/// The moves of one referral, oldest first.
pub(super) async fn moves(
    connection: &mut PgConnection,
    tenant: TenantId,
    invitee: MemberId,
) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query!(
        "SELECT number, from_state, to_state, reason, evidence, occurred_at, recorded_at FROM referral_move
         WHERE tenant = $1 AND shard = $2 AND invitee = $3 ORDER BY number",
        tenant.uuid(),
        Shard::of_member(invitee).number(),
        invitee.uuid(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let step = Move {
                number: row.number,
                from: row.from_state.map(read_state).transpose()?,
                to: read_state(row.to_state)?,
                reason: row.reason,
                evidence: serde_json::from_value(row.evidence).map_err(StoreError::unreadable)?,
                occurred_at: row.occurred_at.into(),
            };
            Ok(Recorded { step, recorded_at: row.recorded_at.into() })
        })
        .collect()
}

/// Whom a member invited, newest first.
pub(super) async fn invitations(
    connection: &mut PgConnection,
    tenant: TenantId,
    inviter: MemberId,
    states: &[State],
    page: &Page,
) -> Result<Vec<Referral>, StoreError> {
    let states: Vec<i16> = states.iter().map(|state| number_of(*state)).collect();
    let before = page.before.map(|(at, _)| SqlTimestamp::from(at));
    let rows = sqlx::query!(
        r#"SELECT r.referral, r.inviter, r.invitee, r.code, r.point, r.touched_at, r.attributed_at, r.checkout_order,
                  r.terms_version, r.inviter_points, r.invitee_points, r.grounds, r.state, r.entered_at, r.flagged_from,
                  r.order_id, r.hold_ends_at, r.approved_at, r.inviter_entry, r.invitee_entry, r.moves
           FROM referral AS r
           WHERE tenant = $1 AND inviter = $2 AND (cardinality($3::smallint[]) = 0 OR state = ANY ($3))
             AND (attributed_at, referral) < (coalesce($4::timestamptz, 'infinity'), $5::uuid)
           ORDER BY attributed_at DESC, referral DESC LIMIT $6"#,
        tenant.uuid(),
        inviter.uuid(),
        &states,
        before as Option<SqlTimestamp>,
        page.before.map_or(Uuid::nil(), |(_, referral)| referral.uuid()),
        page.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| referral!(row)).collect()
}

/// All referrals of a tenant by state.
pub(super) async fn sums(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<Sums>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT state, count(*) AS "referrals!", sum(inviter_points)::bigint AS "inviter_points!",
                  sum(invitee_points)::bigint AS "invitee_points!"
           FROM referral WHERE tenant = $1 GROUP BY state ORDER BY state"#,
        tenant.uuid(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Sums {
                state: read_state(row.state)?,
                referrals: row.referrals,
                inviter_points: row.inviter_points,
                invitee_points: row.invitee_points,
            })
        })
        .collect()
}
