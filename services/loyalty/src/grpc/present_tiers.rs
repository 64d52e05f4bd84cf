//! Tiers as the wire tells them.

use proto::loyalty::v1;
use tonic::Response;
use wire::{Keys, Language, PageToken};

use super::parse::PageLook;
use super::parse_tiers::CountingLook;
use super::present::{decision, freshness, time};
use super::wording;
use crate::account::holdings::{TierChange, TierChangeKind};
use crate::account::qualification::Counted;
use crate::account::tier::Source;
use crate::account::{AssignedView, QualificationView, Qualifications, Receipt, StandingView, TierThen, TierView};
use crate::programme::terms::{Demotion, Gift, Ladder, Metric, Renewal, Tier, Window};

pub(super) fn ladder(ladder: Ladder) -> v1::TierLadder {
    use v1::qualification_window::Window as WireWindow;
    let window = match ladder.window {
        Window::RollingMonths(months) => WireWindow::RollingMonths(months),
        Window::CalendarYear => WireWindow::CalendarYear(v1::CalendarYear {}),
        Window::MemberYear => WireWindow::MemberYear(v1::MemberYear {}),
        Window::SinceJoining => WireWindow::SinceJoining(v1::SinceJoining {}),
    };
    let demotion = match ladder.demotion {
        Demotion::None => v1::DemotionPolicy::None,
        Demotion::OneStep => v1::DemotionPolicy::OneStep,
        Demotion::ToWhatIsMet => v1::DemotionPolicy::ToWhatIsMet,
    };
    let renewal = match ladder.renewal {
        Renewal::AtReview => v1::RenewalPolicy::AtReview,
        Renewal::Restarts => v1::RenewalPolicy::Restarts,
        Renewal::Appends => v1::RenewalPolicy::Appends,
    };
    v1::TierLadder {
        code: ladder.code,
        tiers: ladder.tiers.into_iter().map(tier).collect(),
        metric: metric(ladder.metric).into(),
        window: Some(v1::QualificationWindow { window: Some(window) }),
        term_months: ladder.term_months,
        demotion: demotion.into(),
        currency_code: ladder.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        carry_over: ladder.carry_over,
        grace_days: ladder.grace_days,
        notice_days: ladder.notice_days,
        renewal: renewal.into(),
    }
}

fn tier(tier: Tier) -> v1::Tier {
    let gift = |gift: Gift| {
        let told = gift != Gift::default();
        told.then(|| v1::TierGift { points: gift.points, campaign: gift.campaign.unwrap_or_default() })
    };
    v1::Tier {
        code: tier.code,
        display_name: tier.display_name,
        enter_minor: tier.enter_minor,
        keep_minor: tier.keep_minor,
        multiplier_percent: i32::try_from(tier.multiplier_percent).unwrap_or(i32::MAX),
        invitation_only: tier.invitation_only,
        benefits: tier.benefits,
        promotion_gift: gift(tier.promotion_gift),
        retention_gift: gift(tier.retention_gift),
    }
}

const fn metric(metric: Metric) -> v1::QualificationMetric {
    match metric {
        Metric::Spend => v1::QualificationMetric::Spend,
        Metric::Orders => v1::QualificationMetric::Orders,
        Metric::PointsEarned => v1::QualificationMetric::PointsEarned,
        Metric::Granted => v1::QualificationMetric::Granted,
    }
}

pub(super) fn standing(view: StandingView) -> v1::TierStanding {
    let next_by_time = view.next.as_ref().and_then(|next| next.by).and_then(time);
    let (next_tier, next_display_name, missing_to_next_minor) =
        view.next.map_or_else(Default::default, |next| (next.tier, next.display_name, next.missing_minor));
    v1::TierStanding {
        tier: view.tier,
        display_name: view.display_name,
        since_time: time(view.since),
        review_time: view.review_at.and_then(time),
        progress_minor: view.progress_minor,
        missing_to_keep_minor: view.missing_to_keep_minor,
        next_tier,
        next_display_name,
        missing_to_next_minor,
        currency_code: view.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        ladder: view.ladder,
        metric: metric(view.metric).into(),
        next_by_time,
        keep_by_time: view.keep_by.and_then(time),
        in_grace: view.in_grace,
        benefits: view.benefits,
        assignment: view.assigned.map(assignment),
        carried_minor: view.carried_minor,
    }
}

fn assignment(view: AssignedView) -> v1::TierAssignment {
    v1::TierAssignment {
        tier: view.tier,
        since_time: time(view.since),
        until_time: view.until.and_then(time),
        reason: view.reason,
        tier_without: view.without,
    }
}

pub(super) fn explained(language: Language, view: TierView) -> Response<v1::ExplainTierResponse> {
    let decision = decision(language, wording::of_tier(&view.standing), view.decision);
    Response::new(v1::ExplainTierResponse {
        standing: Some(standing(view.standing)),
        decision: Some(decision),
        last_change: view.last_change.map(change),
    })
}

pub(super) fn changes(keys: &Keys, ask: &PageLook, page: Vec<TierChange>) -> Response<v1::ListTierChangesResponse> {
    let next_page_token = ask.next(keys, page.len(), page.last().map(|last| last.number));
    Response::new(v1::ListTierChangesResponse { changes: page.into_iter().map(change).collect(), next_page_token })
}

fn change(change: TierChange) -> v1::TierChange {
    let kind = match change.kind {
        TierChangeKind::Promoted => v1::TierChangeKind::Promoted,
        TierChangeKind::Retained => v1::TierChangeKind::Retained,
        TierChangeKind::Demoted => v1::TierChangeKind::Demoted,
        TierChangeKind::Renewed => v1::TierChangeKind::Renewed,
        TierChangeKind::Assigned => v1::TierChangeKind::Assigned,
        TierChangeKind::Released => v1::TierChangeKind::Released,
        TierChangeKind::Shortened => v1::TierChangeKind::Shortened,
        TierChangeKind::Imported => v1::TierChangeKind::Imported,
    };
    v1::TierChange {
        kind: kind.into(),
        from_tier: change.from,
        to_tier: change.to,
        cause: change.cause,
        occur_time: time(change.occurred_at),
        progress_minor: change.progress_minor,
        programme_version: change.programme_version,
        ladder: change.ladder,
        reason: change.reason,
        actor: change.actor,
    }
}

pub(super) fn assigned(keys: &Keys, receipt: Receipt) -> Response<v1::AssignTierResponse> {
    let freshness = freshness(&receipt).seal(keys);
    let tier = receipt.tier.unwrap_or_default();
    Response::new(v1::AssignTierResponse { ladder: tier.ladder, from_tier: tier.from, to_tier: tier.to, freshness })
}

pub(super) fn released(keys: &Keys, receipt: Receipt) -> Response<v1::ReleaseTierResponse> {
    let freshness = freshness(&receipt).seal(keys);
    let tier = receipt.tier.unwrap_or_default();
    Response::new(v1::ReleaseTierResponse { ladder: tier.ladder, from_tier: tier.from, to_tier: tier.to, freshness })
}

pub(super) fn qualified(keys: &Keys, receipt: Receipt) -> Response<v1::GrantQualificationResponse> {
    let freshness = freshness(&receipt).seal(keys);
    let tier = receipt.tier.unwrap_or_default();
    Response::new(v1::GrantQualificationResponse {
        ladder: tier.ladder,
        progress_minor: tier.progress_minor,
        from_tier: tier.from,
        to_tier: tier.to,
        freshness,
    })
}

pub(super) fn counting(
    keys: &Keys,
    ask: &CountingLook,
    found: Qualifications,
) -> Response<v1::ListQualificationsResponse> {
    let behind = ask.behind.saturating_add(i64::try_from(found.page.len()).unwrap_or(i64::MAX));
    let next_page_token =
        if found.more { PageToken(vec![behind.to_string()]).seal(keys, &ask.list()) } else { String::new() };
    Response::new(v1::ListQualificationsResponse {
        qualifications: found.page.into_iter().map(qualification).collect(),
        next_page_token,
        ladder: found.ladder,
        metric: metric(found.metric).into(),
        currency_code: found.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        progress_minor: found.progress_minor,
    })
}

fn qualification(view: QualificationView) -> v1::Qualification {
    let Counted { source, units, occurred_at } = view.counted;
    let (order, cause) = match source {
        Source::Order(order) => (order.to_string(), String::new()),
        Source::Credit(cause) => (String::new(), cause),
    };
    v1::Qualification {
        order,
        cause,
        units,
        occur_time: time(occurred_at),
        counts_until_time: view.counts_until.and_then(time),
        reason: view.reason,
    }
}

pub(super) fn then(tiers: Vec<TierThen>) -> Response<v1::GetTierAtResponse> {
    let then = |tier: TierThen| v1::TierThen {
        ladder: tier.ladder,
        tier: tier.tier,
        display_name: tier.display_name,
        decided_by: tier.decided_by.map(change),
    };
    Response::new(v1::GetTierAtResponse { tiers: tiers.into_iter().map(then).collect() })
}
