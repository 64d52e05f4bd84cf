//! Rewards: points, stock and coupon in one, nothing lost and nothing doubled, and told beforehand.

use kernel::MemberId;
use proto::loyalty::v1::reward_service_client::RewardServiceClient;
use proto::loyalty::v1::*;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

/// A mug for 50 points, worth NT$ 300, that costs the shop NT$ 80.
pub fn mug(code: &str) -> Reward {
    Reward {
        code: code.to_owned(),
        display_name: "A mug".to_owned(),
        points: 50,
        gives: Some(reward::Gives::Goods(RewardGoods { product: "mug".to_owned() })),
        currency_code: "TWD".to_owned(),
        worth_minor: 300,
        cost_minor: 80,
        ..Reward::default()
    }
}

/// The facts of a refusal.
fn facts<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let status = answer.expect_err("it is refused");
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}"));
    let mut facts: Vec<_> = info.metadata.into_iter().collect();
    facts.sort();
    [vec![("reason".to_owned(), info.reason)], facts].concat()
}

impl Shop {
    pub fn rewards(&self) -> RewardServiceClient<Spoken> {
        RewardServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put_reward(&self, reward: Reward) -> Result<i32, Status> {
        let ask = PutRewardRequest { request_id: self.request_id(), reward: Some(reward), validate_only: false };
        Ok(self.rewards().put_reward(ask).await?.into_inner().version)
    }

    pub fn taking(&self, member: MemberId, reward: &str) -> ClaimRewardRequest {
        let (member, reward) = (member.to_string(), reward.to_owned());
        ClaimRewardRequest { request_id: self.request_id(), member, reward, ..Default::default() }
    }

    pub async fn claim(&self, member: MemberId, reward: &str) -> Result<Claim, Status> {
        let answer = self.rewards().claim_reward(self.taking(member, reward)).await?.into_inner();
        Ok(answer.claim.expect("it is told"))
    }

    pub async fn cancel_claim(&self, member: MemberId, claim: &str) -> Result<Claim, Status> {
        let (member, claim) = (member.to_string(), claim.to_owned());
        let ask = CancelClaimRequest { request_id: self.request_id(), member, claim, validate_only: false };
        Ok(self.rewards().cancel_claim(ask).await?.into_inner().claim.expect("it is told"))
    }

    pub async fn fulfil_claim(&self, member: MemberId, claim: &str) -> Result<Claim, Status> {
        let (member, claim) = (member.to_string(), claim.to_owned());
        let ask = FulfilClaimRequest { request_id: self.request_id(), member, claim, validate_only: false };
        Ok(self.rewards().fulfil_claim(ask).await?.into_inner().claim.expect("it is told"))
    }

    pub async fn reward(&self, reward: &str, member: Option<MemberId>) -> GetRewardResponse {
        let member = member.map(|member| member.to_string()).unwrap_or_default();
        let ask = GetRewardRequest { reward: reward.to_owned(), member, ..Default::default() };
        self.rewards().get_reward(ask).await.expect("it is there").into_inner()
    }

    /// Claims that stand, handed over, cancelled, points, cost, and how many are left.
    pub async fn taken(&self, reward: &str) -> (i64, i64, i64, i64, i64, Option<i64>) {
        let used = self.reward(reward, None).await.r#use.expect("told");
        let cost = used.cost.expect("told").minor;
        (used.claims, used.fulfilled, used.cancelled, used.points, cost, used.left)
    }

    pub async fn claims(&self, member: MemberId) -> Vec<Claim> {
        let ask = ListClaimsRequest { member: member.to_string(), ..Default::default() };
        self.rewards().list_claims(ask).await.expect("told").into_inner().claims
    }

    /// A member with so many points of an order.
    pub async fn rich(&self, points: i64) -> MemberId {
        let member = self.member();
        let (_, fresh) = self.buys(member, points * 50).await;
        self.account(member, &fresh).await;
        member
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_spends_points_takes_one_from_the_stock_and_comes_back_as_it_went() {
    let shop = Shop::open().await;
    let member = shop.rich(120).await;
    let stocked = Reward { stock: Some(3), low_stock: 2, max_per_member: 2, ..mug("mug") };
    assert_eq!(shop.put_reward(stocked).await.expect("put"), 1);
    assert!(!shop.reward("mug", None).await.r#use.expect("told").low);

    let ask = shop.taking(member, "mug");
    let first = shop.rewards().claim_reward(ask.clone()).await.expect("taken").into_inner();
    assert_eq!(first.spendable, 70);
    let again = shop.rewards().claim_reward(ask).await.expect("said again").into_inner();
    assert_eq!(again, first, "and the same is answered");
    let claim = first.claim.expect("told");
    assert_eq!((claim.state(), claim.points, claim.product.as_str()), (ClaimState::Claimed, 50, "mug"));
    assert_eq!(shop.taken("mug").await, (1, 0, 0, 50, 80, Some(2)));
    assert!(shop.reward("mug", None).await.r#use.expect("told").low, "two are few");
    let spent = shop.statement(member).await.pop().expect("an entry");
    assert_eq!((spent.id.as_str(), spent.points, spent.cause.as_str()), (claim.entry.as_str(), -50, claim.id.as_str()));

    // The points come back with the claim, and not alone.
    let alone = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: claim.entry.clone(),
        ..Default::default()
    };
    let refused = facts(shop.client().reverse_redemption(alone).await);
    assert_eq!(refused[0].1, "SPENT_ON_A_CLAIM");
    let lots = |account: Account| account.lots.into_iter().map(|lot| (lot.id, lot.left)).collect::<Vec<_>>();
    let back = shop.cancel_claim(member, &claim.id).await.expect("given up");
    assert_eq!(back.state(), ClaimState::Cancelled);
    let account = shop.account(member, "").await;
    assert_eq!((account.spendable, lots(account).len()), (120, 1), "to the lot they came from");
    assert_eq!(shop.taken("mug").await, (0, 0, 1, 0, 0, Some(3)));
    assert_eq!(shop.cancel_claim(member, &claim.id).await.expect("said again").reversal, back.reversal);
    assert_eq!(shop.account(member, "").await.spendable, 120);
    assert_eq!(facts(shop.fulfil_claim(member, &claim.id).await)[2].1, "CANCELLED");

    // What is handed over stays, and the limit counts what stands.
    let second = shop.claim(member, "mug").await.expect("taken");
    let handed = shop.fulfil_claim(member, &second.id).await.expect("handed over");
    assert_eq!(handed.state(), ClaimState::Fulfilled);
    assert_eq!(facts(shop.cancel_claim(member, &second.id).await)[2].1, "FULFILLED");
    shop.claim(member, "mug").await.expect("taken");
    assert_eq!(shop.taken("mug").await, (2, 1, 1, 100, 160, Some(1)));
    assert_eq!(reason(shop.claim(member, "mug").await), "REWARD_LIMIT_REACHED");
    let states: Vec<_> = shop.claims(member).await.iter().map(Claim::state).collect();
    assert_eq!(states, [ClaimState::Claimed, ClaimState::Fulfilled, ClaimState::Cancelled], "newest first");
    let other = shop.member();
    assert_eq!(reason(shop.cancel_claim(other, &second.id).await), "CLAIM_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_member_from_a_reward_is_told_before_they_ask_and_refused_after() {
    let shop = Shop::open().await;
    let member = shop.rich(20).await;
    let later = shop.clock.now() + jiff::SignedDuration::from_hours(24);
    let at = Some(proto::timestamp(later));
    shop.put_reward(mug("a-mug")).await.expect("put");
    shop.put_reward(Reward { points: 20, ..mug("b-cheap") }).await.expect("put");
    let gold = Reward { points: 20, audience: "member.tier == \"gold\"".to_owned(), ..mug("c-gold") };
    shop.put_reward(gold).await.expect("put");
    shop.put_reward(Reward { points: 20, from_time: at, ..mug("d-later") }).await.expect("put");
    shop.put_reward(Reward { points: 20, stock: Some(0), ..mug("e-gone") }).await.expect("put");
    shop.put_reward(Reward { points: 20, until_time: Some(proto::timestamp(shop.clock.now())), ..mug("f-over") })
        .await
        .expect("put");

    let ask = ListRewardsRequest { member: member.to_string(), ..Default::default() };
    let seen = shop.rewards().list_rewards(ask.clone()).await.expect("told").into_inner();
    assert_eq!(seen.spendable, 20);
    let sentences: Vec<(String, bool, Vec<String>)> = seen
        .rewards
        .iter()
        .map(|one| {
            let code = one.reward.as_ref().expect("told").code.clone();
            let why = one.obstacles.iter().map(|why| why.message.clone().expect("a sentence").message);
            (code, one.can_claim, why.collect())
        })
        .collect();
    let over = shop.clock.now();
    let expected = [
        ("a-mug", "30 points are missing.".to_owned()),
        ("b-cheap", String::new()),
        ("c-gold", "It is not for you yet: member.tier: \"member\" -> \"gold\".".to_owned()),
        ("d-later", format!("It can be had from {later} on.")),
        ("e-gone", "All 0 are gone.".to_owned()),
        ("f-over", format!("It could be had until {over}.")),
    ];
    for ((code, can_claim, why), (expected_code, expected_why)) in sentences.iter().zip(&expected) {
        assert_eq!((code.as_str(), why.join(" ")), (*expected_code, expected_why.clone()));
        assert_eq!(*can_claim, expected_why.is_empty(), "{code}");
    }
    let only = ListRewardsRequest { only_claimable: true, ..ask };
    let only = shop.rewards().list_rewards(only).await.expect("told").into_inner().rewards;
    assert_eq!(only.len(), 1);

    let refused = [
        ("a-mug", "INSUFFICIENT_POINTS"),
        ("c-gold", "REWARD_NOT_FOR_MEMBER"),
        ("d-later", "REWARD_NOT_AVAILABLE"),
        ("e-gone", "REWARD_OUT_OF_STOCK"),
        ("f-over", "REWARD_NOT_AVAILABLE"),
        ("g-none", "REWARD_NOT_FOUND"),
    ];
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    for (code, why) in refused {
        assert_eq!(reason(shop.claim(member, code).await), why, "{code}");
    }
    let changed = ClaimRewardRequest { points: 15, ..shop.taking(member, "b-cheap") };
    assert_eq!(reason(shop.rewards().claim_reward(changed).await), "REWARD_CHANGED");
    let nobody = ClaimRewardRequest { member: NOBODY.to_owned(), ..shop.taking(member, "b-cheap") };
    assert_eq!(reason(shop.rewards().claim_reward(nobody).await), "INSUFFICIENT_POINTS");
    let tried = ClaimRewardRequest { validate_only: true, points: 20, ..shop.taking(member, "b-cheap") };
    let tried = shop.rewards().claim_reward(tried).await.expect("it could be").into_inner();
    assert_eq!((tried.spendable, tried.claim.expect("told").id.as_str()), (0, ""));
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");

    shop.clock.move_to(later).expect("forward");
    shop.claim(member, "d-later").await.expect("its time has come");
    let fixed = Reward { currency_code: "GBP".to_owned(), ..mug("a-mug") };
    assert_eq!(reason(shop.put_reward(fixed).await), "REWARD_FIXED");
}

#[tokio::test(flavor = "multi_thread")]
async fn points_that_wait_are_told_with_when_they_will_be_enough() {
    let shop = Shop::without_programme().await;
    let mut waiting = shop.programme();
    let programme = waiting.programme.as_mut().expect("there");
    programme.pending = Some(PendingPolicy { days: 14, ..PendingPolicy::default() });
    shop.client().put_programme(waiting).await.expect("valid");
    shop.put_reward(mug("mug")).await.expect("put");
    let member = shop.rich(60).await;
    let seen = shop.reward("mug", Some(member)).await;
    assert!(!seen.can_claim);
    let why = &seen.obstacles[0];
    assert_eq!((why.kind(), why.missing_points), (RewardObstacleKind::PointsMissing, 50));
    let enough = proto::instant(why.time.as_ref().expect("told")).expect("an instant");
    let wait = enough.duration_since(shop.clock.now());
    assert!(wait > jiff::SignedDuration::from_hours(13 * 24), "{wait:?}");
    shop.days_pass(15).await;
    assert!(shop.reward("mug", Some(member)).await.can_claim);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_for_points_is_given_with_the_claim_and_taken_with_it() {
    let shop = Shop::open().await;
    let member = shop.rich(200).await;
    let tea = Reward {
        gives: Some(reward::Gives::Coupon(RewardCoupon { campaign: "tea".to_owned() })),
        worth_minor: 0,
        cost_minor: 0,
        ..mug("tea")
    };
    assert_eq!(reason(shop.put_reward(tea.clone()).await), "CAMPAIGN_NOT_FOUND");
    shop.put(Campaign { max_held_per_member: 2, ..ten_off("tea") }).await.expect("put");
    shop.put_reward(tea).await.expect("put");
    let first = shop.claim(member, "tea").await.expect("taken");
    assert_eq!(first.state(), ClaimState::Fulfilled, "it is in the wallet");
    let second = shop.claim(member, "tea").await.expect("taken");
    assert_eq!(reason(shop.claim(member, "tea").await), "TOO_MANY_HELD");
    assert_eq!(shop.account(member, "").await.spendable, 100, "a claim whose coupon is refused costs nothing");
    assert_eq!(shop.taken("tea").await, (2, 2, 0, 100, 0, None));

    let reserved = shop.reserve(shop.reservation(member, "1", &[&first.coupon], &[])).await.expect("put aside");
    assert_eq!(reserved.saved.expect("told").minor, 10);
    assert_eq!(facts(shop.cancel_claim(member, &first.id).await)[2].1, "COUPON_RESERVED");
    shop.redeem_order(member, "1").await.expect("used");
    assert_eq!(facts(shop.cancel_claim(member, &first.id).await)[2].1, "COUPON_REDEEMED");

    shop.cancel_claim(member, &second.id).await.expect("unused");
    assert_eq!(shop.account(member, "").await.spendable, 150);
    let taken = shop.wallet(member).await.into_iter().find(|one| one.id == second.coupon).expect("there");
    assert_eq!(taken.state(), CouponState::Lapsed);
    assert_eq!(reason(shop.reserve(shop.reservation(member, "2", &[&second.coupon], &[])).await), "COUPON_NOT_FREE");
    assert_eq!(shop.taken("tea").await, (1, 1, 1, 50, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_a_good_cause_is_final_unless_said_otherwise() {
    let shop = Shop::open().await;
    let member = shop.rich(100).await;
    let trees =
        Reward { gives: Some(reward::Gives::Charity(RewardCharity { cause: "trees".to_owned() })), ..mug("trees") };
    shop.put_reward(trees.clone()).await.expect("put");
    let given = shop.claim(member, "trees").await.expect("given");
    assert_eq!((given.state(), given.charity_cause.as_str()), (ClaimState::Fulfilled, "trees"));
    assert_eq!(facts(shop.cancel_claim(member, &given.id).await)[2].1, "FULFILLED");
    shop.put_reward(Reward { cancel_rule: CancelRule::Always.into(), ..trees }).await.expect("put");
    assert_eq!(facts(shop.cancel_claim(member, &given.id).await)[2].1, "FULFILLED", "it keeps its terms");
    let other = shop.claim(member, "trees").await.expect("given");
    shop.cancel_claim(member, &other.id).await.expect("by the terms it was made with");
    assert_eq!(shop.taken("trees").await, (1, 1, 1, 50, 80, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_the_last_piece_exactly_one_gets_it() {
    let shop = Shop::open().await;
    shop.put_reward(Reward { stock: Some(1), ..mug("last") }).await.expect("put");
    let mut members = Vec::new();
    for _ in 0..8 {
        members.push(shop.rich(600).await);
    }
    let tries = (0..64).map(|n| {
        let (mut rewards, ask) = (shop.rewards(), shop.taking(members[n % 8], "last"));
        tokio::spawn(async move { rewards.claim_reward(ask).await })
    });
    let mut won = 0;
    for tried in futures::future::join_all(tries).await {
        match tried.expect("it ran") {
            Ok(_) => won += 1,
            refused => assert_eq!(reason(refused), "REWARD_OUT_OF_STOCK"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(shop.taken("last").await, (1, 0, 0, 50, 80, Some(0)));
    let mut spent = 0;
    for member in members {
        spent += 600 - shop.account(member, "").await.spendable;
        assert!(crate::ledger::proved(&shop, member).await.holds);
    }
    assert_eq!(spent, 50, "who did not get it keeps their points");
}
