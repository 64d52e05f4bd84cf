//! Looking: what applies to a cart, and what a member saved. What has passed counts, whether or not it is written.

mod store;

use std::collections::BTreeSet;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{CouponId, Currency, MemberId, Money, TenantId, calendar};
use wire::Stop;

use super::applying::{Cart, Discount, Obstacle};
use super::judging::{Moment, Offer, Pool};
use super::life::What;
use super::limits::{Counter, Room};
use super::{ReservationRefusal, Reservations};
use crate::campaign::terms::Kind;
use crate::campaign::{self, Connection};
use crate::{codes, coupon};

/// So many of a member's coupons are looked at where none is named.
const LOOKED_AT: i64 = 50;

/// A cart to look at.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose coupons.
    pub member: MemberId,
    /// What is about to be bought.
    pub cart: Cart,
    /// Which coupons; the member's own if empty.
    pub coupons: Vec<CouponId>,
    /// Codes as they were typed.
    pub codes: Vec<String>,
}

/// What one coupon or code does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneQuoted {
    /// The coupon.
    pub coupon: Option<CouponId>,
    /// The code, as it was typed.
    pub code: Option<String>,
    /// Its campaign with what members read and the version, where there is one.
    pub campaign: Option<(String, String, i32)>,
    /// What it takes off, or why it does not.
    pub outcome: Result<Discount, Obstacle>,
}

/// What applies to a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// What the cart is paid in.
    pub currency: Currency,
    /// Digits after the point of its amounts.
    pub minor_digits: u32,
    /// Each by itself.
    pub each: Vec<OneQuoted>,
    /// What saves most: what, campaign, version, discount.
    pub best: Vec<(What, String, i32, Discount)>,
}

/// What was saved with one kind of benefit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Which.
    pub kind: Kind,
    /// How often.
    pub uses: i64,
    /// How much.
    pub saved: Money,
}

/// What there is of what is asked for, with all counters it touches, as they stand at a moment.
pub(super) async fn gather(
    connection: &mut Connection,
    (tenant, member): (TenantId, MemberId),
    held: Vec<coupon::standing::Coupon>,
    typed: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Pool, StoreError> {
    let typed = codes::within(connection, tenant, typed, now).await?;
    let of_coupons = held.iter().map(|coupon| (coupon.campaign.clone(), coupon.version));
    let of_codes = typed.values().map(|typed| (typed.campaign.clone(), typed.version));
    let wanted: Vec<(String, i32)> = of_coupons.chain(of_codes).collect();
    let asked = wanted.iter().flat_map(|(campaign, version)| [(campaign.clone(), *version), (campaign.clone(), 0)]);
    let campaigns = campaign::within(connection, tenant, &asked.collect(), now).await?;
    let names: BTreeSet<&str> = wanted.iter().map(|(campaign, _)| campaign.as_str()).collect();
    let uses = store::uses_of(connection, tenant, member, &names, now).await?;
    let terms = |campaign: &str, version: i32| {
        campaigns
            .get(&(campaign.to_owned(), version))
            .ok_or_else(|| StoreError::unreadable("a coupon or code of no campaign"))
    };
    let mut pool = Pool::default();
    for coupon in held {
        let known = terms(&coupon.campaign, coupon.version)?;
        let (state, _) = coupon.at(now);
        pool.offers.push(Offer {
            what: What::Coupon(coupon.id),
            version: known.version,
            terms: known.terms.clone(),
            window: coupon.window,
            state: Some(state),
            code: None,
            campaign: coupon.campaign,
        });
    }
    for code in typed.into_values() {
        let known = terms(&code.campaign, code.version)?;
        pool.offers.push(Offer {
            what: What::Code(code.code),
            version: known.version,
            terms: known.terms.clone(),
            window: known.terms.window(code.issued_at),
            state: None,
            code: Some(Counter { taken: code.taken, most: code.max_uses }),
            campaign: code.campaign,
        });
    }
    for name in names {
        let last = terms(name, 0)?;
        let taken = last.taken;
        let room = Room {
            uses: Counter { taken: taken.reserved_uses.saturating_add(taken.redeemed_uses), most: last.max_uses },
            budget: Counter {
                taken: taken.reserved_minor.saturating_add(taken.redeemed_minor),
                most: last.budget_minor,
            },
            member: Counter { taken: uses.get(name).copied().unwrap_or(0), most: last.terms.max_uses_per_member },
        };
        pool.rooms.insert(name.to_owned(), room);
    }
    Ok(pool)
}

impl Reservations {
    /// What applies to a cart, why the rest does not, and what is best together.
    pub async fn quote(&self, ask: &Quote) -> Result<Quoted, Stop<ReservationRefusal>> {
        let settled = ::terms::now(&self.store, ask.tenant).await?;
        let minor_digits = settled.digits_of(ask.cart.currency);
        let mut reading = self.store.read(ask.tenant).await?;
        let connection = reading.connection();
        let now = self.clock.now();
        let held = if ask.coupons.is_empty() {
            coupon::lapsing_first(connection, ask.tenant, ask.member, now, LOOKED_AT).await?
        } else {
            coupon::of_member(connection, ask.tenant, ask.member, &ask.coupons).await?
        };
        let named: Vec<CouponId> =
            if ask.coupons.is_empty() { held.iter().map(|coupon| coupon.id).collect() } else { ask.coupons.clone() };
        let typed = ask.codes.iter().map(|code| codes::kept(code)).collect();
        let pool = gather(connection, (ask.tenant, ask.member), held, &typed, now).await?;
        let moment = Moment { now, today: calendar::day_of(now, &settled.zone) };
        let looked = |what: &What| match pool.offer(what) {
            None => (None, Err(Obstacle::Unknown)),
            Some(offer) => {
                let campaign = (offer.campaign.clone(), offer.terms.display_name.clone(), offer.version);
                (Some(campaign), pool.alone(offer, &ask.cart, moment))
            }
        };
        let mut each = Vec::new();
        for coupon in named {
            let (campaign, outcome) = looked(&What::Coupon(coupon));
            each.push(OneQuoted { coupon: Some(coupon), code: None, campaign, outcome });
        }
        for code in &ask.codes {
            let (campaign, outcome) = looked(&What::Code(codes::kept(code)));
            let outcome = match outcome {
                Err(Obstacle::Unknown) if codes::is_mistyped(code) => Err(Obstacle::Mistyped),
                known => known,
            };
            each.push(OneQuoted { coupon: None, code: Some(code.clone()), campaign, outcome });
        }
        let best = pool.best(&ask.cart, moment).into_iter();
        let best = best.map(|(offer, off)| (offer.what.clone(), offer.campaign.clone(), offer.version, off)).collect();
        Ok(Quoted { currency: ask.cart.currency, minor_digits, each, best })
    }

    /// What a member saved in a time, by kind and currency.
    pub async fn savings(
        &self,
        tenant: TenantId,
        member: MemberId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Saving>, Stop<ReservationRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::savings(reading.connection(), tenant, member, since, until).await?)
    }
}
