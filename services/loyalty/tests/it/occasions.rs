//! Occasions through the contract: events that the shop tells, enrolments that are heard; given once, explained, taken back.

use jiff::SignedDuration;
use kernel::MemberId;
use proto::loyalty::v1::occasion_rule::Award;
use proto::loyalty::v1::occasion_service_client::OccasionServiceClient;
use proto::loyalty::v1::*;
use proto::registry::events::v1::MemberEnrolled;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::coupons::{reason, ten_off};
use crate::missions::three_orders;
use crate::shop::Shop;

/// Points for an event.
pub fn on_event(code: &str, event: &str, award: Award) -> OccasionRule {
    OccasionRule {
        code: code.to_owned(),
        display_name: format!("The {code}"),
        kind: OccasionKind::Event.into(),
        event: event.to_owned(),
        award: Some(award),
        ..OccasionRule::default()
    }
}

/// Points for something else.
pub fn on(code: &str, kind: OccasionKind, points: i64) -> OccasionRule {
    let rule = on_event(code, "", Award::FixedPoints(points));
    OccasionRule { kind: kind.into(), ..rule }
}

fn a_month(most_orders: i64, rule: OccasionRule) -> OccasionRule {
    let limit = RuleLimit { period: LimitPeriod::Month.into(), most_orders, ..RuleLimit::default() };
    OccasionRule { limits: vec![limit], ..rule }
}

pub fn told(member: MemberId, event: &str, id: &str) -> RecordEventRequest {
    RecordEventRequest {
        member: member.to_string(),
        event: event.to_owned(),
        external_id: id.to_owned(),
        ..RecordEventRequest::default()
    }
}

impl Shop {
    pub fn occasions(&self) -> OccasionServiceClient<Spoken> {
        OccasionServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put_occasions(&self, rules: Vec<OccasionRule>) -> Result<PutProgrammeResponse, Status> {
        let mut request = self.programme();
        request.programme.as_mut().expect("there").occasion_rules = rules;
        self.client().put_programme(request).await.map(tonic::Response::into_inner)
    }

    /// With such rules in force from the first.
    pub async fn with_occasions(rules: Vec<OccasionRule>) -> Self {
        let shop = Self::without_programme().await;
        shop.put_occasions(rules).await.expect("the terms are valid");
        shop
    }

    pub async fn tell(&self, ask: RecordEventRequest) -> Result<RecordEventResponse, Status> {
        let ask = RecordEventRequest { request_id: self.request_id(), ..ask };
        self.occasions().record_event(ask).await.map(tonic::Response::into_inner)
    }

    pub async fn occasions_of(&self, member: MemberId) -> Vec<Occasion> {
        let ask = ListOccasionsRequest { member: member.to_string(), ..ListOccasionsRequest::default() };
        self.occasions().list_occasions(ask).await.expect("they can be read").into_inner().occasions
    }

    /// Registry says that a member joined at a moment, and loyalty has heard of it.
    pub async fn joins(&self, member: MemberId, at: jiff::Timestamp, source: &str) {
        let joined = MemberEnrolled {
            member: member.to_string(),
            join_time: Some(proto::timestamp(at)),
            acquisition_source: source.to_owned(),
            ..MemberEnrolled::default()
        };
        let said = self.registry.say(self.tenant, member, &joined).await;
        self.account(member, &self.seal(&said)).await;
    }
}

fn points(told: &RecordEventResponse) -> Vec<(&str, i64)> {
    told.gifts.iter().map(|gift| (gift.wallet.as_str(), gift.points)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_given_once_whatever_the_request() {
    let shop = Shop::with_occasions(vec![on_event("review", "review", Award::PointsEach(5))]).await;
    let member = shop.enrolled().await;
    let ask = RecordEventRequest { quantity: 3, explain: true, ..told(member, "review", "r1") };
    let tried = shop.tell(RecordEventRequest { validate_only: true, ..ask.clone() }).await.expect("decided");
    assert_eq!((points(&tried), tried.occasion.as_str(), tried.gifts[0].entry.as_str()), (vec![("", 15)], "", ""));
    let first = shop.tell(ask.clone()).await.expect("recorded");
    assert_eq!(points(&first), [("", 15)]);
    let decision = first.decision.clone().expect("asked for");
    assert_eq!(decision.reason(), proto::common::v1::DecisionReason::Occasion);
    assert_eq!(decision.message.expect("worded").message, "Other than by an order: 15 points for The review.");
    let again = shop.tell(RecordEventRequest { quantity: 9, ..ask }).await.expect("told again");
    assert!(again.repeated_event, "under another request id it is the same event");
    assert_eq!((&again.gifts, &again.occasion), (&first.gifts, &first.occasion));
    assert_eq!(again.decision.expect("asked for").steps, decision.steps);
    let statement = shop.statement(member).await;
    assert_eq!(statement.len(), 1);
    assert_eq!((statement[0].points, &statement[0].cause), (15, &first.occasion));
    let known = shop.occasions_of(member).await;
    let mut kinds: Vec<_> = known.iter().map(|one| (one.external_id.as_str(), one.kind(), one.quantity)).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("", OccasionKind::Enrolment, 1), ("r1", OccasionKind::Event, 3)]);
    assert!(known.iter().any(|one| one.gifts == first.gifts && one.id == first.occasion));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_gave_can_be_taken_back_and_is_free_again() {
    let shop = Shop::with_occasions(vec![a_month(1, on_event("review", "review", Award::FixedPoints(5)))]).await;
    let member = shop.enrolled().await;
    let first = shop.tell(told(member, "review", "r1")).await.expect("recorded");
    let second =
        shop.tell(RecordEventRequest { explain: true, ..told(member, "review", "r2") }).await.expect("recorded");
    assert!(second.gifts.is_empty(), "one a month");
    assert_eq!(second.decision.expect("asked for").steps[0].detail, "more than its limit leaves");
    let revoke = RevokeGrantRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: first.gifts[0].entry.clone(),
        reason: "a fake".to_owned(),
        ..RevokeGrantRequest::default()
    };
    shop.client().revoke_grant(revoke).await.expect("taken back");
    assert_eq!(shop.account(member, "").await.balance, 0);
    assert!(shop.tell(told(member, "review", "r1")).await.expect("known").repeated_event, "once, also when taken back");
    let third = shop.tell(told(member, "review", "r3")).await.expect("recorded");
    assert_eq!(points(&third), [("", 5)], "what was taken back is free again");
    let whole = VerifyMemberRequest { member: member.to_string(), ..VerifyMemberRequest::default() };
    assert!(shop.client().verify_member(whole).await.expect("it can be looked at").into_inner().holds);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_event_earns_under_the_terms_of_its_time() {
    let shop = Shop::with_occasions(vec![on_event("review", "review", Award::FixedPoints(5))]).await;
    let member = shop.enrolled().await;
    let before = shop.clock.now();
    shop.days_pass(30).await;
    let mut next = shop.programme();
    let programme = next.programme.as_mut().expect("there");
    programme.effective_time = Some(proto::timestamp(shop.clock.now()));
    programme.occasion_rules = vec![on_event("review", "review", Award::FixedPoints(50))];
    shop.client().put_programme(next).await.expect("put");
    shop.days_pass(1).await;
    let late = RecordEventRequest { occur_time: Some(proto::timestamp(before)), ..told(member, "review", "r1") };
    let late = shop.tell(late).await.expect("recorded");
    assert_eq!(points(&late), [("", 5)]);
    let lapse = late.gifts[0].lapse_time.expect("it lapses");
    assert_eq!(proto::instant(&lapse).expect("an instant"), testkit::instant("2027-01-31T16:00:00Z"));
    let ahead = shop.clock.now() + SignedDuration::from_hours(24);
    let ahead = RecordEventRequest { occur_time: Some(proto::timestamp(ahead)), ..told(member, "review", "r2") };
    shop.tell(ahead).await.expect("recorded");
    let known = shop.occasions_of(member).await;
    let ahead = known.iter().find(|one| one.external_id == "r2").expect("it is known");
    assert_eq!(ahead.occur_time, Some(proto::timestamp(shop.clock.now())), "what lies ahead is of now");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_told_once_serves_missions_too() {
    let shop = Shop::with_occasions(vec![on_event("review", "review", Award::FixedPoints(5))]).await;
    let member = shop.enrolled().await;
    let goal = MissionCount {
        counted: MissionCounted::Events.into(),
        event: "review".to_owned(),
        target: 2,
        ..Default::default()
    };
    let mission = Mission { goal: Some(mission::Goal::Count(goal)), when: String::new(), ..three_orders("critic") };
    shop.put_mission(mission).await.expect("put");
    let tried = RecordEventRequest { validate_only: true, ..told(member, "review", "r1") };
    assert_eq!(shop.tell(tried).await.expect("decided").missions, ["critic"]);
    assert_eq!(shop.progress_of(member).await.1, 0, "nothing was written");
    assert_eq!(shop.tell(told(member, "review", "r1")).await.expect("recorded").missions, ["critic"]);
    assert!(shop.tell(told(member, "review", "r1")).await.expect("known").missions.is_empty());
    assert!(shop.happens(member, "review", "r1").await.expect("known").repeated_event, "missions know it already");
    assert_eq!(shop.progress_of(member).await.1, 1);
    shop.tell(told(member, "review", "r2")).await.expect("recorded");
    shop.days_pass(0).await;
    assert_eq!(shop.account(member, "").await.balance, 5 + 5 + 50, "both events, and the mission's reward");
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_and_stamps_come_in_the_same_commit() {
    let shop = Shop::without_programme().await;
    let mut request = shop.programme();
    let programme = request.programme.as_mut().expect("there");
    programme.wallets = vec![Wallet {
        code: "stamps".to_owned(),
        display_name: "Stamps".to_owned(),
        expiry: Some(ExpiryPolicy { policy: Some(expiry_policy::Policy::Never(NeverLapse {})) }),
        ..Wallet::default()
    }];
    programme.occasion_rules = vec![
        OccasionRule { campaign: "thanks".to_owned(), ..on_event("review", "review", Award::FixedPoints(5)) },
        OccasionRule { wallet: "stamps".to_owned(), ..on_event("stamp", "review", Award::FixedPoints(1)) },
        OccasionRule { campaign: "over".to_owned(), award: None, ..on_event("gone", "review", Award::FixedPoints(1)) },
    ];
    let refused = shop.client().put_programme(request.clone()).await.map(tonic::Response::into_inner);
    assert_eq!(reason(refused), "CAMPAIGN_NOT_FOUND");
    shop.put(ten_off("thanks")).await.expect("put");
    let until = Some(proto::timestamp(shop.clock.now() + SignedDuration::from_hours(1)));
    shop.put(Campaign { valid_until_time: until, ..ten_off("over") }).await.expect("put");
    shop.client().put_programme(request).await.expect("put");
    let member = shop.enrolled().await;
    shop.days_pass(1).await;
    let given = shop.tell(told(member, "review", "r1")).await.expect("recorded");
    assert_eq!(points(&given), [("", 5), ("stamps", 1)]);
    let coupons: Vec<_> = given.coupons.iter().map(|one| (one.campaign.as_str(), one.coupon.is_empty())).collect();
    assert_eq!(coupons, [("thanks", false), ("over", true)], "a campaign that is over gives none");
    let held = shop.wallet(member).await;
    assert_eq!((held.len(), &held[0].id), (1, &given.coupons[0].coupon));
    assert_eq!(shop.occasions_of(member).await[0].coupons, given.coupons);
    assert_eq!(shop.tell(told(member, "review", "r1")).await.expect("known").coupons, given.coupons);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_batch_has_its_own_outcome() {
    let shop = Shop::with_occasions(vec![on_event("review", "review", Award::FixedPoints(5))]).await;
    let (member, stranger) = (shop.enrolled().await, shop.member());
    let asked = |member: &str, id: &str| RecordEventRequest {
        request_id: shop.request_id(),
        member: member.to_owned(),
        ..told(stranger, "review", id)
    };
    let twice = asked(&member.to_string(), "r1");
    let events = vec![
        twice.clone(),
        asked(NOBODY, "r2"),
        asked(&stranger.to_string(), "r3"),
        asked(&member.to_string(), "r1"),
        twice,
    ];
    let batch = RecordEventBatchRequest { events };
    let told = shop.occasions().record_event_batch(batch).await.expect("each is told").into_inner();
    let came: Vec<_> = told
        .outcomes
        .iter()
        .map(|one| match &one.receipt {
            Some(receipt) => format!("{:?} {}", points(receipt), receipt.repeated_event),
            None => one.refusal.clone(),
        })
        .collect();
    assert_eq!(
        came,
        [r#"[("", 5)] false"#, "MEMBER_NOT_FOUND", r#"[("", 5)] false"#, r#"[("", 5)] true"#, r#"[("", 5)] false"#]
    );
    assert_eq!(shop.account(member, &told.freshness).await.balance, 5);
    assert_eq!(shop.account(stranger, &told.freshness).await.balance, 5, "registry knows them");
    let empty = shop.occasions().record_event_batch(RecordEventBatchRequest::default()).await;
    assert_eq!(empty.expect_err("none is told").code(), tonic::Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_makes_no_sense_is_not_put() {
    let shop = Shop::without_programme().await;
    let fine = on_event("review", "review", Award::FixedPoints(5));
    let order = RuleLimit { period: LimitPeriod::Order.into(), most_points: 5, ..RuleLimit::default() };
    let wrong = vec![
        OccasionRule { event: String::new(), ..fine.clone() },
        OccasionRule { kind: OccasionKind::Birthday.into(), code: "b".to_owned(), ..fine.clone() },
        OccasionRule { kind: 0, code: "c".to_owned(), ..fine.clone() },
        OccasionRule { award: None, code: "d".to_owned(), ..fine.clone() },
        OccasionRule { when: "order.net_minor > 5".to_owned(), code: "e".to_owned(), ..fine.clone() },
        OccasionRule { wallet: "tea".to_owned(), code: "f".to_owned(), ..fine.clone() },
        OccasionRule { limits: vec![order], code: "g".to_owned(), ..fine.clone() },
        OccasionRule { award: Some(Award::PointsEach(0)), code: "g".to_owned(), ..fine },
    ];
    let status = shop.put_occasions(wrong).await.expect_err("it is refused");
    let told = status.get_details_bad_request().expect("fields are named");
    let fields: Vec<&str> = told.field_violations.iter().map(|one| one.field.as_str()).collect();
    let field = |place: usize, name: &str| format!("programme.occasion_rules[{place}]{name}");
    assert_eq!(
        fields,
        [
            field(0, ".event"),
            field(1, ".event"),
            field(2, ".kind"),
            field(3, ""),
            field(4, ".when"),
            field(5, ".wallet"),
            field(6, ".limits"),
            field(7, ".code"),
            field(7, ".points_each"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_is_welcomed_once_by_the_terms_of_that_moment() {
    let welcome =
        OccasionRule { when: r#"occasion.channel == "app""#.to_owned(), ..on("welcome", OccasionKind::Enrolment, 100) };
    let shop = Shop::with_occasions(vec![welcome]).await;
    let (member, other, now) = (shop.member(), shop.member(), shop.clock.now());
    shop.joins(member, now, "app").await;
    shop.joins(other, now, "till").await;
    assert_eq!((shop.account(member, "").await.balance, shop.account(other, "").await.balance), (100, 0));
    shop.joins(member, now, "app").await;
    assert_eq!(shop.statement(member).await.len(), 1, "heard again, given once");
    let mut next = shop.programme();
    next.programme.as_mut().expect("there").effective_time =
        Some(proto::timestamp(now + SignedDuration::from_hours(1)));
    shop.client().put_programme(next).await.expect("put");
    shop.days_pass(1).await;
    let (late, new) = (shop.member(), shop.member());
    shop.joins(late, now, "app").await;
    shop.joins(new, shop.clock.now(), "app").await;
    assert_eq!(shop.account(late, "").await.balance, 100, "by the terms in force when they joined");
    assert_eq!(shop.account(new, "").await.balance, 0);
    let explained = ExplainEntryRequest { entry: shop.statement(late).await[0].id.clone(), ..Default::default() };
    let decision =
        shop.client().explain_entry(explained).await.expect("explained").into_inner().decision.expect("told");
    assert_eq!(decision.rule_version, "programme/1");
    assert!(decision.facts.iter().any(|fact| (fact.name.as_str(), fact.value.as_str()) == ("channel", "app")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_enrolments_is_booked_in_its_own_time() {
    let welcome = OccasionRule { campaign: "hello".to_owned(), ..on("welcome", OccasionKind::Enrolment, 100) };
    let shop = Shop::without_programme().await;
    shop.put(ten_off("hello")).await.expect("put");
    shop.put_occasions(vec![welcome]).await.expect("put");
    let (old, recent) = (shop.member(), shop.member());
    shop.joins(old, testkit::instant("2020-03-01T00:00:00Z"), "").await;
    shop.joins(recent, testkit::instant("2025-11-01T00:00:00Z"), "").await;
    let account = shop.account(old, "").await;
    assert_eq!((account.balance, account.lapsed), (0, 100), "lapsed at the end of March 2021");
    assert_eq!(shop.account(recent, "").await.balance, 100);
    assert!(shop.wallet(recent).await.is_empty(), "no coupon for what is loaded");
    let mut order = shop.order(old, 5_000, testkit::instant("2020-06-01T00:00:00Z"));
    order.historic = true;
    let said = shop.activity.say(shop.tenant, old, &order).await;
    shop.account(old, &shop.seal(&said)).await;
    shop.days_pass(1).await;
    let statement = shop.statement(old).await;
    let told: Vec<_> = statement.iter().map(|entry| (entry.points, entry.kind())).collect();
    assert_eq!(
        told,
        [(100, EntryKind::Earn), (100, EntryKind::Earn), (-100, EntryKind::Lapse), (-100, EntryKind::Lapse),],
        "the order is booked before what lapsed after it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_knows_occasions_too() {
    let welcome = on("welcome", OccasionKind::Enrolment, 100);
    let review = on_event("review", "review", Award::PointsEach(5));
    let shop = Shop::with_occasions(vec![welcome.clone(), review.clone()]).await;
    let member = shop.enrolled().await;
    let told = RecordEventRequest { quantity: 2, ..told(member, "review", "r1") };
    shop.tell(told).await.expect("recorded");
    let mut draft = shop.programme().programme.expect("there");
    draft.effective_time = None;
    draft.occasion_rules = vec![
        OccasionRule { award: Some(Award::FixedPoints(40)), ..welcome },
        OccasionRule { award: Some(Award::PointsEach(7)), ..review },
    ];
    let ask = SimulateRequest { programme: Some(draft), ..SimulateRequest::default() };
    let (told, _) = shop.simulates(ask).await.expect("it is rehearsed");
    let earned = |side: Option<Outcome>| side.expect("told").flow.expect("told").earned;
    assert_eq!((earned(told.baseline), earned(told.draft)), (110, 54));
}
