//! Looking ahead and back: a rehearsal comes to what was booked, a forecast rests on what ended, and what differs is named.

use std::collections::BTreeMap;

use kernel::MemberId;
use proto::loyalty::v1::planning_service_client::PlanningServiceClient;
use proto::loyalty::v1::simulate_response::Said;
use proto::loyalty::v1::*;
use testkit::Spoken;
use tonic::{Code, Status};

use crate::openings::lot;
use crate::repeat::{grant, pass_on};
use crate::shop::Shop;

impl Shop {
    pub fn planning(&self) -> PlanningServiceClient<Spoken> {
        PlanningServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    /// Rehearses; answers the end, and how often it was told how far it had come.
    pub async fn simulates(&self, ask: SimulateRequest) -> Result<(Simulation, usize), Status> {
        let mut told = self.planning().simulate(ask).await?.into_inner();
        let (mut progress, mut orders) = (0, 0);
        while let Some(message) = told.message().await? {
            match message.said.expect("something") {
                Said::Progress(far) => {
                    assert!(far.orders >= orders, "it goes on");
                    (progress, orders) = (progress + 1, far.orders);
                }
                Said::Simulation(simulation) => {
                    assert!(told.message().await?.is_none(), "it is the end");
                    return Ok((simulation, progress));
                }
            }
        }
        panic!("the end was not told");
    }

    fn draft(&self) -> Programme {
        Programme { effective_time: None, ..self.programme().programme.expect("there is one") }
    }

    async fn reconciles(&self) -> Vec<ReconcileResponse> {
        let mut told = self.planning().reconcile(ReconcileRequest::default()).await.expect("it begins").into_inner();
        let mut parts = Vec::new();
        while let Some(part) = told.message().await.expect("it goes on") {
            parts.push(part);
        }
        assert_eq!(parts.last().map(|part| (part.part, part.parts)), Some((32, 32)));
        parts
    }
}

fn value() -> Option<PointValue> {
    Some(PointValue { currency_code: "TWD".to_owned(), minor: 1, points: 2 })
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Two years of some members, with a change of terms in the midst of it.
async fn lives(shop: &Shop, seed: u64) -> Vec<MemberId> {
    let mut dice = Dice(seed);
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(shop.enrolled().await);
    }
    let (mut orders, mut spent, mut granted, mut passed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for step in 0..120_u32 {
        let member = members[usize::try_from(dice.below(4)).expect("small")];
        shop.days_pass(i64::try_from(dice.below(12)).expect("small")).await;
        shop.minutes_pass(7);
        match dice.below(12) {
            0..5 => {
                let (order, fresh) = shop.buys(member, i64::try_from(100 + dice.below(9_000)).expect("small")).await;
                shop.account(member, &fresh).await;
                orders.push((member, order, 0));
            }
            5 if !orders.is_empty() => {
                let place = usize::try_from(dice.below(orders.len() as u64)).expect("small");
                let (member, order, so_far) = orders[place].clone();
                let left = order.lines[0].gross_minor - so_far;
                let now = if dice.below(2) == 0 { left } else { left / 2 };
                if now > 0 {
                    orders[place].2 += now;
                    let fresh = shop.returns(member, &order, so_far + now, now).await;
                    shop.account(member, &fresh).await;
                }
            }
            6 => {
                if let Ok(done) = shop.redeem(member, i64::try_from(1 + dice.below(60)).expect("small")).await {
                    spent.push((member, done.entry));
                }
            }
            7 if !spent.is_empty() => {
                let (member, entry) = spent.swap_remove(0);
                let request_id = shop.request_id();
                let ask =
                    ReverseRedemptionRequest { request_id, member: member.to_string(), entry, ..Default::default() };
                shop.client().reverse_redemption(ask).await.expect("it was spent");
            }
            8 => {
                let ask =
                    GrantPointsRequest { request_id: shop.request_id(), ..grant(member.to_string(), step, "a friend") };
                let given = shop.client().grant_points(ask).await.expect("given").into_inner();
                granted.push((member, given.entry));
            }
            9 if !granted.is_empty() => {
                let (member, entry) = granted.swap_remove(0);
                let (request_id, reason) = (shop.request_id(), "it did not hold".to_owned());
                let member = member.to_string();
                let ask = RevokeGrantRequest { request_id, member, entry, reason, ..Default::default() };
                shop.client().revoke_grant(ask).await.expect("it was given");
            }
            10 => {
                let other = members.iter().copied().find(|other| *other != member).expect("there are four");
                let points = i64::try_from(1 + dice.below(40)).expect("small");
                let ask = pass_on(member.to_string(), other.to_string(), points, step);
                let ask = TransferPointsRequest { request_id: shop.request_id(), ..ask };
                if let Ok(done) = shop.client().transfer_points(ask).await {
                    passed.push((member, done.into_inner().transfer));
                }
            }
            11 if !passed.is_empty() => {
                let (member, transfer) = passed.swap_remove(0);
                let (request_id, member, reason) = (shop.request_id(), member.to_string(), "a mistake".to_owned());
                let ask = ReverseTransferRequest { request_id, member, transfer, reason, ..Default::default() };
                shop.client().reverse_transfer(ask).await.expect("it was made");
            }
            _ => {
                let ask = AdjustPointsRequest {
                    request_id: shop.request_id(),
                    member: member.to_string(),
                    points: 11,
                    reason: "sorry".to_owned(),
                    ..Default::default()
                };
                shop.client().adjust_points(ask).await.expect("added");
            }
        }
        // And now and then something is brought along from another system, or was owed there.
        if step % 20 == 7 {
            let points = if step % 40 == 7 { 90 } else { -15 };
            let brought = lot(member, &format!("L-{step}"), points);
            let lapses = proto::timestamp(shop.clock.now() + jiff::SignedDuration::from_hours(24 * 45));
            let brought = OpeningLot { lapse_time: Some(lapses).filter(|_| points > 0), ..brought };
            let answer = shop.brings(vec![brought]).await.expect("a batch answers");
            let entry = answer.outcomes[0].receipt.as_ref().expect("it is taken over").entry.clone();
            granted.extend(Some((member, entry)).filter(|_| points > 0));
        }
        if step == 60 {
            // What was bought at the same instant was booked before.
            shop.minutes_pass(1);
            let mut request = shop.programme();
            let programme = request.programme.as_mut().expect("there is one");
            programme.effective_time = Some(proto::timestamp(shop.clock.now()));
            programme.earn_rates[0].per_minor = 30;
            programme.pending = Some(PendingPolicy { days: 9, ..PendingPolicy::default() });
            shop.client().put_programme(request).await.expect("it follows");
        }
    }
    members
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_of_what_ruled_comes_to_what_was_booked() {
    for seed in [1, 2, 3] {
        let shop = Shop::open().await;
        let members = lives(&shop, seed).await;
        let before = shop.database.effects_of(loyalty::SERVICE).await;
        let ask = SimulateRequest {
            programme: Some(shop.draft()),
            baseline: Baseline::AsRuled.into(),
            ..SimulateRequest::default()
        };
        let (told, progress) = shop.simulates(ask).await.expect("it is rehearsed");
        assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing is written");
        assert_eq!((progress, told.members, told.orders_unseen), (32, 4, 0), "of {seed}");
        let lived = told.baseline.expect("there is one");
        let flow = lived.flow.expect("told");
        let booked = shop.client().get_overview(GetOverviewRequest::default()).await.expect("told").into_inner();
        assert_eq!(flow.earned - flow.earn_reversed, booked.earned - booked.earn_reversed, "of {seed}");
        assert_eq!(
            (flow.earned, flow.redeemed, flow.redemption_reversed, flow.lapsed, flow.adjusted, flow.transferred),
            (
                booked.earned,
                booked.redeemed,
                booked.redemption_reversed,
                booked.lapsed,
                booked.adjusted,
                booked.transferred
            ),
            "of {seed}"
        );
        assert_eq!(
            (lived.outstanding, lived.pending, lived.deficit, lived.unmet),
            (booked.outstanding + booked.held, booked.pending, booked.deficit, 0),
            "of {seed}"
        );
        let tiers = |told: Vec<(String, i64)>| told.into_iter().collect::<BTreeMap<String, i64>>();
        assert_eq!(
            tiers(lived.tiers.into_iter().map(|tier| (tier.tier, tier.members)).collect()),
            tiers(booked.tiers.into_iter().map(|tier| (tier.tier, tier.members)).collect()),
            "of {seed}"
        );
        assert_eq!(told.revenue[0].minor, booked.spend[0].minor, "of {seed}");
        let last = lived.months.last().expect("there was something");
        assert_eq!(last.balance, lived.outstanding + lived.pending - lived.deficit);
        assert_eq!(members.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_weighed_against_what_rules() {
    let shop = Shop::open().await;
    let (one, other) = (shop.enrolled().await, shop.enrolled().await);
    let (_, first) = shop.buys(one, 5_000).await;
    shop.account(one, &first).await;
    let (_, second) = shop.buys(other, 12_000).await;
    shop.account(other, &second).await;
    let mut draft = shop.draft();
    draft.earn_rates[0].points = 2;
    let ask = SimulateRequest { programme: Some(draft), value: value(), ..SimulateRequest::default() };
    let (told, _) = shop.simulates(ask.clone()).await.expect("it is rehearsed");
    let (before, after) = (told.baseline.expect("compared"), told.draft.expect("told"));
    assert_eq!((before.outstanding, after.outstanding), (340, 680));
    assert_eq!((before.liability.expect("valued").minor, after.liability.expect("valued").minor), (170, 340));
    assert_eq!((before.share_of_revenue_ppm, after.share_of_revenue_ppm), (Some(10_000), Some(20_000)));
    let compared = told.comparison.expect("compared");
    assert_eq!((compared.gaining, compared.losing, compared.points_gained), (2, 0, 340));
    assert_eq!(compared.most_gained[0].member, other.to_string());
    assert_eq!((compared.deciles.first(), compared.deciles.last()), (Some(&100), Some(&240)));
    let race = told.warnings.iter().find(|warning| warning.kind() == PlanningWarningKind::PointsRace);
    let race = race.expect("more points for the same money");
    assert_eq!(race.observed, 200);
    assert!(race.message.as_ref().expect("in words").message.contains("200"), "{race:?}");

    // From a moment on that is yet to come, nothing is different.
    let later = proto::timestamp(shop.clock.now() + jiff::SignedDuration::from_hours(1));
    let mut from_later = ask.clone();
    from_later.programme.as_mut().expect("there is one").effective_time = Some(later);
    let (told, _) = shop.simulates(from_later).await.expect("it is rehearsed");
    assert_eq!(told.comparison.expect("compared").same, 2);

    let alone = SimulateRequest { baseline: Baseline::None.into(), ..ask.clone() };
    let (told, _) = shop.simulates(alone).await.expect("it is rehearsed");
    assert_eq!((told.baseline, told.comparison), (None, None));
    let nothing = shop.simulates(SimulateRequest::default()).await.expect_err("there is no draft");
    assert_eq!(nothing.code(), Code::InvalidArgument);
    let wrong = PointValue { points: 0, ..value().expect("there is one") };
    let wrong = shop.simulates(SimulateRequest { value: Some(wrong), ..ask }).await.expect_err("worth nothing");
    assert_eq!(wrong.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_and_no_more() {
    let shop = Shop::open().await;
    let ask = SimulateRequest { programme: Some(shop.draft()), ..SimulateRequest::default() };
    let seats = (shop.service.planning().seat(), shop.service.planning().seat());
    assert!(seats.0.is_some() && seats.1.is_some());
    assert_eq!(shop.simulates(ask.clone()).await.expect_err("all are taken").code(), Code::ResourceExhausted);
    let asked = shop.planning().reconcile(ReconcileRequest::default()).await.expect_err("all are taken");
    assert_eq!(asked.code(), Code::ResourceExhausted);
    drop(seats);
    // A caller who leaves gives the seat back.
    for _ in 0..6 {
        let mut told = loop {
            match shop.planning().simulate(ask.clone()).await {
                Ok(told) => break told.into_inner(),
                Err(busy) => assert_eq!(busy.code(), Code::ResourceExhausted),
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        assert!(told.message().await.expect("it goes on").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_programme_nothing_is_compared_or_forecast() {
    let shop = Shop::without_programme().await;
    let ask = SimulateRequest { programme: Some(shop.draft()), ..SimulateRequest::default() };
    let refused = shop.simulates(ask.clone()).await.expect_err("there is no baseline");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let alone = SimulateRequest { baseline: Baseline::None.into(), ..ask };
    let (told, _) = shop.simulates(alone).await.expect("a draft alone can be rehearsed");
    assert_eq!((told.members, told.history_from, told.warnings.len()), (0, None, 0));
    let refused = shop.planning().forecast_liability(ForecastLiabilityRequest::default()).await.expect_err("none");
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_rests_on_lots_that_ended_and_says_on_how_many() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let ask = || ForecastLiabilityRequest { value: value(), ..ForecastLiabilityRequest::default() };
    let mut fresh = String::new();
    for _ in 0..120 {
        fresh = shop.buys(member, 50).await.1;
    }
    shop.account(member, &fresh).await;
    let told = shop.planning().forecast_liability(ask()).await.expect("told").into_inner();
    assert_eq!((told.outstanding, told.liability.expect("valued").minor), (120, 60));
    assert_eq!(told.months.len(), 1);
    assert_eq!((told.months[0].month.as_str(), told.months[0].points, told.months[0].lots), ("2027-01", 120, 120));
    let basis = told.basis.expect("told");
    assert_eq!((basis.lots, basis.breakage_ppm, basis.lots_needed), (0, None, 100));
    assert_eq!((told.expected_breakage, told.expected_cost), (None, None), "nothing is guessed");

    shop.redeem(member, 90).await.expect("there are enough");
    // A year later they have lapsed, whether or not that is written.
    shop.clock.move_to(testkit::instant("2027-02-05T02:00:00Z")).expect("forward");
    let (_, fresh) = shop.buys(member, 5_000).await;
    shop.account(member, &fresh).await;
    shop.redeem(member, 90).await.expect("there are enough");
    let told = shop.planning().forecast_liability(ask()).await.expect("told").into_inner();
    let basis = told.basis.expect("told");
    assert_eq!((basis.lots, basis.issued, basis.lapsed, basis.breakage_ppm), (120, 120, 30, Some(250_000)));
    assert_eq!((basis.least_ppm, basis.most_ppm, basis.months.len()), (Some(250_000), Some(250_000), 1));
    assert_eq!((told.outstanding, told.months[0].issued), (10, 100));
    assert_eq!((told.expected_breakage, told.expected_redemption), (Some(10), Some(0)), "never more than is left");
    assert_eq!(told.expected_cost.expect("valued").minor, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_booked_as_it_was_told_is_named() {
    let shop = Shop::open().await;
    let members = lives(&shop, 4).await;
    let whole = shop.reconciles().await;
    let sum = |parts: &[ReconcileResponse]| parts.iter().map(|part| part.matched).sum::<i64>();
    assert!(whole.iter().all(|part| part.mismatched == 0 && part.mismatches.is_empty()), "{whole:?}");
    assert!(whole.iter().all(|part| part.activity == part.loyalty), "the sums agree");
    assert!(sum(&whole) > 40);

    let (order, fresh) = shop.buys(members[0], 777).await;
    shop.account(members[0], &fresh).await;
    let (gone, fresh) = shop.buys(members[1], 888).await;
    shop.account(members[1], &fresh).await;
    let (back, _) = shop.buys(members[2], 999).await;
    let fresh = shop.returns(members[2], &back, 400, 400).await;
    shop.account(members[2], &fresh).await;
    let mut owner = shop.database.look().await;
    let stranger = kernel::OrderId::new_at(shop.clock.now());
    let uuid = |order: &str| kernel::OrderId::parse(order).expect("an order").uuid();
    for (change, order) in [
        ("UPDATE loyalty.purchase SET net_minor = net_minor + 1 WHERE purchase = $1", uuid(&order.order)),
        ("DELETE FROM loyalty.purchase WHERE purchase = $1", uuid(&gone.order)),
        ("UPDATE loyalty.purchase SET returned_minor = 0 WHERE purchase = $1", uuid(&back.order)),
        (
            "INSERT INTO loyalty.purchase SELECT tenant, shard, member, $1, currency, 5, 0, 0, 0, NULL, occurred_at
             FROM loyalty.purchase LIMIT 1",
            stranger.uuid(),
        ),
    ] {
        let done = sqlx::query(sqlx::AssertSqlSafe(change)).bind(order).execute(&mut owner).await.expect("changed");
        assert_eq!(done.rows_affected(), 1);
    }
    let broken = shop.reconciles().await;
    let mut named: Vec<(MismatchKind, String, i64, i64)> = broken
        .iter()
        .flat_map(|part| &part.mismatches)
        .map(|found| (found.kind(), found.order.clone(), found.activity_minor, found.loyalty_minor))
        .collect();
    named.sort();
    let mut expected = vec![
        (MismatchKind::Amount, order.order, 777, 778),
        (MismatchKind::NotBooked, gone.order, 888, 0),
        (MismatchKind::Return, back.order, 400, 0),
        (MismatchKind::UnknownToActivity, stranger.to_string(), 0, 5),
    ];
    expected.sort();
    assert_eq!(named, expected);
    assert_eq!(broken.iter().map(|part| part.mismatched).sum::<i64>(), 4);
    assert_eq!(sum(&broken), sum(&whole));
    let mut rest = shop.planning().reconcile(ReconcileRequest { skip: 31 }).await.expect("it goes on").into_inner();
    assert_eq!(rest.message().await.expect("one is left").expect("one").part, 32);
    assert!(rest.message().await.expect("and no more").is_none());
}
