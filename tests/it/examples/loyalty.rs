//! Loyalty's rpcs.

use proto::loyalty::v1::{
    AdjustPointsRequest, CaptureHoldRequest, ExplainEntryRequest, ExplainTierRequest, ForecastLiabilityRequest,
    GetAccountRequest, GetBalanceRequest, GetOverviewRequest, GetProgrammeRequest, GrantPointsBatchRequest,
    GrantPointsRequest, HoldPointsRequest, ListEntriesRequest, ListTierChangesRequest, PutProgrammeRequest, QuoteLine,
    QuoteOrderRequest, ReconcileRequest, RedeemPointsBatchRequest, RedeemPointsRequest, ReleaseHoldRequest,
    ReverseRedemptionRequest, ReverseTransferRequest, RevokeGrantRequest, SimulateRequest, StreamGrantsRequest,
    TransferPointsRequest,
};
use testkit::Examples;

mod benefits;
mod coupons;
mod draws;
mod missions;
mod occasions;
mod openings;
mod rewards;
mod tiers;

use super::{World, make};
use crate::requests::{at, programme};

fn redemption(member: &str, points: i64, spent_on: String) -> RedeemPointsRequest {
    RedeemPointsRequest { member: member.to_owned(), points, spent_on, ..RedeemPointsRequest::default() }
}

pub async fn examples(world: &World) -> Examples {
    let asked = ListEntriesRequest {
        member: world.member.clone(),
        at_least_as_fresh: world.freshness.clone(),
        ..ListEntriesRequest::default()
    };
    let entries = world.shop.loyalty().list_entries(asked).await.expect("answered").into_inner().entries;
    let entry = entries.first().expect("the order has earned").id.clone();
    reads(world)
        .and(spending(world))
        .and(holding(world))
        .and(transferring(world).await)
        .and(giving(world))
        .and(coupons::examples(world).await)
        .and(tiers::examples(world))
        .and(openings::examples(world))
        .and(rewards::examples(world).await)
        .and(benefits::examples(world).await)
        .and(missions::examples(world).await)
        .and(draws::examples(world).await)
        .and(occasions::examples(world))
        .with(make!(entry, |entry, _n| ExplainEntryRequest { entry, ..ExplainEntryRequest::default() }))
}

fn reads(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetProgrammeRequest::default()))
        .with(make!(world, |world, _n| GetAccountRequest { member: world.member, ..GetAccountRequest::default() }))
        .with(make!(world, |world, _n| GetBalanceRequest { member: world.member, ..GetBalanceRequest::default() }))
        .with(make!(world, |world, _n| ListEntriesRequest { member: world.member, ..ListEntriesRequest::default() }))
        .with(make!(world, |world, _n| ListTierChangesRequest {
            member: world.member,
            ..ListTierChangesRequest::default()
        }))
        .with(make!(world, |world, _n| ExplainTierRequest { member: world.member, ..ExplainTierRequest::default() }))
        .with(make!(world, |_world, _n| GetOverviewRequest::default()))
        .with(make!(world, |_world, _n| ForecastLiabilityRequest::default()))
        .with(make!(world, |_world, _n| ReconcileRequest::default()))
        .with(make!(world, |_world, _n| SimulateRequest {
            programme: programme(String::new(), "2011-01-01T00:00:00Z").programme,
            ..SimulateRequest::default()
        }))
        .with(make!(world, |world, _n| QuoteOrderRequest {
            member: world.member,
            currency_code: "TWD".to_owned(),
            lines: vec![QuoteLine { gross_minor: 1_980, ..QuoteLine::default() }],
            ..QuoteOrderRequest::default()
        }))
        .with_other(
            make!(world, |_world, n| {
                let mut request = programme(String::new(), "2011-01-01T00:00:00Z");
                let day = prost_types::Timestamp { seconds: 1_400_000_000 + i64::from(n % 20_000) * 86_400, nanos: 0 };
                request.programme.iter_mut().for_each(|programme| programme.effective_time = Some(day));
                request
            }),
            |request: &mut PutProgrammeRequest| {
                request
                    .programme
                    .iter_mut()
                    .for_each(|programme| programme.effective_time = at("2200-01-01T00:00:00Z"));
            },
        )
}

fn grant(member: &str, n: u32, name: &str) -> GrantPointsRequest {
    let referral = kernel::ReferralId::derived_from(uuid::Uuid::from_u128(u128::from(n)), name);
    GrantPointsRequest {
        member: member.to_owned(),
        points: 7,
        cause: referral.to_string(),
        reason: name.to_owned(),
        ..GrantPointsRequest::default()
    }
}

fn giving(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |world, n| grant(&world.member, n, "a friend came")),
            |request: &mut GrantPointsRequest| request.points += 1,
        )
        .with_other(
            make!(world, |world, n| GrantPointsBatchRequest {
                grants: vec![grant(&world.member, n, "many friends came")],
            }),
            |request: &mut GrantPointsBatchRequest| request.grants[0].points += 1,
        )
        .with_other(
            make!(world, |world, n| StreamGrantsRequest {
                grants: vec![grant(&world.member, n, "friends came one by one")],
            }),
            |request: &mut StreamGrantsRequest| request.grants[0].points += 1,
        )
        .with_other(
            make!(world, |world, n| {
                let request_id = world.shop.request_id();
                // Another cause each time: one gives once.
                let name = format!("a friend came, and left {}", uuid::Uuid::new_v4());
                let given = GrantPointsRequest { request_id, ..grant(&world.member, n, &name) };
                let entry = world.shop.loyalty().grant_points(given).await.expect("given").into_inner().entry;
                let reason = "the friend left".to_owned();
                RevokeGrantRequest { member: world.member, entry, reason, ..RevokeGrantRequest::default() }
            }),
            |request: &mut RevokeGrantRequest| request.reason.push('!'),
        )
}

fn hold(world: &World, points: i64, n: u32) -> HoldPointsRequest {
    let (member, spent_on) = (world.member.clone(), format!("dinner {n}"));
    HoldPointsRequest { member, points, spent_on, ..HoldPointsRequest::default() }
}

/// A hold of the member's, made for this.
async fn held(world: &World, points: i64, n: u32) -> String {
    let request = HoldPointsRequest { request_id: world.shop.request_id(), ..hold(world, points, n) };
    world.shop.loyalty().hold_points(request).await.expect("held").into_inner().hold
}

fn holding(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(make!(world, |world, n| hold(&world, 2, n)), |request: &mut HoldPointsRequest| request.points += 1)
        .with_other(
            make!(world, |world, n| {
                let hold = held(&world, 3, n).await;
                CaptureHoldRequest { member: world.member, hold, ..CaptureHoldRequest::default() }
            }),
            |request: &mut CaptureHoldRequest| request.keep_rest ^= true,
        )
        .with_other(
            make!(world, |world, n| {
                let hold = held(&world, 3, n).await;
                ReleaseHoldRequest { member: world.member, hold, ..ReleaseHoldRequest::default() }
            }),
            |request: &mut ReleaseHoldRequest| request.hold = "hold_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
}

fn pass_on(world: &World, n: u32) -> TransferPointsRequest {
    let (member, to_member) = (world.member.clone(), world.other.clone());
    // One point: of two, each could come from a lot of its own, which would be an effect more.
    TransferPointsRequest { member, to_member, points: 1, reason: format!("a present {n}"), ..Default::default() }
}

async fn transferring(world: &World) -> Examples {
    // The first that somebody gets makes them an account and a timer.
    let first = TransferPointsRequest { request_id: world.shop.request_id(), ..pass_on(world, 0) };
    world.shop.loyalty().transfer_points(first).await.expect("passed on");
    Examples::new(&world.shop.clock)
        .with_other(make!(world, |world, n| pass_on(&world, n)), |request: &mut TransferPointsRequest| {
            request.points += 1;
        })
        .with_other(
            make!(world, |world, n| {
                let request = TransferPointsRequest { request_id: world.shop.request_id(), ..pass_on(&world, n) };
                let done = world.shop.loyalty().transfer_points(request).await.expect("passed on").into_inner();
                let (transfer, reason) = (done.transfer, "a mistake".to_owned());
                ReverseTransferRequest { member: world.member, transfer, reason, ..ReverseTransferRequest::default() }
            }),
            |request: &mut ReverseTransferRequest| request.reason.push('!'),
        )
}

fn spending(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |world, n| redemption(&world.member, 1, format!("coffee {n}"))),
            |request: &mut RedeemPointsRequest| request.points += 1,
        )
        .with_other(
            make!(world, |world, n| RedeemPointsBatchRequest {
                redemptions: vec![redemption(&world.member, 2, format!("tea {n}"))],
            }),
            |request: &mut RedeemPointsBatchRequest| request.redemptions[0].points += 1,
        )
        .with_other(
            make!(world, |world, n| AdjustPointsRequest {
                member: world.member,
                points: 5,
                reason: format!("an apology {n}"),
                ..AdjustPointsRequest::default()
            }),
            |request: &mut AdjustPointsRequest| request.points += 1,
        )
        .with_other(
            make!(world, |world, n| {
                let request_id = world.shop.request_id();
                let spent = RedeemPointsRequest { request_id, ..redemption(&world.member, 3, format!("cake {n}")) };
                let entry = world.shop.loyalty().redeem_points(spent).await.expect("spent").into_inner().entry;
                ReverseRedemptionRequest { member: world.member, entry, ..ReverseRedemptionRequest::default() }
            }),
            |request: &mut ReverseRedemptionRequest| request.entry = "entry_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
}
