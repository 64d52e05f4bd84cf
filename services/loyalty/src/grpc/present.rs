//! Accounts as the wire tells them.

use jiff::Timestamp;
use kernel::Shard;
use proto::common::v1 as common;
use proto::loyalty::v1;
use store::Head;
use tonic::{Response, Status};
use wire::messages::localized;
use wire::{Freshness, Keys, Language, Stop};

use super::parse::PageLook;
use super::wording::{self, Facts};
use super::{present_holds, present_tiers, refuse};
use crate::account::decision::{Decision, Explanation};
use crate::account::holdings::{Draw, EntryKind, Lot};
use crate::account::{AccountRefusal, AccountView, EntryView, Overview, Receipt, WalletView};

pub(super) fn freshness(receipt: &Receipt) -> Freshness {
    let marks = receipt.mark.iter().chain(&receipt.marks_beside);
    let heads = marks
        .filter_map(|&(shard, epoch, position)| Some((Shard::from_number(shard.into())?, Head { epoch, position })));
    Freshness::of(crate::SERVICE, &heads.collect::<Vec<_>>())
}

pub(super) fn redemption(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::RedeemPointsResponse> {
    Response::new(redeemed(keys, language, receipt))
}

pub(super) fn redeemed(keys: &Keys, language: Language, receipt: Receipt) -> v1::RedeemPointsResponse {
    v1::RedeemPointsResponse {
        freshness: freshness(&receipt).seal(keys),
        entry: receipt.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        spendable: receipt.spendable,
        draws: receipt.draws.into_iter().map(draw).collect(),
        decision: receipt.why.map(|why| explained(language, *why)),
    }
}

/// What became of each item of a batch, and the token that shows all of them.
pub(super) fn each<T>(
    outcomes: Vec<Result<Receipt, Stop<AccountRefusal>>>,
    done: impl Fn(Receipt) -> T,
    refused: impl Fn(wire::Refusal) -> T,
) -> Result<(Vec<T>, Freshness), Status> {
    let (mut all, mut told) = (Freshness::default(), Vec::with_capacity(outcomes.len()));
    for outcome in outcomes {
        told.push(match outcome {
            Ok(receipt) => {
                all.merge(freshness(&receipt));
                done(receipt)
            }
            Err(stop) => refused(refuse::item(stop)?),
        });
    }
    Ok((told, all))
}

pub(super) fn redemptions(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<Receipt, Stop<AccountRefusal>>>,
) -> Result<Response<v1::RedeemPointsBatchResponse>, Status> {
    let done = |receipt| v1::RedeemOutcome {
        receipt: Some(redeemed(keys, language, receipt)),
        ..v1::RedeemOutcome::default()
    };
    let refused = |refusal: wire::Refusal| v1::RedeemOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all) = each(outcomes, done, refused)?;
    Ok(Response::new(v1::RedeemPointsBatchResponse { outcomes, freshness: all.seal(keys) }))
}

pub(super) fn reversal(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::ReverseRedemptionResponse> {
    let told = redeemed(keys, language, receipt);
    Response::new(v1::ReverseRedemptionResponse {
        entry: told.entry,
        spendable: told.spendable,
        freshness: told.freshness,
        decision: told.decision,
    })
}

pub(super) fn adjustment(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::AdjustPointsResponse> {
    let told = redeemed(keys, language, receipt);
    Response::new(v1::AdjustPointsResponse {
        entry: told.entry,
        spendable: told.spendable,
        freshness: told.freshness,
        decision: told.decision,
    })
}

pub(super) fn grant(keys: &Keys, receipt: Receipt) -> Response<v1::GrantPointsResponse> {
    Response::new(granted(keys, &receipt))
}

fn granted(keys: &Keys, receipt: &Receipt) -> v1::GrantPointsResponse {
    v1::GrantPointsResponse {
        freshness: freshness(receipt).seal(keys),
        entry: receipt.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        lapse_time: receipt.lapses_at.and_then(time),
        spendable: receipt.spendable,
    }
}

pub(super) fn grants(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<Receipt, Stop<AccountRefusal>>>,
) -> Result<Response<v1::GrantPointsBatchResponse>, Status> {
    let (outcomes, freshness) = all_granted(keys, language, outcomes)?;
    Ok(Response::new(v1::GrantPointsBatchResponse { outcomes, freshness }))
}

pub(super) fn streamed(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<Receipt, Stop<AccountRefusal>>>,
) -> Result<v1::StreamGrantsResponse, Status> {
    let (outcomes, freshness) = all_granted(keys, language, outcomes)?;
    Ok(v1::StreamGrantsResponse { outcomes, freshness })
}

fn all_granted(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<Receipt, Stop<AccountRefusal>>>,
) -> Result<(Vec<v1::GrantOutcome>, String), Status> {
    let done =
        |receipt: Receipt| v1::GrantOutcome { receipt: Some(granted(keys, &receipt)), ..v1::GrantOutcome::default() };
    let refused = |refusal: wire::Refusal| v1::GrantOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all) = each(outcomes, done, refused)?;
    Ok((outcomes, all.seal(keys)))
}

pub(super) fn revocation(keys: &Keys, receipt: Receipt) -> Response<v1::RevokeGrantResponse> {
    Response::new(v1::RevokeGrantResponse {
        freshness: freshness(&receipt).seal(keys),
        entry: receipt.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        points: receipt.points.saturating_neg(),
        spendable: receipt.spendable,
    })
}

pub(super) fn account(account: AccountView) -> Response<v1::GetAccountResponse> {
    let tiers: Vec<v1::TierStanding> = account.standings.into_iter().map(present_tiers::standing).collect();
    Response::new(v1::GetAccountResponse {
        account: Some(v1::Account {
            member: account.member.to_string(),
            balance: account.balance,
            spendable: account.spendable,
            deficit: account.deficit,
            lots: account.lots.into_iter().take(100).map(lot).collect(),
            tier: tiers.first().cloned(),
            earned: account.totals.earned.saturating_sub(account.totals.earn_reversed),
            redeemed: account.totals.redeemed.saturating_sub(account.totals.redemption_reversed),
            lapsed: account.totals.lapsed,
            pending: account.pending,
            pending_lots: account.pending_lots.into_iter().take(100).map(lot).collect(),
            held: account.held,
            holds: account.holds.into_iter().take(100).map(present_holds::hold).collect(),
            tiers,
            wallet: account.wallet.to_string(),
            wallets: account.others.into_iter().map(wallet_sum).collect(),
            transferred: account.totals.transferred,
        }),
    })
}

fn wallet_sum(sum: WalletView) -> v1::WalletSum {
    let (next_lapse_time, next_lapse_points) = sum.next_lapse.map_or((None, 0), |(at, points)| (time(at), points));
    v1::WalletSum {
        wallet: sum.wallet.to_string(),
        display_name: sum.display_name,
        balance: sum.balance,
        spendable: sum.spendable,
        pending: sum.pending,
        held: sum.held,
        deficit: sum.deficit,
        next_lapse_time,
        next_lapse_points,
    }
}

pub(super) fn balance(balance: i64) -> Response<v1::GetBalanceResponse> {
    Response::new(v1::GetBalanceResponse { balance })
}

pub(super) fn entries(keys: &Keys, ask: &PageLook, page: Vec<EntryView>) -> Response<v1::ListEntriesResponse> {
    let next_page_token = ask.next(keys, page.len(), page.last().map(|last| last.number));
    Response::new(v1::ListEntriesResponse {
        entries: page.into_iter().map(|view| entry(&view)).collect(),
        next_page_token,
    })
}

pub(super) fn explained_entry(language: Language, view: EntryView) -> Response<v1::ExplainEntryResponse> {
    let entry = Some(entry(&view));
    Response::new(v1::ExplainEntryResponse { entry, decision: Some(explained(language, view.explanation())) })
}

pub(super) fn overview(overview: Overview) -> Response<v1::GetOverviewResponse> {
    let totals = overview.totals;
    Response::new(v1::GetOverviewResponse {
        tiers: overview
            .tiers
            .into_iter()
            .map(|(tier, display_name, members)| v1::TierCount { tier, display_name, members })
            .collect(),
        lapse_months: overview
            .lapse_months
            .into_iter()
            .map(|(month, points, lots)| v1::LapseMonth { month: month.unwrap_or_default(), points, lots })
            .collect(),
        earned: totals.earned,
        earn_reversed: totals.earn_reversed,
        redeemed: totals.redeemed,
        redemption_reversed: totals.redemption_reversed,
        lapsed: totals.lapsed,
        adjusted: totals.adjusted,
        transferred: totals.transferred,
        outstanding: overview.outstanding,
        pending: overview.pending,
        held: overview.held,
        deficit: overview.deficit,
        accounts: overview.accounts,
        entries: overview.entries,
        spend: overview.spend.into_iter().map(common::Money::from).collect(),
    })
}

pub(super) fn draw(draw: Draw) -> v1::Draw {
    v1::Draw { lot: draw.lot.to_string(), points: draw.points }
}

pub(super) fn time(moment: Timestamp) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(moment))
}

fn lot(lot: Lot) -> v1::Lot {
    v1::Lot {
        id: lot.id.to_string(),
        amount: lot.amount,
        left: lot.left,
        earn_time: time(lot.earned_at),
        lapse_time: lot.lapses_at.and_then(time),
        origin: lot.origin,
        usable_time: lot.usable_from.and_then(time),
        held: lot.held,
    }
}

fn entry(view: &EntryView) -> v1::Entry {
    v1::Entry {
        id: view.id.to_string(),
        kind: entry_kind(view.kind).into(),
        points: view.points,
        balance_after: view.balance_after,
        cause: view.cause.clone(),
        occur_time: time(view.occurred_at),
        record_time: time(view.recorded_at),
        draws: view.draws.iter().copied().map(draw).collect(),
        programme_version: view.grounds.programme_version,
        wallet: view.wallet.to_string(),
    }
}

pub(super) const fn entry_kind(kind: EntryKind) -> v1::EntryKind {
    match kind {
        EntryKind::Earn => v1::EntryKind::Earn,
        EntryKind::EarnReversal => v1::EntryKind::EarnReversal,
        EntryKind::Redemption => v1::EntryKind::Redemption,
        EntryKind::RedemptionReversal => v1::EntryKind::RedemptionReversal,
        EntryKind::Lapse => v1::EntryKind::Lapse,
        EntryKind::Adjustment => v1::EntryKind::Adjustment,
        EntryKind::TransferOut => v1::EntryKind::TransferOut,
        EntryKind::TransferIn => v1::EntryKind::TransferIn,
    }
}

pub(super) fn explained(language: Language, told: Explanation) -> common::Decision {
    decision(language, wording::of_entry(&told), told.grounds.clone())
}

pub(super) fn decision(
    language: Language,
    (reason, facts): (common::DecisionReason, Facts<'_>),
    decision: Decision,
) -> common::Decision {
    let rule_version = match decision.programme_version {
        0 => String::new(),
        version => format!("programme/{version}"),
    };
    common::Decision {
        outcome: decision.outcome,
        rule_version,
        decided_for: time(decision.decided_for),
        facts: decision.facts.into_iter().map(|(name, value)| common::Fact { name, value }).collect(),
        steps: decision
            .steps
            .into_iter()
            .map(|step| common::Step {
                name: step.name,
                detail: step.detail,
                contribution: step.contribution,
                figures: step.figures.into_iter().map(|(name, value)| common::Fact { name, value }).collect(),
            })
            .collect(),
        nearest_flip: decision.flip.map(|flip| common::NearestFlip {
            fact: flip.fact,
            change: flip.change,
            outcome: flip.outcome,
        }),
        reason: reason.into(),
        message: localized(reason.as_str_name(), language, facts),
    }
}
