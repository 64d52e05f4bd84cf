//! Prize draws: what was committed to, odds that stay as stated, stock that is never overrun, and a proof of it.

use futures::future::join_all;
use kernel::MemberId;
use proto::loyalty::v1::draw_service_client::DrawServiceClient;
use proto::loyalty::v1::*;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

fn prize(code: &str, odds_millionths: i32, stock: i64, points: i64) -> Prize {
    let (code, display_name) = (code.to_owned(), "A prize".to_owned());
    Prize { code, display_name, odds_millionths, stock, points, campaign: String::new() }
}

/// A draw in which half of the tickets win 30 points, and a tenth a cup.
pub fn spring(code: &str) -> PrizeDraw {
    PrizeDraw {
        code: code.to_owned(),
        display_name: "Spring draw".to_owned(),
        prizes: vec![prize("points", 500_000, 1_000, 30), prize("cup", 100_000, 1_000, 0)],
        ..PrizeDraw::default()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

impl Shop {
    pub fn draws(&self) -> DrawServiceClient<Spoken> {
        DrawServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put_draw(&self, draw: PrizeDraw) -> Result<PutDrawResponse, Status> {
        let ask = PutDrawRequest { request_id: self.request_id(), draw: Some(draw), validate_only: false };
        self.draws().put_draw(ask).await.map(tonic::Response::into_inner)
    }

    async fn draw(&self, member: MemberId, draw: &str, client_seed: &str) -> Result<DrawTicket, Status> {
        let ask = DrawPrizeRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            draw: draw.to_owned(),
            client_seed: client_seed.to_owned(),
            validate_only: false,
        };
        Ok(self.draws().draw_prize(ask).await?.into_inner().ticket.expect("it was drawn"))
    }

    async fn get_draw(&self, draw: &str) -> GetDrawResponse {
        let ask = GetDrawRequest { draw: draw.to_owned(), ..Default::default() };
        self.draws().get_draw(ask).await.expect("it is there").into_inner()
    }

    async fn close(&self, draw: &str) -> CloseDrawResponse {
        let ask = CloseDrawRequest { request_id: self.request_id(), draw: draw.to_owned(), validate_only: false };
        self.draws().close_draw(ask).await.expect("it is there").into_inner()
    }

    async fn proved(&self, draw: &str) -> (bool, i64, i64, String) {
        let ask = VerifyDrawRequest { draw: draw.to_owned(), ..Default::default() };
        let answer = self.draws().verify_draw(ask).await.expect("it is there").into_inner();
        (answer.proved, answer.tickets, answer.differs, answer.what)
    }

    async fn tickets(&self, draw: &str) -> Vec<DrawTicket> {
        let ask = ListDrawTicketsRequest { draw: draw.to_owned(), page_size: 1_000, ..Default::default() };
        self.draws().list_draw_tickets(ask).await.expect("they can be read").into_inner().tickets
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draw_reveals_at_its_close_what_it_had_committed_to() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let put = shop.put_draw(spring("spring")).await.expect("put");
    assert_eq!(put.commitment.len(), 64);
    for number in 0..40 {
        shop.draw(member, "spring", &format!("seed {number}")).await.expect("it is open");
    }
    let open = shop.get_draw("spring").await;
    assert_eq!((open.seed.as_str(), open.commitment.as_str(), open.tickets), ("", put.commitment.as_str(), 40));
    assert_eq!(shop.proved("spring").await, (true, 40, 0, String::new()));

    let closed = shop.close("spring").await;
    assert_eq!(shop.close("spring").await.seed, closed.seed, "closing what is closed answers the same");
    assert_eq!(shop.get_draw("spring").await.seed, closed.seed);
    // What is revealed is what was committed to, and gives every roll again.
    let seed: [u8; 32] = bytes(&closed.seed).try_into().expect("32 bytes");
    let seed = loyalty::draw::rolling::Seed::of(seed);
    assert_eq!(loyalty::draw::rolling::hex(&seed.commitment()), put.commitment);
    for ticket in shop.tickets("spring").await {
        let roll = seed.roll("spring", ticket.number, &ticket.client_seed);
        assert_eq!(i64::from(roll), i64::from(ticket.roll), "ticket {}", ticket.number);
        let won = match ticket.roll {
            0..500_000 => "points",
            500_000..600_000 => "cup",
            _ => "",
        };
        assert_eq!(ticket.prize, won, "ticket {}", ticket.number);
    }
    let refused = shop.draw(member, "spring", "late").await.expect_err("it is closed");
    assert_eq!(refused.get_details_error_info().expect("a refusal").metadata["why"], "CLOSED");
    assert_eq!(reason(shop.put_draw(spring("spring")).await), "DRAW_FIXED");
    assert_eq!(reason(shop.draw(member, "autumn", "").await), "DRAW_NOT_FOUND");
    assert_eq!(reason(shop.draw(NOBODY.parse().expect("an id"), "spring", "").await), "MEMBER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_behind_a_draws_back_is_found() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.put_draw(spring("spring")).await.expect("put");
    for number in 0..5 {
        shop.draw(member, "spring", &number.to_string()).await.expect("it is open");
    }
    let tickets = shop.tickets("spring").await;
    let roll = tickets[2].roll;
    let mut owner = shop.database.look().await;
    sqlx::query("SET search_path TO loyalty").execute(&mut owner).await.expect("there is such a schema");
    let other = (roll + 1) % 1_000_000;
    sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE draw_ticket SET roll = {other} WHERE number = 3")))
        .execute(&mut owner)
        .await
        .expect("changed");
    assert_eq!(shop.proved("spring").await, (false, 2, 3, "roll".to_owned()));
    sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE draw_ticket SET roll = {roll} WHERE number = 3")))
        .execute(&mut owner)
        .await
        .expect("changed");
    sqlx::query(sqlx::AssertSqlSafe("UPDATE draw_ticket SET number = 9 WHERE number = 4".to_owned()))
        .execute(&mut owner)
        .await
        .expect("changed");
    assert_eq!(shop.proved("spring").await, (false, 3, 5, "number".to_owned()));
    sqlx::query(sqlx::AssertSqlSafe("UPDATE draw_ticket SET number = 4 WHERE number = 9".to_owned()))
        .execute(&mut owner)
        .await
        .expect("changed");
    sqlx::query(sqlx::AssertSqlSafe("DELETE FROM draw_ticket WHERE number = 5".to_owned()))
        .execute(&mut owner)
        .await
        .expect("changed");
    assert_eq!(shop.proved("spring").await, (false, 4, 5, "tickets".to_owned()));
    sqlx::query(sqlx::AssertSqlSafe("UPDATE draw SET tickets = 4, seed = decode(repeat('00', 32), 'hex')".to_owned()))
        .execute(&mut owner)
        .await
        .expect("changed");
    assert_eq!(shop.proved("spring").await, (false, 0, 0, "commitment".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_draw_at_once_one_wins_the_last_prize() {
    let shop = Shop::open().await;
    let only = PrizeDraw { prizes: vec![prize("car", 1_000_000, 1, 0), prize("never", 0, 1, 0)], ..spring("car") };
    assert!(shop.put_draw(only.clone()).await.is_err(), "odds begin at one");
    // Certain for the car, once: the other prize keeps the draw open.
    let prizes = vec![prize("car", 999_999, 1, 0), prize("rare", 1, 1_000, 0)];
    shop.put_draw(PrizeDraw { prizes, ..only }).await.expect("put");
    let members: Vec<MemberId> = (0..64).map(|_| shop.member()).collect();
    let drawn = join_all(members.iter().map(|member| shop.draw(*member, "car", "x"))).await;
    let tickets: Vec<DrawTicket> = drawn.into_iter().map(|one| one.expect("it is open")).collect();
    let of = |outcome: DrawOutcome| tickets.iter().filter(|one| one.outcome() == outcome && one.prize == "car").count();
    assert_eq!((of(DrawOutcome::Won), of(DrawOutcome::Nothing)), (1, 0));
    assert!(of(DrawOutcome::Gone) >= 60, "whoever would have won it is told that it is gone");
    let mut numbers: Vec<i64> = tickets.iter().map(|one| one.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=64).collect::<Vec<_>>(), "without gaps");
    let found = shop.get_draw("car").await;
    for left in &found.prizes {
        let won = tickets.iter().filter(|one| one.outcome() == DrawOutcome::Won && one.prize == left.prize).count();
        assert_eq!(i64::try_from(won).expect("few"), left.won, "{}", left.prize);
        assert_eq!(left.left + left.won, if left.prize == "car" { 1 } else { 1_000 });
    }
    assert_eq!(shop.proved("car").await, (true, 64, 0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_won_is_given_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.put(ten_off("treat")).await.expect("put");
    let both = Prize { campaign: "treat".to_owned(), ..prize("both", 1_000_000, 3, 40) };
    shop.put_draw(PrizeDraw { prizes: vec![both], budget_points: 100, ..spring("both") }).await.expect("put");
    let first = shop.draw(member, "both", "a").await.expect("open");
    assert_eq!((first.outcome(), first.given), (DrawOutcome::Won, false));
    shop.draw(member, "both", "b").await.expect("open");
    shop.ring().await;
    shop.ring().await;
    let points: i64 =
        shop.statement(member).await.iter().filter(|one| one.cause.starts_with("ticket_")).map(|one| one.points).sum();
    assert_eq!((points, shop.wallet(member).await.len()), (80, 2));
    assert!(shop.tickets("both").await.iter().all(|ticket| ticket.given));
    let refused = shop.draw(member, "both", "c").await.expect_err("the budget holds no third");
    let info = refused.get_details_error_info().expect("a refusal");
    assert_eq!((info.reason.as_str(), info.metadata["why"].as_str()), ("DRAW_NOT_OPEN", "NOTHING_LEFT"));
    assert_eq!(shop.get_draw("both").await.points, 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_times_hold_and_a_try_tells_nothing() {
    let shop = Shop::open().await;
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    let limits = PrizeDraw { most_per_member: 3, most_per_member_a_day: 2, most_a_day: 3, ..spring("limits") };
    shop.put_draw(limits).await.expect("put");
    let limit = |status: Status| {
        let info = status.get_details_error_info().expect("a refusal");
        (info.reason, info.metadata["limit"].clone())
    };
    let reached = |limit: &str| ("DRAW_LIMIT_REACHED".to_owned(), limit.to_owned());
    shop.draw(member, "limits", "").await.expect("the first");
    shop.draw(member, "limits", "").await.expect("the second");
    assert_eq!(limit(shop.draw(member, "limits", "").await.expect_err("two a day")), reached("MEMBER_DAY"));
    shop.draw(other, "limits", "").await.expect("the third of all");
    assert_eq!(limit(shop.draw(other, "limits", "").await.expect_err("three a day")), reached("DAY"));
    shop.days_pass(1).await;
    let ask = DrawPrizeRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        draw: "limits".to_owned(),
        validate_only: true,
        ..DrawPrizeRequest::default()
    };
    assert!(shop.draws().draw_prize(ask).await.expect("it may be").into_inner().ticket.is_none());
    shop.draw(member, "limits", "").await.expect("another day");
    assert_eq!(limit(shop.draw(member, "limits", "").await.expect_err("three in all")), reached("MEMBER"));

    let at = |days: i64| Some(proto::timestamp(shop.clock.now() + jiff::SignedDuration::from_hours(24 * days)));
    shop.put_draw(PrizeDraw { from_time: at(2), until_time: at(4), ..spring("times") }).await.expect("put");
    let why = |status: Status| status.get_details_error_info().expect("a refusal").metadata["why"].clone();
    assert_eq!(why(shop.draw(member, "times", "").await.expect_err("not yet")), "NOT_YET");
    shop.days_pass(2).await;
    shop.draw(member, "times", "").await.expect("open");
    shop.days_pass(2).await;
    assert_eq!(why(shop.draw(member, "times", "").await.expect_err("over")), "OVER");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_draw_is_told_at_once() {
    let shop = Shop::open().await;
    let twice = vec![prize("cup", 600_000, 1, 0), prize("cup", 600_000, 0, -1)];
    let wrong = PrizeDraw { code: "No Code".to_owned(), prizes: twice, most_a_day: -1, ..spring("spring") };
    let status = shop.put_draw(wrong).await.expect_err("nothing of it is right");
    let fields: Vec<String> =
        status.get_details_bad_request().expect("told").field_violations.into_iter().map(|one| one.field).collect();
    for field in
        ["draw.code", "draw.prizes[1].code", "draw.prizes[1].stock", "draw.prizes[1].points", "draw.most_a_day"]
    {
        assert!(fields.iter().any(|known| known == field), "{field} is not among {fields:?}");
    }
    let much = PrizeDraw { prizes: vec![prize("a", 600_000, 1, 0), prize("b", 600_000, 1, 0)], ..spring("much") };
    let status = shop.put_draw(much).await.expect_err("more than certain");
    assert_eq!(status.get_details_bad_request().expect("told").field_violations[0].field, "draw.prizes");
    let unknown = Prize { campaign: "nothing".to_owned(), ..prize("a", 1, 1, 0) };
    let unknown = PrizeDraw { prizes: vec![unknown], ..spring("unknown") };
    assert_eq!(reason(shop.put_draw(unknown).await), "CAMPAIGN_NOT_FOUND");
}
