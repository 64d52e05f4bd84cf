//! What a checkout waits for, and what a print shop does: quotes under many rules, and codes in bulk.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Currency, OrderId};
use loyalty::account::earning::{LineFacts, OrderFacts};
use proto::loyalty::v1::earn_rule::Award;
use proto::loyalty::v1::{
    AmountOff, Campaign, Distribution, EarnRule, GenerateCodesRequest, LimitPeriod, OverLimit, Programme,
    PutCampaignRequest, QuoteLine, QuoteOrderRequest, RuleLimit, RuleRate, campaign,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::house::{House, tenant};
use super::member;
use crate::Failed;
use crate::numbers::Times;
use crate::shop::programme;
use crate::suite::request_id;
use crate::zipf::{Zipf, random};

const RULES: i64 = 100;
/// Quotes before the clock starts.
const WARM: usize = 200;
/// When the rules rule: a change never rules the past.
const SOON: Duration = Duration::from_millis(500);

/// Prints how long quotes take under a hundred rules, one after the other: handed to the door, and over the wire.
pub async fn quote(url: &str, members: &str, times: &str) -> Result<(), Failed> {
    let (who, times): (_, usize) = (Arc::new(Zipf::of(members.parse()?)), times.parse()?);
    let house = House::open(url, false).await?;
    house.put_programme(with_rules()).await?;
    tokio::time::sleep(2 * SOON).await;

    let (mut at_door, mut over_wire) = (Times::default(), Times::default());
    let mut client = house.clients[0].clone();
    for number in 0..WARM + times {
        let buyer = member(who.drawn(random(number as u64)));
        let began = Instant::now();
        let quote =
            house.accounts.quote(tenant(), Some(buyer), cart(number)?).await.map_err(|stop| format!("{stop:?}"))?;
        if number >= WARM {
            at_door.add(began.elapsed());
        }
        let ask = QuoteOrderRequest { member: buyer.to_string(), ..wire_cart(number) };
        let began = Instant::now();
        let answer = client.quote_order(ask).await?.into_inner();
        if number >= WARM {
            over_wire.add(began.elapsed());
        }
        if (quote.points, quote.rules.len()) != (answer.points, answer.rules.len()) || quote.rules.len() != 100 {
            return Err(format!("{} points at the door and {} over the wire", quote.points, answer.points).into());
        }
    }
    house.close().await?;
    println!("given 0");
    at_door.tell("door");
    over_wire.tell("wire");
    Ok(())
}

/// Prints how many codes arrived in how many seconds; each is another one.
pub async fn codes(url: &str, count: &str) -> Result<(), Failed> {
    let house = House::open(url, true).await?;
    house.put_programme(programme()).await?;
    let campaign = Campaign {
        code: "printed".to_owned(),
        display_name: "Printed".to_owned(),
        benefit: Some(campaign::Benefit::AmountOff(AmountOff { minor: 100 })),
        currency_code: "TWD".to_owned(),
        distribution: Distribution::UniqueCodes.into(),
        ..Campaign::default()
    };
    let mut client = house.coupons.clone();
    let ask = PutCampaignRequest { request_id: request_id(), campaign: Some(campaign), validate_only: false };
    client.put_campaign(ask).await?;
    let ask = GenerateCodesRequest {
        request_id: request_id(),
        campaign: "printed".to_owned(),
        count: count.parse()?,
        ..GenerateCodesRequest::default()
    };
    let mut request = tonic::Request::new(ask);
    request.set_timeout(Duration::from_secs(1_800));
    let began = Instant::now();
    let (mut arrived, mut codes) = (client.generate_codes(request).await?.into_inner(), HashSet::new());
    let mut told = 0_usize;
    while let Some(message) = arrived.message().await? {
        told += message.codes.len();
        codes.extend(message.codes);
    }
    let took = began.elapsed();
    house.close().await?;
    if codes.len() != told || told != count.parse::<usize>()? {
        return Err(format!("{told} codes arrived, {} of them different", codes.len()).into());
    }
    println!("made {told} {:.4}", took.as_secs_f64());
    Ok(())
}

/// A point for NT$ 50, and a hundred rules of every sort, a third of which a cart meets.
fn with_rules() -> Programme {
    let soon = Clock::system().now() + SOON;
    let rules = (0..RULES).map(|number| EarnRule {
        code: format!("rule-{number}"),
        display_name: format!("Rule {number}"),
        when: when(number),
        lines: if number % 4 == 0 {
            format!("line.category in [\"c{}\", \"coffee\"]", number % 10)
        } else {
            String::new()
        },
        award: Some(match number % 3 {
            0 => Award::FixedPoints(5 + number),
            1 => Award::MultiplierPercent(200),
            _ => Award::Rate(RuleRate { currency_code: "TWD".to_owned(), points: 1, per_minor: 100 + number }),
        }),
        exclusive_group: if number % 5 == 0 { format!("group-{}", number % 10) } else { String::new() },
        limits: if number % 7 == 0 { vec![monthly()] } else { Vec::new() },
        ..EarnRule::default()
    });
    Programme { effective_time: Some(proto::timestamp(soon)), earn_rules: rules.collect(), ..programme() }
}

fn when(number: i64) -> String {
    match number % 3 {
        0 => format!("order.channel == \"app\" && order.net_minor >= {}", 100 * number),
        1 => format!("\"c{}\" in order.categories && order.quantity >= {}", number % 10, number % 6),
        _ => format!("member.orders >= {number} || order.weekday in [6, 7] && order.hour >= 18"),
    }
}

fn monthly() -> RuleLimit {
    RuleLimit {
        period: LimitPeriod::Month.into(),
        most_points: 1_000,
        over: OverLimit::Unspecified.into(),
        ..RuleLimit::default()
    }
}

const LINES: usize = 5;

fn cart(number: usize) -> Result<OrderFacts, Failed> {
    let lines = wire_cart(number).lines.into_iter().map(|line| LineFacts {
        product: line.product,
        category: line.category,
        quantity: line.quantity,
        gross_minor: line.gross_minor,
        discount_minor: line.discount_minor,
        tax_minor: line.tax_minor,
    });
    Ok(OrderFacts {
        order: OrderId::from(Uuid::nil()),
        currency: Currency::parse("TWD")?,
        channel: "app".to_owned(),
        touchpoint: String::new(),
        lines: lines.collect(),
        points_paid_minor: 0,
        occurred_at: Clock::system().now(),
        received_at: None,
        historic: false,
    })
}

fn wire_cart(number: usize) -> QuoteOrderRequest {
    let line = |place: usize| QuoteLine {
        product: format!("p{place}"),
        category: format!("c{}", (number + place) % 10),
        quantity: 1 + place as i64,
        gross_minor: 300 * (1 + place as i64),
        ..QuoteLine::default()
    };
    QuoteOrderRequest {
        currency_code: "TWD".to_owned(),
        channel: "app".to_owned(),
        lines: (0..LINES).map(line).collect(),
        ..QuoteOrderRequest::default()
    }
}
