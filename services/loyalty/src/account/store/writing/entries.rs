//! The lines of statements, and what they did that can be done once.

use std::collections::BTreeMap;

use ::store::{Head, SqlTimestamp, StoreError, Tx};
use kernel::{EntryId, Shard};
use uuid::Uuid;

use super::{instant, keys, place_of};
use crate::account::holdings::{EntryKind, Holdings, Posting};
use crate::account::store::chaining::{Chained, batch_of};
use crate::account::store::entry_kind;
use crate::account::wallet::Owner;

/// Lines of statements as columns.
pub(super) struct Columns<'a> {
    pub of_account: Vec<i32>,
    pub numbers: Vec<i64>,
    pub entries: Vec<Uuid>,
    pub kinds: Vec<i16>,
    pub points: Vec<i64>,
    pub balances: Vec<i64>,
    pub causes: Vec<&'a str>,
    pub draws: Vec<&'a str>,
    pub grounds: Vec<&'a str>,
    pub versions: Vec<i32>,
    pub occurred_at: Vec<SqlTimestamp>,
    pub links: Vec<Vec<u8>>,
    pub batches: Vec<i64>,
    pub wallets: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    /// All lines, by the places of their accounts.
    pub fn of(statements: &'a [Chained<'a>], heads: &BTreeMap<Shard, Head>) -> Result<Self, StoreError> {
        let (mut of_account, mut batches, mut wallets, mut lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, account) in statements.iter().enumerate().filter(|(_, account)| !account.lines.is_empty()) {
            let batch = batch_of(heads, Shard::of_member(account.owner.member))?;
            for line in &account.lines {
                of_account.push(place_of(place)?);
                batches.push(batch);
                wallets.push(account.owner.wallet.as_str());
                lines.push(line);
            }
        }
        let postings = || lines.iter().map(|line| line.posting);
        Ok(Self {
            numbers: postings().map(|row| row.number).collect(),
            entries: postings().map(|row| row.id.uuid()).collect(),
            kinds: postings().map(|row| entry_kind(row.kind)).collect(),
            points: postings().map(|row| row.points).collect(),
            balances: postings().map(|row| row.balance_after).collect(),
            causes: postings().map(|row| row.cause.as_str()).collect(),
            draws: lines.iter().map(|line| line.draws.as_str()).collect(),
            grounds: lines.iter().map(|line| line.grounds.as_str()).collect(),
            versions: postings().map(|row| row.grounds.programme_version).collect(),
            occurred_at: lines.iter().map(|line| instant(line.occurred_at)).collect(),
            links: lines.iter().map(|line| line.link.0.to_vec()).collect(),
            of_account,
            batches,
            wallets,
        })
    }
}

/// An entry is reversed once. Returns of orders are kept with their purchases.
pub(super) async fn reversed(tx: &mut Tx, changed: &[(&Owner, &Holdings)]) -> Result<(), StoreError> {
    let reversals: Vec<(&Owner, &Posting)> = changed
        .iter()
        .flat_map(|(owner, holdings)| holdings.postings.iter().map(move |posting| (*owner, posting)))
        .filter(|(_, posting)| reverses_an_entry(posting))
        .collect();
    if reversals.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(reversals.iter().map(|(owner, _)| *owner));
    let causes: Vec<&str> = reversals.iter().map(|(_, posting)| posting.cause.as_str()).collect();
    let numbers: Vec<i64> = reversals.iter().map(|(_, posting)| posting.number).collect();
    sqlx::query!(
        "INSERT INTO done_once (tenant, shard, member, cause, number)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[]), unnest($5::bigint[])",
        &tenants,
        &shards,
        &members,
        &causes as &[&str],
        &numbers,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn reverses_an_entry(posting: &Posting) -> bool {
    match posting.kind {
        EntryKind::EarnReversal | EntryKind::RedemptionReversal => EntryId::parse(&posting.cause).is_ok(),
        EntryKind::Earn | EntryKind::Redemption | EntryKind::Lapse | EntryKind::Adjustment => false,
        // A transfer knows by itself that it was taken back.
        EntryKind::TransferOut | EntryKind::TransferIn => false,
    }
}
