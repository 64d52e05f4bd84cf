//! The rows of reservations and their parts.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{CouponId, Currency, MemberId, OrderId, ReservationId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::life::{OrderKey, Part, Reservation, State, What};
use crate::campaign::terms::Kind;

struct Row {
    reservation: Uuid,
    member: Uuid,
    order_source: String,
    order_number: String,
    attempt: i32,
    state: i16,
    state_at: SqlTimestamp,
    lapses_at: SqlTimestamp,
    currency: String,
    asked: Vec<u8>,
    owes: bool,
}

/// Numbers of states in the database. They never change their meaning.
const fn state(state: State) -> i16 {
    match state {
        State::Reserved => 1,
        State::Redeemed => 2,
        State::Cancelled => 3,
        State::Lapsed => 4,
        State::Returned => 5,
    }
}

/// Numbers of kinds in the database. They never change their meaning.
const fn kind(kind: Kind) -> i16 {
    match kind {
        Kind::AmountOff => 1,
        Kind::PercentOff => 2,
        Kind::Gift => 3,
        Kind::FreeDelivery => 4,
    }
}

/// Which kind a number is.
pub(super) fn read_kind(number: i16) -> Result<Kind, StoreError> {
    let known = [Kind::AmountOff, Kind::PercentOff, Kind::Gift, Kind::FreeDelivery];
    known.into_iter().find(|one| kind(*one) == number).ok_or_else(|| StoreError::unreadable("a kind of benefit"))
}

impl Row {
    fn read(self, parts: Vec<Part>) -> Result<Reservation, StoreError> {
        let known = [State::Reserved, State::Redeemed, State::Cancelled, State::Lapsed, State::Returned];
        let found = known.into_iter().find(|one| state(*one) == self.state);
        Ok(Reservation {
            id: self.reservation.into(),
            member: self.member.into(),
            order: OrderKey { source: self.order_source, number: self.order_number },
            attempt: self.attempt,
            state: found.ok_or_else(|| StoreError::unreadable("a state of a reservation"))?,
            state_at: self.state_at.into(),
            lapses_at: self.lapses_at.into(),
            currency: Currency::parse(&self.currency).map_err(StoreError::unreadable)?,
            asked: self.asked,
            owes: self.owes,
            parts,
        })
    }
}

async fn with_parts(
    connection: &mut PgConnection,
    tenant: TenantId,
    shard: Shard,
    row: Option<Row>,
) -> Result<Option<Reservation>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let rows = sqlx::query!(
        "SELECT coupon, code, campaign, version, kind, comes_back, saved_minor, line_minor, delivery_minor, gift,
                returned_at
         FROM reservation_part WHERE tenant = $1 AND shard = $2 AND reservation = $3 ORDER BY place",
        tenant.uuid(),
        shard.number(),
        row.reservation,
    )
    .fetch_all(connection)
    .await?;
    let parts = rows.into_iter().map(|part| {
        let what = match (part.coupon, part.code) {
            (Some(coupon), _) => What::Coupon(CouponId::from(coupon)),
            (None, Some(code)) => What::Code(code),
            (None, None) => return Err(StoreError::unreadable("a part of a reservation")),
        };
        Ok(Part {
            what,
            campaign: part.campaign,
            version: part.version,
            kind: read_kind(part.kind)?,
            comes_back: part.comes_back,
            saved_minor: part.saved_minor,
            line_minor: part.line_minor,
            delivery_minor: part.delivery_minor,
            gift: part.gift,
            returned_at: part.returned_at.map(Timestamp::from),
        })
    });
    let parts = parts.collect::<Result<Vec<_>, StoreError>>()?;
    row.read(parts).map(Some)
}

/// The last reservation of a member's order.
pub(super) async fn of_order(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    order: &OrderKey,
) -> Result<Option<Reservation>, StoreError> {
    let shard = Shard::of_member(member);
    let row = sqlx::query_as!(
        Row,
        "SELECT reservation, member, order_source, order_number, attempt, state, state_at, lapses_at, currency, asked,
                owes
         FROM reservation
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND order_source = $4 AND order_number = $5
         ORDER BY attempt DESC LIMIT 1",
        tenant.uuid(),
        shard.number(),
        member.uuid(),
        order.source,
        order.number,
    )
    .fetch_optional(&mut *connection)
    .await?;
    with_parts(connection, tenant, shard, row).await
}

pub(super) async fn by_id(
    connection: &mut PgConnection,
    tenant: TenantId,
    shard: Shard,
    reservation: ReservationId,
) -> Result<Option<Reservation>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT reservation, member, order_source, order_number, attempt, state, state_at, lapses_at, currency, asked,
                owes
         FROM reservation WHERE tenant = $1 AND shard = $2 AND reservation = $3",
        tenant.uuid(),
        shard.number(),
        reservation.uuid(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    with_parts(connection, tenant, shard, row).await
}

/// The live reservation of an order that was recorded.
pub(super) async fn of_purchase(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    order: OrderId,
) -> Result<Option<Reservation>, StoreError> {
    let shard = Shard::of_member(member);
    let row = sqlx::query_as!(
        Row,
        "SELECT reservation, member, order_source, order_number, attempt, state, state_at, lapses_at, currency, asked,
                owes
         FROM reservation
         WHERE tenant = $1 AND shard = $2 AND purchase = $3 AND member = $4 AND state IN (1, 2)
         ORDER BY attempt DESC LIMIT 1",
        tenant.uuid(),
        shard.number(),
        order.uuid(),
        member.uuid(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    with_parts(connection, tenant, shard, row).await
}

/// Keeps by which id orders were recorded, for those that anything was ever put aside for: what is put aside again for the same
/// order inherits it.
pub(super) async fn bind(
    connection: &mut PgConnection,
    orders: &[(TenantId, MemberId, OrderId, &OrderKey)],
) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = orders.iter().map(|(tenant, ..)| tenant.uuid()).collect();
    let shards: Vec<i16> = orders.iter().map(|(_, member, ..)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = orders.iter().map(|(_, member, ..)| member.uuid()).collect();
    let purchases: Vec<Uuid> = orders.iter().map(|(.., order, _)| order.uuid()).collect();
    let sources: Vec<String> = orders.iter().map(|(.., key)| key.source.clone()).collect();
    let numbers: Vec<String> = orders.iter().map(|(.., key)| key.number.clone()).collect();
    sqlx::query!(
        "UPDATE reservation AS r SET purchase = heard.purchase
         FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
              AS heard (tenant, shard, member, purchase, source, number)
         WHERE r.tenant = heard.tenant AND r.shard = heard.shard AND r.member = heard.member
           AND r.order_source = heard.source AND r.order_number = heard.number",
        &tenants,
        &shards,
        &members,
        &purchases,
        &sources,
        &numbers,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    made: &Reservation,
) -> Result<(), StoreError> {
    let shard = Shard::of_member(made.member).number();
    sqlx::query!(
        "INSERT INTO reservation (tenant, shard, reservation, member, order_source, order_number, attempt, state,
             state_at, lapses_at, currency, asked, owes, reserved_at, purchase)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, $9,
             (SELECT purchase FROM reservation
              WHERE tenant = $1 AND shard = $2 AND member = $4 AND order_source = $5 AND order_number = $6
                AND purchase IS NOT NULL
              ORDER BY attempt DESC LIMIT 1))",
        tenant.uuid(),
        shard,
        made.id.uuid(),
        made.member.uuid(),
        made.order.source,
        made.order.number,
        made.attempt,
        state(made.state),
        SqlTimestamp::from(made.state_at) as SqlTimestamp,
        SqlTimestamp::from(made.lapses_at) as SqlTimestamp,
        made.currency.to_string(),
        made.asked.as_slice(),
    )
    .execute(&mut *connection)
    .await?;
    // A part has an array of its own, which no array of arrays of one length can hold: there are four at most.
    for (place, part) in (0_i16..).zip(&made.parts) {
        sqlx::query!(
            "INSERT INTO reservation_part (tenant, shard, reservation, place, member, coupon, code, campaign, version,
                 kind, comes_back, currency, saved_minor, line_minor, delivery_minor, gift, lapses_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            tenant.uuid(),
            shard,
            made.id.uuid(),
            place,
            made.member.uuid(),
            part.what.coupon().map(CouponId::uuid),
            part.what.code(),
            part.campaign,
            part.version,
            kind(part.kind),
            part.comes_back,
            made.currency.to_string(),
            part.saved_minor,
            &part.line_minor,
            part.delivery_minor,
            part.gift,
            SqlTimestamp::from(made.lapses_at) as SqlTimestamp,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Ends a reservation: its parts are used from then on, or count no more.
pub(super) async fn end(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    reservation: ReservationId,
    (ended, at): (State, Timestamp),
) -> Result<(), StoreError> {
    let (shard, at) = (Shard::of_member(member).number(), SqlTimestamp::from(at));
    sqlx::query!(
        "WITH ended AS (
             UPDATE reservation SET state = $4, state_at = $5 WHERE tenant = $1 AND shard = $2 AND reservation = $3
         )
         UPDATE reservation_part SET lapses_at = NULL, redeemed_at = CASE WHEN $6 THEN $5 END
         WHERE tenant = $1 AND shard = $2 AND reservation = $3",
        tenant.uuid(),
        shard,
        reservation.uuid(),
        state(ended),
        at as SqlTimestamp,
        ended == State::Redeemed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back what comes back of a redeemed reservation; what campaigns and codes get of it is owed from then on.
pub(super) async fn take_back(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    reservation: ReservationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = SqlTimestamp::from(now);
    sqlx::query!(
        "WITH back AS (
             UPDATE reservation SET state = 5, state_at = $4, owes = true
             WHERE tenant = $1 AND shard = $2 AND reservation = $3
         )
         UPDATE reservation_part SET returned_at = $4
         WHERE tenant = $1 AND shard = $2 AND reservation = $3 AND comes_back",
        tenant.uuid(),
        Shard::of_member(member).number(),
        reservation.uuid(),
        now as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Nothing is owed any more.
pub(super) async fn paid(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    reservation: ReservationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE reservation SET owes = false WHERE tenant = $1 AND shard = $2 AND reservation = $3",
        tenant.uuid(),
        Shard::of_member(member).number(),
        reservation.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
