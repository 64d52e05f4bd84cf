//! What members brought along, as the wire tells it.

use proto::loyalty::v1;
use tonic::{Response, Status};
use wire::{Freshness, Keys, Language, Stop};

use super::newcomers::Outcome;
use super::present::{each, freshness, redeemed, time};
use super::refuse_coupons;
use crate::account::Receipt;
use crate::coupon::{CouponRefusal, IssueReceipt};

pub(super) fn lots(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Outcome>,
) -> Result<Response<v1::ImportOpeningLotsResponse>, Status> {
    let done = |receipt| v1::OpeningLotOutcome {
        receipt: Some(lot(keys, language, receipt)),
        ..v1::OpeningLotOutcome::default()
    };
    let refused = |refusal: wire::Refusal| v1::OpeningLotOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all) = each(outcomes, done, refused)?;
    Ok(Response::new(v1::ImportOpeningLotsResponse { outcomes, freshness: all.seal(keys) }))
}

fn lot(keys: &Keys, language: Language, receipt: Receipt) -> v1::OpeningLotReceipt {
    let (points, lapse_time) = (receipt.points, receipt.lapses_at.and_then(time));
    let told = redeemed(keys, language, receipt);
    v1::OpeningLotReceipt {
        entry: told.entry,
        spendable: told.spendable,
        freshness: told.freshness,
        decision: told.decision,
        points,
        lapse_time,
    }
}

pub(super) fn tiers(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Outcome>,
) -> Result<Response<v1::ImportOpeningTiersResponse>, Status> {
    let done =
        |receipt| v1::OpeningTierOutcome { receipt: Some(tier(keys, receipt)), ..v1::OpeningTierOutcome::default() };
    let refused = |refusal: wire::Refusal| v1::OpeningTierOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all) = each(outcomes, done, refused)?;
    Ok(Response::new(v1::ImportOpeningTiersResponse { outcomes, freshness: all.seal(keys) }))
}

fn tier(keys: &Keys, receipt: Receipt) -> v1::OpeningTierReceipt {
    let freshness = freshness(&receipt).seal(keys);
    let tier = receipt.tier.unwrap_or_default();
    v1::OpeningTierReceipt {
        ladder: tier.ladder,
        from_tier: tier.from,
        to_tier: tier.to,
        review_time: tier.review_at.and_then(time),
        progress_minor: tier.progress_minor,
        freshness,
    }
}

pub(super) fn coupons(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Result<IssueReceipt, Stop<CouponRefusal>>>,
) -> Result<Response<v1::ImportOpeningCouponsResponse>, Status> {
    let (mut all, mut told) = (Freshness::default(), Vec::with_capacity(outcomes.len()));
    for outcome in outcomes {
        told.push(match outcome {
            Ok(receipt) => {
                all.merge(receipt.reached.freshness());
                let receipt = Some(coupon(keys, &receipt));
                v1::OpeningCouponOutcome { receipt, ..v1::OpeningCouponOutcome::default() }
            }
            Err(stop) => {
                let refusal = refuse_coupons::item(stop)?;
                v1::OpeningCouponOutcome {
                    receipt: None,
                    message: refusal.localized(language),
                    refusal: refusal.reason.to_owned(),
                    detail: refusal.text,
                }
            }
        });
    }
    Ok(Response::new(v1::ImportOpeningCouponsResponse { outcomes: told, freshness: all.seal(keys) }))
}

fn coupon(keys: &Keys, receipt: &IssueReceipt) -> v1::OpeningCouponReceipt {
    v1::OpeningCouponReceipt {
        coupon: receipt.coupon.map(|coupon| coupon.to_string()).unwrap_or_default(),
        version: receipt.version,
        valid_from_time: time(receipt.valid_from),
        valid_until_time: receipt.valid_until.and_then(time),
        freshness: receipt.reached.freshness().seal(keys),
    }
}
