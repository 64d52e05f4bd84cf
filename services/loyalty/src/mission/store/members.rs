//! The rows of members: what they did, the windows they have begun, their rewards.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{CouponId, EntryId, MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::mission::facts::{Event, Order};
use crate::mission::judging::{Paid, Record, Reward, Round};
use crate::mission::windows::Span;

/// What is known of members, by whose it is.
pub(in crate::mission) type Records = BTreeMap<MemberId, Record>;

/// Numbers of the ways of a reward in the database. They never change their meaning.
const fn number_of(paid: Paid) -> i16 {
    match paid {
        Paid::Not => 1,
        Paid::Giving => 2,
        Paid::Given => 3,
        Paid::Denied => 4,
        Paid::Taking => 5,
        Paid::Taken => 6,
    }
}

fn paid_of(number: i16) -> Result<Paid, StoreError> {
    let known = [Paid::Not, Paid::Giving, Paid::Given, Paid::Denied, Paid::Taking, Paid::Taken];
    let found = known.into_iter().find(|one| number_of(*one) == number);
    found.ok_or_else(|| StoreError::unreadable("how far a reward has come"))
}

struct RewardRow {
    member: Uuid,
    mission: String,
    period: String,
    number: i64,
    place: i64,
    attempt: i64,
    version: i32,
    points: i64,
    campaign: Option<String>,
    completed_at: SqlTimestamp,
    wanted: bool,
    paid: i16,
    entry: Option<Uuid>,
    coupon: Option<Uuid>,
}

impl RewardRow {
    fn read(self) -> Result<Reward, StoreError> {
        Ok(Reward {
            mission: self.mission,
            window: self.period,
            number: self.number,
            place: self.place,
            attempt: self.attempt,
            version: self.version,
            points: self.points,
            campaign: self.campaign,
            completed_at: self.completed_at.into(),
            wanted: self.wanted,
            paid: paid_of(self.paid)?,
            entry: self.entry.map(EntryId::from),
            coupon: self.coupon.map(CouponId::from),
            touched: false,
        })
    }
}

/// Everything of some members: what they did since a moment, all windows and rewards.
pub(in crate::mission) async fn load(
    connection: &mut PgConnection,
    tenant: TenantId,
    members: &[MemberId],
    since: Timestamp,
) -> Result<Records, StoreError> {
    let mut records: Records = members.iter().map(|member| (*member, Record::default())).collect();
    let ids: Vec<Uuid> = members.iter().map(|member| member.uuid()).collect();
    let shards: Vec<i16> = members.iter().map(|member| Shard::of_member(*member).number()).collect();
    load_deeds(connection, tenant, (&shards, &ids), since, &mut records).await?;
    let rows = sqlx::query!(
        "SELECT r.member, r.mission, r.period, r.version, r.accepted_at, r.from_at, r.until_at
         FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, member)
         JOIN mission_round AS r ON r.tenant = $1 AND r.shard = asked.shard AND r.member = asked.member",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let span = Span { key: row.period, from: row.from_at.into(), until: row.until_at.map(Timestamp::from) };
        records.entry(row.member.into()).or_default().rounds.push(Round {
            mission: row.mission,
            span,
            version: row.version,
            accepted_at: row.accepted_at.map(Timestamp::from),
            touched: false,
        });
    }
    let rows = sqlx::query_as!(
        RewardRow,
        "SELECT r.member, r.mission, r.period, r.number, r.place, r.attempt, r.version, r.points, r.campaign,
                r.completed_at, r.wanted, r.paid, r.entry, r.coupon
         FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, member)
         JOIN mission_reward AS r ON r.tenant = $1 AND r.shard = asked.shard AND r.member = asked.member
         ORDER BY r.place",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        records.entry(row.member.into()).or_default().rewards.push(row.read()?);
    }
    Ok(records)
}

async fn load_deeds(
    connection: &mut PgConnection,
    tenant: TenantId,
    (shards, ids): (&[i16], &[Uuid]),
    since: Timestamp,
    records: &mut Records,
) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        "SELECT o.member, o.facts
         FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, member)
         JOIN mission_order AS o ON o.tenant = $1 AND o.shard = asked.shard AND o.member = asked.member
              AND o.occurred_at >= $4",
        tenant.uuid(),
        shards,
        ids,
        SqlTimestamp::from(since) as SqlTimestamp,
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let order: Order = serde_json::from_value(row.facts).map_err(StoreError::unreadable)?;
        records.entry(row.member.into()).or_default().orders.push(order);
    }
    let rows = sqlx::query!(
        "SELECT e.member, e.facts
         FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, member)
         JOIN mission_event AS e ON e.tenant = $1 AND e.shard = asked.shard AND e.member = asked.member
              AND e.occurred_at >= $4",
        tenant.uuid(),
        shards,
        ids,
        SqlTimestamp::from(since) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let event: Event = serde_json::from_value(row.facts).map_err(StoreError::unreadable)?;
        records.entry(row.member.into()).or_default().events.push(event);
    }
    Ok(())
}

/// Writes what changed of records.
pub(in crate::mission) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    records: &Records,
) -> Result<(), StoreError> {
    let orders: Vec<(MemberId, &Order)> = touched(records, |record| &record.orders, |order| order.touched);
    if !orders.is_empty() {
        let (shards, members) = places(&orders);
        let ids: Vec<Uuid> = orders.iter().map(|(_, order)| order.order.uuid()).collect();
        let at: Vec<SqlTimestamp> = orders.iter().map(|(_, order)| order.at.into()).collect();
        let facts = orders.iter().map(|(_, order)| serde_json::to_value(order)).collect::<Result<Vec<_>, _>>();
        sqlx::query!(
            "INSERT INTO mission_order (tenant, shard, member, purchase, occurred_at, facts)
             SELECT $1, unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::timestamptz[]),
                    unnest($6::jsonb[])
             ON CONFLICT (tenant, shard, member, purchase) DO UPDATE SET facts = excluded.facts",
            tenant.uuid(),
            &shards,
            &members,
            &ids,
            &at as &[SqlTimestamp],
            &facts.map_err(StoreError::unreadable)?,
        )
        .execute(&mut *connection)
        .await?;
    }
    write_rounds(connection, tenant, records).await?;
    write_rewards(connection, tenant, records).await
}

async fn write_rounds(connection: &mut PgConnection, tenant: TenantId, records: &Records) -> Result<(), StoreError> {
    let rounds: Vec<(MemberId, &Round)> = touched(records, |record| &record.rounds, |round| round.touched);
    if rounds.is_empty() {
        return Ok(());
    }
    let (shards, members) = places(&rounds);
    let texts = |read: fn(&Round) -> &String| rounds.iter().map(|(_, round)| read(round).clone()).collect::<Vec<_>>();
    let instants = |read: fn(&Round) -> Option<Timestamp>| {
        rounds.iter().map(|(_, round)| read(round).map(SqlTimestamp::from)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    let versions: Vec<i32> = rounds.iter().map(|(_, round)| round.version).collect();
    sqlx::query!(
        "INSERT INTO mission_round (tenant, shard, member, mission, period, version, accepted_at, from_at, until_at)
         SELECT $1, unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]), unnest($5::text[]),
                unnest($6::integer[]), unnest($7::timestamptz[]), unnest($8::timestamptz[]), unnest($9::timestamptz[])",
        tenant.uuid(),
        &shards,
        &members,
        &texts(|round| &round.mission),
        &texts(|round| &round.span.key),
        &versions,
        &instants(|round| round.accepted_at) as &[Option<SqlTimestamp>],
        &instants(|round| Some(round.span.from)) as &[Option<SqlTimestamp>],
        &instants(|round| round.span.until) as &[Option<SqlTimestamp>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_rewards(connection: &mut PgConnection, tenant: TenantId, records: &Records) -> Result<(), StoreError> {
    for (member, reward) in touched(records, |record| &record.rewards, |reward| reward.touched) {
        write_reward(connection, (tenant, member), reward).await?;
    }
    Ok(())
}

/// Writes a reward as it stands.
pub(in crate::mission) async fn write_reward(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    reward: &Reward,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO mission_reward (tenant, shard, member, mission, period, number, place, attempt, version, points,
             campaign, completed_at, wanted, paid, entry, coupon)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (tenant, shard, member, mission, period, number) DO UPDATE
         SET attempt = excluded.attempt, completed_at = excluded.completed_at, wanted = excluded.wanted,
             paid = excluded.paid, entry = excluded.entry, coupon = excluded.coupon",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        reward.mission,
        reward.window,
        reward.number,
        reward.place,
        reward.attempt,
        reward.version,
        reward.points,
        reward.campaign,
        SqlTimestamp::from(reward.completed_at) as SqlTimestamp,
        reward.wanted,
        number_of(reward.paid),
        reward.entry.map(EntryId::uuid),
        reward.coupon.map(CouponId::uuid),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The rewards of a member, newest first.
pub(in crate::mission) async fn rewards(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    before: i64,
    limit: i64,
) -> Result<Vec<Reward>, StoreError> {
    let rows = sqlx::query_as!(
        RewardRow,
        "SELECT member, mission, period, number, place, attempt, version, points, campaign, completed_at, wanted, paid,
                entry, coupon
         FROM mission_reward
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND place < $4 ORDER BY place DESC LIMIT $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RewardRow::read).collect()
}

/// Records an event; whether it was new.
pub(in crate::mission) async fn record_event(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    event: &Event,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO mission_event (tenant, shard, member, name, external_id, occurred_at, facts)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        event.name,
        event.external_id,
        SqlTimestamp::from(event.at) as SqlTimestamp,
        serde_json::to_value(event).map_err(StoreError::unreadable)?,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn touched<T>(records: &Records, of: fn(&Record) -> &Vec<T>, is: fn(&T) -> bool) -> Vec<(MemberId, &T)> {
    let all = records.iter().flat_map(|(member, record)| of(record).iter().map(move |one| (*member, one)));
    all.filter(|(_, one)| is(one)).collect()
}

fn places<T>(of: &[(MemberId, &T)]) -> (Vec<i16>, Vec<Uuid>) {
    of.iter().map(|(member, _)| (Shard::of_member(*member).number(), member.uuid())).unzip()
}
