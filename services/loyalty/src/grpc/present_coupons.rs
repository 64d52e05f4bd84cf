//! Coupons, codes and reservations as the wire tells them.

use kernel::{Currency, Money};
use proto::common::v1 as common;
use proto::loyalty::v1;
use tonic::{Response, Status};
use wire::{Freshness, Keys, Language, PageToken, Stop};

use super::parse_coupons::{LIST, Page};
use super::refuse_coupons;
use super::wording_coupons::{in_the_way, missing, obstacle};
use crate::benefit::terms::Sort;
use crate::campaign::terms::Kind;
use crate::coupon::standing::State as CouponState;
use crate::coupon::{CouponRefusal, CouponView, IssueReceipt};
use crate::reservation::applying::{Discount, Obstacle};
use crate::reservation::life::{Part, Reservation, State, What};
use crate::reservation::{OneQuoted, Quoted, Receipt};
use crate::savings::{By, Saving, Worth};

pub(super) fn issued(keys: &Keys, receipt: &IssueReceipt) -> v1::IssueCouponResponse {
    v1::IssueCouponResponse {
        coupon: receipt.coupon.map(|coupon| coupon.to_string()).unwrap_or_default(),
        version: receipt.version,
        valid_from_time: Some(proto::timestamp(receipt.valid_from)),
        valid_until_time: receipt.valid_until.map(proto::timestamp),
        freshness: receipt.reached.freshness().seal(keys),
    }
}

pub(super) fn all_issued(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<IssueReceipt, Stop<CouponRefusal>>>,
) -> Result<Response<v1::IssueCouponBatchResponse>, Status> {
    let (mut all, mut told) = (Freshness::default(), Vec::with_capacity(outcomes.len()));
    for outcome in outcomes {
        told.push(match outcome {
            Ok(receipt) => {
                all.merge(receipt.reached.freshness());
                v1::IssueCouponOutcome { receipt: Some(issued(keys, &receipt)), ..v1::IssueCouponOutcome::default() }
            }
            Err(stop) => {
                let refusal = refuse_coupons::item(stop)?;
                v1::IssueCouponOutcome {
                    receipt: None,
                    message: refusal.localized(language),
                    refusal: refusal.reason.to_owned(),
                    detail: refusal.text,
                }
            }
        });
    }
    Ok(Response::new(v1::IssueCouponBatchResponse { outcomes: told, freshness: all.seal(keys) }))
}

pub(super) fn page(keys: &Keys, ask: &Page, page: Vec<CouponView>) -> Response<v1::ListCouponsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().map(|last| last.coupon.number).filter(|last| is_full && *last > 1);
    let next_page_token = last.map_or_else(String::new, |last| {
        PageToken(vec![last.to_string()]).seal(keys, &[LIST, &ask.member.to_string()])
    });
    Response::new(v1::ListCouponsResponse { coupons: page.into_iter().map(coupon).collect(), next_page_token })
}

fn coupon(view: CouponView) -> v1::Coupon {
    let state = match view.state {
        CouponState::Issued => v1::CouponState::Issued,
        CouponState::Reserved => v1::CouponState::Reserved,
        CouponState::Redeemed => v1::CouponState::Redeemed,
        CouponState::Lapsed => v1::CouponState::Lapsed,
    };
    v1::Coupon {
        id: view.coupon.id.to_string(),
        member: view.coupon.member.to_string(),
        campaign: view.coupon.campaign,
        display_name: view.display_name,
        version: view.coupon.version,
        state: state.into(),
        state_time: Some(proto::timestamp(view.since)),
        valid_from_time: Some(proto::timestamp(view.coupon.window.from)),
        valid_until_time: view.coupon.window.until.map(proto::timestamp),
        issue_time: Some(proto::timestamp(view.coupon.issued_at)),
        reason: view.coupon.reason,
    }
}

pub(super) fn codes(skipped: u32, codes: Vec<String>) -> v1::GenerateCodesResponse {
    v1::GenerateCodesResponse { skipped: i32::try_from(skipped).unwrap_or(i32::MAX), codes }
}

pub(super) fn quoted(language: Language, quoted: Quoted) -> Response<v1::QuoteCouponsResponse> {
    let Quoted { currency, minor_digits, each, best } = quoted;
    let saved = best.iter().fold(0_i64, |sum, (.., off)| sum.saturating_add(off.saved_minor));
    let best = best.into_iter().map(|(what, campaign, version, off)| {
        let (coupon, code) = told(&what);
        discount((coupon, code, campaign, version), currency, off)
    });
    Response::new(v1::QuoteCouponsResponse {
        best: best.collect(),
        saved: Some(money(currency, saved)),
        quotes: each.into_iter().map(|one| quote(language, one, (currency, minor_digits))).collect(),
    })
}

fn quote(language: Language, one: OneQuoted, money: (Currency, u32)) -> v1::CouponQuote {
    let coupon = one.coupon.map(|coupon| coupon.to_string()).unwrap_or_default();
    let code = one.code.unwrap_or_default();
    let (campaign, display_name, version) = one.campaign.unwrap_or_default();
    let (discount, obstacle) = match one.outcome {
        Ok(off) => (Some(discount((coupon.clone(), code.clone(), campaign.clone(), version), money.0, off)), None),
        Err(why) => (None, Some(in_way(language, &why, money))),
    };
    v1::CouponQuote { coupon, code, campaign, display_name, discount, obstacle }
}

fn in_way(language: Language, why: &Obstacle, money: (Currency, u32)) -> v1::CouponObstacle {
    v1::CouponObstacle {
        kind: obstacle(why).into(),
        missing_minor: missing(why),
        message: in_the_way(language, why, money),
    }
}

/// The coupon or the code; the other is empty.
fn told(what: &What) -> (String, String) {
    match what {
        What::Coupon(coupon) => (coupon.to_string(), String::new()),
        What::Code(code) => (String::new(), code.clone()),
    }
}

fn discount(
    (coupon, code, campaign, version): (String, String, String, i32),
    currency: Currency,
    off: Discount,
) -> v1::CouponDiscount {
    v1::CouponDiscount {
        coupon,
        code,
        campaign,
        version,
        saved: Some(money(currency, off.saved_minor)),
        line_minor: off.line_minor,
        delivery_minor: off.delivery_minor,
        gift_product: off.gift.unwrap_or_default(),
    }
}

pub(super) fn money(currency: Currency, minor: i64) -> common::Money {
    Money { currency, minor }.into()
}

pub(super) fn reserved(keys: &Keys, receipt: Receipt) -> Response<v1::ReserveCouponsResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::ReserveCouponsResponse { reservation: Some(reservation(receipt.reservation)), freshness })
}

pub(super) fn redeemed(keys: &Keys, receipt: Receipt) -> Response<v1::RedeemReservationResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::RedeemReservationResponse { reservation: Some(reservation(receipt.reservation)), freshness })
}

pub(super) fn cancelled(keys: &Keys, receipt: Receipt) -> Response<v1::CancelReservationResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::CancelReservationResponse { reservation: Some(reservation(receipt.reservation)), freshness })
}

fn reservation(found: Reservation) -> v1::CouponReservation {
    let state = match found.state {
        State::Reserved => v1::ReservationState::Reserved,
        State::Redeemed => v1::ReservationState::Redeemed,
        State::Cancelled => v1::ReservationState::Cancelled,
        State::Lapsed => v1::ReservationState::Lapsed,
        State::Returned => v1::ReservationState::Returned,
    };
    v1::CouponReservation {
        id: found.id.to_string(),
        member: found.member.to_string(),
        order: Some(v1::OrderKey { source: found.order.source.clone(), external_id: found.order.number.clone() }),
        state: state.into(),
        state_time: Some(proto::timestamp(found.state_at)),
        lapse_time: Some(proto::timestamp(found.lapses_at)),
        saved: Some(money(found.currency, found.saved_minor())),
        discounts: found.parts.into_iter().map(|part| taken(part, found.currency)).collect(),
    }
}

fn taken(part: Part, currency: Currency) -> v1::CouponDiscount {
    let (coupon, code) = told(&part.what);
    let off = Discount {
        saved_minor: part.saved_minor,
        line_minor: part.line_minor,
        delivery_minor: part.delivery_minor,
        gift: part.gift,
    };
    discount((coupon, code, part.campaign, part.version), currency, off)
}

pub(super) fn savings(savings: &[Saving], fee: Option<Money>) -> Response<v1::GetSavingsResponse> {
    let told = savings.iter().map(|one| v1::Saving {
        kind: saved_by(one.by).into(),
        uses: one.uses,
        saved: Some(one.saved.into()),
    });
    let membership = fee.map(|fee| {
        let worth = Worth::of(savings, fee);
        v1::MembershipWorth {
            fee: Some(fee.into()),
            saved: Some(money(fee.currency, worth.saved_minor)),
            net: Some(money(fee.currency, worth.net_minor())),
            paid_for_itself: worth.net_minor() >= 0,
        }
    });
    Response::new(v1::GetSavingsResponse { savings: told.collect(), membership })
}

const fn saved_by(by: By) -> v1::SavingKind {
    match by {
        By::Coupon(Kind::AmountOff) => v1::SavingKind::AmountOff,
        By::Coupon(Kind::PercentOff) => v1::SavingKind::PercentOff,
        By::Coupon(Kind::Gift) => v1::SavingKind::Gift,
        By::Coupon(Kind::FreeDelivery) => v1::SavingKind::FreeDelivery,
        By::Reward => v1::SavingKind::Reward,
        By::Benefit(Sort::Price) => v1::SavingKind::MemberPrice,
        By::Benefit(Sort::Delivery) => v1::SavingKind::MemberDelivery,
        By::Benefit(Sort::Extra) => v1::SavingKind::MemberExtra,
    }
}
