//! The rows of draws and their tickets.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::rolling::Seed;
use super::terms::{Outcome, Won};
use super::{Put, Standing, Ticket, shard_of, subject_of};

pub(super) async fn one(
    connection: &mut PgConnection,
    tenant: TenantId,
    draw: &str,
) -> Result<Option<Standing>, StoreError> {
    let shard = shard_of(tenant, draw).number();
    let row = sqlx::query!(
        "SELECT terms, seed, commitment, tickets, points, recorded_at, closed_at
         FROM draw WHERE tenant = $1 AND shard = $2 AND draw = $3",
        tenant.uuid(),
        shard,
        draw,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let prizes = sqlx::query!(
        "SELECT prize, won FROM draw_prize WHERE tenant = $1 AND shard = $2 AND draw = $3",
        tenant.uuid(),
        shard,
        draw,
    )
    .fetch_all(connection)
    .await?;
    let seed = row.seed.try_into().map_err(|_| StoreError::unreadable("a seed of a draw"))?;
    Ok(Some(Standing {
        draw: draw.to_owned(),
        terms: serde_json::from_value(row.terms).map_err(StoreError::unreadable)?,
        seed: Seed(seed),
        commitment: row.commitment,
        tickets: row.tickets,
        won: Won { prizes: prizes.into_iter().map(|row| (row.prize, row.won)).collect(), points: row.points },
        recorded_at: row.recorded_at.into(),
        closed_at: row.closed_at.map(Timestamp::from),
    }))
}

pub(super) async fn put(
    connection: &mut PgConnection,
    ask: &Put,
    seed: &Seed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (shard, commitment) = (shard_of(ask.tenant, &ask.draw).number(), seed.commitment());
    sqlx::query!(
        "INSERT INTO draw (tenant, shard, draw, terms, seed, commitment, tickets, points, recorded_at, id)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8)",
        ask.tenant.uuid(),
        shard,
        ask.draw,
        serde_json::to_value(&ask.terms).map_err(StoreError::unreadable)?,
        seed.0.as_slice(),
        commitment.as_slice(),
        SqlTimestamp::from(now) as SqlTimestamp,
        subject_of(ask.tenant, &ask.draw),
    )
    .execute(&mut *connection)
    .await?;
    let prizes: Vec<String> = ask.terms.prizes.iter().map(|prize| prize.code.clone()).collect();
    let stocks: Vec<i64> = ask.terms.prizes.iter().map(|prize| prize.stock).collect();
    sqlx::query!(
        "INSERT INTO draw_prize (tenant, shard, draw, prize, stock, won)
         SELECT $1, $2, $3, unnest($4::text[]), unnest($5::bigint[]), 0",
        ask.tenant.uuid(),
        shard,
        ask.draw,
        &prizes,
        &stocks,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn close(
    connection: &mut PgConnection,
    tenant: TenantId,
    draw: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE draw SET closed_at = $4 WHERE tenant = $1 AND shard = $2 AND draw = $3 AND closed_at IS NULL",
        tenant.uuid(),
        shard_of(tenant, draw).number(),
        draw,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tickets that were drawn: of a member in all, of a member since a moment, of all since that moment; each counted only where
/// a limit asks for it.
pub(super) async fn drawn(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    draw: &str,
    since: Timestamp,
    (own, own_today, today): (bool, bool, bool),
) -> Result<(i64, i64, i64), StoreError> {
    let row = sqlx::query!(
        "SELECT
             (SELECT count(*) FROM draw_ticket AS t
              WHERE $6 AND t.tenant = $1 AND t.shard = $2 AND t.draw = $3 AND t.member = $4) AS \"own!\",
             (SELECT count(*) FROM draw_ticket AS t
              WHERE $7 AND t.tenant = $1 AND t.shard = $2 AND t.draw = $3 AND t.member = $4
                AND t.drawn_at >= $5) AS \"today!\",
             (SELECT count(*) FROM draw_ticket AS t
              WHERE $8 AND t.tenant = $1 AND t.shard = $2 AND t.draw = $3 AND t.drawn_at >= $5) AS \"all!\"",
        tenant.uuid(),
        shard_of(tenant, draw).number(),
        draw,
        member.uuid(),
        SqlTimestamp::from(since) as SqlTimestamp,
        own,
        own_today,
        today,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.own, row.today, row.all))
}

/// Writes a ticket, and takes what it wins; whether that was there. The draw's shard must be locked.
pub(super) async fn add(
    connection: &mut PgConnection,
    tenant: TenantId,
    (draw, points): (&str, i64),
    ticket: &Ticket,
) -> Result<bool, StoreError> {
    let shard = shard_of(tenant, draw).number();
    let (outcome, prize) = kept(&ticket.outcome);
    sqlx::query!(
        "INSERT INTO draw_ticket (tenant, shard, draw, number, member, client_seed, roll, outcome, prize, given, drawn_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant.uuid(),
        shard,
        draw,
        ticket.number,
        ticket.member.uuid(),
        ticket.client_seed,
        i32::try_from(ticket.roll).unwrap_or(i32::MAX),
        outcome,
        prize,
        ticket.given,
        SqlTimestamp::from(ticket.drawn_at) as SqlTimestamp,
    )
    .execute(&mut *connection)
    .await?;
    let counted = sqlx::query!(
        "UPDATE draw SET tickets = tickets + 1, points = points + $4
         WHERE tenant = $1 AND shard = $2 AND draw = $3 AND tickets + 1 = $5 AND closed_at IS NULL",
        tenant.uuid(),
        shard,
        draw,
        points,
        ticket.number,
    )
    .execute(&mut *connection)
    .await?;
    let Outcome::Won(prize) = &ticket.outcome else { return Ok(counted.rows_affected() == 1) };
    let taken = sqlx::query!(
        "UPDATE draw_prize SET won = won + 1
         WHERE tenant = $1 AND shard = $2 AND draw = $3 AND prize = $4 AND won < stock",
        tenant.uuid(),
        shard,
        draw,
        prize,
    )
    .execute(connection)
    .await?;
    Ok(counted.rows_affected() == 1 && taken.rows_affected() == 1)
}

/// Numbers of outcomes in the database. They never change their meaning.
fn kept(outcome: &Outcome) -> (i16, Option<&str>) {
    match outcome {
        Outcome::Won(prize) => (1, Some(prize)),
        Outcome::Nothing => (2, None),
        Outcome::Gone(prize) => (3, Some(prize)),
    }
}

struct Row {
    number: i64,
    member: Uuid,
    client_seed: String,
    roll: i32,
    outcome: i16,
    prize: Option<String>,
    given: bool,
    drawn_at: SqlTimestamp,
}

impl Row {
    fn read(self) -> Result<Ticket, StoreError> {
        let outcome = match (self.outcome, self.prize) {
            (1, Some(prize)) => Outcome::Won(prize),
            (2, None) => Outcome::Nothing,
            (3, Some(prize)) => Outcome::Gone(prize),
            _ => return Err(StoreError::unreadable("the outcome of a ticket")),
        };
        Ok(Ticket {
            number: self.number,
            member: self.member.into(),
            client_seed: self.client_seed,
            roll: u32::try_from(self.roll).map_err(StoreError::unreadable)?,
            outcome,
            given: self.given,
            drawn_at: self.drawn_at.into(),
        })
    }
}

/// Tickets of a draw by their number.
pub(super) async fn tickets(
    connection: &mut PgConnection,
    (tenant, draw): (TenantId, &str),
    member: Option<MemberId>,
    after: i64,
    limit: i64,
) -> Result<Vec<Ticket>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT number, member, client_seed, roll, outcome, prize, given, drawn_at FROM draw_ticket
         WHERE tenant = $1 AND shard = $2 AND draw = $3 AND number > $4 AND ($5::uuid IS NULL OR member = $5)
         ORDER BY number LIMIT $6",
        tenant.uuid(),
        shard_of(tenant, draw).number(),
        draw,
        after,
        member.map(MemberId::uuid),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Tickets whose prizes are still to be given.
pub(super) async fn owed(
    connection: &mut PgConnection,
    (tenant, draw): (TenantId, &str),
    limit: i64,
) -> Result<Vec<Ticket>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT number, member, client_seed, roll, outcome, prize, given, drawn_at FROM draw_ticket
         WHERE tenant = $1 AND shard = $2 AND draw = $3 AND NOT given ORDER BY number LIMIT $4",
        tenant.uuid(),
        shard_of(tenant, draw).number(),
        draw,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Says that a ticket's prize is given; whether it was not before.
pub(super) async fn given(
    connection: &mut PgConnection,
    (tenant, draw): (TenantId, &str),
    number: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE draw_ticket SET given = true
         WHERE tenant = $1 AND shard = $2 AND draw = $3 AND number = $4 AND NOT given",
        tenant.uuid(),
        shard_of(tenant, draw).number(),
        draw,
        number,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The code of the draw that a timer is about.
pub(super) async fn code_of(
    connection: &mut PgConnection,
    (tenant, shard): (TenantId, Shard),
    subject: Uuid,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT draw FROM draw WHERE tenant = $1 AND shard = $2 AND id = $3",
        tenant.uuid(),
        shard.number(),
        subject,
    )
    .fetch_optional(connection)
    .await?)
}
