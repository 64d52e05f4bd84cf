//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those nothing was heard of: an
//! enrolment reaches referrals within moments.

use server::{Behalf, Peers, is_member};
use tonic::Status;
use wire::Stop;

use super::refuse;
use crate::codes::{CodeRefusal, Codes, Issue, IssueReceipt};
use crate::referral::{Attribution, Receipt, ReferralRefusal, Referrals};

/// Gives a code, also to a member whose enrolment is still on its way.
pub(super) async fn issue(codes: &Codes, peers: &Peers, behalf: Behalf, ask: Issue) -> Result<IssueReceipt, Status> {
    let stop = match codes.issue(&ask).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(CodeRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return codes.issue(&Issue { known: true, ..ask }).await.map_err(refuse::code);
        }
        Err(stop) => stop,
    };
    Err(refuse::code(stop))
}

/// Says who invited a member, also one whose enrolment is still on its way.
pub(super) async fn attribute(
    referrals: &Referrals,
    peers: &Peers,
    behalf: Behalf,
    ask: Attribution,
) -> Result<Receipt, Status> {
    let stop = match referrals.attribute(&ask).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(ReferralRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return referrals.attribute(&Attribution { known: true, ..ask }).await.map_err(refuse::referral);
        }
        Err(stop) => stop,
    };
    Err(refuse::referral(stop))
}
