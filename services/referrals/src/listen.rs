//! What referrals hears: members and their identities and tenants from registry, orders and returns from activity.
//!
//! What is heard is kept first; then the referrals of those it is about are moved, in the same transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{CannotApply, Heard, HeardEvent, Listener};
use jiff::Timestamp;
use kernel::{Clock, Currency, MemberId, OrderId, Shard, TenantId};
use proto::activity::events::v1::{OrderRecorded, OrderReturned};
use proto::registry::events::v1::{MemberEnrolled, MemberUpdated};
use store::{Store, Tenants};
use terms::Settled;

use crate::people::facts::{OrderNews, Told};
use crate::people::{self, News, Whose};
use crate::referral::Referrals;

/// Listens for referrals.
pub(crate) struct Ear {
    store: Store,
    clock: Clock,
    referrals: Referrals,
}

impl Ear {
    pub(crate) const fn new(store: Store, clock: Clock, referrals: Referrals) -> Self {
        Self { store, clock, referrals }
    }
}

#[async_trait]
impl Listener for Ear {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let (mut news, mut settled) = (News::default(), Vec::new());
        for event in &heard.events {
            match terms::heard(event) {
                Some(told) => settled.push((event.tenant, told?)),
                None => read(event, &mut news)?,
            }
        }
        self.apply(&heard, &news, &settled).await
    }
}

impl Ear {
    async fn apply(&self, heard: &Heard, news: &News, settled: &[(TenantId, Settled)]) -> Result<(), CannotApply> {
        let mut place = heard.place();
        place.shards.extend(settled.iter().map(|(tenant, _)| Shard::of_tenant(*tenant)));
        place.shards.extend(news.members.keys().map(|(_, member)| Shard::of_member(*member)));
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<Tenants>(), place.shards).await?;
        let now = self.clock.now();
        heard.settle(&mut tx, now).await?;
        for (tenant, settled) in settled {
            terms::keep(&mut tx, *tenant, settled, now).await?;
        }
        people::keep(&mut tx, news).await?;
        let bought: BTreeSet<Whose> = news.orders.keys().map(|(whose, _)| *whose).collect();
        self.referrals.hear(&mut tx, &bought, now).await?;
        Ok(tx.commit().await?)
    }
}

fn read(event: &HeardEvent, news: &mut News) -> Result<(), CannotApply> {
    let tenant = event.tenant;
    if let Some(enrolled) = event.payload::<MemberEnrolled>() {
        let enrolled = enrolled?;
        let whose = (tenant, member(&enrolled.member)?);
        news.member(whose, Some(instant(enrolled.join_time.as_ref())?.unwrap_or(event.occurred_at)));
        news.identities.extend(enrolled.identity_keys.into_iter().map(|key| (whose, key)));
    } else if let Some(updated) = event.payload::<MemberUpdated>() {
        let updated = updated?;
        let whose = (tenant, member(&updated.member)?);
        news.member(whose, None);
        news.identities.extend(updated.identity_keys.into_iter().map(|key| (whose, key)));
    } else if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        if !order.member.is_empty() {
            news.order((tenant, member(&order.member)?), bought(&order, event.occurred_at)?);
        }
    } else if let Some(back) = event.payload::<OrderReturned>() {
        let back = back?;
        if !back.member.is_empty() {
            news.order((tenant, member(&back.member)?), returned(&back, event.occurred_at)?);
        }
    }
    Ok(())
}

fn bought(order: &OrderRecorded, otherwise: Timestamp) -> Result<OrderNews, CannotApply> {
    let net = order
        .lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.gross_minor.saturating_sub(line.discount_minor)));
    let returned = order.returned.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount_minor));
    let occurred_at = instant(order.occur_time.as_ref())?.unwrap_or(otherwise);
    Ok(OrderNews {
        order: OrderId::parse(&order.order).map_err(unreadable)?,
        told: Some(Told {
            currency: Currency::parse(&order.currency_code).map_err(unreadable)?,
            occurred_at,
            received_at: instant(order.receive_time.as_ref())?,
            returned_before_minor: returned,
        }),
        net_minor: net,
        returned_minor: returned,
        returned_at: (returned > 0).then_some(occurred_at),
    })
}

fn returned(back: &OrderReturned, otherwise: Timestamp) -> Result<OrderNews, CannotApply> {
    // A cancelled order may have cost nothing: whatever it came to is gone.
    let returned_minor = if back.whole { back.returned_minor.max(back.net_minor) } else { back.returned_minor };
    Ok(OrderNews {
        order: OrderId::parse(&back.order).map_err(unreadable)?,
        told: None,
        net_minor: back.net_minor,
        returned_minor,
        returned_at: Some(instant(back.occur_time.as_ref())?.unwrap_or(otherwise)),
    })
}

fn member(text: &str) -> Result<MemberId, CannotApply> {
    MemberId::parse(text).map_err(unreadable)
}

fn instant(wire: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, CannotApply> {
    wire.map(|wire| proto::instant(wire).map_err(unreadable)).transpose()
}

fn unreadable(error: impl std::fmt::Display) -> CannotApply {
    CannotApply::Event(format!("the event cannot be read: {error}"))
}
