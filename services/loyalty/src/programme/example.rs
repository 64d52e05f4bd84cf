//! A programme for tests: NT$ 50 a point, points keep to the end of the month a year later, three tiers.

use kernel::{Currency, Rounding};

use super::occasions::Birthdays;
use super::terms::{
    DeficitPolicy, Demotion, EarnBasis, EarnRate, Expiry, Ladder, MAIN, Metric, Programme, Renewal, Terms, Tier,
    Window, Zone,
};

pub(crate) fn signature() -> Terms {
    let twd = Currency::parse("TWD").expect("listed");
    let tier = |code: &str, name: &str, enter_minor, keep_minor, multiplier_percent| Tier {
        code: code.to_owned(),
        display_name: name.to_owned(),
        enter_minor,
        keep_minor,
        multiplier_percent,
        ..Tier::default()
    };
    let programme = Programme {
        display_name: "Signature".to_owned(),
        zone: Zone::parse("Asia/Taipei").expect("known"),
        rates: vec![EarnRate {
            currency: twd,
            points: 1,
            per_minor: 50,
            rounding: Rounding::Floor,
            basis: EarnBasis::NetOfPoints,
        }],
        expiry: Expiry::After { months: 12, days: 0, to_month_end: true },
        ladder: Some(Ladder {
            code: MAIN.to_owned(),
            metric: Metric::Spend,
            tiers: vec![
                tier("member", "Member", 0, 0, 100),
                tier("silver", "Silver", 10_000, 8_000, 120),
                tier("gold", "Gold", 30_000, 24_000, 150),
            ],
            window: Window::RollingMonths(12),
            term_months: 12,
            demotion: Demotion::ToWhatIsMet,
            currency: Some(twd),
            carry_over: false,
            grace_days: 0,
            notice_days: 0,
            renewal: Renewal::AtReview,
        }),
        further_ladders: Vec::new(),
        grace_days: 14,
        deficit: DeficitPolicy::Unlimited,
        pending: None,
        rules: Vec::new(),
        occasions: Vec::new(),
        birthdays: Birthdays::default(),
        wallets: Vec::new(),
        transfers: None,
    };
    Terms { number: 1, effective_at: "2020-01-01T00:00:00Z".parse().expect("an instant"), terms: programme }
}
