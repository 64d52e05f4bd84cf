//! The rows of coupons.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{CouponId, MemberId, ReservationId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::standing::{Coupon, State};
use crate::campaign::terms::Window;

struct Row {
    coupon: Uuid,
    member: Uuid,
    campaign: String,
    version: i32,
    number: i64,
    state: i16,
    state_at: SqlTimestamp,
    valid_from: SqlTimestamp,
    valid_until: Option<SqlTimestamp>,
    reservation: Option<Uuid>,
    reserved_until: Option<SqlTimestamp>,
    reason: String,
    issued_at: SqlTimestamp,
}

/// Numbers of states in the database. They never change their meaning.
const fn state(state: State) -> i16 {
    match state {
        State::Issued => 1,
        State::Reserved => 2,
        State::Redeemed => 3,
        State::Lapsed => 4,
    }
}

impl Row {
    fn read(self) -> Result<Coupon, StoreError> {
        let known = [State::Issued, State::Reserved, State::Redeemed, State::Lapsed];
        let found = known.into_iter().find(|one| state(*one) == self.state);
        Ok(Coupon {
            id: self.coupon.into(),
            member: self.member.into(),
            campaign: self.campaign,
            version: self.version,
            number: self.number,
            state: found.ok_or_else(|| StoreError::unreadable("a state of a coupon"))?,
            state_at: self.state_at.into(),
            window: Window { from: self.valid_from.into(), until: self.valid_until.map(Timestamp::from) },
            reservation: self.reservation.map(ReservationId::from),
            reserved_until: self.reserved_until.map(Timestamp::from),
            reason: self.reason,
            issued_at: self.issued_at.into(),
        })
    }
}

fn read_all(rows: Vec<Row>) -> Result<Vec<Coupon>, StoreError> {
    rows.into_iter().map(Row::read).collect()
}

/// Some of a member's coupons.
pub(crate) async fn of_member(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    coupons: &[CouponId],
) -> Result<Vec<Coupon>, StoreError> {
    if coupons.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT coupon, member, campaign, version, number, state, state_at, valid_from, valid_until, reservation,
                reserved_until, reason, issued_at
         FROM coupon WHERE tenant = $1 AND shard = $2 AND coupon = ANY ($3) AND member = $4",
        tenant.uuid(),
        Shard::of_member(member).number(),
        &ids,
        member.uuid(),
    )
    .fetch_all(connection)
    .await?;
    read_all(rows)
}

/// Coupons a member holds, those that lapse first.
pub(crate) async fn lapsing_first(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Coupon>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT coupon, member, campaign, version, number, state, state_at, valid_from, valid_until, reservation,
                reserved_until, reason, issued_at
         FROM coupon
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND state IN (1, 2)
           AND (valid_until IS NULL OR valid_until > $4)
         ORDER BY valid_until, number LIMIT $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        limit,
    )
    .fetch_all(connection)
    .await?;
    read_all(rows)
}

/// Coupons by their ids, whoever has them.
pub(super) async fn by_id(
    connection: &mut PgConnection,
    tenant: TenantId,
    coupons: &[(Shard, CouponId)],
) -> Result<Vec<Coupon>, StoreError> {
    let (shards, ids): (Vec<i16>, Vec<Uuid>) =
        coupons.iter().map(|(shard, coupon)| (shard.number(), coupon.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.coupon, c.member, c.campaign, c.version, c.number, c.state, c.state_at, c.valid_from, c.valid_until,
                c.reservation, c.reserved_until, c.reason, c.issued_at
         FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, coupon)
         JOIN coupon AS c ON c.tenant = $1 AND c.shard = asked.shard AND c.coupon = asked.coupon
         ORDER BY c.valid_until, c.coupon",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    read_all(rows)
}

pub(super) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    before: i64,
    limit: i64,
) -> Result<Vec<Coupon>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT coupon, member, campaign, version, number, state, state_at, valid_from, valid_until, reservation,
                reserved_until, reason, issued_at
         FROM coupon WHERE tenant = $1 AND shard = $2 AND member = $3 AND number < $4 ORDER BY number DESC LIMIT $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    read_all(rows)
}

/// What members have of campaigns: how many unused, and the number of their last coupon of any.
pub(super) async fn held(
    connection: &mut PgConnection,
    asked: &BTreeSet<(TenantId, MemberId, String)>,
    now: Timestamp,
) -> Result<BTreeMap<(TenantId, MemberId, String), (i64, i64)>, StoreError> {
    let tenants: Vec<Uuid> = asked.iter().map(|(tenant, ..)| tenant.uuid()).collect();
    let shards: Vec<i16> = asked.iter().map(|(_, member, _)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = asked.iter().map(|(_, member, _)| member.uuid()).collect();
    let campaigns: Vec<String> = asked.iter().map(|(.., campaign)| campaign.clone()).collect();
    let rows = sqlx::query!(
        "SELECT asked.tenant AS \"tenant!\", asked.member AS \"member!\", asked.campaign AS \"campaign!\",
             (SELECT count(*) FROM coupon AS c
              WHERE c.tenant = asked.tenant AND c.shard = asked.shard AND c.member = asked.member
                AND c.campaign = asked.campaign AND c.state IN (1, 2)
                AND (c.valid_until IS NULL OR c.valid_until > $5 OR c.reserved_until > $5)) AS \"held!\",
             (SELECT coalesce(max(number), 0) FROM coupon AS c
              WHERE c.tenant = asked.tenant AND c.shard = asked.shard AND c.member = asked.member) AS \"last!\"
         FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[]) AS asked (tenant, shard, member, campaign)",
        &tenants,
        &shards,
        &members,
        &campaigns,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| ((row.tenant.into(), row.member.into(), row.campaign), (row.held, row.last)));
    Ok(read.collect())
}

pub(super) async fn insert(connection: &mut PgConnection, coupons: &[(TenantId, Coupon)]) -> Result<(), StoreError> {
    let instants = |read: fn(&Coupon) -> Option<Timestamp>| {
        coupons.iter().map(|(_, coupon)| read(coupon).map(SqlTimestamp::from)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    let texts =
        |read: fn(&Coupon) -> &str| coupons.iter().map(|(_, coupon)| read(coupon).to_owned()).collect::<Vec<_>>();
    let tenants: Vec<Uuid> = coupons.iter().map(|(tenant, _)| tenant.uuid()).collect();
    let shards: Vec<i16> = coupons.iter().map(|(_, coupon)| Shard::of_member(coupon.member).number()).collect();
    let ids: Vec<Uuid> = coupons.iter().map(|(_, coupon)| coupon.id.uuid()).collect();
    let members: Vec<Uuid> = coupons.iter().map(|(_, coupon)| coupon.member.uuid()).collect();
    let versions: Vec<i32> = coupons.iter().map(|(_, coupon)| coupon.version).collect();
    let numbers: Vec<i64> = coupons.iter().map(|(_, coupon)| coupon.number).collect();
    sqlx::query!(
        "INSERT INTO coupon (tenant, shard, coupon, member, campaign, version, number, state, state_at, valid_from,
             valid_until, reason, issued_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]),
                unnest($6::integer[]), unnest($7::bigint[]), 1, unnest($8::timestamptz[]), unnest($9::timestamptz[]),
                unnest($10::timestamptz[]), unnest($11::text[]), unnest($8::timestamptz[])",
        &tenants,
        &shards,
        &ids,
        &members,
        &texts(|coupon| &coupon.campaign),
        &versions,
        &numbers,
        &instants(|coupon| Some(coupon.issued_at)) as &[Option<SqlTimestamp>],
        &instants(|coupon| Some(coupon.window.from)) as &[Option<SqlTimestamp>],
        &instants(|coupon| coupon.window.until) as &[Option<SqlTimestamp>],
        &texts(|coupon| &coupon.reason),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts coupons aside that are free; answers how many were.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    coupons: &[CouponId],
    (reservation, until): (ReservationId, Timestamp),
    now: Timestamp,
) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = coupons.iter().map(|coupon| coupon.uuid()).collect();
    let done = sqlx::query!(
        "UPDATE coupon SET state = 2, state_at = $7, reservation = $5, reserved_until = $6
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND coupon = ANY ($4)
           AND (state = 1 OR state = 2 AND reserved_until <= $7)",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        &ids,
        reservation.uuid(),
        SqlTimestamp::from(until) as SqlTimestamp,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Uses what is put aside for a reservation; answers how many that was.
pub(crate) async fn redeem(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    reservation: ReservationId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE coupon SET state = 3, state_at = $5, reserved_until = NULL
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND reservation = $4 AND state = 2",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        reservation.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Frees what a reservation put aside or used, those that are named or all; what is over by then has lapsed.
pub(super) async fn free(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    reservation: ReservationId,
    only: Option<&[CouponId]>,
    now: Timestamp,
) -> Result<Vec<Coupon>, StoreError> {
    let only: Option<Vec<Uuid>> = only.map(|only| only.iter().map(|coupon| coupon.uuid()).collect());
    let rows = sqlx::query_as!(
        Row,
        "UPDATE coupon
         SET state = CASE WHEN valid_until <= $5 THEN 4 ELSE 1 END, state_at = $5, reservation = NULL,
             reserved_until = NULL
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND reservation = $4 AND state IN (2, 3)
           AND ($6::uuid[] IS NULL OR coupon = ANY ($6))
         RETURNING coupon, member, campaign, version, number, state, state_at, valid_from, valid_until, reservation,
                   reserved_until, reason, issued_at",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        reservation.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
        only.as_deref(),
    )
    .fetch_all(connection)
    .await?;
    read_all(rows)
}

/// Writes down that coupons have lapsed, each at its instant.
pub(super) async fn lapse(
    connection: &mut PgConnection,
    tenant: TenantId,
    lapsed: &[(Shard, CouponId, Timestamp)],
) -> Result<(), StoreError> {
    let shards: Vec<i16> = lapsed.iter().map(|(shard, ..)| shard.number()).collect();
    let ids: Vec<Uuid> = lapsed.iter().map(|(_, coupon, _)| coupon.uuid()).collect();
    let instants: Vec<SqlTimestamp> = lapsed.iter().map(|(.., at)| SqlTimestamp::from(*at)).collect();
    sqlx::query!(
        "UPDATE coupon SET state = 4, state_at = gone.at, reservation = NULL, reserved_until = NULL
         FROM unnest($2::smallint[], $3::uuid[], $4::timestamptz[]) AS gone (shard, coupon, at)
         WHERE coupon.tenant = $1 AND coupon.shard = gone.shard AND coupon.coupon = gone.coupon",
        tenant.uuid(),
        &shards,
        &ids,
        &instants as &[SqlTimestamp],
    )
    .execute(connection)
    .await?;
    Ok(())
}
