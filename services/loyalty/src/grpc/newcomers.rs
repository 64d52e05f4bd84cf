//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those without an account: an
//! enrolment reaches loyalty within moments.

use server::{Behalf, Peers, is_member};
use tonic::Status;
use wire::Stop;

use super::refuse;
use crate::account::{AccountRefusal, Accounts, Adjustment, Grant, Receipt};

/// Adds or takes points by hand; opens the account of a member whose enrolment is still on its way.
pub(super) async fn adjust(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    ask: Adjustment,
) -> Result<Receipt, Status> {
    let stop = match accounts.adjust(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return accounts.adjust(Adjustment { known: true, ..ask }).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}

/// Gives points; opens the account of a member whose enrolment is still on its way.
pub(super) async fn grant(accounts: &Accounts, peers: &Peers, behalf: Behalf, ask: Grant) -> Result<Receipt, Status> {
    let stop = match accounts.grant(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return accounts.grant(Grant { known: true, ..ask }).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}
