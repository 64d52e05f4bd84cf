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
use crate::account::{
    AccountRefusal, Accounts, Adjustment, Grant, NewOccasion, OpeningAsk, Receipt, TierAsk, TransferAsk,
};

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

/// Passes points on; opens the account of a receiver whose enrolment is still on its way.
pub(super) async fn transfer(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    ask: TransferAsk,
) -> Result<Receipt, Status> {
    let stop = match accounts.transfer(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return accounts.transfer(ask.to_known()).await.map_err(refuse::account);
        }
        Err(stop) => stop,
    };
    Err(refuse::account(stop))
}

/// Gives points to many; opens the accounts of those whose enrolment is still on its way.
pub(super) async fn grant_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<Grant>,
) -> Result<Vec<Outcome>, Status> {
    let know = |ask: Grant| Grant { known: true, ..ask };
    all(peers, behalf, asks, (|ask: &Grant| ask.member, know), |asks| accounts.grant_all(asks)).await
}

/// Takes over what many bring along; opens the accounts of those whose enrolment is still on its way.
pub(super) async fn open_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<OpeningAsk>,
) -> Result<Vec<Outcome>, Status> {
    let know = |ask: OpeningAsk| OpeningAsk { known: true, ..ask };
    all(peers, behalf, asks, (|ask: &OpeningAsk| ask.member, know), |asks| accounts.open_all(asks)).await
}

/// Lets many stand where they stood; opens the accounts of those whose enrolment is still on its way.
pub(super) async fn tiers_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<TierAsk>,
) -> Result<Vec<Outcome>, Status> {
    let know = |ask: TierAsk| TierAsk { known: true, ..ask };
    all(peers, behalf, asks, (|ask: &TierAsk| ask.member, know), |asks| accounts.tiers_all(asks)).await
}

/// Records occasions; opens the accounts of those whose enrolment is still on its way.
pub(super) async fn occur_all(
    accounts: &Accounts,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<NewOccasion>,
) -> Result<Vec<Outcome>, Status> {
    let know = |ask: NewOccasion| NewOccasion { known: true, ..ask };
    all(peers, behalf, asks, (|ask: &NewOccasion| ask.member, know), |asks| accounts.occur_all(asks)).await
}

/// Carries out a batch, and once more what was asked of strangers whom registry knows. It is asked once, about all of them
/// together.
async fn all<A: Clone, F: Future<Output = Vec<Outcome>>>(
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<A>,
    (member, know): (impl Fn(&A) -> MemberId, impl Fn(A) -> A),
    carry_out: impl Fn(Vec<A>) -> F,
) -> Result<Vec<Outcome>, Status> {
    let mut outcomes = carry_out(asks.clone()).await;
    let strangers: BTreeSet<MemberId> = outcomes.iter().filter_map(stranger).collect();
    if strangers.is_empty() {
        return Ok(outcomes);
    }
    let members = members_among(peers, behalf, &strangers).await?;
    let (places, again): (Vec<usize>, Vec<A>) = asks
        .into_iter()
        .enumerate()
        .filter(|(place, ask)| members.contains(&member(ask)) && stranger(&outcomes[*place]).is_some())
        .map(|(place, ask)| (place, know(ask)))
        .unzip();
    for (place, outcome) in places.into_iter().zip(carry_out(again).await) {
        outcomes[place] = outcome;
    }
    Ok(outcomes)
}

fn stranger(outcome: &Outcome) -> Option<MemberId> {
    match outcome {
        Err(Stop::Refused(AccountRefusal::MemberNotFound { member })) => Some(*member),
        Ok(_) | Err(_) => None,
    }
}
