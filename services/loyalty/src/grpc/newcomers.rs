//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those without an account: an
//! enrolment reaches loyalty within moments.

use std::collections::BTreeSet;

use kernel::MemberId;
use server::{Behalf, Peers, is_member, members_among};
use tonic::Status;
use wire::Stop;

use super::refuse;
use crate::account::{AccountRefusal, Accounts, Adjustment, Grant, OpeningAsk, Receipt, TierAsk};

/// What became of one item of a batch.
pub(super) type Outcome = Result<Receipt, Stop<AccountRefusal>>;

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

/// Does something about a tier; opens the account of a member whose enrolment is still on its way.
pub(super) async fn tiers(accounts: &Accounts, peers: &Peers, behalf: Behalf, ask: TierAsk) -> Result<Receipt, Status> {
    let stop = match accounts.tiers(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return accounts.tiers(TierAsk { known: true, ..ask }).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}

/// Gives points to many; opens the accounts of those whose enrolment is still on its way. Registry is asked once, about
/// all of them together.
pub(super) async fn grant_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<Grant>,
) -> Result<Vec<Outcome>, Status> {
    let mut outcomes = accounts.grant_all(asks.clone()).await;
    let (places, again) = among(peers, behalf, asks, &outcomes).await?;
    let again = again.into_iter().map(|ask| Grant { known: true, ..ask }).collect();
    put_in(&mut outcomes, places, accounts.grant_all(again).await);
    Ok(outcomes)
}

/// Takes over what many bring along; opens the accounts of those whose enrolment is still on its way, as for grants.
pub(super) async fn open_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<OpeningAsk>,
) -> Result<Vec<Outcome>, Status> {
    let mut outcomes = accounts.open_all(asks.clone()).await;
    let (places, again) = among(peers, behalf, asks, &outcomes).await?;
    let again = again.into_iter().map(|ask| OpeningAsk { known: true, ..ask }).collect();
    put_in(&mut outcomes, places, accounts.open_all(again).await);
    Ok(outcomes)
}

/// Lets many stand where they stood; opens the accounts of those whose enrolment is still on its way, as for grants.
pub(super) async fn tiers_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<TierAsk>,
) -> Result<Vec<Outcome>, Status> {
    let mut outcomes = accounts.tiers_all(asks.clone()).await;
    let (places, again) = among(peers, behalf, asks, &outcomes).await?;
    let again = again.into_iter().map(|ask| TierAsk { known: true, ..ask }).collect();
    put_in(&mut outcomes, places, accounts.tiers_all(again).await);
    Ok(outcomes)
}

/// Which asks were refused for want of a member whom registry knows: their places, and themselves.
async fn among<A>(
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<A>,
    outcomes: &[Outcome],
) -> Result<(Vec<usize>, Vec<A>), Status> {
    let strangers: BTreeSet<MemberId> = outcomes.iter().filter_map(stranger).collect();
    if strangers.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let members = members_among(peers, behalf, &strangers).await?;
    let is_one = |place: &usize| stranger(&outcomes[*place]).is_some_and(|member| members.contains(&member));
    Ok(asks.into_iter().enumerate().filter(|(place, _)| is_one(place)).unzip())
}

fn put_in(outcomes: &mut [Outcome], places: Vec<usize>, again: Vec<Outcome>) {
    for (place, outcome) in places.into_iter().zip(again) {
        outcomes[place] = outcome;
    }
}

fn stranger(outcome: &Outcome) -> Option<MemberId> {
    match outcome {
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) => Some(*member),
        Ok(_) | Err(_) => None,
    }
}
