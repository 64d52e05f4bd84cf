//! The ladders of a programme, read.

use kernel::Currency;
use proto::loyalty::v1 as wire_v1;
use proto::loyalty::v1::qualification_window::Window as WireWindow;
use wire::Violations;

use super::parse_programme::unknown;
use crate::programme::terms::{Demotion, Gift, Ladder, MAIN, Metric, Renewal, Tier, Window};

const MOST: i64 = 1_000_000_000_000;

/// Points that one gift may give.
const MOST_GIVEN: i64 = 1_000_000_000;

/// Ladders beside the first.
const FURTHER: usize = 7;

/// Benefits of one tier.
const BENEFITS: usize = 50;

/// The first ladder, and those beside it.
pub(super) fn read_ladders(
    bad: &mut Violations,
    programme: &wire_v1::Programme,
) -> Option<(Option<Ladder>, Vec<Ladder>)> {
    let first = match &programme.ladder {
        Some(ladder) => read_ladder(bad, "programme.ladder", ladder).map(Some),
        None => Some(None),
    };
    bad.count("programme.further_ladders", programme.further_ladders.len(), 0..=FURTHER);
    if programme.ladder.is_none() && !programme.further_ladders.is_empty() {
        bad.add("programme.ladder", "is required where there are further ones");
    }
    let mut codes: Vec<&str> = programme.ladder.iter().map(code_of).collect();
    let (mut further, mut complete) = (Vec::new(), true);
    for (place, ladder) in programme.further_ladders.iter().enumerate().take(FURTHER) {
        let at = format!("programme.further_ladders[{place}]");
        if codes.contains(&code_of(ladder)) {
            bad.add(format!("{at}.code"), "is that of another ladder");
        }
        codes.push(code_of(ladder));
        match read_ladder(bad, &at, ladder) {
            Some(ladder) => further.push(ladder),
            None => complete = false,
        }
    }
    Some((first?, Some(further).filter(|_| complete)?))
}

fn code_of(ladder: &wire_v1::TierLadder) -> &str {
    if ladder.code.is_empty() { MAIN } else { &ladder.code }
}

fn read_ladder(bad: &mut Violations, at: &str, ladder: &wire_v1::TierLadder) -> Option<Ladder> {
    let field = |name: &str| format!("{at}.{name}");
    let code = bad.code(&field("code"), code_of(ladder), 1..=40);
    let metric = match wire_v1::QualificationMetric::try_from(ladder.metric) {
        Ok(wire_v1::QualificationMetric::Unspecified | wire_v1::QualificationMetric::Spend) => Some(Metric::Spend),
        Ok(wire_v1::QualificationMetric::Orders) => Some(Metric::Orders),
        Ok(wire_v1::QualificationMetric::PointsEarned) => Some(Metric::PointsEarned),
        Ok(wire_v1::QualificationMetric::Granted) => Some(Metric::Granted),
        Err(_) => unknown(bad, &field("metric")),
    };
    let currency = read_currency(bad, &field("currency_code"), metric, &ladder.currency_code);
    let term = match ladder.term_months {
        0 => Some(12),
        months => bad.number(&field("term_months"), i64::from(months), 1..=120),
    };
    let window = read_window(bad, &field("window"), ladder.window.and_then(|window| window.window));
    let demotion = match wire_v1::DemotionPolicy::try_from(ladder.demotion) {
        Ok(wire_v1::DemotionPolicy::Unspecified | wire_v1::DemotionPolicy::ToWhatIsMet) => Some(Demotion::ToWhatIsMet),
        Ok(wire_v1::DemotionPolicy::None) => Some(Demotion::None),
        Ok(wire_v1::DemotionPolicy::OneStep) => Some(Demotion::OneStep),
        Err(_) => unknown(bad, &field("demotion")),
    };
    let renewal = match wire_v1::RenewalPolicy::try_from(ladder.renewal) {
        Ok(wire_v1::RenewalPolicy::Unspecified | wire_v1::RenewalPolicy::AtReview) => Some(Renewal::AtReview),
        Ok(wire_v1::RenewalPolicy::Restarts) => Some(Renewal::Restarts),
        Ok(wire_v1::RenewalPolicy::Appends) => Some(Renewal::Appends),
        Err(_) => unknown(bad, &field("renewal")),
    };
    let days = |bad: &mut Violations, name: &str, days: i32| bad.number(&field(name), i64::from(days), 0..=366);
    let grace = days(bad, "grace_days", ladder.grace_days);
    let notice = days(bad, "notice_days", ladder.notice_days);
    // The shortest months have 28 days: days of grace end before the next term does.
    if term.zip(grace).is_some_and(|(term, grace)| grace >= term.saturating_mul(28)) {
        bad.add(field("grace_days"), "must be fewer days than the term has");
    }
    let tiers = read_tiers(bad, at, &ladder.tiers);
    Some(Ladder {
        code: code?,
        tiers: tiers?,
        metric: metric?,
        window: window?,
        term_months: i32::try_from(term?).ok()?,
        demotion: demotion?,
        currency: currency?,
        carry_over: ladder.carry_over,
        grace_days: i32::try_from(grace?).ok()?,
        notice_days: i32::try_from(notice?).ok()?,
        renewal: renewal?,
    })
}

/// The currency where money counts; none where it does not.
fn read_currency(bad: &mut Violations, field: &str, metric: Option<Metric>, code: &str) -> Option<Option<Currency>> {
    match (metric?, code) {
        (Metric::Spend, code) => bad.take(field, Currency::parse(code)).map(Some),
        (Metric::Orders | Metric::PointsEarned | Metric::Granted, "") => Some(None),
        (Metric::Orders | Metric::PointsEarned | Metric::Granted, _) => {
            bad.add(field, "must be empty where no money counts");
            None
        }
    }
}

fn read_window(bad: &mut Violations, field: &str, window: Option<WireWindow>) -> Option<Window> {
    match window {
        None => {
            bad.add(field, "is required: rolling_months, calendar_year, member_year or since_joining");
            None
        }
        Some(WireWindow::RollingMonths(months)) => bad
            .number(&format!("{field}.rolling_months"), i64::from(months), 1..=120)
            .map(|_| Window::RollingMonths(months)),
        Some(WireWindow::CalendarYear(_)) => Some(Window::CalendarYear),
        Some(WireWindow::MemberYear(_)) => Some(Window::MemberYear),
        Some(WireWindow::SinceJoining(_)) => Some(Window::SinceJoining),
    }
}

fn read_tiers(bad: &mut Violations, at: &str, tiers: &[wire_v1::Tier]) -> Option<Vec<Tier>> {
    bad.count(&format!("{at}.tiers"), tiers.len(), 1..=20);
    let mut read: Vec<Tier> = Vec::with_capacity(tiers.len());
    let mut complete = true;
    for (place, tier) in tiers.iter().enumerate().take(20) {
        let field = format!("{at}.tiers[{place}]");
        let below = read.iter().rev().find(|below| !below.invitation_only);
        let lowest = place == 0;
        if lowest && tier.enter_minor > 0 {
            bad.add(format!("{field}.enter_minor"), "must be 0 for the lowest tier: everybody begins there");
        }
        if lowest && tier.invitation_only {
            bad.add(format!("{field}.invitation_only"), "must be false for the lowest tier: everybody begins there");
        }
        if tier.invitation_only && tier.enter_minor != 0 {
            bad.add(format!("{field}.enter_minor"), "must be 0 for a tier by invitation: nothing is enough for it");
        }
        if !tier.invitation_only && below.is_some_and(|below| tier.enter_minor <= below.enter_minor) {
            bad.add(format!("{field}.enter_minor"), "must be more than that of the tier below");
        }
        if read.iter().any(|known| known.code == tier.code) {
            bad.add(format!("{field}.code"), "is used twice");
        }
        match read_tier(bad, &field, tier) {
            Some(tier) => read.push(tier),
            None => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_tier(bad: &mut Violations, at: &str, tier: &wire_v1::Tier) -> Option<Tier> {
    let field = |name: &str| format!("{at}.{name}");
    let code = bad.code(&field("code"), &tier.code, 1..=40);
    let display_name = bad.text(&field("display_name"), &tier.display_name, 1..=100);
    let enter = bad.number(&field("enter_minor"), tier.enter_minor, 0..=MOST);
    let keep = bad.number(&field("keep_minor"), tier.keep_minor, 0..=MOST);
    let multiplier = bad.number(&field("multiplier_percent"), i64::from(tier.multiplier_percent), 0..=100_000);
    bad.count(&field("benefits"), tier.benefits.len(), 0..=BENEFITS);
    let mut benefits = Some(Vec::new());
    for (place, benefit) in tier.benefits.iter().enumerate().take(BENEFITS) {
        let benefit = bad.code(&format!("{at}.benefits[{place}]"), benefit, 1..=40);
        benefits = benefits.zip(benefit).map(|(benefits, benefit)| [benefits, vec![benefit]].concat());
    }
    let promotion = read_gift(bad, &field("promotion_gift"), tier.promotion_gift.as_ref());
    let retention = read_gift(bad, &field("retention_gift"), tier.retention_gift.as_ref());
    Some(Tier {
        code: code?,
        display_name: display_name?,
        enter_minor: enter?,
        keep_minor: if keep? == 0 { enter? } else { keep? },
        multiplier_percent: if multiplier? == 0 { 100 } else { multiplier? },
        invitation_only: tier.invitation_only,
        benefits: benefits?,
        promotion_gift: promotion?,
        retention_gift: retention?,
    })
}

fn read_gift(bad: &mut Violations, at: &str, gift: Option<&wire_v1::TierGift>) -> Option<Gift> {
    let Some(gift) = gift else { return Some(Gift::default()) };
    let points = bad.number(&format!("{at}.points"), gift.points, 0..=MOST_GIVEN);
    let campaign = match gift.campaign.as_str() {
        "" => Some(None),
        campaign => bad.code(&format!("{at}.campaign"), campaign, 1..=40).map(Some),
    };
    Some(Gift { points: points?, campaign: campaign? })
}
