//! Proofs and seals as the wire tells them.

use kernel::{EntryId, Shard};
use proto::loyalty::v1;
use proto::loyalty::v1::{DivergenceKind, SealDivergenceKind};
use tonic::Response;

use crate::account::verifying::{Divergence, SealDivergence};
use crate::account::wallet::WalletCode;
use crate::account::{Audit, Proved, Seal, Verified};

pub(super) fn verified(verified: Verified) -> Response<v1::VerifyMemberResponse> {
    Response::new(v1::VerifyMemberResponse {
        holds: verified.divergence.is_none(),
        entries: verified.points.entries,
        balance: verified.points.balance,
        link: verified.points.link.to_string(),
        divergence: verified.divergence.map(divergence),
        wallets: verified.others.iter().map(proved).collect(),
    })
}

fn proved(proved: &Proved) -> v1::WalletProof {
    v1::WalletProof {
        wallet: proved.wallet.to_string(),
        entries: proved.entries,
        balance: proved.balance,
        link: proved.link.to_string(),
    }
}

fn divergence((wallet, found): (WalletCode, Divergence)) -> v1::Divergence {
    let named = |kind: DivergenceKind, number: i64, entry: EntryId, expected: i64, found: i64| v1::Divergence {
        kind: kind.into(),
        number,
        entry: entry.to_string(),
        expected,
        found,
        wallet: wallet.to_string(),
    };
    let told = |kind: DivergenceKind, number: i64, expected: i64, found: i64| v1::Divergence {
        kind: kind.into(),
        number,
        entry: String::new(),
        expected,
        found,
        wallet: wallet.to_string(),
    };
    match found {
        Divergence::Missing { number } => told(DivergenceKind::Missing, number, 0, 0),
        Divergence::Altered { number, entry } => named(DivergenceKind::Altered, number, entry, 0, 0),
        Divergence::Balance { number, entry, expected, found } => {
            named(DivergenceKind::Balance, number, entry, expected, found)
        }
        Divergence::CutOff { number, entries } => {
            told(DivergenceKind::CutOff, number, entries, number.saturating_sub(1))
        }
        Divergence::Unclaimed { number } => told(DivergenceKind::Unclaimed, number, 0, 0),
        Divergence::OtherEnd { number } => told(DivergenceKind::OtherEnd, number, 0, 0),
        Divergence::Sum { expected, found } => told(DivergenceKind::Sum, 0, expected, found),
        Divergence::Lots { expected, found } => told(DivergenceKind::Lots, 0, expected, found),
    }
}

pub(super) fn seals(seals: &[Seal]) -> Response<v1::ListSealsResponse> {
    Response::new(v1::ListSealsResponse { seals: seals.iter().map(seal).collect() })
}

fn seal(seal: &Seal) -> v1::Seal {
    v1::Seal {
        shard: u32::try_from(seal.shard.number()).unwrap_or_default(),
        entries: seal.entries,
        batch: seal.batch,
        link: seal.link.to_string(),
        record_time: Some(proto::timestamp(seal.recorded_at)),
    }
}

pub(super) fn audit(audit: Audit) -> v1::AuditLedgerResponse {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    v1::AuditLedgerResponse {
        shard: u32::try_from(audit.shard.number()).unwrap_or_default(),
        members: count(audit.members),
        entries: count(audit.entries),
        divergences: audit
            .diverging
            .into_iter()
            .map(|(owner, found)| v1::MemberDivergence {
                tenant: owner.tenant.to_string(),
                member: owner.member.to_string(),
                divergence: Some(divergence((owner.wallet, found))),
            })
            .collect(),
        diverging: count(audit.divergences),
        seal: audit.seal.map(unsealed),
        unreadable: false,
    }
}

pub(super) fn unreadable(shard: Shard) -> v1::AuditLedgerResponse {
    let shard = u32::try_from(shard.number()).unwrap_or_default();
    v1::AuditLedgerResponse { shard, unreadable: true, ..v1::AuditLedgerResponse::default() }
}

fn unsealed(found: SealDivergence) -> v1::SealDivergence {
    match found {
        SealDivergence::Entries { batch, expected, found } => v1::SealDivergence {
            kind: SealDivergenceKind::Entries.into(),
            batch,
            expected,
            found,
            ..v1::SealDivergence::default()
        },
        SealDivergence::Other { batch } => {
            v1::SealDivergence { kind: SealDivergenceKind::Other.into(), batch, ..v1::SealDivergence::default() }
        }
        SealDivergence::Known { after, batch, expected, found } => {
            v1::SealDivergence { kind: SealDivergenceKind::Known.into(), batch, after_batch: after, expected, found }
        }
        SealDivergence::Gone => {
            v1::SealDivergence { kind: SealDivergenceKind::Gone.into(), ..v1::SealDivergence::default() }
        }
    }
}
