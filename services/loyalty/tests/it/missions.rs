//! Missions: progress that follows orders and returns, rewards that follow progress, budgets that hold.

use kernel::MemberId;
use proto::activity::events::v1::{Line, OrderRecorded};
use proto::loyalty::v1::mission_service_client::MissionServiceClient;
use proto::loyalty::v1::*;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

/// Three orders of at least NT$ 100 in a calendar month, for 50 points.
pub fn three_orders(code: &str) -> Mission {
    let count = MissionCount { counted: MissionCounted::Orders.into(), target: 3, ..MissionCount::default() };
    Mission {
        code: code.to_owned(),
        display_name: "Three in a month".to_owned(),
        goal: Some(mission::Goal::Count(count)),
        when: "order.net_minor >= 100".to_owned(),
        window: MissionWindow::Month.into(),
        reward: Some(MissionReward { points: 50, campaign: String::new() }),
        ..Mission::default()
    }
}

/// So many of something, for 50 points, once.
fn count(code: &str, counted: MissionCounted, target: i64) -> Mission {
    let goal = MissionCount { counted: counted.into(), target, ..MissionCount::default() };
    let window = MissionWindow::Whole.into();
    Mission { goal: Some(mission::Goal::Count(goal)), when: String::new(), window, ..three_orders(code) }
}

impl Shop {
    pub fn missions(&self) -> MissionServiceClient<Spoken> {
        MissionServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put_mission(&self, mission: Mission) -> Result<PutMissionResponse, Status> {
        let ask = PutMissionRequest { request_id: self.request_id(), mission: Some(mission), validate_only: false };
        self.missions().put_mission(ask).await.map(tonic::Response::into_inner)
    }

    pub async fn accept(&self, member: MemberId, mission: &str) -> Result<AcceptMissionResponse, Status> {
        let (member, mission) = (member.to_string(), mission.to_owned());
        let ask = AcceptMissionRequest { request_id: self.request_id(), member, mission, validate_only: false };
        self.missions().accept_mission(ask).await.map(tonic::Response::into_inner)
    }

    pub async fn happens(&self, member: MemberId, name: &str, id: &str) -> Result<RecordMissionEventResponse, Status> {
        let ask = RecordMissionEventRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            name: name.to_owned(),
            external_id: id.to_owned(),
            ..RecordMissionEventRequest::default()
        };
        self.missions().record_mission_event(ask).await.map(tonic::Response::into_inner)
    }

    /// A member's missions; the first, where there is one.
    pub async fn mission_of(&self, member: MemberId) -> MemberMission {
        let ask = ListMemberMissionsRequest { member: member.to_string(), ..Default::default() };
        let found = self.missions().list_member_missions(ask).await.expect("they can be read").into_inner();
        found.missions.into_iter().next().expect("there is one")
    }

    /// How far the first mission is: state, done, missing, completions.
    pub async fn progress_of(&self, member: MemberId) -> (MissionState, i64, i64, i32) {
        let found = self.mission_of(member).await;
        let progress = found.progress.clone().unwrap_or_default();
        (found.state(), progress.done, progress.missing, progress.completions)
    }

    pub async fn rewards_of(&self, member: MemberId) -> Vec<MissionRewardGiven> {
        let ask = ListMissionRewardsRequest { member: member.to_string(), ..Default::default() };
        self.missions().list_mission_rewards(ask).await.expect("they can be read").into_inner().rewards
    }

    /// A member buys, and loyalty has heard of it.
    async fn bought(&self, member: MemberId, amount: i64) -> OrderRecorded {
        let (order, fresh) = self.buys(member, amount).await;
        self.account(member, &fresh).await;
        order
    }

    async fn brought_back(&self, member: MemberId, order: &OrderRecorded, so_far: i64, now: i64) {
        let fresh = self.returns(member, order, so_far, now).await;
        self.account(member, &fresh).await;
    }

    /// What a member has of missions on the statement: points of grants less what was taken back.
    async fn granted(&self, member: MemberId) -> i64 {
        let statement = self.statement(member).await;
        let given: Vec<&Entry> = statement.iter().filter(|entry| entry.cause.starts_with("mreward_")).collect();
        let back = statement.iter().filter(|entry| given.iter().any(|given| given.id == entry.cause));
        given.iter().map(|entry| entry.points).sum::<i64>() + back.map(|entry| entry.points).sum::<i64>()
    }

    async fn rewards_given(&self, mission: &str) -> i64 {
        let ask = GetMissionRequest { mission: mission.to_owned(), ..Default::default() };
        self.missions().get_mission(ask).await.expect("it is there").into_inner().r#use.expect("told").rewards
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_and_the_reward_follows_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    assert_eq!(shop.put_mission(three_orders("three")).await.expect("put").version, 1);
    shop.bought(member, 100).await;
    shop.bought(member, 99).await;
    shop.bought(member, 200).await;
    let found = shop.mission_of(member).await;
    let progress = found.progress.expect("it runs");
    assert_eq!((progress.window.as_str(), progress.done, progress.target, progress.missing), ("2026-01", 2, 3, 1));
    assert_eq!(progress.days_left, 22, "from the 10th to the end of the month");
    assert!(shop.rewards_of(member).await.is_empty());

    shop.bought(member, 300).await;
    assert_eq!(shop.progress_of(member).await, (MissionState::Completed, 3, 0, 1), "a look does not wait for a timer");
    shop.ring().await;
    shop.ring().await;
    let rewards = shop.rewards_of(member).await;
    assert_eq!((rewards.len(), rewards[0].state(), rewards[0].points), (1, MissionRewardState::Given, 50));
    let statement = shop.statement(member).await;
    let entry = statement.iter().find(|entry| entry.id == rewards[0].entry).expect("it is on the statement");
    assert_eq!((entry.points, entry.cause.as_str()), (50, rewards[0].reward.as_str()));
    assert_eq!((shop.granted(member).await, shop.rewards_given("three").await), (50, 1));
    shop.bought(member, 300).await;
    shop.ring().await;
    assert_eq!(shop.granted(member).await, 50, "once in a window");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_back_takes_its_reward_back_and_another_earns_it_anew() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.put_mission(count("two", MissionCounted::Orders, 2)).await.expect("put");
    shop.bought(member, 100).await;
    let order = shop.bought(member, 100).await;
    shop.ring().await;
    assert_eq!(shop.granted(member).await, 50);

    shop.brought_back(member, &order, 60, 60).await;
    shop.ring().await;
    assert_eq!(shop.granted(member).await, 50, "something of it is kept");
    shop.brought_back(member, &order, 100, 40).await;
    assert_eq!(shop.progress_of(member).await, (MissionState::Open, 1, 1, 0));
    shop.ring().await;
    let rewards = shop.rewards_of(member).await;
    assert_eq!((rewards.len(), rewards[0].state()), (1, MissionRewardState::TakenBack));
    assert_eq!((shop.granted(member).await, shop.rewards_given("two").await), (0, 0));

    shop.bought(member, 100).await;
    shop.ring().await;
    assert_eq!((shop.granted(member).await, shop.rewards_given("two").await), (50, 1), "earned anew, and given anew");
    assert_eq!(shop.rewards_of(member).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_at_once_leaves_nothing() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.put_mission(count("one", MissionCounted::Orders, 1)).await.expect("put");
    let order = shop.order(member, 100, shop.clock.now());
    shop.activity.say(shop.tenant, member, &order).await;
    shop.brought_back(member, &order, 100, 100).await;
    shop.ring().await;
    assert_eq!((shop.granted(member).await, shop.rewards_given("one").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_is_given_and_withdrawn_if_it_was_not_used() {
    let shop = Shop::open().await;
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    shop.put(ten_off("treat")).await.expect("put");
    let reward = Some(MissionReward { points: 0, campaign: "treat".to_owned() });
    let missing = Some(MissionReward { points: 0, campaign: "nothing".to_owned() });
    let mission = count("one", MissionCounted::Orders, 1);
    let refused = shop.put_mission(Mission { reward: missing, ..mission.clone() }).await;
    assert_eq!(reason(refused), "CAMPAIGN_NOT_FOUND");
    shop.put_mission(Mission { reward, ..mission }).await.expect("put");
    let (kept, used) = (shop.bought(member, 100).await, shop.bought(other, 100).await);
    shop.ring().await;
    let coupon = shop.wallet(other).await.remove(0).id;
    assert_eq!(shop.rewards_of(other).await[0].coupon, coupon);
    shop.reserve(shop.reservation(other, "1", &[&coupon], &[])).await.expect("put aside");
    shop.redeem_order(other, "1").await.expect("used");

    shop.brought_back(member, &kept, 100, 100).await;
    shop.brought_back(other, &used, 100, 100).await;
    shop.ring().await;
    let states = |wallet: Vec<Coupon>| wallet.iter().map(Coupon::state).collect::<Vec<_>>();
    assert_eq!(states(shop.wallet(member).await), [CouponState::Lapsed], "it was withdrawn");
    assert_eq!(states(shop.wallet(other).await), [CouponState::Redeemed], "what was used stays used");
    assert_eq!(shop.rewards_given("one").await, 1, "and stays in the budget");
    shop.bought(member, 100).await;
    shop.bought(other, 100).await;
    shop.ring().await;
    assert_eq!(shop.wallet(member).await.len(), 2, "given anew");
    assert_eq!(shop.wallet(other).await.len(), 1, "and not a second time where it was used");
    assert_eq!(shop.rewards_given("one").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_budget_is_overrun_however_many_complete_at_once() {
    let shop = Shop::open().await;
    shop.put_mission(Mission { budget: 5, ..count("one", MissionCounted::Orders, 1) }).await.expect("put");
    let twin = shop.twin().await;
    let members: Vec<MemberId> = (0..12).map(|_| shop.member()).collect();
    let mut fresh = Vec::new();
    for member in &members {
        fresh.push(shop.buys(*member, 100).await.1);
    }
    for (member, fresh) in members.iter().zip(&fresh) {
        shop.account(*member, fresh).await;
    }
    // Two processes ring at once.
    let clockwork = shop.service.clockwork().expect("loyalty has one");
    let now = shop.clock.now();
    let (one, other) = tokio::join!(clockwork.drain(now), clockwork.drain(now));
    one.expect("due work is done");
    other.expect("due work is done");
    shop.ring().await;
    let (mut given, mut not, mut points) = (0, 0, 0);
    for member in &members {
        points += shop.granted(*member).await;
        match shop.rewards_of(*member).await[0].state() {
            MissionRewardState::Given => given += 1,
            MissionRewardState::NotGiven => not += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((given, not, points, shop.rewards_given("one").await), (5, 7, 250, 5));
    twin.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_counts_once_for_each_member_and_name() {
    let shop = Shop::open().await;
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    let goal = MissionCount {
        counted: MissionCounted::Events.into(),
        target: 2,
        event: "review".to_owned(),
        ..MissionCount::default()
    };
    shop.put_mission(Mission { goal: Some(mission::Goal::Count(goal)), ..count("reviews", MissionCounted::Orders, 1) })
        .await
        .expect("put");
    let first = shop.happens(member, "review", "r1").await.expect("recorded");
    assert_eq!((first.missions, first.repeated_event), (vec!["reviews".to_owned()], false));
    let again = shop.happens(member, "review", "r1").await.expect("said again");
    assert_eq!((again.missions, again.repeated_event), (vec!["reviews".to_owned()], true));
    assert!(shop.happens(member, "survey", "s1").await.expect("recorded").missions.is_empty());
    assert!(!shop.happens(other, "review", "r1").await.expect("recorded").repeated_event, "another's");
    assert_eq!(shop.progress_of(member).await, (MissionState::Open, 1, 1, 0));
    shop.happens(member, "review", "r2").await.expect("recorded");
    shop.ring().await;
    assert_eq!((shop.granted(member).await, shop.granted(other).await), (50, 0));
    let nobody = NOBODY.parse().expect("an id");
    assert_eq!(reason(shop.happens(nobody, "review", "r9").await), "MEMBER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_happens_after_accepting_counts() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let window = MissionWindow::AfterAccepting.into();
    let mission = count("two", MissionCounted::Orders, 2);
    let mission = Mission { window, window_days: 7, opt_in: true, most_in_all: 1, ..mission };
    shop.put_mission(mission.clone()).await.expect("put");
    shop.bought(member, 100).await;
    assert_eq!(shop.progress_of(member).await.0, MissionState::ToAccept);
    shop.minutes_pass(1);
    let accepted = shop.accept(member, "two").await.expect("it is open");
    assert_eq!(accepted.version, 1);
    let again = shop.accept(member, "two").await.expect("it still runs");
    assert_eq!((again.window, again.accept_time), (accepted.window, accepted.accept_time));
    shop.bought(member, 100).await;
    assert_eq!(shop.progress_of(member).await, (MissionState::Open, 1, 1, 0));
    shop.days_pass(8).await;
    assert_eq!(shop.progress_of(member).await.0, MissionState::ToAccept, "that window is over");
    shop.accept(member, "two").await.expect("once more");
    shop.bought(member, 100).await;
    shop.bought(member, 100).await;
    shop.ring().await;
    assert_eq!(shop.granted(member).await, 50);
    shop.days_pass(8).await;
    assert_eq!(reason(shop.accept(member, "two").await), "MISSION_NOT_OPEN");
    assert_eq!(reason(shop.accept(member, "three").await), "MISSION_NOT_FOUND");
    shop.put_mission(count("automatic", MissionCounted::Orders, 2)).await.expect("put");
    let status = shop.accept(member, "automatic").await.expect_err("nobody has to");
    let info = status.get_details_error_info().expect("a refusal");
    assert_eq!((info.reason.as_str(), info.metadata["why"].as_str()), ("MISSION_NOT_OPEN", "NOT_OPT_IN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_order_completes_a_window_that_has_closed_and_a_return_opens_it() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.put_mission(three_orders("three")).await.expect("put");
    let january = shop.clock.now();
    shop.bought(member, 100).await;
    shop.bought(member, 100).await;
    shop.days_pass(40).await;
    let late = shop.order(member, 100, january);
    let fresh = shop.activity.say(shop.tenant, member, &late).await.seal(&shop.keys);
    shop.account(member, &fresh).await;
    shop.ring().await;
    let rewards = shop.rewards_of(member).await;
    assert_eq!((rewards[0].window.as_str(), rewards[0].state()), ("2026-01", MissionRewardState::Given));
    shop.brought_back(member, &late, 100, 100).await;
    shop.ring().await;
    assert_eq!(shop.rewards_of(member).await[0].state(), MissionRewardState::TakenBack);
    assert_eq!(shop.granted(member).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn different_categories_of_one_order_count_and_are_told() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.put_mission(count("round", MissionCounted::Categories, 3)).await.expect("put");
    let mut order = shop.order(member, 100, shop.clock.now());
    order.lines = ["tea", "cups", "tea"]
        .iter()
        .zip(1..)
        .map(|(category, number)| Line {
            number,
            product: format!("p{number}"),
            category: (*category).to_owned(),
            quantity: 1,
            gross_minor: 100,
            ..Line::default()
        })
        .collect();
    let fresh = shop.activity.say(shop.tenant, member, &order).await.seal(&shop.keys);
    shop.account(member, &fresh).await;
    let progress = shop.mission_of(member).await.progress.expect("it runs");
    assert_eq!((progress.have, progress.missing), (vec!["cups".to_owned(), "tea".to_owned()], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_mission_is_told_at_once() {
    let shop = Shop::open().await;
    let steps = MissionSequence {
        steps: vec![
            MissionStep { display_name: "Buy".to_owned(), done_by: None },
            MissionStep {
                display_name: "Buy tea".to_owned(),
                done_by: Some(mission_step::DoneBy::OrderWhen("order.colour == 3".to_owned())),
            },
        ],
    };
    let wrong = Mission {
        code: "Not A Code".to_owned(),
        goal: Some(mission::Goal::Sequence(steps)),
        when: "member.points > 3".to_owned(),
        audience: "order.net_minor > 3".to_owned(),
        reward: None,
        window: MissionWindow::AfterAccepting.into(),
        ..three_orders("three")
    };
    let status = shop.put_mission(wrong).await.expect_err("nothing of it is right");
    let fields: Vec<String> =
        status.get_details_bad_request().expect("told").field_violations.into_iter().map(|one| one.field).collect();
    for field in [
        "mission.code",
        "mission.sequence.steps[0].done_by",
        "mission.sequence.steps[1].order_when",
        "mission.when",
        "mission.audience",
        "mission.reward",
        "mission.window_days",
        "mission.opt_in",
    ] {
        assert!(fields.iter().any(|known| known == field), "{field} is not among {fields:?}");
    }
}
