//! What referrals says no to, as the wire tells it.

use jiff::Timestamp;
use kernel::MemberId;
use terms::TermsRefusal;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::codes::CodeRefusal;
use crate::referral::ReferralRefusal;
use crate::referral::judging::Unfit;

pub(super) fn terms(stop: Stop<TermsRefusal>) -> Status {
    stopped(stop, terms_refusal)
}

pub(super) fn code(stop: Stop<CodeRefusal>) -> Status {
    stopped(stop, code_refusal)
}

pub(super) fn referral(stop: Stop<ReferralRefusal>) -> Status {
    stopped(stop, referral_refusal)
}

fn refusal(
    reason: &'static str,
    kind: RefusalKind,
    text: impl Into<String>,
    facts: Vec<(&'static str, String)>,
) -> Refusal {
    Refusal { reason, kind, text: text.into(), facts }
}

fn terms_refusal(stop: TermsRefusal) -> Refusal {
    let kind = RefusalKind::FailedPrecondition;
    match stop {
        TermsRefusal::NotFound { at } => no_terms(at),
        TermsRefusal::VersionTaken { effective_at, version } => refusal(
            "TERMS_VERSION_TAKEN",
            kind,
            format!("version {version} rules from {effective_at} on or later"),
            vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        ),
        TermsRefusal::InThePast { effective_at, version } => refusal(
            "TERMS_IN_THE_PAST",
            kind,
            format!("version {version} ruled at {effective_at}; what was promised is not changed afterwards"),
            vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        ),
    }
}

fn no_terms(at: Timestamp) -> Refusal {
    let facts = vec![("at", at.to_string())];
    refusal("TERMS_NOT_FOUND", RefusalKind::FailedPrecondition, format!("no terms rule at {at}"), facts)
}

fn nobody(member: MemberId) -> Refusal {
    let facts = vec![("member", member.to_string())];
    refusal("MEMBER_NOT_FOUND", RefusalKind::NotFound, "no member has this id", facts)
}

fn code_refusal(stop: CodeRefusal) -> Refusal {
    match stop {
        CodeRefusal::MemberNotFound { member } => nobody(member),
        CodeRefusal::NotFound { code } => refusal(
            "CODE_NOT_FOUND",
            RefusalKind::NotFound,
            format!("there is no code {code}"),
            vec![("code", code.to_string())],
        ),
        CodeRefusal::NoneOf { member } => refusal(
            "CODE_NOT_FOUND",
            RefusalKind::NotFound,
            "the member has no code",
            vec![("member", member.to_string())],
        ),
        CodeRefusal::Retired { code } => refusal(
            "CODE_RETIRED",
            RefusalKind::FailedPrecondition,
            format!("the code {code} attributes no more"),
            vec![("code", code.to_string())],
        ),
    }
}

fn referral_refusal(stop: ReferralRefusal) -> Refusal {
    match stop {
        ReferralRefusal::NoTerms { at } => no_terms(at),
        ReferralRefusal::MemberNotFound { member } => nobody(member),
        ReferralRefusal::Code(stop) => code_refusal(stop),
        ReferralRefusal::NoValidTouch { days } => refusal(
            "NO_VALID_TOUCH",
            RefusalKind::FailedPrecondition,
            format!("the visitor came by no live code within {days} days"),
            vec![("days", days.to_string())],
        ),
        ReferralRefusal::AlreadyAttributed { referral, inviter } => refusal(
            "ALREADY_ATTRIBUTED",
            RefusalKind::AlreadyExists,
            "the member has an inviter",
            vec![("referral", referral.to_string()), ("inviter", inviter.to_string())],
        ),
        ReferralRefusal::Unfit(unfit) => unfit_refusal(unfit),
        ReferralRefusal::NotFound { referral } => refusal(
            "REFERRAL_NOT_FOUND",
            RefusalKind::NotFound,
            format!("there is no referral {referral}"),
            vec![("referral", referral.to_string())],
        ),
        ReferralRefusal::NoneOf { member } => refusal(
            "REFERRAL_NOT_FOUND",
            RefusalKind::NotFound,
            "the member was invited by nobody",
            vec![("member", member.to_string())],
        ),
        ReferralRefusal::NotFlagged { referral, state } => refusal(
            "NOT_FLAGGED",
            RefusalKind::FailedPrecondition,
            format!("{referral} waits for no review, it is {}", state.word()),
            vec![("referral", referral.to_string()), ("state", state.word().to_owned())],
        ),
    }
}

/// A chain may be long, and facts travel in a header: the nearest ends of it tell enough.
const CHAIN: usize = 10;

fn unfit_refusal(unfit: Unfit) -> Refusal {
    let kind = RefusalKind::FailedPrecondition;
    let own = |facts| refusal("SELF_REFERRAL", kind, "inviter and invitee are the same person", facts);
    let customer = |because: &str, since: Timestamp| {
        let facts = vec![("because", because.to_owned()), ("since", since.to_string())];
        refusal("ALREADY_CUSTOMER", kind, format!("the member had {because} before the touch"), facts)
    };
    match unfit {
        Unfit::SameMember => own(vec![("evidence", "same member".to_owned())]),
        Unfit::SharedIdentity { identity_key } => {
            own(vec![("evidence", "shared identity".to_owned()), ("identity_key", identity_key)])
        }
        Unfit::Ring { chain } => {
            let (head, tail) = chain.split_at(chain.len().min(CHAIN / 2));
            let tail = &tail[tail.len().saturating_sub(CHAIN / 2)..];
            let told: Vec<String> = head.iter().chain(tail).map(ToString::to_string).collect();
            refusal("RING", kind, "the invitee stands above the inviter", vec![("chain", told.join(" "))])
        }
        Unfit::BoughtBefore { since } => customer("bought", since),
        Unfit::JoinedBefore { since } => customer("joined", since),
    }
}
