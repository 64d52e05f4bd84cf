//! Every mutation is repeat-safe, by the harness that walks the contract.

mod missions;
mod rewards;

use kernel::{Clock, RequestId};
use proto::loyalty::v1::coupon_service_client::CouponServiceClient;
use proto::loyalty::v1::*;
use testkit::{Examples, Spoken};

use crate::coupons::{cart, order, ten_off};
use crate::ladders;
use crate::occasions::on;
use crate::openings;
use crate::shop::Shop;

use self::missions::{draws, missions, occasions};
use self::rewards::{benefits, rewards};

/// Points for a referral of this number and name.
pub fn grant(member: String, n: u32, name: &str) -> GrantPointsRequest {
    let referral = kernel::ReferralId::derived_from(uuid::Uuid::from_u128(u128::from(n)), name);
    let (cause, reason) = (referral.to_string(), name.to_owned());
    GrantPointsRequest { member, points: 7, cause, reason, ..Default::default() }
}

/// Points held back for a dinner of this number.
pub fn hold(member: String, points: i64, n: u32) -> HoldPointsRequest {
    HoldPointsRequest { member, points, spent_on: format!("dinner {n}"), ..Default::default() }
}

/// Valid requests about holds.
fn holding(shop: &Shop, member: &str) -> Examples {
    let (a, b, c) = (member.to_owned(), member.to_owned(), member.to_owned());
    let made = |shop: &Shop| {
        let (client, clock) = (shop.client(), shop.clock.clone());
        move |member: String, n: u32| {
            let (mut client, clock) = (client.clone(), clock.clone());
            async move {
                let request_id = kernel::RequestId::new_at(clock.now()).to_string();
                let request = HoldPointsRequest { request_id, ..hold(member, 3, n) };
                client.hold_points(request).await.expect("there are plenty").into_inner().hold
            }
        }
    };
    let (to_spend, to_let_go) = (made(shop), made(shop));
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let member = a.clone();
                async move { hold(member, 2, n) }
            },
            |request: &mut HoldPointsRequest| request.points += 1,
        )
        .with_other(
            move |n| {
                let (member, held) = (b.clone(), to_spend(b.clone(), n));
                async move { CaptureHoldRequest { member, hold: held.await, ..Default::default() } }
            },
            |request: &mut CaptureHoldRequest| request.keep_rest ^= true,
        )
        .with_other(
            move |n| {
                let (member, held) = (c.clone(), to_let_go(c.clone(), n));
                async move { ReleaseHoldRequest { member, hold: held.await, ..Default::default() } }
            },
            |request: &mut ReleaseHoldRequest| request.hold = "hold_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
}

/// Points to pass on to somebody.
pub fn pass_on(member: String, to_member: String, points: i64, n: u32) -> TransferPointsRequest {
    TransferPointsRequest { member, to_member, points, reason: format!("a present {n}"), ..Default::default() }
}

/// Valid requests about transfers.
async fn transferring(shop: &Shop, member: &str) -> Examples {
    let to = shop.enrolled().await;
    // The first that somebody gets makes them a timer.
    let (_, fresh) = shop.buys(to, 5_000).await;
    let to = shop.account(to, &fresh).await.member;
    let (a, b) = ((member.to_owned(), to.clone()), (member.to_owned(), to));
    let (client, clock) = (shop.client(), shop.clock.clone());
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let (member, to) = a.clone();
                // One point: of two, each could come from a lot of its own, which would be an effect more.
                async move { pass_on(member, to, 1, n) }
            },
            |request: &mut TransferPointsRequest| request.points += 1,
        )
        .with_other(
            move |n| {
                let ((member, to), mut client, clock) = (b.clone(), client.clone(), clock.clone());
                async move {
                    let request_id = kernel::RequestId::new_at(clock.now()).to_string();
                    let request = TransferPointsRequest { request_id, ..pass_on(member.clone(), to, 1, n) };
                    let transfer =
                        client.transfer_points(request).await.expect("there are plenty").into_inner().transfer;
                    ReverseTransferRequest { member, transfer, reason: "a mistake".to_owned(), ..Default::default() }
                }
            },
            |request: &mut ReverseTransferRequest| request.transfer = "transfer_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
}

/// The same for coupons: a campaign with a code for everybody, and one with codes of their own.
async fn coupons(shop: &Shop) -> Examples {
    let member = shop.member();
    let shared = Campaign {
        distribution: Distribution::SharedCode.into(),
        shared_code: "WELCOME".to_owned(),
        ..ten_off("welcome")
    };
    shop.put(shared).await.expect("put");
    shop.put(ten_off("changing")).await.expect("put");
    shop.put(Campaign { distribution: Distribution::UniqueCodes.into(), ..ten_off("flyer") }).await.expect("put");
    let unique = || uuid::Uuid::new_v4().to_string();
    // Another order each time: one is reserved once.
    let reservation = move |n: u32| ReserveCouponsRequest {
        member: member.to_string(),
        order: order(&format!("{n} {}", unique())),
        cart: Some(cart(200)),
        codes: vec!["WELCOME".to_owned()],
        ..ReserveCouponsRequest::default()
    };
    let issue = move |n: u32| IssueCouponRequest {
        member: member.to_string(),
        campaign: "welcome".to_owned(),
        reason: format!("reason {n}"),
        ..IssueCouponRequest::default()
    };
    let aside = move |coupons: CouponServiceClient<Spoken>, clock: Clock, n: u32| async move {
        let request_id = RequestId::new_at(clock.now()).to_string();
        let ask = ReserveCouponsRequest { request_id, ..reservation(n) };
        coupons.clone().reserve_coupons(ask.clone()).await.expect("put aside");
        (ask.member, ask.order)
    };
    let (redeeming, cancelling, clock, later) =
        (shop.coupons(), shop.coupons(), shop.clock.clone(), shop.clock.clone());
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                // Not the one that others are of: what is spoilt of it would spoil them.
                let campaign = Campaign { display_name: format!("Ten off {n}"), ..ten_off("changing") };
                async move { PutCampaignRequest { campaign: Some(campaign), ..Default::default() } }
            },
            |request: &mut PutCampaignRequest| request.campaign.as_mut().expect("there").minimum_minor += 1,
        )
        .with_other(move |n| async move { issue(n) }, |request: &mut IssueCouponRequest| request.reason.push('!'))
        .with_other(
            move |n| async move { IssueCouponBatchRequest { coupons: vec![issue(n)] } },
            |request: &mut IssueCouponBatchRequest| request.coupons[0].reason.push('!'),
        )
        .with_other(
            move |_| async move { GenerateCodesRequest { campaign: "flyer".to_owned(), count: 3, ..Default::default() } },
            |request: &mut GenerateCodesRequest| request.count += 1,
        )
        .with_other(
            move |n| async move { reservation(n) },
            |request: &mut ReserveCouponsRequest| request.lifetime_seconds += 60,
        )
        .with_other(
            move |n| {
                let aside = aside(redeeming.clone(), clock.clone(), n);
                async move {
                    let (member, order) = aside.await;
                    RedeemReservationRequest { member, order, ..Default::default() }
                }
            },
            |request: &mut RedeemReservationRequest| request.order = order("another"),
        )
        .with_other(
            move |n| {
                let aside = aside(cancelling.clone(), later.clone(), n);
                async move {
                    let (member, order) = aside.await;
                    CancelReservationRequest { member, order, ..Default::default() }
                }
            },
            |request: &mut CancelReservationRequest| request.order = order("another"),
        )
        .with(|_| async { GetCampaignRequest { campaign: "welcome".to_owned(), ..Default::default() } })
        .with(|_| async { ListCampaignsRequest::default() })
        .with(move |_| async move { ListCouponsRequest { member: member.to_string(), ..Default::default() } })
        .with(move |_| async move { GetSavingsRequest { member: member.to_string(), ..Default::default() } })
        .with(move |_| async move {
            let codes = vec!["WELCOME".to_owned()];
            QuoteCouponsRequest { member: member.to_string(), cart: Some(cart(200)), codes, ..Default::default() }
        })
}

/// Valid requests for every rpc of the service, against a member who has points.
pub async fn examples(shop: &Shop) -> Examples {
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 5_000_000).await;
    shop.account(member, &fresh).await;
    let entry = shop.statement(member).await.remove(0).id;
    let whose = member.to_string();
    let (a, b, c, d, e, f, g) =
        (whose.clone(), whose.clone(), whose.clone(), whose.clone(), whose.clone(), whose.clone(), whose.clone());
    let (k, l, quoted) = (whose.clone(), whose.clone(), whose.clone());
    let (i, j, giving, giving_clock) = (whose.clone(), whose.clone(), shop.client(), shop.clock.clone());
    let (holds, tiers) = (holding(shop, &whose), ladders::examples(shop, &whose));
    let transfers = transferring(shop, &whose).await;
    let rewarded = rewards(shop, &whose).await;
    let entitled = benefits(shop, &whose).await;
    let (h, clock, client, terms) = (whose.clone(), shop.clock.clone(), shop.client(), shop.programme());
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let member = a.clone();
                async move { RedeemPointsRequest { member, points: 1, spent_on: format!("coffee {n}"), ..Default::default() } }
            },
            |request: &mut RedeemPointsRequest| request.points += 1,
        )
        .with_other(
            move |n| {
                let member = b.clone();
                async move {
                    let one = RedeemPointsRequest { member, points: 2, spent_on: format!("tea {n}"), ..Default::default() };
                    RedeemPointsBatchRequest { redemptions: vec![one] }
                }
            },
            |request: &mut RedeemPointsBatchRequest| request.redemptions[0].points += 1,
        )
        .with_other(
            move |n| {
                let member = c.clone();
                async move { AdjustPointsRequest { member, points: 5, reason: format!("reason {n}"), ..Default::default() } }
            },
            |request: &mut AdjustPointsRequest| request.points += 1,
        )
        .with_other(
            move |n| {
                let (member, mut client, clock) = (d.clone(), client.clone(), clock.clone());
                async move {
                    let request = RedeemPointsRequest {
                        request_id: kernel::RequestId::new_at(clock.now()).to_string(),
                        member: member.clone(),
                        points: 3,
                        spent_on: format!("cake {n}"),
                        validate_only: false,
                        explain: false,
                        wallet: String::new(),
                    };
                    let entry = client.redeem_points(request).await.expect("there are plenty").into_inner().entry;
                    ReverseRedemptionRequest { member, entry, ..Default::default() }
                }
            },
            |request: &mut ReverseRedemptionRequest| request.entry = "entry_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
        .with_other(
            move |n| {
                let mut request = terms.clone();
                let hours = i64::from(n % 100_000);
                async move {
                    let programme = request.programme.as_mut().expect("there");
                    programme.occasion_rules = vec![on("welcome", OccasionKind::Enrolment, 5)];
                    programme.birthdays = Some(BirthdayPolicy::default());
                    programme.effective_time = Some(prost_types::Timestamp { seconds: 2_524_608_000 + hours * 3_600, nanos: 0 });
                    request
                }
            },
            |request: &mut PutProgrammeRequest| request.programme.as_mut().expect("there").display_name.push('!'),
        )
        .with_other(
            move |n| {
                let member = i.clone();
                async move { grant(member, n, "a friend came") }
            },
            |request: &mut GrantPointsRequest| request.points += 1,
        )
        .with_other(
            move |n| {
                let member = k.clone();
                async move { GrantPointsBatchRequest { grants: vec![grant(member, n, "many friends came")] } }
            },
            |request: &mut GrantPointsBatchRequest| request.grants[0].points += 1,
        )
        .with_other(
            move |n| {
                let member = l.clone();
                async move { StreamGrantsRequest { grants: vec![grant(member, n, "friends came one by one")] } }
            },
            |request: &mut StreamGrantsRequest| request.grants[0].points += 1,
        )
        .with_other(
            move |n| {
                let (member, mut client, clock) = (j.clone(), giving.clone(), giving_clock.clone());
                async move {
                    let request_id = kernel::RequestId::new_at(clock.now()).to_string();
                    // Another cause each time: one gives once.
                    let name = format!("a friend came, and left {}", uuid::Uuid::new_v4());
                    let given = GrantPointsRequest { request_id, ..grant(member.clone(), n, &name) };
                    let entry = client.grant_points(given).await.expect("they are given").into_inner().entry;
                    RevokeGrantRequest { member, entry, reason: "the friend left".to_owned(), ..Default::default() }
                }
            },
            |request: &mut RevokeGrantRequest| request.reason.push('!'),
        )
        .with(move |_| {
            let member = e.clone();
            async move { GetAccountRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = f.clone();
            async move { GetBalanceRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = g.clone();
            async move { ListEntriesRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = h.clone();
            async move { ListTierChangesRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let entry = entry.clone();
            async move { ExplainEntryRequest { entry, ..Default::default() } }
        })
        .with(move |_| {
            let member = whose.clone();
            async move { ExplainTierRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = quoted.clone();
            let line = QuoteLine { product: "coffee".to_owned(), quantity: 1, gross_minor: 1_980, ..Default::default() };
            async move {
                QuoteOrderRequest { member, currency_code: "TWD".to_owned(), lines: vec![line], ..Default::default() }
            }
        })
        .with(|_| async { GetProgrammeRequest::default() })
        .with(|_| async { GetOverviewRequest::default() })
        .with(|_| async { ForecastLiabilityRequest::default() })
        .with(|_| async { ReconcileRequest::default() })
        .with({
            let draft = Programme { effective_time: None, ..shop.programme().programme.expect("there is one") };
            move |_| {
                let programme = Some(draft.clone());
                async move { SimulateRequest { programme, ..SimulateRequest::default() } }
            }
        })
        .and(holds)
        .and(transfers)
        .and(tiers)
        .and(openings::examples(shop, member))
        .and(coupons(shop).await)
        .and(rewarded)
        .and(entitled)
        .and(missions(shop).await)
        .and(draws(shop).await)
        .and(occasions(shop).await)
}

/// The service's own: the event log's are proved with the whole suite.
pub fn methods() -> impl Iterator<Item = &'static proto::Method> {
    proto::methods().iter().filter(|method| method.path.starts_with("/rapport.loyalty.v1."))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_can_be_said_again() {
    let shop = Shop::open().await;
    let examples = examples(&shop).await;
    let channel = shop.served.channel_for_everything(shop.tenant);
    let database = &shop.database;
    testkit::repeat::holds(methods(), &channel, &examples, |_| database.effects_of(loyalty::SERVICE)).await;
}
