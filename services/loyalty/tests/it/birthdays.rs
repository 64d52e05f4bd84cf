//! Birthdays: given when the day or month begins in the programme's zone, once a year, late where it has to be.

use jiff::{SignedDuration, Timestamp};
use kernel::MemberId;
use proto::loyalty::v1::*;
use testkit::registry::Celebrant;

use crate::coupons::ten_off;
use crate::occasions::on;
use crate::shop::Shop;

const DAY: BirthdayPeriod = BirthdayPeriod::Day;
const MONTH: BirthdayPeriod = BirthdayPeriod::Month;

impl Shop {
    /// From a moment on, with such birthdays and a hundred points for them. The first programme rules from the beginning.
    async fn celebrating(at: &str, period: BirthdayPeriod, leap_day: LeapDay) -> Self {
        let shop = Self::without_programme().await;
        *shop.birthdays.lock().expect("nobody panics") = Some(Vec::new());
        shop.clock.move_to(testkit::instant(at)).expect("forward");
        let mut request = shop.programme();
        let programme = request.programme.as_mut().expect("there");
        programme.occasion_rules = vec![on("cake", OccasionKind::Birthday, 100)];
        programme.birthdays = Some(BirthdayPolicy { period: period.into(), leap_day: leap_day.into() });
        shop.client().put_programme(request).await.expect("put");
        shop
    }

    /// Registry knows of a member, who joined at a moment and has told their birthday just now.
    fn knows(&self, member: MemberId, day: (i8, i8), joined: &str) {
        let mut known = self.birthdays.lock().expect("nobody panics");
        let known = known.as_mut().expect("it answers");
        known.retain(|one| one.member != member);
        let joined_at = testkit::instant(joined);
        known.push(Celebrant { member, day, joined_at, changed_at: self.clock.now() });
    }

    /// Time passes until a moment, and the clockwork rings then.
    async fn rings_at(&self, at: &str) {
        self.clock.move_to(testkit::instant(at)).expect("forward");
        self.rings().await;
    }

    async fn rings(&self) {
        let now = self.clock.now();
        self.service.clockwork().expect("there is one").drain(now).await.expect("due work is done");
    }

    async fn balance(&self, member: MemberId) -> i64 {
        self.account(member, "").await.balance
    }

    /// When what a member was given for birthdays is of, oldest first.
    async fn celebrated(&self, member: MemberId) -> Vec<String> {
        let statement = self.statement(member).await;
        let given = statement.iter().filter(|entry| entry.cause.starts_with("occasion_"));
        let at = |entry: &Entry| -> Timestamp {
            proto::instant(entry.occur_time.as_ref().expect("it is told")).expect("an instant")
        };
        given.map(|entry| at(entry).to_string()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birthday_begins_with_the_day_in_the_programmes_zone() {
    let shop = Shop::celebrating("2026-05-15T04:00:00Z", DAY, LeapDay::Unspecified).await;
    let (member, other) = (shop.member(), shop.member());
    shop.knows(member, (5, 17), "2025-01-01T00:00:00Z");
    shop.knows(other, (5, 18), "2025-01-01T00:00:00Z");
    shop.rings().await;
    shop.rings_at("2026-05-16T15:59:59Z").await;
    assert_eq!(shop.balance(member).await, 0);
    shop.rings_at("2026-05-16T16:00:00Z").await;
    assert_eq!((shop.balance(member).await, shop.balance(other).await), (100, 0));
    shop.rings_at("2026-05-17T16:00:00Z").await;
    assert_eq!((shop.balance(member).await, shop.balance(other).await), (100, 100));
    let entry = shop.statement(member).await.remove(0);
    let ask = ExplainEntryRequest { entry: entry.id, ..ExplainEntryRequest::default() };
    let decision = shop.client().explain_entry(ask).await.expect("explained").into_inner().decision.expect("told");
    assert!(decision.facts.iter().any(|fact| (fact.name.as_str(), fact.value.as_str()) == ("occasion", "birthday")));
    assert_eq!(decision.message.expect("worded").message, "Other than by an order: 100 points for The cake.");
    let known = shop.occasions_of(member).await;
    assert_eq!((known.len(), known[0].kind(), known[0].external_id.as_str()), (1, OccasionKind::Birthday, "2026"));
    shop.rings_at("2027-05-16T16:00:00Z").await;
    assert_eq!(shop.celebrated(member).await, ["2026-05-16T16:00:00Z", "2027-05-16T16:00:00Z"], "every year");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_date_brings_nothing_twice_in_a_year() {
    let shop = Shop::celebrating("2026-03-01T04:00:00Z", DAY, LeapDay::Unspecified).await;
    let member = shop.member();
    shop.knows(member, (3, 10), "2025-01-01T00:00:00Z");
    shop.rings_at("2026-03-10T04:00:00Z").await;
    assert_eq!(shop.balance(member).await, 100);
    shop.knows(member, (3, 11), "2025-01-01T00:00:00Z");
    shop.rings_at("2026-03-11T04:00:00Z").await;
    shop.knows(member, (12, 24), "2025-01-01T00:00:00Z");
    shop.rings_at("2026-12-24T04:00:00Z").await;
    assert_eq!(shop.celebrated(member).await.len(), 1);
    shop.rings_at("2027-12-24T04:00:00Z").await;
    assert_eq!(shop.celebrated(member).await, ["2026-03-09T16:00:00Z", "2027-12-23T16:00:00Z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leap_day_is_on_28_february_or_on_1_march() {
    let table = [
        (LeapDay::LeapDay28February, ["2027-02-27T16:00:00Z", "2028-02-28T16:00:00Z"]),
        (LeapDay::LeapDay1March, ["2027-02-28T16:00:00Z", "2028-02-28T16:00:00Z"]),
    ];
    for (leap_day, expected) in table {
        let shop = Shop::celebrating("2027-02-20T04:00:00Z", DAY, leap_day).await;
        let member = shop.member();
        shop.knows(member, (2, 29), "2025-01-01T00:00:00Z");
        for day in ["2027-02-26", "2027-02-27", "2027-02-28", "2027-03-01", "2028-02-27", "2028-02-28", "2028-02-29"] {
            shop.rings_at(&format!("{day}T16:00:00Z")).await;
        }
        assert_eq!(shop.celebrated(member).await, expected, "{leap_day:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_within_the_month_is_given_it_within_the_month() {
    let shop = Shop::celebrating("2026-05-01T04:00:00Z", MONTH, LeapDay::Unspecified).await;
    let (early, late, told, other) = (shop.member(), shop.member(), shop.member(), shop.member());
    shop.knows(early, (5, 31), "2025-01-01T00:00:00Z");
    shop.knows(told, (6, 20), "2025-01-01T00:00:00Z");
    shop.rings().await;
    assert_eq!(shop.celebrated(early).await, ["2026-04-30T16:00:00Z"], "from the first of the month on");
    shop.rings_at("2026-05-12T04:00:00Z").await;
    shop.knows(late, (5, 3), "2026-05-12T04:00:00Z");
    shop.rings_at("2026-05-12T16:00:00Z").await;
    assert_eq!(shop.celebrated(late).await, ["2026-05-12T04:00:00Z"], "dated from when they joined");
    assert_eq!(shop.balance(told).await, 0);
    shop.rings_at("2026-05-31T12:00:00Z").await;
    shop.knows(told, (5, 31), "2025-01-01T00:00:00Z");
    shop.knows(other, (5, 31), "2026-06-01T00:00:00Z");
    shop.rings_at("2026-06-01T01:00:00Z").await;
    assert_eq!(shop.celebrated(told).await, ["2026-04-30T16:00:00Z"], "told on the last day");
    assert_eq!(shop.balance(other).await, 0, "who joined after the month had none in it");
    assert_eq!(shop.celebrated(early).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_given_late_and_once() {
    let shop = Shop::celebrating("2026-05-15T04:00:00Z", DAY, LeapDay::Unspecified).await;
    let (member, new) = (shop.member(), shop.member());
    shop.knows(member, (5, 17), "2025-01-01T00:00:00Z");
    shop.rings().await;
    // The service is down over three midnights.
    shop.clock.move_to(testkit::instant("2026-05-19T04:00:00Z")).expect("forward");
    shop.knows(new, (5, 17), "2026-05-19T03:00:00Z");
    // Registry does not answer at first.
    let known = shop.birthdays.lock().expect("nobody panics").take();
    shop.rings().await;
    assert_eq!(shop.balance(member).await, 0);
    *shop.birthdays.lock().expect("nobody panics") = known;
    shop.rings().await;
    assert_eq!(shop.balance(member).await, 0, "it is asked again after a while");
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_mins(5)).expect("forward");
    shop.rings().await;
    assert_eq!(shop.celebrated(member).await, ["2026-05-16T16:00:00Z"], "of its own day");
    assert_eq!(shop.balance(new).await, 0, "who joined after the day had none");
    let lapse = shop.account(member, "").await.lots[0].lapse_time.expect("it lapses");
    assert_eq!(proto::instant(&lapse).expect("an instant"), testkit::instant("2027-05-31T16:00:00Z"));
    // Two rings at once, and one more.
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_hours(24)).expect("forward");
    tokio::join!(shop.rings(), shop.rings());
    shop.rings().await;
    assert_eq!(shop.celebrated(member).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_may_be_a_coupon_for_some_alone_and_nothing_is_kept_of_the_others() {
    let shop = Shop::celebrating("2026-05-15T04:00:00Z", DAY, LeapDay::Unspecified).await;
    shop.put(ten_off("birthday")).await.expect("put");
    let mut next = shop.programme();
    let programme = next.programme.as_mut().expect("there");
    programme.effective_time = Some(proto::timestamp(testkit::instant("2026-05-16T00:00:00Z")));
    programme.occasion_rules = vec![OccasionRule {
        campaign: "birthday".to_owned(),
        when: r#"member.tier == "silver""#.to_owned(),
        award: None,
        ..on("cake", OccasionKind::Birthday, 1)
    }];
    shop.client().put_programme(next).await.expect("put");
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    let (_, fresh) = shop.buys(member, 12_000).await;
    shop.account(member, &fresh).await;
    for one in [member, other] {
        shop.knows(one, (5, 17), "2026-05-15T04:00:00Z");
    }
    shop.rings_at("2026-05-16T16:00:00Z").await;
    let held = shop.wallet(member).await;
    assert_eq!((held.len(), held[0].campaign.as_str(), held[0].reason.as_str()), (1, "birthday", "occasion cake"));
    assert!(shop.wallet(other).await.is_empty());
    let birthdays = |known: Vec<Occasion>| known.into_iter().filter(|one| one.kind() == OccasionKind::Birthday).count();
    assert_eq!(birthdays(shop.occasions_of(member).await), 1);
    assert_eq!(birthdays(shop.occasions_of(other).await), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_begin_within_a_month_give_from_then_on_and_none_when_they_are_gone() {
    let shop = Shop::open().await;
    *shop.birthdays.lock().expect("nobody panics") = Some(Vec::new());
    let member = shop.member();
    shop.knows(member, (1, 2), "2025-01-01T00:00:00Z");
    shop.rings().await;
    let from = |at: &str, rules: Vec<OccasionRule>| {
        let mut next = shop.programme();
        let programme = next.programme.as_mut().expect("there");
        programme.effective_time = Some(proto::timestamp(testkit::instant(at)));
        programme.occasion_rules = rules;
        programme.birthdays = Some(BirthdayPolicy { period: MONTH.into(), ..BirthdayPolicy::default() });
        next
    };
    let keeps = from("2026-01-20T00:00:00Z", vec![on("cake", OccasionKind::Birthday, 100)]);
    shop.client().put_programme(keeps).await.expect("put");
    let ends = from("2026-12-31T00:00:00Z", Vec::new());
    shop.client().put_programme(ends).await.expect("put");
    shop.rings_at("2026-01-19T23:00:00Z").await;
    assert_eq!(shop.balance(member).await, 0);
    shop.rings_at("2026-01-20T00:00:00Z").await;
    assert_eq!(shop.celebrated(member).await, ["2026-01-20T00:00:00Z"]);
    shop.rings_at("2027-01-05T00:00:00Z").await;
    assert_eq!(shop.celebrated(member).await.len(), 1, "no birthday is kept any more");
}
