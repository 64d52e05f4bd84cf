//! Benefits: what they do for a cart, what is booked for an order, and what membership saved in all.

use kernel::MemberId;
use proto::common::v1::Money;
use proto::loyalty::v1::benefit_service_client::BenefitServiceClient;
use proto::loyalty::v1::*;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::Status;

use crate::coupons::{order, reason, ten_off};
use crate::rewards::mug;
use crate::shop::Shop;

/// A benefit of a kind for a tier; everybody where none is named.
pub fn benefit(code: &str, tier: &str, kind: benefit::Kind) -> Benefit {
    Benefit {
        code: code.to_owned(),
        display_name: format!("The {code}"),
        description: "Told.".to_owned(),
        audience: if tier.is_empty() { String::new() } else { format!("member.tier == \"{tier}\"") },
        kind: Some(kind),
        currency_code: "TWD".to_owned(),
        ..Benefit::default()
    }
}

fn goods(product: &str) -> Option<Goods> {
    Some(Goods { products: vec![product.to_owned()], categories: Vec::new() })
}

/// So many percent off a product.
pub fn off(percent: i32, product: &str) -> benefit::Kind {
    let price = Some(member_price::Price::PercentOff(percent));
    benefit::Kind::MemberPrice(MemberPrice { goods: goods(product), price })
}

/// A basket of coffee and a cake, delivered.
pub fn basket() -> Cart {
    let line = |product: &str, gross_minor| CartLine { product: product.to_owned(), gross_minor, ..Default::default() };
    Cart { currency_code: "TWD".to_owned(), lines: vec![line("coffee", 400), line("cake", 90)], delivery_minor: 60 }
}

impl Shop {
    pub fn benefits(&self) -> BenefitServiceClient<Spoken> {
        BenefitServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put_benefit(&self, benefit: Benefit) -> Result<PutBenefitResponse, Status> {
        let ask = PutBenefitRequest { request_id: self.request_id(), benefit: Some(benefit), validate_only: false };
        Ok(self.benefits().put_benefit(ask).await?.into_inner())
    }

    pub async fn check(&self, member: &str, entitlements: &[&str]) -> CheckBenefitsResponse {
        let ask = CheckBenefitsRequest {
            member: member.to_owned(),
            cart: Some(basket()),
            entitlements: entitlements.iter().map(|one| (*one).to_owned()).collect(),
            ..Default::default()
        };
        self.benefits().check_benefits(ask).await.expect("told").into_inner()
    }

    pub fn using(&self, member: MemberId, number: &str, benefits: &[&str]) -> UseBenefitsRequest {
        UseBenefitsRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            order: order(number),
            cart: Some(basket()),
            benefits: benefits.iter().map(|one| (*one).to_owned()).collect(),
            ..Default::default()
        }
    }

    pub async fn use_benefits(&self, ask: UseBenefitsRequest) -> Result<UseBenefitsResponse, Status> {
        Ok(self.benefits().use_benefits(ask).await?.into_inner())
    }

    /// Uses, what they saved, cost and forwent, and how many are left.
    pub async fn sums(&self, benefit: &str) -> (i64, i64, i64, i64, Option<i64>) {
        let page = self.benefits().list_benefits(ListBenefitsRequest::default()).await.expect("told").into_inner();
        let named = |one: &ListedBenefit| one.benefit.as_ref().is_some_and(|known| known.code == benefit);
        let used = page.benefits.into_iter().find(named).expect("it is there").r#use.expect("told");
        let minor = |money: Option<Money>| money.expect("told").minor;
        (used.uses, minor(used.saved), minor(used.cost), minor(used.forgone), used.left)
    }

    /// What a member saved, by kind.
    pub async fn saved(
        &self,
        member: MemberId,
        fee: Option<i64>,
    ) -> (Vec<(SavingKind, i64, i64)>, Option<(i64, bool)>) {
        let fee = fee.map(|minor| Money { currency_code: "TWD".to_owned(), minor });
        let ask = GetSavingsRequest { member: member.to_string(), fee, ..Default::default() };
        let told = self.coupons().get_savings(ask).await.expect("told").into_inner();
        let worth = told.membership.map(|worth| (worth.net.expect("told").minor, worth.paid_for_itself));
        let each = |one: &Saving| (one.kind(), one.uses, one.saved.clone().expect("told").minor);
        (told.savings.iter().map(each).collect(), worth)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_told_what_each_benefit_does_and_what_would_open_the_rest() {
    let shop = Shop::open().await;
    let member = shop.rich(40).await;
    let later = Some(proto::timestamp(shop.clock.now() + jiff::SignedDuration::from_hours(48)));
    let delivery = benefit::Kind::MemberDelivery(MemberDelivery { most_minor: 0 });
    let early = benefit::Kind::EarlyAccess(EarlyAccess {
        goods: goods("cake"),
        members_from_time: Some(proto::timestamp(shop.clock.now())),
        everybody_from_time: later,
    });
    shop.put_benefit(benefit("a-silver-price", "silver", off(10, "coffee"))).await.expect("put");
    shop.put_benefit(benefit("b-price", "", off(5, "coffee"))).await.expect("put");
    let over_500 =
        Benefit { audience: "cart.net_minor >= 500".to_owned(), ..benefit("c-delivery", "", delivery.clone()) };
    shop.put_benefit(over_500).await.expect("put");
    let plus = Benefit { audience: "\"plus\" in member.entitlements".to_owned(), ..benefit("d-plus", "", delivery) };
    shop.put_benefit(plus).await.expect("put");
    shop.put_benefit(benefit("e-early", "silver", early)).await.expect("put");

    let seen = shop.check(&member.to_string(), &[]).await;
    let told: Vec<(String, bool, i64, String)> = seen
        .benefits
        .iter()
        .map(|one| {
            let why = one.obstacle.as_ref().and_then(|why| why.message.clone()).unwrap_or_default().message;
            (one.benefit.clone(), one.applies, one.saved.clone().expect("told").minor, why)
        })
        .collect();
    let tier = "It does not apply yet: member.tier: \"member\" -> \"silver\".".to_owned();
    let expected = [
        ("a-silver-price", false, 0, tier.clone()),
        ("b-price", true, 20, String::new()),
        ("c-delivery", false, 0, "It does not apply yet: cart.net_minor: 490 -> 500.".to_owned()),
        ("d-plus", false, 0, "It does not apply yet: \"plus\" in member.entitlements: [].".to_owned()),
        ("e-early", false, 0, tier),
    ];
    let expected = expected.map(|(code, applies, saved, why)| (code.to_owned(), applies, saved, why));
    assert_eq!(told, expected);
    assert_eq!(seen.saved.expect("told").minor, 20);
    assert_eq!((seen.next_tier.as_str(), seen.missing_to_next_tier_minor), ("silver", 8_000));
    assert!(seen.benefits[0].obstacle.as_ref().expect("told").next_tier_opens, "silver is next");
    assert_eq!(seen.benefits[2].obstacle.as_ref().expect("told").needed[0].more, 10);
    assert_eq!(seen.blocked.len(), 1);
    let shut = &seen.blocked[0];
    assert_eq!((shut.line, shut.product.as_str(), shut.benefit.as_str()), (1, "cake", "e-early"));
    assert_eq!((shut.open_time, shut.next_tier_opens), (later, true));

    // Who has paid is told by the caller, and a guest is asked nothing.
    assert_eq!(shop.check(&member.to_string(), &["plus"]).await.saved.expect("told").minor, 80);
    let guest = shop.check("", &["plus"]).await;
    assert_eq!((guest.saved.expect("told").minor, guest.blocked.len()), (20, 1));

    // Silver at last: the better price alone, and the cake.
    let (_, fresh) = shop.buys(member, 9_000).await;
    shop.account(member, &fresh).await;
    let seen = shop.check(&member.to_string(), &[]).await;
    let saved: Vec<i64> = seen.benefits.iter().map(|one| one.saved.clone().expect("told").minor).collect();
    assert_eq!((saved, seen.blocked.len()), (vec![40, 0, 0, 0, 0], 0));
    assert_eq!(seen.benefits[1].obstacle.as_ref().expect("told").kind(), BenefitObstacleKind::Outbid);
    assert!(seen.benefits[4].applies);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_otherwise_sold_is_warned_of_and_its_price_is_booked_as_forgone() {
    let shop = Shop::open().await;
    let member = shop.rich(1).await;
    let lounge = Benefit {
        worth_minor: 500,
        normally_sold: true,
        cost_minor: 120,
        audience: "member.orders >= 1".to_owned(),
        description: String::new(),
        ..benefit("lounge", "", benefit::Kind::ExclusiveService(ExclusiveService {}))
    };
    let put = shop.put_benefit(lounge.clone()).await.expect("never refused for that");
    let kinds: Vec<BenefitIssue> = put.warnings.iter().map(BenefitWarning::issue).collect();
    assert_eq!(kinds, [BenefitIssue::NormallySold, BenefitIssue::HiddenConditions]);
    assert_eq!(put.warnings[0].forgone.clone().expect("told").minor, 500);
    let message = put.warnings[0].message.clone().expect("a sentence").message;
    assert_eq!(message, "It is otherwise sold: each use forgoes TWD 500.");
    shop.use_benefits(shop.using(member, "1", &["lounge"])).await.expect("booked");
    assert_eq!(shop.sums("lounge").await, (1, 500, 120, 500, None));
    let pounds = Benefit { currency_code: "GBP".to_owned(), ..lounge };
    assert_eq!(reason(shop.put_benefit(pounds).await), "BENEFIT_FIXED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_books_its_benefits_once_and_gives_them_back_when_it_comes_back() {
    let shop = Shop::open().await;
    let member = shop.rich(1).await;
    shop.put_benefit(benefit("price", "", off(10, "coffee"))).await.expect("put");
    let twice = Benefit {
        max_per_member: 2,
        period: LimitPeriod::Month.into(),
        worth_minor: 30,
        ..benefit("taste", "", benefit::Kind::Tasting(Tasting { product: "beans".to_owned() }))
    };
    shop.put_benefit(twice).await.expect("put");

    let record = shop.order(member, 490, shop.clock.now());
    let ask = shop.using(member, &record.external_id, &["taste", "price"]);
    let first = shop.use_benefits(ask.clone()).await.expect("booked");
    assert_eq!(first.saved.as_ref().expect("told").minor, 70);
    let other_id = UseBenefitsRequest { request_id: shop.request_id(), ..ask.clone() };
    assert_eq!(shop.use_benefits(other_id).await.expect("the same").booked, first.booked);
    let less = UseBenefitsRequest { request_id: shop.request_id(), benefits: vec!["price".to_owned()], ..ask.clone() };
    assert_eq!(reason(shop.use_benefits(less).await), "ORDER_HAS_BENEFITS");
    assert_eq!(shop.sums("price").await, (1, 40, 0, 0, None), "once");

    shop.use_benefits(shop.using(member, "2", &["taste"])).await.expect("booked");
    assert_eq!(reason(shop.use_benefits(shop.using(member, "3", &["taste"])).await), "BENEFIT_NOT_APPLICABLE");
    let said = shop.activity.say(shop.tenant, member, &record).await;
    shop.account(member, &shop.seal(&said)).await;
    let part = shop.returns(member, &record, 100, 100).await;
    shop.account(member, &part).await;
    assert_eq!(shop.saved(member, None).await.0.len(), 2, "a part that comes back changes nothing");
    let whole = shop.returns(member, &record, 490, 390).await;
    shop.account(member, &whole).await;
    assert_eq!(shop.saved(member, None).await.0, [(SavingKind::MemberExtra, 1, 30)]);
    assert_eq!(shop.sums("price").await, (0, 0, 0, 0, None));
    shop.use_benefits(shop.using(member, "3", &["taste"])).await.expect("it may be tasted again");
    shop.days_pass(31).await;
    shop.use_benefits(shop.using(member, "4", &["taste"])).await.expect("another month");

    let unknown = shop.use_benefits(shop.using(member, "5", &["price", "winter"])).await;
    assert_eq!(reason(unknown), "BENEFIT_NOT_FOUND");
    let nobody = UseBenefitsRequest { member: NOBODY.to_owned(), ..shop.using(member, "6", &["price"]) };
    assert_eq!(reason(shop.use_benefits(nobody).await), "MEMBER_NOT_FOUND");
    let newcomer = shop.member();
    shop.use_benefits(shop.using(newcomer, "7", &["price"])).await.expect("registry knows them");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_the_last_seat_exactly_one_gets_it() {
    let shop = Shop::open().await;
    let event_time = Some(proto::timestamp(shop.clock.now() + jiff::SignedDuration::from_hours(48)));
    let seat = benefit::Kind::EventSeat(EventSeat { event_time });
    shop.put_benefit(Benefit { max_uses: 1, worth_minor: 200, ..benefit("seat", "", seat) }).await.expect("put");
    let members: Vec<MemberId> = (0..32).map(|_| shop.member()).collect();
    let tries = members.iter().map(|member| {
        let (mut benefits, ask) = (shop.benefits(), shop.using(*member, "1", &["seat"]));
        tokio::spawn(async move { benefits.use_benefits(ask).await })
    });
    let mut winner = None;
    for (place, tried) in futures::future::join_all(tries).await.into_iter().enumerate() {
        match tried.expect("it ran") {
            Ok(_) => assert_eq!(winner.replace(place), None, "one alone"),
            refused => assert_eq!(reason(refused), "BENEFIT_NOT_APPLICABLE"),
        }
    }
    assert_eq!(shop.sums("seat").await, (1, 200, 0, 0, Some(0)));
    let winner = members[winner.expect("one got it")];
    let give_up = |member: MemberId, number: &str| CancelBenefitsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        order: order(number),
        validate_only: false,
    };
    assert_eq!(reason(shop.benefits().cancel_benefits(give_up(winner, "2")).await), "BENEFITS_NOT_BOOKED");
    shop.benefits().cancel_benefits(give_up(winner, "1")).await.expect("given up");
    shop.benefits().cancel_benefits(give_up(winner, "1")).await.expect("said again");
    assert_eq!(shop.sums("seat").await, (0, 0, 0, 0, Some(1)), "free, and once");
    assert_eq!(reason(shop.use_benefits(shop.using(winner, "1", &["seat"])).await), "ORDER_HAS_BENEFITS");
    shop.use_benefits(shop.using(members[0], "3", &["seat"])).await.expect("it is free again");
    let after = shop.clock.now() + jiff::SignedDuration::from_hours(48);
    shop.clock.move_to(after).expect("forward");
    assert_eq!(reason(shop.use_benefits(shop.using(members[1], "4", &["seat"])).await), "BENEFIT_NOT_APPLICABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_membership_saved_is_summed_over_coupons_benefits_and_rewards_beside_its_fee() {
    let shop = Shop::open().await;
    let member = shop.rich(100).await;
    shop.put(ten_off("spring")).await.expect("put");
    let coupon = shop.issue(member, "spring").await.expect("given").coupon;
    shop.reserve(shop.reservation(member, "1", &[&coupon], &[])).await.expect("put aside");
    shop.redeem_order(member, "1").await.expect("used");
    shop.put_reward(Reward { co_payment_minor: 50, ..mug("mug") }).await.expect("put");
    let claim = shop.claim(member, "mug").await.expect("taken");
    shop.put_benefit(benefit("price", "", off(10, "coffee"))).await.expect("put");
    let delivery = benefit::Kind::MemberDelivery(MemberDelivery { most_minor: 0 });
    shop.put_benefit(benefit("delivery", "", delivery)).await.expect("put");
    shop.use_benefits(shop.using(member, "1", &["delivery", "price"])).await.expect("booked");

    use SavingKind::{AmountOff, MemberDelivery as Delivered, MemberPrice as Priced, Reward as Rewarded};
    let all = vec![(AmountOff, 1, 10), (Rewarded, 1, 250), (Priced, 1, 40), (Delivered, 1, 60)];
    assert_eq!(shop.saved(member, Some(360)).await, (all.clone(), Some((0, true))));
    assert_eq!(shop.saved(member, Some(361)).await, (all.clone(), Some((-1, false))));
    assert_eq!(shop.saved(member, None).await, (all, None));
    shop.cancel_claim(member, &claim.id).await.expect("given up");
    let left = vec![(AmountOff, 1, 10), (Priced, 1, 40), (Delivered, 1, 60)];
    assert_eq!(shop.saved(member, Some(360)).await, (left, Some((-250, false))), "what came back saved nothing");
}
