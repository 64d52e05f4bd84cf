//! What loyalty says no to, as the wire tells it.

use kernel::{ClaimId, EntryId, HoldId, Points};
use terms::TermsRefusal;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, failure, stopped};

use super::present::entry_kind;
use super::refuse_coupons::no_member;
use super::refuse_openings;
use crate::account::holdings::EntryKind;
use crate::account::wallet::WalletCode;
use crate::account::{AccountRefusal, TierRefusal, TransferRefusal};

pub(super) fn account(stop: Stop<AccountRefusal>) -> Status {
    stopped(stop, account_refusal)
}

pub(super) fn programme(stop: Stop<TermsRefusal>) -> Status {
    stopped(stop, terms_refusal)
}

/// Points would leave their range, in a rehearsal as in a booking.
pub(super) fn out_of_range() -> Status {
    wire::refuse(account_refusal(AccountRefusal::OutOfRange))
}

/// Why one item of a batch was refused. Failures spoil the whole call, and so does what holds for all items.
pub(super) fn item(stop: Stop<AccountRefusal>) -> Result<Refusal, Status> {
    match stop {
        Stop::Refused(_) | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } => {
            wire::refusal(stop, account_refusal).map_err(failure)
        }
        Stop::TenantSuspended | Stop::Failed(_) => Err(account(stop)),
    }
}

pub(super) fn account_refusal(refusal: AccountRefusal) -> Refusal {
    match refusal {
        AccountRefusal::InsufficientPoints { asked, spendable } => {
            let short_by = asked.0.saturating_sub(spendable.0);
            Refusal {
                reason: "INSUFFICIENT_POINTS",
                kind: RefusalKind::FailedPrecondition,
                text: format!("asked {asked}, spendable {spendable}, short by {short_by}"),
                facts: vec![
                    ("asked", asked.to_string()),
                    ("spendable", spendable.to_string()),
                    ("short_by", short_by.to_string()),
                ],
            }
        }
        AccountRefusal::MemberNotFound { member } => no_member(member),
        AccountRefusal::ProgrammeNotFound { at } => no_programme(at),
        AccountRefusal::EntryNotFound { entry } => Refusal {
            reason: "ENTRY_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no entry {entry}"),
            facts: vec![("entry", entry.to_string())],
        },
        AccountRefusal::NotARedemption { entry, kind } => another_kind("NOT_A_REDEMPTION", "redemption", entry, kind),
        AccountRefusal::NotAGrant { entry, kind } => another_kind("NOT_A_GRANT", "grant", entry, kind),
        AccountRefusal::AlreadyGranted { cause, entry } => Refusal {
            reason: "ALREADY_APPLIED",
            kind: RefusalKind::AlreadyExists,
            text: format!("points were given for {cause} before"),
            facts: vec![("what", format!("grant {cause}")), ("id", entry.to_string())],
        },
        AccountRefusal::SpentOnClaim { entry, claim } => spent_on_claim(entry, claim),
        AccountRefusal::AlreadyReversed { entry } => Refusal {
            reason: "ALREADY_REVERSED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{entry} was reversed before"),
            facts: vec![("entry", entry.to_string())],
        },
        AccountRefusal::HoldNotFound { hold } => {
            about_hold("HOLD_NOT_FOUND", RefusalKind::NotFound, "there is no such hold".to_owned(), Vec::new(), hold)
        }
        AccountRefusal::HoldEnded { hold } => {
            let text = "the hold holds nothing any more".to_owned();
            about_hold("HOLD_ENDED", RefusalKind::FailedPrecondition, text, Vec::new(), hold)
        }
        AccountRefusal::HoldExceeded { hold, asked, held } => {
            let (text, facts) = (format!("asked {asked}, held {held}"), vec![("asked", asked), ("held", held)]);
            about_hold("HOLD_EXCEEDED", RefusalKind::FailedPrecondition, text, facts, hold)
        }
        AccountRefusal::Tier(refusal) => tier_refusal(refusal),
        AccountRefusal::Opening(refusal) => refuse_openings::opening(refusal),
        AccountRefusal::Transfer(refusal) => transfer_refusal(refusal),
        AccountRefusal::WalletNotFound { wallet } => no_wallet(wallet),
        AccountRefusal::OutOfRange => beyond_range(),
    }
}

fn beyond_range() -> Refusal {
    Refusal {
        reason: "BALANCE_OUT_OF_RANGE",
        kind: RefusalKind::FailedPrecondition,
        text: "the balance would leave the range of 64 bits".to_owned(),
        facts: Vec::new(),
    }
}

fn no_wallet(wallet: WalletCode) -> Refusal {
    Refusal {
        reason: "WALLET_NOT_FOUND",
        kind: RefusalKind::NotFound,
        text: format!("no version of the programme names a wallet {wallet}"),
        facts: vec![("wallet", wallet.to_string())],
    }
}

fn tier_refusal(refusal: TierRefusal) -> Refusal {
    match refusal {
        TierRefusal::LadderNotFound { ladder } => Refusal {
            reason: "LADDER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the programme has no ladder {ladder:?}"),
            facts: vec![("ladder", ladder)],
        },
        TierRefusal::TierNotFound { ladder, tier } => Refusal {
            reason: "TIER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the ladder {ladder:?} has no tier {tier:?}"),
            facts: vec![("ladder", ladder), ("tier", tier)],
        },
        TierRefusal::NotAssigned { ladder } => Refusal {
            reason: "TIER_NOT_ASSIGNED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("nobody has put the member into a tier of {ladder:?}"),
            facts: vec![("ladder", ladder)],
        },
        TierRefusal::Over { until } => Refusal {
            reason: "TIER_ASSIGNMENT_OVER",
            kind: RefusalKind::FailedPrecondition,
            text: format!("its time would be over since {until}"),
            facts: vec![("until", until.to_string())],
        },
        TierRefusal::Reached { ladder, tier } => Refusal {
            reason: "TIER_ALREADY_REACHED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("the member stands in {tier} of {ladder:?} already"),
            facts: vec![("ladder", ladder), ("tier", tier)],
        },
        TierRefusal::AlreadyBrought { ladder } => refuse_openings::known(&ladder, String::new()),
        TierRefusal::BroughtDiffers { ladder, field } => refuse_openings::differs(ladder, field, String::new()),
        TierRefusal::AlreadyCounts { cause } => Refusal {
            reason: "ALREADY_APPLIED",
            kind: RefusalKind::AlreadyExists,
            text: format!("{cause} counts already"),
            facts: vec![("what", format!("qualification {cause}")), ("id", cause)],
        },
    }
}

fn transfer_refusal(refusal: TransferRefusal) -> Refusal {
    match refusal {
        TransferRefusal::NobodyMay { wallet } => Refusal {
            reason: "TRANSFER_NOT_ALLOWED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("the programme lets nobody pass on what lies in the wallet {:?}", wallet.as_str()),
            facts: vec![("wallet", wallet.to_string()), ("why", "NOBODY_MAY".to_owned())],
        },
        TransferRefusal::LimitReached { limit, most, left, asked } => Refusal {
            reason: "TRANSFER_LIMIT_REACHED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("asked {asked}, limit {} of {most}, left {left}", limit.name()),
            facts: vec![
                ("limit", limit.name().to_owned()),
                ("most", most.to_string()),
                ("left", left.to_string()),
                ("asked", asked.to_string()),
            ],
        },
        TransferRefusal::NotFound { transfer } => Refusal {
            reason: "TRANSFER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the member has passed nothing on as {transfer}"),
            facts: vec![("transfer", transfer.to_string())],
        },
    }
}

fn about_hold(
    reason: &'static str,
    kind: RefusalKind,
    text: String,
    points: Vec<(&'static str, Points)>,
    hold: HoldId,
) -> Refusal {
    let points = points.into_iter().map(|(name, points)| (name, points.to_string()));
    Refusal { reason, kind, text, facts: points.chain([("hold", hold.to_string())]).collect() }
}

/// The points come back with the claim, and not alone.
fn spent_on_claim(entry: EntryId, claim: ClaimId) -> Refusal {
    Refusal {
        reason: "SPENT_ON_A_CLAIM",
        kind: RefusalKind::FailedPrecondition,
        text: format!("the points of {entry} come back with {claim} alone"),
        facts: vec![("entry", entry.to_string()), ("claim", claim.to_string())],
    }
}

fn another_kind(reason: &'static str, wanted: &str, entry: EntryId, kind: EntryKind) -> Refusal {
    let kind = entry_kind(kind).as_str_name().trim_start_matches("ENTRY_KIND_").to_owned();
    Refusal {
        reason,
        kind: RefusalKind::FailedPrecondition,
        text: format!("{entry} is no {wanted} but {kind}"),
        facts: vec![("entry", entry.to_string()), ("kind", kind)],
    }
}

fn terms_refusal(refusal: TermsRefusal) -> Refusal {
    match refusal {
        TermsRefusal::NotFound { at } => no_programme(at),
        TermsRefusal::VersionTaken { effective_at, version } => Refusal {
            reason: "PROGRAMME_VERSION_TAKEN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("version {version} rules from {effective_at} on or later"),
            facts: vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        },
        TermsRefusal::InThePast { effective_at, version } => Refusal {
            reason: "PROGRAMME_IN_THE_PAST",
            kind: RefusalKind::FailedPrecondition,
            text: format!("version {version} ruled at {effective_at}; what was promised is not changed afterwards"),
            facts: vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        },
    }
}

fn no_programme(at: jiff::Timestamp) -> Refusal {
    Refusal {
        reason: "PROGRAMME_NOT_FOUND",
        kind: RefusalKind::FailedPrecondition,
        text: format!("no programme rules at {at}"),
        facts: vec![("at", at.to_string())],
    }
}
