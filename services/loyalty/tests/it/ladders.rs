//! Ladders: tiers by hand, what counts, which tier was held when, gifts, those at risk, and standings of older builds.

use kernel::{MemberId, Shard, TenantId};
use proto::loyalty::events::v1::TierAtRisk;
use proto::loyalty::v1::tier_service_client::TierServiceClient;
use proto::loyalty::v1::*;
use testkit::{Database, Examples, Spoken};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

impl Shop {
    pub fn tiers(&self) -> TierServiceClient<Spoken> {
        TierServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    /// The example programme with another ladder, and a paid one above it.
    async fn with_ladders(change: impl FnOnce(&mut TierLadder)) -> Self {
        let shop = Self::without_programme().await;
        let mut request = shop.programme();
        let programme = request.programme.as_mut().expect("there");
        change(programme.ladder.as_mut().expect("a ladder"));
        let tier = |code: &str, multiplier_percent, invitation_only| Tier {
            code: code.to_owned(),
            display_name: code.to_owned(),
            multiplier_percent,
            invitation_only,
            benefits: vec![format!("of-{code}")],
            ..Tier::default()
        };
        programme.further_ladders = vec![TierLadder {
            code: "plus".to_owned(),
            tiers: vec![tier("free", 100, false), tier("plus", 200, true)],
            window: Some(QualificationWindow {
                window: Some(qualification_window::Window::SinceJoining(SinceJoining {})),
            }),
            metric: QualificationMetric::Granted.into(),
            demotion: DemotionPolicy::None.into(),
            ..TierLadder::default()
        }];
        shop.client().put_programme(request).await.expect("the terms are valid");
        shop
    }

    fn assignment(&self, member: MemberId, ladder: &str, tier: &str) -> AssignTierRequest {
        AssignTierRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            ladder: ladder.to_owned(),
            tier: tier.to_owned(),
            reason: "paid for a year".to_owned(),
            ..AssignTierRequest::default()
        }
    }

    fn qualification(&self, member: MemberId, cause: &str, units: i64) -> GrantQualificationRequest {
        GrantQualificationRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            cause: cause.to_owned(),
            units,
            reason: "a visit".to_owned(),
            ..GrantQualificationRequest::default()
        }
    }

    async fn tiers_at(&self, member: MemberId, at: &str) -> Vec<(String, String, i32)> {
        let request = GetTierAtRequest {
            member: member.to_string(),
            at: Some(proto::timestamp(testkit::instant(at))),
            ..GetTierAtRequest::default()
        };
        let tiers = self.tiers().get_tier_at(request).await.expect("answered").into_inner().tiers;
        let kind = |tier: &TierThen| tier.decided_by.as_ref().map_or(0, |change| change.kind);
        tiers.iter().map(|tier| (tier.ladder.clone(), tier.tier.clone(), kind(tier))).collect()
    }
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("a reason").reason
}

/// Valid requests about tiers.
pub fn examples(shop: &Shop, member: &str) -> Examples {
    let (a, b, c, d, e) =
        (member.to_owned(), member.to_owned(), member.to_owned(), member.to_owned(), member.to_owned());
    let (tiers, clock) = (shop.tiers(), shop.clock.clone());
    let assign = |member: String, n: u32| AssignTierRequest {
        member,
        tier: "silver".to_owned(),
        reason: format!("reason {n}"),
        ..Default::default()
    };
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let member = a.clone();
                async move { assign(member, n) }
            },
            |request: &mut AssignTierRequest| request.reason.push('!'),
        )
        .with_other(
            move |n| {
                let (member, mut tiers) = (b.clone(), tiers.clone());
                let request_id = kernel::RequestId::new_at(clock.now()).to_string();
                async move {
                    let ask = AssignTierRequest { request_id, ..assign(member.clone(), n) };
                    tiers.assign_tier(ask).await.expect("assigned");
                    ReleaseTierRequest { member, reason: format!("reason {n}"), ..Default::default() }
                }
            },
            |request: &mut ReleaseTierRequest| request.reason.push('!'),
        )
        .with_other(
            move |_| {
                let (member, cause) = (c.clone(), uuid::Uuid::new_v4().to_string());
                async move {
                    let reason = "a visit".to_owned();
                    GrantQualificationRequest { member, cause, units: 5, reason, ..Default::default() }
                }
            },
            |request: &mut GrantQualificationRequest| request.units += 1,
        )
        .with(move |_| {
            let member = d.clone();
            async move { ListQualificationsRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = e.clone();
            async move { GetTierAtRequest { member, ..Default::default() } }
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_is_given_by_hand_explained_and_let_go() {
    let shop = Shop::with_ladders(|_| {}).await;
    let member = shop.enrolled().await;
    let (_, fresh) = shop.buys(member, 12_000).await;
    shop.account(member, &fresh).await;
    let given = AssignTierRequest {
        until_time: Some(proto::timestamp(testkit::instant("2026-06-01T00:00:00Z"))),
        ..shop.assignment(member, "plus", "plus")
    };
    let told = AssignTierRequest { validate_only: true, ..given.clone() };
    let asked = shop.tiers().assign_tier(told).await.expect("it could be").into_inner();
    assert_eq!((asked.to_tier.as_str(), asked.freshness.as_str()), ("plus", ""));
    let done = shop.tiers().assign_tier(given.clone()).await.expect("assigned").into_inner();
    assert_eq!((done.ladder.as_str(), done.from_tier.as_str(), done.to_tier.as_str()), ("plus", "free", "plus"));
    let again = shop.tiers().assign_tier(given).await.expect("said again").into_inner();
    assert_eq!(again, done);

    let account = shop.account(member, &done.freshness).await;
    let stands: Vec<(&str, &str)> =
        account.tiers.iter().map(|tier| (tier.ladder.as_str(), tier.tier.as_str())).collect();
    assert_eq!(stands, [("main", "silver"), ("plus", "plus")]);
    assert_eq!(account.tier.as_ref(), account.tiers.first());
    let assignment = account.tiers[1].assignment.as_ref().expect("it was given");
    assert_eq!((assignment.reason.as_str(), assignment.tier_without.as_str()), ("paid for a year", "free"));
    assert_eq!(account.tiers[1].benefits, ["of-plus"]);

    // The best of both multiplies, once: 1,000 are 20 points, and 40 for Plus.
    let (_, fresh) = shop.buys(member, 1_000).await;
    assert_eq!(shop.account(member, &fresh).await.balance - account.balance, 40);
    let request = ExplainTierRequest { member: member.to_string(), ladder: "plus".to_owned(), ..Default::default() };
    let why = shop.client().explain_tier(request).await.expect("explained").into_inner();
    let change = why.last_change.expect("it was given");
    assert_eq!((change.kind(), change.reason.as_str()), (TierChangeKind::Assigned, "paid for a year"));
    assert!(!change.actor.is_empty());

    let release = ReleaseTierRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        ladder: "plus".to_owned(),
        reason: "money back".to_owned(),
        validate_only: false,
    };
    let gone = shop.tiers().release_tier(release.clone()).await.expect("let go").into_inner();
    assert_eq!((gone.from_tier.as_str(), gone.to_tier.as_str()), ("plus", "free"));
    let twice = ReleaseTierRequest { request_id: shop.request_id(), ..release };
    let refused = shop.tiers().release_tier(twice).await.expect_err("nothing is given any more");
    assert_eq!(reason(&refused), "TIER_NOT_ASSIGNED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_given_for_a_time_ends_by_itself() {
    let shop = Shop::with_ladders(|_| {}).await;
    let member = shop.enrolled().await;
    let until_time = Some(proto::timestamp(testkit::instant("2026-02-01T00:00:00Z")));
    let given = AssignTierRequest { until_time, ..shop.assignment(member, "plus", "plus") };
    let done = shop.tiers().assign_tier(given).await.expect("assigned").into_inner();
    assert_eq!(shop.account(member, &done.freshness).await.tiers[1].tier, "plus");
    shop.days_pass(30).await;
    assert_eq!(shop.account(member, "").await.tiers[1].tier, "free");
    assert_eq!(shop.tiers_at(member, "2026-01-20T00:00:00Z").await[1], ("plus".to_owned(), "plus".to_owned(), 5));
    assert_eq!(shop.tiers_at(member, "2026-02-05T00:00:00Z").await[1], ("plus".to_owned(), "free".to_owned(), 6));
    let written: i64 = sqlx::query_scalar("SELECT count(*) FROM loyalty.standing WHERE assigned IS NOT NULL")
        .fetch_one(&mut shop.database.look().await)
        .await
        .expect("counted");
    assert_eq!(written, 0, "the clock has written it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_given_is_refused() {
    let shop = Shop::with_ladders(|_| {}).await;
    let member = shop.enrolled().await;
    let past = Some(proto::timestamp(testkit::instant("2026-01-01T00:00:00Z")));
    for (ask, expected) in [
        (shop.assignment(member, "brand", "plus"), "LADDER_NOT_FOUND"),
        (shop.assignment(member, "plus", "gold"), "TIER_NOT_FOUND"),
        (AssignTierRequest { until_time: past, ..shop.assignment(member, "plus", "plus") }, "TIER_ASSIGNMENT_OVER"),
    ] {
        let refused = shop.tiers().assign_tier(ask).await.expect_err("it cannot be");
        assert_eq!(reason(&refused), expected);
    }
    let unnamed = ListQualificationsRequest {
        member: member.to_string(),
        ladder: "brand".to_owned(),
        ..ListQualificationsRequest::default()
    };
    let refused = shop.tiers().list_qualifications(unnamed).await.expect_err("there is no such ladder");
    assert_eq!(reason(&refused), "LADDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_is_told_with_when_it_ends() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let (order, fresh) = shop.buys(member, 9_000).await;
    shop.account(member, &fresh).await;
    shop.days_pass(10).await;
    let visit = shop.qualification(member, "visit-2026", 1_000);
    let done = shop.tiers().grant_qualification(visit.clone()).await.expect("it counts").into_inner();
    assert_eq!((done.progress_minor, done.from_tier.as_str(), done.to_tier.as_str()), (10_000, "member", "silver"));
    let twice = GrantQualificationRequest { request_id: shop.request_id(), ..visit };
    let refused = shop.tiers().grant_qualification(twice).await.expect_err("it counts already");
    assert_eq!(reason(&refused), "ALREADY_APPLIED");
    assert_eq!(shop.account(member, &done.freshness).await.balance, 180, "no point is given for it");

    let mut paged = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListQualificationsRequest {
            member: member.to_string(),
            page_size: 1,
            page_token,
            ..ListQualificationsRequest::default()
        };
        let page = shop.tiers().list_qualifications(request).await.expect("listed").into_inner();
        assert_eq!((page.progress_minor, page.currency_code.as_str(), page.ladder.as_str()), (10_000, "TWD", "main"));
        paged.extend(page.qualifications);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let told: Vec<(&str, &str, i64)> =
        paged.iter().map(|one| (one.cause.as_str(), one.order.as_str(), one.units)).collect();
    assert_eq!(told, [("visit-2026", "", 1_000), ("", order.order.as_str(), 9_000)]);
    let until = paged[1].counts_until_time.expect("it falls out");
    assert_eq!(until, proto::timestamp(testkit::instant("2027-01-10T02:00:00Z")));

    // What is taken off moves whose tier rested on it.
    let off = shop.qualification(member, "visit-2026-undone", -1);
    let done = shop.tiers().grant_qualification(off).await.expect("it counts").into_inner();
    assert_eq!((done.from_tier.as_str(), done.to_tier.as_str()), ("silver", "member"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_counts_once_however_many_ask_at_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let asks = (0..8).map(|_| {
        let (mut tiers, ask) = (shop.tiers(), shop.qualification(member, "visit", 4_000));
        async move { tiers.grant_qualification(ask).await }
    });
    let done = futures::future::join_all(asks).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(shop.account(member, "").await.tier.expect("a ladder").progress_minor, 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tier_of_a_moment_is_told_with_its_decision() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.days_pass(10).await;
    let (_, fresh) = shop.buys(member, 12_000).await;
    shop.account(member, &fresh).await;
    shop.days_pass(400).await;
    let main = |tier: &str, kind: TierChangeKind| [("main".to_owned(), tier.to_owned(), i32::from(kind))];
    assert_eq!(shop.tiers_at(member, "2026-01-15T00:00:00Z").await, main("member", TierChangeKind::Unspecified));
    assert_eq!(shop.tiers_at(member, "2026-06-15T00:00:00Z").await, main("silver", TierChangeKind::Promoted));
    assert_eq!(shop.tiers_at(member, "2027-02-15T00:00:00Z").await, main("member", TierChangeKind::Demoted));
    assert_eq!(shop.tiers_at(member, "2026-01-01T00:00:00Z").await, [], "nobody had joined");
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_of_tiers_are_on_the_statement_once_and_taken_back_with_the_tier() {
    let shop = Shop::with_ladders(|ladder| {
        ladder.tiers[1].promotion_gift = Some(TierGift { points: 100, ..Default::default() })
    })
    .await;
    let member = shop.enrolled().await;
    let (order, fresh) = shop.buys(member, 10_000).await;
    shop.account(member, &fresh).await;
    let statement = shop.statement(member).await;
    let told: Vec<(i64, bool)> = statement.iter().map(|one| (one.points, one.cause == "tier/silver/1")).collect();
    assert_eq!(told, [(200, false), (100, true)]);
    let request = ExplainEntryRequest { entry: statement[1].id.clone(), ..ExplainEntryRequest::default() };
    let why = shop.client().explain_entry(request).await.expect("explained").into_inner().decision.expect("why");
    assert_eq!(why.message.expect("a sentence").message, "100 points given: Silver.");
    // Spent before the order comes back, it is owed.
    shop.redeem(member, 290).await.expect("there are 300");
    let fresh = shop.returns(member, &order, 10_000, 10_000).await;
    assert_eq!(shop.account(member, &fresh).await.deficit, 290);
    let verify = VerifyMemberRequest { member: member.to_string(), ..VerifyMemberRequest::default() };
    assert!(shop.client().verify_member(verify).await.expect("proved").into_inner().holds);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_at_risk_are_told_once_and_kept_in_the_days_of_grace() {
    let shop = Shop::with_ladders(|ladder| (ladder.notice_days, ladder.grace_days) = (30, 20)).await;
    let member = shop.enrolled().await;
    let (_, fresh) = shop.buys(member, 12_000).await;
    shop.account(member, &fresh).await;
    shop.days_pass(340).await;
    shop.days_pass(10).await;
    let type_name = "rapport.loyalty.events.v1.TierAtRisk";
    let payloads: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload FROM loyalty.event WHERE type = $1")
        .bind(type_name)
        .fetch_all(&mut shop.database.look().await)
        .await
        .expect("the log can be read");
    let any = |value| prost_types::Any { type_url: format!("/{type_name}"), value };
    let told: Vec<TierAtRisk> = payloads.into_iter().map(|one| any(one).to_msg().expect("our own payload")).collect();
    let [risk] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((risk.tier.as_str(), risk.missing_minor, risk.ladder.as_str()), ("silver", 8_000, "main"));

    shop.days_pass(20).await;
    let standing = shop.account(member, "").await.tier.expect("a ladder");
    assert!(standing.in_grace && standing.tier == "silver" && standing.missing_to_keep_minor == 8_000, "{standing:?}");
    assert_eq!(standing.keep_by_time, Some(proto::timestamp(testkit::instant("2027-01-30T16:00:00Z"))));
    let (_, fresh) = shop.buys(member, 8_000).await;
    let standing = shop.account(member, &fresh).await.tier.expect("a ladder");
    assert!(!standing.in_grace && standing.tier == "silver", "{standing:?}");
    assert_eq!(standing.review_time, Some(proto::timestamp(testkit::instant("2028-01-10T16:00:00Z"))));
}

/// A member's tier stood in their account before there were several ladders.
#[tokio::test]
async fn standings_of_an_older_build_are_taken_over() {
    let older = vec![
        &store::MIGRATIONS,
        &eventlog::MIGRATIONS,
        &timers::MIGRATIONS,
        &terms::MIGRATIONS,
        crate::older::before(110),
    ];
    let database = Database::create(loyalty::SERVICE, &older).await;
    let moment = testkit::instant("2026-01-01T00:00:00Z");
    let (tenant, member) = (TenantId::new_at(moment), MemberId::new_at(moment));
    let mut look = database.look().await;
    sqlx::query(
        r#"INSERT INTO loyalty.account (tenant, shard, member, joined_at, entries, tier_changes, spendable, deficit, earned,
               earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, settled_until, tier, tier_since,
               qualified_at, needed_minor, qualified_by, review_at, stood_before, link)
           VALUES ($1, $2, $3, '2026-01-01', 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, '2026-01-01', 'silver', '2026-02-01',
               '2026-02-01 00:00:00.000001+00', 10000, 1, '2027-02-01',
               '{"tier": "member", "since": "2026-01-01T00:00:00Z", "review_at": null, "before": null,
                 "qualified": {"at": "2026-01-01T00:00:00Z", "needed_minor": null, "by_version": 1}}', sha256(''))"#,
    )
    .bind(tenant.uuid())
    .bind(Shard::of_member(member).number())
    .bind(member.uuid())
    .execute(&mut look)
    .await
    .expect("an account");
    store::migrate(database.url(), loyalty::SERVICE, &loyalty::migrations()).await.expect("it migrates");
    let (ladder, kept): (String, serde_json::Value) =
        sqlx::query_as("SELECT ladder, standing FROM loyalty.standing").fetch_one(&mut look).await.expect("one");
    let standing: loyalty::account::tier::Standing = serde_json::from_value(kept).expect("it can be read");
    assert_eq!((ladder.as_str(), standing.tier.as_str()), ("main", "silver"));
    assert_eq!(standing.review_at, Some(testkit::instant("2027-02-01T00:00:00Z")));
    assert_eq!(standing.qualified.at, testkit::instant("2026-02-01T00:00:00.000001Z"));
    assert_eq!(standing.qualified.needed_minor, Some(10_000));
    assert_eq!(standing.before.expect("it is kept").tier, "member");
}
