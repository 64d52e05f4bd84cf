//! `rapport ledger`: proves that points are what was written, lists the seals that prove it elsewhere, and says what will
//! become of what is outstanding.

mod forecast;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::loyalty::v1::{
    AuditLedgerRequest, AuditLedgerResponse, Divergence, DivergenceKind, ListSealsRequest, Seal, SealDivergence,
    SealDivergenceKind, VerifyMemberRequest, VerifyMemberResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{CliError, Reach};
use crate::member::Who;
use crate::progress::Progress;
use crate::say::{say, say_all};
use crate::table::Tone;
use crate::words;

/// What `rapport ledger` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Proves one member's statement, from its first entry to its last
    Verify(Verify),
    /// Proves every entry of all members; for operators
    Audit(Audit),
    /// Says when outstanding points lapse, how many will, and what they are worth
    Forecast(forecast::Forecast),
    /// Prints what stands for all entries now, one object a line, to be kept elsewhere; for operators
    Seals(Seals),
}

/// What `rapport ledger verify` is told.
#[derive(Args, Clone, Debug)]
pub struct Verify {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport ledger audit` is told.
#[derive(Args, Clone, Debug)]
pub struct Audit {
    /// Only this shard, 0 to 255; all where not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=255))]
    shard: Vec<u32>,
    /// Prove seals that were kept as well: a file that `rapport ledger seals` or the service wrote
    #[arg(long, value_name = "FILE")]
    seals: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport ledger seals` is told.
#[derive(Args, Clone, Debug)]
pub struct Seals {
    #[command(flatten)]
    reach: Reach,
}

/// Proves or lists.
///
/// # Errors
/// The suite refuses or does not answer, or something is not what was written.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Verify(ask) => verify(ask).await,
        Ask::Audit(ask) => audit(ask).await,
        Ask::Forecast(ask) => forecast::forecast(ask).await,
        Ask::Seals(ask) => seals(ask).await,
    }
}

async fn verify(ask: Verify) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let asked = VerifyMemberRequest { member, at_least_as_fresh: String::new() };
    let told = suite.loyalty().verify_member(asked).await?.into_inner();
    if ask.reach.json {
        say!("{}", verified_json(&told));
    } else {
        say_all!("{}", verified(&told));
    }
    match &told.divergence {
        None => Ok(()),
        Some(found) => Err(CliError::Differs(in_words(found))),
    }
}

fn verified(told: &VerifyMemberResponse) -> String {
    let entries = words::counted(told.entries, "entry", "entries");
    let (balance, link) = (words::count(told.balance), &told.link);
    if told.holds {
        return format!("{entries}, each as it was written · balance {balance}\n  link {link}\n");
    }
    format!("{entries} as they were written, up to a balance of {balance}\n  link {link}\n")
}

fn verified_json(told: &VerifyMemberResponse) -> Value {
    json!({
        "holds": told.holds,
        "entries": told.entries,
        "balance": told.balance,
        "link": told.link,
        "divergence": told.divergence.as_ref().map(divergence_json),
    })
}

fn divergence_json(found: &Divergence) -> Value {
    let kind = found.kind().as_str_name().trim_start_matches("DIVERGENCE_KIND_").to_owned();
    json!({
        "kind": kind,
        "number": found.number,
        "entry": found.entry,
        "expected": found.expected,
        "found": found.found,
    })
}

/// What is wrong with a statement.
fn in_words(found: &Divergence) -> String {
    let Divergence { number, expected, found: is, .. } = found;
    match found.kind() {
        DivergenceKind::Missing => format!("entry {number} is missing"),
        DivergenceKind::Altered => format!("entry {number} is not what was written after the one before it"),
        DivergenceKind::Balance => format!("the balance after entry {number} is {is}, and should be {expected}"),
        DivergenceKind::CutOff => format!("the statement ends with entry {is}, and the account knows of {expected}"),
        DivergenceKind::Unclaimed => format!("the account does not know of entry {number}"),
        DivergenceKind::OtherEnd => format!("the account knows another entry {number} than there is"),
        DivergenceKind::Sum => format!("the account has a balance of {is}, and its entries add up to {expected}"),
        DivergenceKind::Lots => format!("the lots hold {is} points, and {expected} can be spent"),
        DivergenceKind::Unspecified => "it is not what was written".to_owned(),
    }
}

/// How the entries of a shard differ from a seal.
fn unsealed(found: &SealDivergence) -> String {
    let SealDivergence { batch, after_batch, expected, found: is, .. } = found;
    match found.kind() {
        SealDivergenceKind::Entries => format!("{expected} entries were sealed, and there are {is}"),
        SealDivergenceKind::Other => "an entry is another than the one sealed".to_owned(),
        SealDivergenceKind::Known => {
            let from = after_batch.map_or_else(String::new, |after| format!("after batch {after} and "));
            format!(
                "{from}up to batch {batch}, what is there is not what was sealed ({expected} entries then, {is} now)"
            )
        }
        SealDivergenceKind::Gone => "its seal is gone".to_owned(),
        SealDivergenceKind::Unspecified => "it is not what was sealed".to_owned(),
    }
}

/// Seals that one call may bring.
const SEALS_A_CALL: usize = 10_000;

async fn audit(ask: Audit) -> Result<(), CliError> {
    let known = ask.seals.as_deref().map(kept).transpose()?.unwrap_or_default();
    let suite = ask.reach.operator().await?;
    let shards = if ask.shard.is_empty() { (0..256).collect() } else { ask.shard };
    let seals = known.iter().filter(|seal| shards.contains(&seal.shard)).count();
    let progress = Progress::new("audit", "shards", u64::try_from(shards.len()).unwrap_or_default());
    let mut audits: Vec<AuditLedgerResponse> = Vec::new();
    for asked in calls(shards, known) {
        let mut answers = suite.ledger().audit_ledger(asked).await?.into_inner();
        while let Some(told) = answers.message().await? {
            match audits.last_mut().filter(|last| last.shard == told.shard) {
                // The same shard once more, with other seals.
                Some(last) => last.seal = last.seal.take().or(told.seal),
                None => {
                    progress.add(1);
                    audits.push(told);
                }
            }
        }
    }
    progress.finish();
    if ask.reach.json {
        say!("{}", audits_json(&audits));
    } else {
        say_all!("{}", audits_text(&audits, seals));
    }
    let of = |one: &AuditLedgerResponse| one.diverging.saturating_add(i64::from(one.seal.is_some() || one.unreadable));
    match audits.iter().map(of).sum::<i64>() {
        0 => Ok(()),
        wrong => Err(CliError::Differs(words::counted(wrong, "thing is", "things are") + " not what was written")),
    }
}

/// One call for all shards where there are no seals to be proved; else one for each shard and as many seals as one may bring.
fn calls(shards: Vec<u32>, known: Vec<Seal>) -> Vec<AuditLedgerRequest> {
    if known.is_empty() {
        return vec![AuditLedgerRequest { shards, known }];
    }
    let mut calls = Vec::new();
    for shard in shards {
        let own: Vec<Seal> = known.iter().filter(|seal| seal.shard == shard).cloned().collect();
        let shards = || vec![shard];
        calls.extend(
            own.chunks(SEALS_A_CALL).map(|known| AuditLedgerRequest { shards: shards(), known: known.to_vec() }),
        );
        if own.is_empty() {
            calls.push(AuditLedgerRequest { shards: shards(), known: own });
        }
    }
    calls
}

fn audits_text(audits: &[AuditLedgerResponse], seals: usize) -> String {
    let (members, entries) = audits.iter().fold((0_i64, 0_i64), |(members, entries), one| {
        (members.saturating_add(one.members), entries.saturating_add(one.entries))
    });
    let (entries, members) =
        (words::counted(entries, "entry", "entries"), words::counted(members, "account", "accounts"));
    let kept = match i64::try_from(seals).unwrap_or(i64::MAX) {
        0 => String::new(),
        seals => format!(", {}", words::counted(seals, "kept seal", "kept seals")),
    };
    let mut text = format!("{entries} of {members} looked at{kept}\n");
    for one in audits {
        for named in &one.divergences {
            let what = named.divergence.as_ref().map(in_words).unwrap_or_default();
            text.push_str(&format!(
                "  {}\n    {what}\n",
                Tone::Bad.of(&format!("{} of {}", named.member, named.tenant))
            ));
        }
        let unnamed = one.diverging.saturating_sub(i64::try_from(one.divergences.len()).unwrap_or(i64::MAX));
        if unnamed > 0 {
            text.push_str(&format!("  and {} more in shard {}\n", words::count(unnamed), one.shard));
        }
        if one.unreadable {
            let shard = Tone::Bad.of(&format!("shard {}", one.shard));
            text.push_str(&format!("  {shard}\n    it cannot be read; loyalty's log says why\n"));
        }
        if let Some(seal) = &one.seal {
            text.push_str(&format!("  {}\n    {}\n", Tone::Bad.of(&format!("shard {}", one.shard)), unsealed(seal)));
        }
    }
    text
}

fn audits_json(audits: &[AuditLedgerResponse]) -> Value {
    let each = audits.iter().map(|one| {
        let named = one.divergences.iter().map(|named| {
            let found = named.divergence.as_ref().map(divergence_json);
            json!({ "tenant": named.tenant, "member": named.member, "divergence": found })
        });
        let seal = one.seal.as_ref().map(|seal| {
            json!({
                "kind": seal.kind().as_str_name().trim_start_matches("SEAL_DIVERGENCE_KIND_"),
                "batch": seal.batch,
                "after_batch": seal.after_batch,
                "expected": seal.expected,
                "found": seal.found,
            })
        });
        json!({
            "shard": one.shard,
            "members": one.members,
            "entries": one.entries,
            "diverging": one.diverging,
            "divergences": named.collect::<Vec<_>>(),
            "seal": seal,
            "unreadable": one.unreadable,
        })
    });
    json!({ "shards": each.collect::<Vec<_>>() })
}

async fn seals(ask: Seals) -> Result<(), CliError> {
    let suite = ask.reach.operator().await?;
    let seals = suite.ledger().list_seals(ListSealsRequest {}).await?.into_inner().seals;
    for seal in seals.into_iter().filter(|seal| seal.entries > 0) {
        let record_time = seal.record_time.as_ref().and_then(|at| proto::instant(at).ok());
        let record_time = record_time.ok_or_else(|| CliError::odd("the suite gave a seal without its time"))?;
        let Seal { shard, entries, batch, link, .. } = seal;
        say!("{}", json!(KeptSeal { shard, entries, batch, link, record_time }));
    }
    Ok(())
}

/// A line of a file of seals.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeptSeal {
    shard: u32,
    entries: i64,
    batch: i64,
    link: String,
    record_time: Timestamp,
}

fn kept(file: &Path) -> Result<Vec<Seal>, CliError> {
    let text = std::fs::read_to_string(file).map_err(|source| CliError::file(file, source))?;
    let mut seals = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let seal: KeptSeal = serde_json::from_str(line).map_err(|error| {
            CliError::Asked(format!("{}: line {} is no seal: {error}", file.display(), place.saturating_add(1)))
        })?;
        let KeptSeal { shard, entries, batch, link, record_time } = seal;
        seals.push(Seal { shard, entries, batch, link, record_time: Some(proto::timestamp(record_time)) });
    }
    // Each time they are fetched, those that are as they were come again.
    seals
        .sort_unstable_by(|one, other| (one.shard, one.batch, &one.link).cmp(&(other.shard, other.batch, &other.link)));
    seals.dedup();
    Ok(seals)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kernel::Shard;
    use loyalty::account::chain::Link;

    use super::*;

    #[test]
    fn what_the_service_keeps_is_read_and_what_is_no_seal_is_told_by_its_line() {
        let file = std::env::temp_dir().join(format!("rapport-kept-seals-{}.jsonl", std::process::id()));
        let shard = Shard::from_number(17).expect("one of 256");
        let (link, recorded_at) = (Link([171; 32]), Timestamp::UNIX_EPOCH);
        let seal = loyalty::account::Seal { shard, entries: 8, batch: 5, link, recorded_at };
        let later = loyalty::account::Seal { batch: 7, ..seal };
        std::fs::write(&file, format!("{later}\n\n{seal}\n{seal}\n")).expect("it can be written");
        let read = kept(&file).expect("they are seals");
        assert_eq!(read.len(), 2, "one of them came twice");
        assert_eq!((read[0].shard, read[0].entries, read[0].batch), (17, 8, 5));
        assert_eq!((read[0].link.clone(), read[0].record_time.is_some()), ("ab".repeat(32), true));

        std::fs::write(&file, format!("{seal}\n{{\"shard\":1}}\n")).expect("it can be written");
        let told = kept(&file).expect_err("the second line is none").to_string();
        assert!(told.contains("line 2 is no seal: missing field `entries`"), "{told}");
        std::fs::remove_file(&file).expect("it was there");
    }

    #[test]
    fn many_seals_are_proved_shard_by_shard() {
        let seal = |shard, batch| Seal { shard, batch, ..Seal::default() };
        assert_eq!(calls(vec![3, 4], Vec::new()).len(), 1);
        let known: Vec<Seal> = (0..10_001).map(|batch| seal(4, batch)).chain([seal(9, 1)]).collect();
        let told: Vec<_> = calls(vec![3, 4], known).into_iter().map(|call| (call.shards, call.known.len())).collect();
        assert_eq!(told, [(vec![3], 0), (vec![4], 10_000), (vec![4], 1)]);
    }

    #[test]
    fn whatever_is_wrong_has_words() {
        let kinds = (0..).map_while(|number| DivergenceKind::try_from(number).ok());
        let told: Vec<String> =
            kinds.map(|kind| in_words(&Divergence { kind: kind.into(), number: 7, ..Default::default() })).collect();
        assert_eq!(told.len(), 9);
        let kinds = (0..).map_while(|number| SealDivergenceKind::try_from(number).ok());
        let seals: Vec<String> =
            kinds.map(|kind| unsealed(&SealDivergence { kind: kind.into(), ..Default::default() })).collect();
        assert_eq!(seals.len(), 5);
        let mut all: Vec<&String> = told.iter().chain(&seals).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 14, "each has its own words: {all:?}");
    }
}
