//! Terms with everything said that a file may leave out: what two programmes are compared by.

use super::terms::{Expiry, Gift, Ladder, Terms, Tier, Wallet};

/// Where a file says nothing of them.
const GRACE_DAYS: i32 = 14;

/// The terms as the suite keeps them. What is no promise, the version and from when it rules, is left out.
pub(super) fn settled(terms: Terms) -> Terms {
    // A field that is added has to be looked at here: it may have a default, too.
    let Terms {
        version: _,
        display_name,
        effective_time: _,
        zone,
        earn_rates,
        expiry,
        grace_days,
        deficit,
        pending,
        ladder,
        further_ladders,
        earn_rules,
        wallets,
        occasion_rules,
        birthdays,
        transfers,
    } = terms;
    Terms {
        version: None,
        display_name,
        effective_time: None,
        zone,
        earn_rates,
        expiry: expiry_settled(expiry),
        grace_days: Some(grace_days.unwrap_or(GRACE_DAYS)),
        deficit,
        pending,
        ladder: ladder.map(ladder_settled),
        further_ladders: further_ladders.into_iter().map(ladder_settled).collect(),
        earn_rules,
        wallets: wallets.into_iter().map(wallet_settled).collect(),
        occasion_rules,
        birthdays,
        transfers,
    }
}

fn expiry_settled(expiry: Expiry) -> Expiry {
    match expiry {
        Expiry::PeriodEnd { last_month: 0, years_after } => Expiry::PeriodEnd { last_month: 12, years_after },
        Expiry::Never | Expiry::After { .. } | Expiry::Inactivity { .. } | Expiry::PeriodEnd { .. } => expiry,
    }
}

fn wallet_settled(wallet: Wallet) -> Wallet {
    let Wallet { code, display_name, earn_rates, expiry, grace_days, deficit, pending, transfers } = wallet;
    let grace_days = Some(grace_days.unwrap_or(GRACE_DAYS));
    Wallet { code, display_name, earn_rates, expiry: expiry_settled(expiry), grace_days, deficit, pending, transfers }
}

fn ladder_settled(ladder: Ladder) -> Ladder {
    // Of these, the code, the months of a term and the tiers have a default.
    let Ladder {
        code,
        metric,
        currency,
        window,
        term_months,
        demotion,
        carry_over,
        grace_days,
        notice_days,
        renewal,
        tiers,
    } = ladder;
    let code = if code.is_empty() { "main".to_owned() } else { code };
    let (term_months, tiers) = (or(term_months, 12), tiers.into_iter().map(tier_settled).collect());
    Ladder {
        code,
        metric,
        currency,
        window,
        term_months,
        demotion,
        carry_over,
        grace_days,
        notice_days,
        renewal,
        tiers,
    }
}

fn tier_settled(tier: Tier) -> Tier {
    let keep_minor = if tier.keep_minor == 0 { tier.enter_minor } else { tier.keep_minor };
    let gift = |gift: Option<Gift>| gift.filter(|gift| gift.points > 0 || !gift.campaign.is_empty());
    Tier {
        keep_minor,
        multiplier_percent: or(tier.multiplier_percent, 100),
        promotion_gift: gift(tier.promotion_gift),
        retention_gift: gift(tier.retention_gift),
        ..tier
    }
}

fn or(told: i32, otherwise: i32) -> i32 {
    if told == 0 { otherwise } else { told }
}
