//! A cart to be quoted, read.

use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId, TenantId};
use proto::loyalty::v1::{QuoteLine, QuoteOrderRequest};
use tonic::{Request, Status};
use uuid::Uuid;
use wire::{Freshness, Keys, Violations, open};

use crate::account::earning::{LineFacts, OrderFacts};

/// What is asked.
pub(super) struct Cart {
    pub tenant: TenantId,
    pub member: Option<MemberId>,
    pub order: OrderFacts,
    pub freshness: Freshness,
}

const MOST: i64 = 1_000_000_000_000;
const MOST_LINES: usize = 1_000;

pub(super) fn cart(keys: &Keys, call: Request<QuoteOrderRequest>) -> Result<Cart, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = match ask.member.as_str() {
        "" => Some(None),
        text => bad.take("member", MemberId::parse(text)).map(Some),
    };
    let currency = bad.take("currency_code", Currency::parse(&ask.currency_code));
    bad.count("lines", ask.lines.len(), 1..=MOST_LINES);
    let lines: Vec<Option<LineFacts>> =
        ask.lines.iter().take(MOST_LINES).enumerate().map(|(place, one)| line(&mut bad, place, one)).collect();
    let channel = bad.text("channel", &ask.channel, 0..=200);
    let touchpoint = bad.text("touchpoint", &ask.touchpoint, 0..=200);
    let paid = bad.number("points_paid_minor", ask.points_paid_minor, 0..=MOST);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let order = currency.zip(lines.into_iter().collect()).zip(channel.zip(touchpoint)).zip(paid);
    let order = order.map(|(((currency, lines), (channel, touchpoint)), points_paid_minor)| OrderFacts {
        // It is none yet: whoever quotes says which moment it is about.
        order: OrderId::from(Uuid::nil()),
        occurred_at: Timestamp::UNIX_EPOCH,
        received_at: None,
        historic: false,
        currency,
        lines,
        channel,
        touchpoint,
        points_paid_minor,
    });
    let ((member, order), freshness) = bad.settle(member.zip(order).zip(freshness))?;
    Ok(Cart { tenant: envelope.tenant, member, order, freshness })
}

fn line(bad: &mut Violations, place: usize, line: &QuoteLine) -> Option<LineFacts> {
    let field = |name: &str| format!("lines[{place}].{name}");
    let product = bad.text(&field("product"), &line.product, 0..=200);
    let category = bad.text(&field("category"), &line.category, 0..=200);
    let quantity = bad.number(&field("quantity"), line.quantity, 0..=1_000_000_000);
    let gross = bad.number(&field("gross_minor"), line.gross_minor, 0..=MOST);
    let most = gross.unwrap_or(MOST);
    let discount = bad.number(&field("discount_minor"), line.discount_minor, 0..=most);
    let tax = bad.number(&field("tax_minor"), line.tax_minor, 0..=most);
    Some(LineFacts {
        product: product?,
        category: category?,
        quantity: quantity?,
        gross_minor: gross?,
        discount_minor: discount?,
        tax_minor: tax?,
    })
}
