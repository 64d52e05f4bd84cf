//! What was done before: entries that are to be reversed, and grants that would be made a second time.

use std::collections::{BTreeSet, HashMap};

use ::store::{StoreError, Tx};
use kernel::EntryId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::loading::{OwnerKeys, wallet};
use super::{openings, read_entry_kind};
use crate::account::books::{Books, of_member};
use crate::account::desk::{Ask, Whose};
use crate::account::granting::lot_of;
use crate::account::holdings::Draw;
use crate::account::tally::{Done, Spent};
use crate::account::wallet::{Owner, WalletCode};

/// What a batch's requests would undo or repeat. Where they are presumed to be new, none repeats anything.
pub(super) async fn done(tx: &mut Tx, asks: &[&Ask], books: &Books) -> Result<Done, StoreError> {
    // By member as well as by entry: who names another's entry must not hide it from its owner.
    let (mut undone, mut given) = (BTreeSet::<(Whose, EntryId)>::new(), BTreeSet::<(Owner, &str)>::new());
    for ask in asks {
        match ask {
            Ask::Reverse(ask) => drop(undone.insert(((ask.tenant, ask.member), ask.entry))),
            Ask::Revoke(ask) => drop(undone.insert(((ask.tenant, ask.member), ask.entry))),
            Ask::Grant(_) if tx.presumes_new() => (),
            Ask::Grant(ask) => drop(given.insert((ask.owner(), &ask.cause))),
            Ask::Redeem(_)
            | Ask::Hold(_)
            | Ask::Capture(_)
            | Ask::Release(_)
            | Ask::Adjust(_)
            | Ask::Open(_)
            | Ask::Tiers(_)
            | Ask::Occasion(_)
            | Ask::Transfer(_)
            | Ask::Hear { .. }
            | Ask::Settle { .. } => (),
        }
    }
    let undone = undone.into_iter().map(|(whose, entry)| (within(books, whose, entry), entry)).collect();
    let connection = tx.connection();
    Ok(Done {
        spent: spent(connection, &undone).await?,
        granted: granted(connection, &given).await?,
        opened: openings::load(connection, asks).await?,
    })
}

/// Whose entry it is: its id is a digest of the wallet and of its number. One of no known wallet is looked for with points.
fn within(books: &Books, (tenant, member): Whose, entry: EntryId) -> Owner {
    let points = Owner::of_points(tenant, member);
    let Some((_, number)) = entry.place() else { return points };
    let is_of = |wallet: WalletCode| EntryId::numbered_in(member, wallet.as_str(), number) == entry;
    let mut known = of_member(books, (tenant, member)).map(|(owner, _)| *owner);
    known.find(|owner| !owner.wallet.is_points() && is_of(owner.wallet)).unwrap_or(points)
}

/// Entries by their numbers, where their ids say them; an older id is looked for on the member's statement.
async fn spent(
    connection: &mut PgConnection,
    wanted: &BTreeSet<(Owner, EntryId)>,
) -> Result<HashMap<(Whose, EntryId), Spent>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let OwnerKeys { of: keys, wallets } = OwnerKeys::of(wanted.iter().map(|(owner, _)| owner));
    let entries: Vec<Uuid> = wanted.iter().map(|(_, entry)| entry.uuid()).collect();
    let numbers: Vec<Option<i64>> = wanted.iter().map(|(_, entry)| Some(entry.place()?.1)).collect();
    let causes: Vec<String> = wanted.iter().map(|(_, entry)| entry.to_string()).collect();
    let rows = sqlx::query!(
        r#"SELECT entry.tenant AS "tenant!", entry.member AS "member!", entry.wallet AS "wallet!",
                  entry.entry AS "entry!", entry.kind AS "kind!", entry.cause AS "cause!", entry.points AS "points!", entry.draws AS "draws!",
                  EXISTS (SELECT FROM done_once AS done
                          WHERE (done.tenant, done.shard, done.member, done.cause)
                              = (entry.tenant, entry.shard, entry.member, asked.cause)) AS "reversed!"
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[])
                AS asked (tenant, shard, member, entry, number, cause, wallet)
           CROSS JOIN LATERAL (
               SELECT * FROM entry
               WHERE (entry.tenant, entry.shard, entry.member, entry.wallet, entry.number)
                   = (asked.tenant, asked.shard, asked.member, asked.wallet, asked.number)
               UNION ALL
               SELECT * FROM entry
               WHERE asked.number IS NULL
                 AND (entry.tenant, entry.shard, entry.member, entry.wallet)
                   = (asked.tenant, asked.shard, asked.member, asked.wallet) OFFSET 0
           ) AS entry
           WHERE entry.entry = asked.entry"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &entries,
        &numbers as &[Option<i64>],
        &causes,
        &wallets as &[&str]
    )
    .fetch_all(connection)
    .await?;
    let mut spent = HashMap::new();
    for row in rows {
        let draws: Vec<Draw> = serde_json::from_value(row.draws).map_err(StoreError::unreadable)?;
        let whose = (row.tenant.into(), row.member.into());
        let kind = read_entry_kind(row.kind)?;
        let found = Spent {
            wallet: wallet(&row.wallet)?,
            kind,
            cause: row.cause,
            points: row.points,
            draws,
            reversed: row.reversed,
        };
        spent.insert((whose, row.entry.into()), found);
    }
    Ok(spent)
}

/// Grants by the lots that their causes name.
async fn granted(
    connection: &mut PgConnection,
    wanted: &BTreeSet<(Owner, &str)>,
) -> Result<HashMap<(Owner, String), EntryId>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let OwnerKeys { of: keys, wallets } = OwnerKeys::of(wanted.iter().map(|(owner, _)| owner));
    let causes: Vec<&str> = wanted.iter().map(|(_, cause)| *cause).collect();
    let lot = |(owner, cause): &(Owner, &str)| lot_of(owner.member, owner.wallet, cause).uuid();
    let lots: Vec<Uuid> = wanted.iter().map(lot).collect();
    let rows = sqlx::query!(
        r#"SELECT asked.tenant AS "tenant!", asked.member AS "member!", asked.wallet AS "wallet!",
                  asked.cause AS "cause!", made.entry AS "entry!"
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
                AS asked (tenant, shard, member, lot, cause, wallet)
           CROSS JOIN LATERAL (
               SELECT number FROM lot
               WHERE (lot.tenant, lot.shard, lot.member, lot.lot) = (asked.tenant, asked.shard, asked.member, asked.lot)
               OFFSET 0
           ) AS known
           CROSS JOIN LATERAL (
               SELECT entry FROM entry
               WHERE (entry.tenant, entry.shard, entry.member, entry.wallet, entry.number)
                   = (asked.tenant, asked.shard, asked.member, asked.wallet, known.number) OFFSET 0
           ) AS made"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &lots,
        &causes as &[&str],
        &wallets as &[&str]
    )
    .fetch_all(connection)
    .await?;
    let mut granted = HashMap::new();
    for row in rows {
        let owner = Owner { tenant: row.tenant.into(), member: row.member.into(), wallet: wallet(&row.wallet)? };
        granted.insert((owner, row.cause), row.entry.into());
    }
    Ok(granted)
}
