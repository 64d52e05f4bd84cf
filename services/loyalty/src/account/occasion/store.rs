//! The rows of occasions: written once, never changed.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use kernel::{CouponId, OccasionId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Occasion, OccasionCoupon, OccasionFacts, OccasionView};
use crate::account::books::Books;
use crate::account::desk::Whose;
use crate::account::wallet::Owner;
use crate::programme::occasions::On;

struct Row {
    member: Uuid,
    occasion: Uuid,
    kind: i16,
    event: String,
    external_id: String,
    channel: String,
    quantity: i64,
    gifts: serde_json::Value,
    coupons: serde_json::Value,
    grounds: Option<serde_json::Value>,
    historic: bool,
    occurred_at: SqlTimestamp,
    recorded_at: SqlTimestamp,
}

/// Numbers of kinds in the database. They never change their meaning.
const fn kind(on: &On) -> i16 {
    match on {
        On::Enrolment => 1,
        On::Birthday => 2,
        On::Event(_) => 3,
    }
}

impl Row {
    fn read(self) -> Result<OccasionView, StoreError> {
        let known = [On::Enrolment, On::Birthday, On::Event(self.event)];
        let on = known.into_iter().find(|on| kind(on) == self.kind);
        let facts = OccasionFacts {
            id: OccasionId::from(self.occasion),
            on: on.ok_or_else(|| StoreError::unreadable("a kind of an occasion"))?,
            external_id: self.external_id,
            channel: self.channel,
            quantity: self.quantity,
            occurred_at: self.occurred_at.into(),
            historic: self.historic,
        };
        let occasion = Occasion {
            facts,
            gifts: serde_json::from_value(self.gifts).map_err(StoreError::unreadable)?,
            coupons: serde_json::from_value(self.coupons).map_err(StoreError::unreadable)?,
            grounds: self.grounds.map(serde_json::from_value).transpose().map_err(StoreError::unreadable)?,
            who: None,
            touched: false,
        };
        Ok(OccasionView { member: self.member.into(), occasion, recorded_at: self.recorded_at.into() })
    }
}

/// Reads occasions by their ids, where they are known.
pub(in crate::account) async fn load(
    connection: &mut PgConnection,
    wanted: &BTreeSet<(Whose, OccasionId)>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let is_open =
        |((tenant, member), _): &&(Whose, OccasionId)| books.contains_key(&Owner::of_points(*tenant, *member));
    let wanted: Vec<&(Whose, OccasionId)> = wanted.iter().filter(is_open).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = wanted.iter().map(|((tenant, _), _)| tenant.uuid()).collect();
    let shards: Vec<i16> = wanted.iter().map(|((_, member), _)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = wanted.iter().map(|((_, member), _)| member.uuid()).collect();
    let ids: Vec<Uuid> = wanted.iter().map(|(_, id)| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT occasion.tenant, occasion.member, occasion.occasion, kind, event, external_id, channel, quantity, gifts,
                  coupons, grounds, historic, occurred_at, recorded_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[]) AS asked (tenant, shard, member, occasion)
           CROSS JOIN LATERAL (
               SELECT * FROM occasion
               WHERE (occasion.tenant, occasion.shard, occasion.member, occasion.occasion)
                   = (asked.tenant, asked.shard, asked.member, asked.occasion) OFFSET 0
           ) AS occasion"#,
        &tenants,
        &shards,
        &members,
        &ids
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner = Owner::of_points(row.tenant.into(), row.member.into());
        let read = Row {
            member: row.member,
            occasion: row.occasion,
            kind: row.kind,
            event: row.event,
            external_id: row.external_id,
            channel: row.channel,
            quantity: row.quantity,
            gifts: row.gifts,
            coupons: row.coupons,
            grounds: row.grounds,
            historic: row.historic,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
        };
        if let Some(holdings) = books.get_mut(&owner) {
            holdings.occasions.push(read.read()?.occasion);
        }
    }
    Ok(())
}

/// A page of a member's occasions, newest first.
pub(super) async fn page(
    connection: &mut PgConnection,
    (tenant, member): Whose,
    before: Option<(Timestamp, OccasionId)>,
    limit: i64,
) -> Result<Vec<OccasionView>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT member, occasion, kind, event, external_id, channel, quantity, gifts, coupons, grounds, historic,
                occurred_at, recorded_at
         FROM occasion
         WHERE tenant = $1 AND shard = $2 AND member = $3
           AND (recorded_at, occasion) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, $1))
         ORDER BY recorded_at DESC, occasion DESC LIMIT $6",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        before.map(|(at, _)| SqlTimestamp::from(at)) as Option<SqlTimestamp>,
        before.map(|(_, id)| id.uuid()),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// One occasion of a member.
pub(super) async fn one(
    connection: &mut PgConnection,
    (tenant, member): Whose,
    occasion: OccasionId,
) -> Result<Option<OccasionView>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT member, occasion, kind, event, external_id, channel, quantity, gifts, coupons, grounds, historic,
                occurred_at, recorded_at
         FROM occasion WHERE tenant = $1 AND shard = $2 AND member = $3 AND occasion = $4",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        occasion.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// All occasions of a tenant's members in some shards, as they were recorded.
pub(in crate::account) async fn of_shards(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[i16],
) -> Result<Vec<OccasionView>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT member, occasion, kind, event, external_id, channel, quantity, gifts, coupons, grounds, historic,
                occurred_at, recorded_at
         FROM occasion WHERE tenant = $1 AND shard = ANY ($2) ORDER BY recorded_at, occasion",
        tenant.uuid(),
        shards,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Writes what is new; the coupons that were withheld are told as none.
pub(in crate::account) async fn write(
    tx: &mut Tx,
    books: &Books,
    withheld: &BTreeSet<CouponId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let all = books.iter().flat_map(|(owner, holdings)| holdings.occasions.iter().map(move |one| (owner, one)));
    let new: Vec<(&Owner, &Occasion)> = all.filter(|(_, one)| one.touched).collect();
    if new.is_empty() {
        return Ok(());
    }
    let texts = |read: fn(&OccasionFacts) -> &str| new.iter().map(|(_, one)| read(&one.facts)).collect::<Vec<&str>>();
    let uuids =
        |read: fn(&Owner, &Occasion) -> Uuid| new.iter().map(|(owner, one)| read(owner, one)).collect::<Vec<_>>();
    let shards: Vec<i16> = new.iter().map(|(owner, _)| Shard::of_member(owner.member).number()).collect();
    let kinds: Vec<i16> = new.iter().map(|(_, one)| kind(&one.facts.on)).collect();
    let quantities: Vec<i64> = new.iter().map(|(_, one)| one.facts.quantity).collect();
    let historic: Vec<bool> = new.iter().map(|(_, one)| one.facts.historic).collect();
    let occurred: Vec<SqlTimestamp> = new.iter().map(|(_, one)| one.facts.occurred_at.into()).collect();
    let (mut gifts, mut coupons, mut grounds) = (Vec::new(), Vec::new(), Vec::new());
    for (_, one) in &new {
        gifts.push(serde_json::to_value(&one.gifts).map_err(StoreError::unreadable)?);
        let given = given(&one.coupons, withheld);
        coupons.push(serde_json::to_value(given).map_err(StoreError::unreadable)?);
        grounds.push(one.grounds.as_ref().map(serde_json::to_value).transpose().map_err(StoreError::unreadable)?);
    }
    sqlx::query!(
        "INSERT INTO occasion (tenant, shard, member, occasion, kind, event, external_id, channel, quantity, gifts, coupons,
             grounds, historic, occurred_at, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::smallint[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),
                unnest($9::bigint[]), unnest($10::jsonb[]), unnest($11::jsonb[]), unnest($12::jsonb[]),
                unnest($13::bool[]), unnest($14::timestamptz[]), $15",
        &uuids(|owner, _| owner.tenant.uuid()),
        &shards,
        &uuids(|owner, _| owner.member.uuid()),
        &uuids(|_, one| one.facts.id.uuid()),
        &kinds,
        &texts(event) as &[&str],
        &texts(|facts| &facts.external_id) as &[&str],
        &texts(|facts| &facts.channel) as &[&str],
        &quantities,
        &gifts,
        &coupons,
        &grounds as &[Option<serde_json::Value>],
        &historic,
        &occurred as &[SqlTimestamp],
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn event(facts: &OccasionFacts) -> &str {
    match &facts.on {
        On::Enrolment | On::Birthday => "",
        On::Event(event) => event,
    }
}

/// The coupons of an occasion, those left out that were withheld.
pub(super) fn given(coupons: &[OccasionCoupon], withheld: &BTreeSet<CouponId>) -> Vec<OccasionCoupon> {
    let told = coupons.iter().map(|one| OccasionCoupon {
        coupon: one.coupon.filter(|coupon| !withheld.contains(coupon)),
        campaign: one.campaign.clone(),
    });
    told.collect()
}
