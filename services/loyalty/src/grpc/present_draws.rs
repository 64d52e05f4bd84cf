//! Draws as the wire tells them.

use kernel::TenantId;
use proto::loyalty::v1;
use tonic::Response;
use wire::{Keys, PageToken};

use super::parse_draws::{LIST, Tickets};
use crate::draw::rolling::{Seed, hex};
use crate::draw::terms::{Outcome, Terms};
use crate::draw::verifying::Differs;
use crate::draw::{PutReceipt, Revealed, Standing, TakeReceipt, Ticket, ticket_id};

pub(super) fn put(keys: &Keys, receipt: &PutReceipt) -> Response<v1::PutDrawResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::PutDrawResponse { commitment: hex(&receipt.commitment), freshness })
}

pub(super) fn standing(found: Standing) -> Response<v1::GetDrawResponse> {
    let left = |prize: &crate::draw::terms::Prize| {
        let won = found.won.prizes.get(&prize.code).copied().unwrap_or(0);
        v1::PrizeLeft { prize: prize.code.clone(), left: prize.stock.saturating_sub(won), won }
    };
    Response::new(v1::GetDrawResponse {
        commitment: hex(&found.commitment),
        seed: found.revealed().map(Seed::hex).unwrap_or_default(),
        prizes: found.terms.prizes.iter().map(left).collect(),
        tickets: found.tickets,
        points: found.won.points,
        close_time: found.closed_at.map(proto::timestamp),
        record_time: Some(proto::timestamp(found.recorded_at)),
        draw: Some(terms(found.draw, found.terms)),
    })
}

pub(super) fn taken(keys: &Keys, whose: (TenantId, &str), receipt: TakeReceipt) -> Response<v1::DrawPrizeResponse> {
    Response::new(v1::DrawPrizeResponse {
        ticket: receipt.ticket.as_ref().map(|one| ticket(whose, one)),
        commitment: hex(&receipt.commitment),
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn closed(keys: &Keys, revealed: &Revealed) -> Response<v1::CloseDrawResponse> {
    Response::new(v1::CloseDrawResponse {
        seed: revealed.seed.as_ref().map(Seed::hex).unwrap_or_default(),
        close_time: Some(proto::timestamp(revealed.at)),
        freshness: revealed.reached.freshness().seal(keys),
    })
}

pub(super) fn verified((tickets, differs): (i64, Option<Differs>)) -> Response<v1::VerifyDrawResponse> {
    let (number, what) = match differs {
        None => (0, ""),
        Some(Differs::Commitment) => (0, "commitment"),
        Some(Differs::Number(number)) => (number, "number"),
        Some(Differs::Roll(number)) => (number, "roll"),
        Some(Differs::Outcome(number)) => (number, "outcome"),
        Some(Differs::Tickets) => (tickets.saturating_add(1), "tickets"),
    };
    let (proved, what) = (differs.is_none(), what.to_owned());
    Response::new(v1::VerifyDrawResponse { proved, tickets, differs: number, what })
}

pub(super) fn tickets(keys: &Keys, ask: &Tickets, page: &[Ticket]) -> Response<v1::ListDrawTicketsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| is_full).map(|last| last.number.to_string());
    let member = ask.member.map(|member| member.to_string()).unwrap_or_default();
    Response::new(v1::ListDrawTicketsResponse {
        tickets: page.iter().map(|one| ticket((ask.tenant, &ask.draw), one)).collect(),
        next_page_token: last
            .map_or_else(String::new, |last| PageToken(vec![last]).seal(keys, &[LIST, &ask.draw, &member])),
    })
}

fn ticket((tenant, draw): (TenantId, &str), one: &Ticket) -> v1::DrawTicket {
    let (outcome, prize) = match &one.outcome {
        Outcome::Won(prize) => (v1::DrawOutcome::Won, prize.clone()),
        Outcome::Nothing => (v1::DrawOutcome::Nothing, String::new()),
        Outcome::Gone(prize) => (v1::DrawOutcome::Gone, prize.clone()),
    };
    v1::DrawTicket {
        ticket: ticket_id(tenant, draw, one.number).to_string(),
        number: one.number,
        member: one.member.to_string(),
        client_seed: one.client_seed.clone(),
        roll: i32::try_from(one.roll).unwrap_or(i32::MAX),
        outcome: outcome.into(),
        prize,
        draw_time: Some(proto::timestamp(one.drawn_at)),
        given: one.given,
    }
}

fn terms(code: String, terms: Terms) -> v1::PrizeDraw {
    let prizes = terms.prizes.into_iter().map(|prize| v1::Prize {
        code: prize.code,
        display_name: prize.display_name,
        odds_millionths: i32::try_from(prize.odds_millionths).unwrap_or(i32::MAX),
        stock: prize.stock,
        points: prize.points,
        campaign: prize.campaign.unwrap_or_default(),
    });
    v1::PrizeDraw {
        code,
        display_name: terms.display_name,
        prizes: prizes.collect(),
        most_per_member: terms.most_per_member.unwrap_or(0),
        most_per_member_a_day: terms.most_per_member_a_day.unwrap_or(0),
        most_a_day: terms.most_a_day.unwrap_or(0),
        budget_points: terms.budget_points.unwrap_or(0),
        from_time: terms.from.map(proto::timestamp),
        until_time: terms.until.map(proto::timestamp),
    }
}
