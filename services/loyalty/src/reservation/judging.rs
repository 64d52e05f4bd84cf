//! Whether coupons and codes can be used for a cart by a member at a moment, one by one and together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::ReservationRefusal;
use super::applying::{Cart, Discount, Obstacle, Rest, discount, in_time};
use super::combining::{Apart, Candidate, Chosen, all_of, best};
use super::life::What;
use super::limits::{Counter, Limit, Room, Wanted, wanted};
use crate::campaign::terms::{Terms, Window};
use crate::coupon::standing::State as CouponState;

/// A coupon or code as it stands.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Which.
    pub what: What,
    /// Of which campaign.
    pub campaign: String,
    /// The version whose terms it has.
    pub version: i32,
    /// Those terms.
    pub terms: Terms,
    /// When it can be used.
    pub window: Window,
    /// Where the coupon stands; codes stand nowhere.
    pub state: Option<CouponState>,
    /// How often the code can be used, and was.
    pub code: Option<Counter>,
}

/// Everything a decision about a member's coupons and codes needs.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// What there is of what was asked for.
    pub offers: Vec<Offer>,
    /// The counters of their campaigns.
    pub rooms: BTreeMap<String, Room>,
}

/// When it is decided.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The instant.
    pub now: Timestamp,
    /// The tenant's day.
    pub today: Date,
}

impl Offer {
    const fn candidate(&self) -> Candidate<'_> {
        Candidate { campaign: self.campaign.as_str(), terms: &self.terms }
    }
}

impl Pool {
    /// What is there of one that was asked for.
    pub fn offer(&self, what: &What) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.what == *what)
    }

    /// What one takes off by itself.
    pub fn alone(&self, offer: &Offer, cart: &Cart, moment: Moment) -> Result<Discount, Obstacle> {
        if offer.state.is_some_and(|state| state != CouponState::Issued) && !offer.window.is_over(moment.now) {
            return Err(Obstacle::NotFree);
        }
        in_time(&offer.terms, offer.window, moment.now, moment.today)?;
        if offer.code.is_some_and(|counter| !counter.fits(1)) {
            return Err(Obstacle::UsedUp);
        }
        let off = discount(&offer.terms, cart, &Rest::of(cart))?;
        let one = Wanted { uses: 1, minor: off.saved_minor };
        match self.rooms.get(&offer.campaign).and_then(|room| room.refuses(one)) {
            Some((limit, _)) => Err(limit.obstacle()),
            None => Ok(off),
        }
    }

    /// What saves a member most, of those that apply by themselves.
    pub fn best(&self, cart: &Cart, moment: Moment) -> Vec<(&Offer, Discount)> {
        let fit: Vec<&Offer> = self.offers.iter().filter(|offer| self.alone(offer, cart, moment).is_ok()).collect();
        let candidates: Vec<Candidate<'_>> = fit.iter().map(|offer| offer.candidate()).collect();
        named(&fit, best(cart, &candidates, &self.rooms))
    }

    /// All that were asked for, in the order that saves most, or what stands in the way.
    pub fn all(
        &self,
        asked: &[What],
        cart: &Cart,
        moment: Moment,
    ) -> Result<Vec<(&Offer, Discount)>, ReservationRefusal> {
        let offers = asked.iter().map(|what| self.usable(what, moment)).collect::<Result<Vec<_>, _>>()?;
        let candidates: Vec<Candidate<'_>> = offers.iter().map(|offer| offer.candidate()).collect();
        let told = |place: usize| offers.get(place).map(|offer| offer.what.to_string()).unwrap_or_default();
        let chosen = all_of(cart, &candidates, &self.rooms).map_err(|apart| match apart {
            Apart::Two(one, other) => ReservationRefusal::Apart { one: told(one), other: told(other) },
            Apart::One(place, obstacle) => ReservationRefusal::NotApplicable { what: told(place), obstacle },
        })?;
        let chosen = named(&offers, chosen);
        let uses = chosen.iter().map(|(offer, off)| (offer.campaign.as_str(), off.saved_minor));
        for (campaign, wanted) in wanted(uses) {
            if let Some((limit, most)) = self.rooms.get(campaign).and_then(|room| room.refuses(wanted)) {
                return Err(ReservationRefusal::UsedUp { what: campaign.to_owned(), limit, most });
            }
        }
        Ok(chosen)
    }

    fn usable(&self, what: &What, moment: Moment) -> Result<&Offer, ReservationRefusal> {
        let Some(offer) = self.offer(what) else {
            return Err(match what {
                What::Coupon(coupon) => ReservationRefusal::CouponNotFound { coupon: *coupon },
                What::Code(code) => ReservationRefusal::CodeNotFound { code: code.clone() },
            });
        };
        if let (What::Coupon(coupon), Some(state)) = (what, offer.state.filter(|state| *state != CouponState::Issued)) {
            return Err(ReservationRefusal::NotFree { coupon: *coupon, state });
        }
        in_time(&offer.terms, offer.window, moment.now, moment.today)
            .map_err(|obstacle| ReservationRefusal::NotApplicable { what: what.to_string(), obstacle })?;
        match offer.code {
            Some(counter) if !counter.fits(1) => {
                let most = counter.most.unwrap_or(0);
                Err(ReservationRefusal::UsedUp { what: what.to_string(), limit: Limit::CodeUses, most })
            }
            Some(_) | None => Ok(offer),
        }
    }
}

fn named<'a>(offers: &[&'a Offer], chosen: Chosen) -> Vec<(&'a Offer, Discount)> {
    chosen.into_iter().filter_map(|(place, off)| Some((*offers.get(place)?, off))).collect()
}
