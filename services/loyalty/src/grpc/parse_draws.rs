//! Calls about draws, read: every wrong field is told at once.

use std::collections::BTreeSet;

use kernel::{MemberId, TenantId};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::draw::rolling::MILLION;
use crate::draw::terms::{self, Terms};
use crate::draw::{Close, Put, Take};

const MOST: i64 = 1_000_000_000_000;

/// A look at one draw.
pub(super) struct Which {
    pub tenant: TenantId,
    pub draw: String,
    pub freshness: Freshness,
}

/// A page of tickets.
pub(super) struct Tickets {
    pub tenant: TenantId,
    pub draw: String,
    pub member: Option<MemberId>,
    pub after: i64,
    pub limit: i64,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "draw tickets";

pub(super) fn put(keys: &Keys, call: Request<PutDrawRequest>) -> Result<Put, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.draw {
        Some(draw) => {
            let code = bad.code("draw.code", &draw.code, 1..=40);
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let terms = read_terms(&mut bad, draw);
            code.zip(terms)
        }
        None => {
            bad.add("draw", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (draw, terms))| Put {
        tenant: envelope.tenant,
        draw,
        terms,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "PutDraw", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_terms(bad: &mut Violations, said: &PrizeDraw) -> Option<Terms> {
    let display_name = bad.text("draw.display_name", &said.display_name, 1..=100);
    let prizes = read_prizes(bad, &said.prizes);
    let mut limit = |field: &str, most: i64| {
        bad.number(&format!("draw.{field}"), most, 0..=MOST).map(|most| Some(most).filter(|most| *most > 0))
    };
    let most_per_member = limit("most_per_member", said.most_per_member);
    let most_per_member_a_day = limit("most_per_member_a_day", said.most_per_member_a_day);
    let most_a_day = limit("most_a_day", said.most_a_day);
    let budget_points = limit("budget_points", said.budget_points);
    let from = bad.instant("draw.from_time", said.from_time.as_ref());
    let until = bad.instant("draw.until_time", said.until_time.as_ref());
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add("draw.until_time", "must be after from_time");
    }
    Some(Terms {
        display_name: display_name?,
        prizes: prizes?,
        most_per_member: most_per_member?,
        most_per_member_a_day: most_per_member_a_day?,
        most_a_day: most_a_day?,
        budget_points: budget_points?,
        from: from.map(kernel::to_microsecond),
        until: until.map(kernel::to_microsecond),
    })
}

fn read_prizes(bad: &mut Violations, prizes: &[Prize]) -> Option<Vec<terms::Prize>> {
    if !bad.count("draw.prizes", prizes.len(), 1..=100) {
        return None;
    }
    let (mut read, mut seen, mut complete) = (Vec::with_capacity(prizes.len()), BTreeSet::new(), true);
    for (place, prize) in prizes.iter().enumerate() {
        let within = format!("draw.prizes[{place}]");
        if !seen.insert(prize.code.clone()) {
            bad.add(format!("{within}.code"), "is used twice");
        }
        match read_prize(bad, &within, prize) {
            Some(prize) => read.push(prize),
            None => complete = false,
        }
    }
    let odds = read.iter().fold(0_u32, |sum, prize: &terms::Prize| sum.saturating_add(prize.odds_millionths));
    if odds > MILLION {
        bad.add("draw.prizes", format!("must have odds of at most {MILLION} millionths together, not {odds}"));
        complete = false;
    }
    complete.then_some(read)
}

fn read_prize(bad: &mut Violations, within: &str, prize: &Prize) -> Option<terms::Prize> {
    let field = |name: &str| format!("{within}.{name}");
    let code = bad.code(&field("code"), &prize.code, 1..=40);
    let display_name = bad.text(&field("display_name"), &prize.display_name, 1..=100);
    let odds = bad.number(&field("odds_millionths"), i64::from(prize.odds_millionths), 1..=i64::from(MILLION));
    let stock = bad.number(&field("stock"), prize.stock, 1..=1_000_000_000);
    let points = bad.number(&field("points"), prize.points, 0..=1_000_000_000);
    let campaign = match prize.campaign.as_str() {
        "" => Some(None),
        code => bad.code(&field("campaign"), code, 1..=40).map(Some),
    };
    Some(terms::Prize {
        code: code?,
        display_name: display_name?,
        odds_millionths: u32::try_from(odds?).ok()?,
        stock: stock?,
        points: points?,
        campaign: campaign?,
    })
}

pub(super) fn get(keys: &Keys, call: Request<GetDrawRequest>) -> Result<Which, Status> {
    let (envelope, ask) = open(call)?;
    which(keys, envelope.tenant, &ask.draw, &ask.at_least_as_fresh)
}

pub(super) fn verify(keys: &Keys, call: Request<VerifyDrawRequest>) -> Result<Which, Status> {
    let (envelope, ask) = open(call)?;
    which(keys, envelope.tenant, &ask.draw, &ask.at_least_as_fresh)
}

fn which(keys: &Keys, tenant: TenantId, draw: &str, fresh: &str) -> Result<Which, Status> {
    let mut bad = Violations::new();
    let draw = bad.code("draw", draw, 1..=40);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, fresh));
    let (draw, freshness) = bad.settle(draw.zip(freshness))?;
    Ok(Which { tenant, draw, freshness })
}

pub(super) fn take(keys: &Keys, call: Request<DrawPrizeRequest>) -> Result<Take, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let draw = bad.code("draw", &ask.draw, 1..=40);
    let client_seed = bad.text("client_seed", &ask.client_seed, 0..=100);
    let read = id.zip(member).zip(draw.zip(client_seed)).map(|((id, member), (draw, client_seed))| Take {
        tenant: envelope.tenant,
        member,
        draw,
        client_seed,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "DrawPrize", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn close(keys: &Keys, call: Request<CloseDrawRequest>) -> Result<Close, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let draw = bad.code("draw", &ask.draw, 1..=40);
    let read = id.zip(draw).map(|(id, draw)| Close {
        tenant: envelope.tenant,
        draw,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "CloseDraw", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn tickets(keys: &Keys, call: Request<ListDrawTicketsRequest>) -> Result<Tickets, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let draw = bad.code("draw", &ask.draw, 1..=40);
    let member = match ask.member.as_str() {
        "" => Some(None),
        member => bad.take("member", MemberId::parse(member)).map(Some),
    };
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &[LIST, &ask.draw, &ask.member]);
    let after = token.flatten().and_then(|token| token.0.first().and_then(|number| number.parse().ok()));
    let (draw, (member, freshness)) = bad.settle(draw.zip(member.zip(freshness)))?;
    Ok(Tickets { tenant: envelope.tenant, draw, member, after: after.unwrap_or(0), limit, freshness })
}
