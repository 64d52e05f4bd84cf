//! The auditor: proves the ledger shard by shard, again and again, and keeps its seals where it is told to.
//!
//! It waits a minute between two shards, so a round of all takes a little more than four hours. Of each shard it remembers the
//! seal of the last audit that held, and proves it with the next one: entries that were rewritten with all that follows from
//! them are found as long as the process runs, and in the next round again. What it finds is an error in the log and a
//! number in the metrics, which stays until an audit of that shard finds nothing.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use kernel::Shard;
use store::StoreError;
use telemetry::metrics::{self, IntCounterVec, IntGaugeVec};
use tokio_util::sync::CancellationToken;

use crate::account::wallet::Owner;
use crate::account::{Accounts, Audit, Seal};

/// Between two shards, where nothing else is said.
pub(crate) const PAUSE: Duration = Duration::from_secs(60);
/// Seals are kept before every so many shards: once an hour.
const SHARDS_A_SEAL: usize = 60;

static AUDITED: LazyLock<IntCounterVec> =
    LazyLock::new(|| metrics::counter("rapport_ledger_audited_entries_total", "Entries proved by the auditor.", &[]));
static DIVERGING: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Statements and seals that the last audit of a shard found to be other than what was written.";
    metrics::gauge("rapport_ledger_divergences", help, &["shard"])
});

/// Looks at the ledger in the background.
#[derive(Clone)]
pub(crate) struct Auditor {
    accounts: Accounts,
    seals: Option<PathBuf>,
    pause: Duration,
}

impl Auditor {
    pub(crate) const fn new(accounts: Accounts, seals: Option<PathBuf>, pause: Duration) -> Self {
        Self { accounts, seals, pause }
    }

    /// Goes on until `stop`, and does not hold it up.
    pub(crate) async fn run(self, stop: CancellationToken) {
        // Processes that start together look at different shards.
        let first = usize::try_from(uuid::Uuid::new_v4().as_u128() % 256).unwrap_or_default();
        let all: Vec<Shard> = Shard::all().collect();
        let round = all.into_iter().cycle().skip(first).enumerate();
        let (mut held, mut written) = (BTreeMap::new(), Vec::new());
        for (turn, shard) in round {
            let audited = stop.run_until_cancelled(async {
                tokio::time::sleep(self.pause).await;
                if turn % SHARDS_A_SEAL == 0
                    && let Err(error) = self.keep_seals(&mut written).await
                {
                    tracing::error!(error = &error as &dyn Error, "the seals of the ledger were not kept");
                }
                self.look(shard, &mut held).await;
            });
            if audited.await.is_none() {
                return;
            }
        }
    }

    async fn look(&self, shard: Shard, held: &mut BTreeMap<Shard, Seal>) {
        let known: Vec<Seal> = held.get(&shard).copied().into_iter().collect();
        match self.accounts.audit(shard, &known).await {
            Ok(audit) => {
                tell(&audit);
                if let Some(seal) = audit.sealed.filter(|_| audit.holds()) {
                    held.insert(shard, seal);
                }
            }
            Err(error) if error.is_about_what_is_there() => {
                DIVERGING.with_label_values(&[&shard.number().to_string()]).set(1);
                tracing::error!(
                    shard = shard.number(),
                    error = &error as &dyn Error,
                    "a shard of the ledger cannot be read"
                );
            }
            Err(error) => {
                tracing::warn!(
                    shard = shard.number(),
                    error = &error as &dyn Error,
                    "a shard was not audited this time"
                );
            }
        }
    }

    /// Adds the seals to the file where there is one, as far as they are others than at the last time.
    async fn keep_seals(&self, written: &mut Vec<Seal>) -> Result<(), CannotKeep> {
        let Some(file) = self.seals.clone() else { return Ok(()) };
        let seals = self.accounts.seals().await?;
        let news: Vec<Seal> =
            seals.iter().filter(|seal| seal.entries > 0 && !written.contains(seal)).copied().collect();
        tokio::task::spawn_blocking(move || append(&file, &news)).await.map_err(|_| StoreError::Stopping)??;
        *written = seals;
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum CannotKeep {
    #[error("they could not be read")]
    Store(#[from] StoreError),
    #[error("the file could not be written")]
    File(#[from] std::io::Error),
}

/// One object a line, as `rapport ledger seals` prints them. A line that was torn, say by a full disk, is ended first.
fn append(path: &Path, seals: &[Seal]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let mut lines = String::new();
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        lines.push('\n');
    }
    for seal in seals {
        lines.push_str(&seal.to_string());
        lines.push('\n');
    }
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

fn tell(audit: &Audit) {
    let shard = audit.shard.number();
    AUDITED.with_label_values::<&str>(&[]).inc_by(audit.entries);
    let found = audit.divergences.saturating_add(u64::from(audit.seal.is_some()));
    DIVERGING.with_label_values(&[&shard.to_string()]).set(i64::try_from(found).unwrap_or(i64::MAX));
    for (owner, divergence) in &audit.diverging {
        let Owner { tenant, member, wallet } = owner;
        tracing::error!(shard, %tenant, %member, %wallet, ?divergence, "a statement is not what was written");
    }
    if let Some(divergence) = audit.seal {
        tracing::error!(shard, ?divergence, "the entries of a shard are not what was sealed");
    }
}
