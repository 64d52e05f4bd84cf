//! What was done before: entries that are to be reversed, and grants that would be made a second time.

use std::collections::{BTreeSet, HashMap};

use ::store::StoreError;
use kernel::{EntryId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::Keys;
use super::read_entry_kind;
use crate::account::desk::{Ask, Whose};
use crate::account::granting::lot_of;
use crate::account::holdings::Draw;
use crate::account::tally::{Done, Spent};

/// What a batch's requests would undo or repeat.
pub(super) async fn done(connection: &mut PgConnection, asks: &[&Ask]) -> Result<Done, StoreError> {
    // By member as well as by entry: who names another's entry must not hide it from its owner.
    let (mut undone, mut given) = (BTreeSet::<(Whose, EntryId)>::new(), BTreeSet::<(Whose, &str)>::new());
    for ask in asks {
        match ask {
            Ask::Reverse(ask) => drop(undone.insert(((ask.tenant, ask.member), ask.entry))),
            Ask::Revoke(ask) => drop(undone.insert(((ask.tenant, ask.member), ask.entry))),
            Ask::Grant(ask) => drop(given.insert(((ask.tenant, ask.member), &ask.cause))),
            Ask::Redeem(_)
            | Ask::Hold(_)
            | Ask::Capture(_)
            | Ask::Release(_)
            | Ask::Adjust(_)
            | Ask::Tiers(_)
            | Ask::Hear { .. }
            | Ask::Settle { .. } => (),
        }
    }
    Ok(Done { spent: spent(connection, &undone).await?, granted: granted(connection, &given).await? })
}

/// Entries by their numbers, where their ids say them; an older id is looked for on the member's statement.
async fn spent(
    connection: &mut PgConnection,
    wanted: &BTreeSet<(Whose, EntryId)>,
) -> Result<HashMap<(Whose, EntryId), Spent>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = Keys::of(wanted.iter().map(|(whose, _)| whose));
    let entries: Vec<Uuid> = wanted.iter().map(|(_, entry)| entry.uuid()).collect();
    let numbers: Vec<Option<i64>> = wanted.iter().map(|(_, entry)| Some(entry.place()?.1)).collect();
    let causes: Vec<String> = wanted.iter().map(|(_, entry)| entry.to_string()).collect();
    let rows = sqlx::query!(
        r#"SELECT entry.tenant AS "tenant!", entry.member AS "member!", entry.entry AS "entry!", entry.kind AS "kind!",
                  entry.cause AS "cause!", entry.points AS "points!", entry.draws AS "draws!",
                  EXISTS (SELECT FROM done_once AS done
                          WHERE (done.tenant, done.shard, done.member, done.cause)
                              = (entry.tenant, entry.shard, entry.member, asked.cause)) AS "reversed!"
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[])
                AS asked (tenant, shard, member, entry, number, cause)
           CROSS JOIN LATERAL (
               SELECT * FROM entry
               WHERE (entry.tenant, entry.shard, entry.member, entry.number)
                   = (asked.tenant, asked.shard, asked.member, asked.number)
               UNION ALL
               SELECT * FROM entry
               WHERE asked.number IS NULL
                 AND (entry.tenant, entry.shard, entry.member) = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS entry
           WHERE entry.entry = asked.entry"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &entries,
        &numbers as &[Option<i64>],
        &causes
    )
    .fetch_all(connection)
    .await?;
    let mut spent = HashMap::new();
    for row in rows {
        let draws: Vec<Draw> = serde_json::from_value(row.draws).map_err(StoreError::unreadable)?;
        let whose = (row.tenant.into(), row.member.into());
        let kind = read_entry_kind(row.kind)?;
        let found = Spent { kind, cause: row.cause, points: row.points, draws, reversed: row.reversed };
        spent.insert((whose, row.entry.into()), found);
    }
    Ok(spent)
}

/// Grants by the lots that their causes name, or by the causes that older builds wrote down.
async fn granted(
    connection: &mut PgConnection,
    wanted: &BTreeSet<(Whose, &str)>,
) -> Result<HashMap<(Whose, String), EntryId>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = Keys::of(wanted.iter().map(|(whose, _)| whose));
    let causes: Vec<&str> = wanted.iter().map(|(_, cause)| *cause).collect();
    let lots: Vec<Uuid> = wanted.iter().map(|((_, member), cause)| lot_of(*member, cause).uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT asked.tenant AS "tenant!", asked.member AS "member!", asked.cause AS "cause!", made.entry AS "entry!"
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[])
                AS asked (tenant, shard, member, lot, cause)
           CROSS JOIN LATERAL (
               SELECT number FROM lot
               WHERE (lot.tenant, lot.shard, lot.member, lot.lot) = (asked.tenant, asked.shard, asked.member, asked.lot)
               UNION ALL
               SELECT number FROM done_once AS done
               WHERE (done.tenant, done.shard, done.member, done.cause)
                   = (asked.tenant, asked.shard, asked.member, asked.cause) OFFSET 0
           ) AS known
           CROSS JOIN LATERAL (
               SELECT entry FROM entry
               WHERE (entry.tenant, entry.shard, entry.member, entry.number)
                   = (asked.tenant, asked.shard, asked.member, known.number) OFFSET 0
           ) AS made"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &lots,
        &causes as &[&str]
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (((TenantId::from(row.tenant), row.member.into()), row.cause), row.entry.into()))
        .collect())
}
