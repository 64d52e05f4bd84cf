//! Coupons of members of whom registry has to be asked, and the stream of codes.
//!
//! Registry is asked before or between attempts, never inside a transaction.

use std::collections::BTreeSet;
use std::pin::Pin;

use futures::channel::mpsc;
use futures::{SinkExt as _, Stream};
use kernel::MemberId;
use proto::loyalty::v1::GenerateCodesResponse;
use server::{Behalf, Peers, is_member, members_among};
use tonic::Status;
use tracing::Instrument as _;
use wire::Stop;

use super::{present_coupons, refuse_benefits, refuse_coupons};
use crate::benefit::{self as booking, BenefitRefusal, Benefits, Booking};
use crate::codes::{Codes, Generate};
use crate::coupon::{CouponRefusal, Coupons, Issue, IssueReceipt};
use crate::reservation::{Receipt, ReservationRefusal, Reservations, Reserve};

/// Codes as they are written.
pub type Generated = Pin<Box<dyn Stream<Item = Result<GenerateCodesResponse, Status>> + Send>>;

/// What became of one item of a batch.
type Outcome = Result<IssueReceipt, Stop<CouponRefusal>>;

/// Gives a coupon to a member of registry.
pub(super) async fn issue(
    coupons: &Coupons,
    peers: &Peers,
    behalf: Behalf,
    ask: Issue,
) -> Result<IssueReceipt, Status> {
    let known = is_member(peers, behalf, ask.member).await?;
    coupons.issue(Issue { known, ..ask }).await.map_err(refuse_coupons::coupon)
}

/// Gives coupons to members of registry, which is asked once about all of them.
pub(super) async fn issue_all(
    coupons: &Coupons,
    peers: &Peers,
    behalf: Behalf,
    asks: Vec<Issue>,
) -> Result<Vec<Outcome>, Status> {
    let whose: BTreeSet<MemberId> = asks.iter().map(|ask| ask.member).collect();
    let members = members_among(peers, behalf, &whose).await?;
    let asks = asks.into_iter().map(|ask| Issue { known: members.contains(&ask.member), ..ask });
    Ok(coupons.issue_all(asks.collect()).await)
}

/// Puts coupons and codes aside; of a member who has used none of these campaigns, registry is asked.
pub(super) async fn reserve(
    reservations: &Reservations,
    peers: &Peers,
    behalf: Behalf,
    ask: Reserve,
) -> Result<Receipt, Status> {
    let stop = match reservations.reserve(ask.clone()).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(ReservationRefusal::MemberNotFound { member }))
            if is_member(peers, behalf, member).await? =>
        {
            let again = reservations.reserve(Reserve { known: true, ..ask }).await;
            return again.map_err(refuse_coupons::reservation);
        }
        Err(stop) => stop,
    };
    Err(refuse_coupons::reservation(stop))
}

/// Books benefits for an order; of a member of whom nothing was heard yet, registry is asked.
pub(super) async fn book(
    benefits: &Benefits,
    peers: &Peers,
    behalf: Behalf,
    ask: Booking,
) -> Result<booking::Receipt, Status> {
    let stop = match benefits.book(&ask).await {
        Ok(receipt) => return Ok(receipt),
        Err(Stop::Refused(BenefitRefusal::MemberNotFound { member })) if is_member(peers, behalf, member).await? => {
            let again = benefits.book(&Booking { known: true, ..ask }).await;
            return again.map_err(refuse_benefits::benefit);
        }
        Err(stop) => stop,
    };
    Err(refuse_benefits::benefit(stop))
}

/// Writes codes and streams them. A batch that has begun is finished even when its caller has left; the next one is not
/// begun then.
pub(super) async fn generated(codes: &Codes, ask: Generate) -> Result<Generated, Status> {
    // The first one here: what is refused is refused before anything streams.
    let first = codes.batch(&ask, ask.skip).await.map_err(refuse_coupons::codes)?;
    let (mut told, stream) = mpsc::channel(1);
    let codes = codes.clone();
    let rest = async move {
        let (mut from, mut batch) = (ask.skip, first);
        loop {
            let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
            let answer = Ok(present_coupons::codes(from, batch));
            if told.send(answer).await.is_err() {
                return;
            }
            from = from.saturating_add(count);
            if ask.validate_only || from >= ask.count || told.is_closed() {
                return;
            }
            match codes.batch(&ask, from).await {
                Ok(next) => batch = next,
                Err(stop) => {
                    let _ = told.send(Err(refuse_coupons::codes(stop))).await;
                    return;
                }
            }
        }
    };
    tokio::spawn(rest.in_current_span());
    Ok(Box::pin(stream))
}
