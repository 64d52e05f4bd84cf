//! Members of whom nothing was heard yet: registry knows whether they are.
//!
//! Registry is asked between two attempts, never inside a transaction, and only about those it has not told of: an
//! enrolment reaches subscriptions within moments.

use server::{Behalf, Peers, is_member};
use tonic::Status;
use wire::Stop;

use super::refuse;
use crate::subscription::{Receipt, Refusal, StandingOrders, Subscribing};

/// Subscribes a member, even one whose enrolment is still on its way.
pub(super) async fn subscribe(
    orders: &StandingOrders,
    peers: &Peers,
    behalf: Behalf,
    ask: Subscribing,
) -> Result<Receipt, Status> {
    let stop = match orders.subscribe(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(Refusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            return orders.subscribe(Subscribing { known: true, ..ask }).await.map_err(refuse::subscription);
        }
        Err(stop) => stop,
    };
    Err(refuse::subscription(stop))
}
