//! The auditor: proves the ledger shard by shard, again and again, and keeps its seals where it is told to.
//!
//! It waits a minute between two shards, so a round of all takes a little more than four hours. What it finds is an
//! error in the log and a number in the metrics, which stays until an audit of that shard finds nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use kernel::Shard;
use store::StoreError;
use telemetry::metrics::{self, IntCounterVec, IntGaugeVec};
use tokio_util::sync::CancellationToken;

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

    /// Goes on until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        // Processes that start together look at different shards.
        let first = usize::try_from(uuid::Uuid::new_v4().as_u128() % 256).unwrap_or_default();
        let all: Vec<Shard> = Shard::all().collect();
        let round = all.into_iter().cycle().skip(first).enumerate();
        let mut kept: Vec<Seal> = Vec::new();
        for (turn, shard) in round {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.pause) => {}
            }
            if turn % SHARDS_A_SEAL == 0
                && let Err(error) = self.keep_seals(&mut kept).await
            {
                tracing::error!(error = &error as &dyn std::error::Error, "the seals of the ledger were not kept");
            }
            match self.accounts.audit(shard, &kept).await {
                Ok(audit) => tell(&audit),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a shard of the ledger was not audited");
                }
            }
        }
    }

    /// Adds the seals to the file where there is one, and remembers them: what they stand for may not change any more.
    async fn keep_seals(&self, kept: &mut Vec<Seal>) -> Result<(), CannotKeep> {
        let seals = self.accounts.seals().await?;
        let news: Vec<Seal> = seals.iter().filter(|seal| seal.entries > 0 && !kept.contains(seal)).copied().collect();
        if let Some(file) = self.seals.clone() {
            tokio::task::spawn_blocking(move || append(&file, &news)).await.map_err(|_| StoreError::Stopping)??;
        }
        *kept = seals;
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

/// One object a line, as `rapport ledger seals` prints them.
fn append(file: &Path, seals: &[Seal]) -> std::io::Result<()> {
    let mut lines = String::new();
    for seal in seals {
        lines.push_str(&seal.to_string());
        lines.push('\n');
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

fn tell(audit: &Audit) {
    let shard = audit.shard.number();
    AUDITED.with_label_values::<&str>(&[]).inc_by(audit.entries);
    let found = audit.divergences.saturating_add(u64::from(audit.seal.is_some()));
    DIVERGING.with_label_values(&[&shard.to_string()]).set(i64::try_from(found).unwrap_or(i64::MAX));
    for (tenant, member, divergence) in &audit.diverging {
        tracing::error!(shard, %tenant, %member, ?divergence, "a statement is not what was written");
    }
    if let Some(divergence) = audit.seal {
        tracing::error!(shard, ?divergence, "the entries of a shard are not what was sealed");
    }
}
