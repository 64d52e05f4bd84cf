//! What campaigns, coupons, codes and reservations say no to, as the wire tells it.

use jiff::Timestamp;
use kernel::MemberId;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, failure, stopped};

use super::refuse_openings;
use super::wording_coupons::{missing, obstacle};
use crate::campaign::CampaignRefusal;
use crate::codes::CodesRefusal;
use crate::coupon::CouponRefusal;
use crate::reservation::ReservationRefusal;
use crate::reservation::life::OrderKey;
use crate::reservation::limits::Limit;

pub(super) fn campaign(stop: Stop<CampaignRefusal>) -> Status {
    stopped(stop, campaign_refusal)
}

pub(super) fn codes(stop: Stop<CodesRefusal>) -> Status {
    stopped(stop, codes_refusal)
}

pub(super) fn coupon(stop: Stop<CouponRefusal>) -> Status {
    stopped(stop, coupon_refusal)
}

pub(super) fn reservation(stop: Stop<ReservationRefusal>) -> Status {
    stopped(stop, reservation_refusal)
}

/// Why one item of a batch was refused. Failures spoil the whole call, and so does what holds for all items.
pub(super) fn item(stop: Stop<CouponRefusal>) -> Result<Refusal, Status> {
    match stop {
        Stop::Refused(_) | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } => {
            wire::refusal(stop, coupon_refusal).map_err(failure)
        }
        Stop::TenantSuspended | Stop::Failed(_) => Err(coupon(stop)),
    }
}

fn campaign_refusal(refusal: CampaignRefusal) -> Refusal {
    match refusal {
        CampaignRefusal::NotFound { campaign } => no_campaign(campaign),
        CampaignRefusal::Fixed { campaign, field } => Refusal {
            reason: "CAMPAIGN_FIXED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{field} of the campaign {campaign} does not change"),
            facts: vec![("campaign", campaign), ("field", field.to_owned())],
        },
        CampaignRefusal::CodeTaken { code, campaign } => Refusal {
            reason: "COUPON_CODE_TAKEN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("the code {code} is that of the campaign {campaign}"),
            facts: vec![("code", code), ("campaign", campaign)],
        },
    }
}

fn codes_refusal(refusal: CodesRefusal) -> Refusal {
    match refusal {
        CodesRefusal::CampaignNotFound { campaign } => no_campaign(campaign),
        CodesRefusal::NotUnique { campaign } => Refusal {
            reason: "NO_UNIQUE_CODES",
            kind: RefusalKind::FailedPrecondition,
            text: format!("the campaign {campaign} has no codes that are used once each"),
            facts: vec![("campaign", campaign)],
        },
        CodesRefusal::Over { campaign, until } => over(campaign, until),
    }
}

pub(super) fn coupon_refusal(refusal: CouponRefusal) -> Refusal {
    match refusal {
        CouponRefusal::MemberNotFound { member } => no_member(member),
        CouponRefusal::CampaignNotFound { campaign } => no_campaign(campaign),
        CouponRefusal::Over { campaign, until } => over(campaign, until),
        CouponRefusal::AlreadyBrought { reference, coupon } => refuse_openings::known(&reference, coupon.to_string()),
        CouponRefusal::BroughtDiffers { reference, field, coupon } => {
            refuse_openings::differs(reference, field, coupon.to_string())
        }
        CouponRefusal::BroughtOver { until } => refuse_openings::over("valid_until_time", until),
        CouponRefusal::TooManyHeld { campaign, held, most } => Refusal {
            reason: "TOO_MANY_HELD",
            kind: RefusalKind::FailedPrecondition,
            text: format!("the member holds {held} unused coupons of {campaign}, and {most} is the most"),
            facts: vec![("campaign", campaign), ("held", held.to_string()), ("most", most.to_string())],
        },
    }
}

fn reservation_refusal(refusal: ReservationRefusal) -> Refusal {
    match refusal {
        ReservationRefusal::MemberNotFound { member } => no_member(member),
        ReservationRefusal::CouponNotFound { coupon } => Refusal {
            reason: "COUPON_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the member has no coupon {coupon}"),
            facts: vec![("coupon", coupon.to_string())],
        },
        ReservationRefusal::CodeNotFound { code } => Refusal {
            reason: "COUPON_CODE_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no code {code}"),
            facts: vec![("code", code)],
        },
        ReservationRefusal::NotFree { coupon, state } => Refusal {
            reason: "COUPON_NOT_FREE",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{coupon} is {}", state.name()),
            facts: vec![("what", coupon.to_string()), ("state", state.name().to_owned())],
        },
        ReservationRefusal::NotApplicable { what, obstacle: why } => {
            let kind = obstacle(&why).as_str_name().trim_start_matches("COUPON_OBSTACLE_KIND_").to_owned();
            Refusal {
                reason: "COUPON_NOT_APPLICABLE",
                kind: RefusalKind::FailedPrecondition,
                text: format!("{what} does not apply: {kind}"),
                facts: vec![("what", what), ("obstacle", kind), ("missing", missing(&why).to_string())],
            }
        }
        ReservationRefusal::Apart { one, other } => Refusal {
            reason: "COUPONS_DO_NOT_COMBINE",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{one} and {other} cannot be used for one order"),
            facts: vec![("one", one), ("other", other)],
        },
        ReservationRefusal::UsedUp { what, limit, most } => Refusal {
            reason: "COUPON_USED_UP",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{what} has been used up: {} is {most}", named(limit)),
            facts: vec![("what", what), ("limit", named(limit).to_owned()), ("most", most.to_string())],
        },
        ReservationRefusal::NotFound { order } => Refusal {
            reason: "RESERVATION_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: "nothing is put aside for this order of this member".to_owned(),
            facts: vec![of_order(&order)],
        },
        ReservationRefusal::Over { order, state } => Refusal {
            reason: "RESERVATION_OVER",
            kind: RefusalKind::FailedPrecondition,
            text: format!("what was put aside for this order is {}", state.name()),
            facts: vec![of_order(&order), ("state", state.name().to_owned())],
        },
        ReservationRefusal::OrderReserved { order, reservation } => Refusal {
            reason: "ORDER_RESERVED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("something else is put aside for this order: {reservation}"),
            facts: vec![of_order(&order), ("reservation", reservation.to_string())],
        },
    }
}

const fn named(limit: Limit) -> &'static str {
    match limit {
        Limit::CampaignUses => "CAMPAIGN_USES",
        Limit::CampaignBudget => "CAMPAIGN_BUDGET",
        Limit::CodeUses => "CODE_USES",
        Limit::MemberUses => "MEMBER_USES",
    }
}

pub(super) fn of_order(order: &OrderKey) -> (&'static str, String) {
    ("order", order.to_string())
}

pub(super) fn no_member(member: MemberId) -> Refusal {
    Refusal {
        reason: "MEMBER_NOT_FOUND",
        kind: RefusalKind::NotFound,
        text: "no member has this id".to_owned(),
        facts: vec![("member", member.to_string())],
    }
}

fn no_campaign(campaign: String) -> Refusal {
    Refusal {
        reason: "CAMPAIGN_NOT_FOUND",
        kind: RefusalKind::NotFound,
        text: format!("there is no campaign {campaign}, or not this version of it"),
        facts: vec![("campaign", campaign)],
    }
}

fn over(campaign: String, until: Timestamp) -> Refusal {
    Refusal {
        reason: "CAMPAIGN_OVER",
        kind: RefusalKind::FailedPrecondition,
        text: format!("the campaign {campaign} has been over since {until}"),
        facts: vec![("campaign", campaign), ("until", until.to_string())],
    }
}
