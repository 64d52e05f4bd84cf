//! The programme as the wire tells it.

use kernel::{Rounding, TenantId};
use proto::loyalty::v1;
use terms::TermsPut;
use tonic::Response;
use wire::Keys;

use super::{present_occasions, present_rules, present_tiers, present_transfers};
use crate::programme::terms::{DeficitPolicy, EarnBasis, EarnRate, Expiry, Pending, PendingFrom, Slide, Terms};
use crate::programme::wallets::Wallet;

pub(super) fn put(keys: &Keys, tenant: TenantId, put: &TermsPut) -> Response<v1::PutProgrammeResponse> {
    Response::new(v1::PutProgrammeResponse {
        version: put.version,
        freshness: put.freshness(crate::SERVICE, tenant).seal(keys),
    })
}

pub(super) fn terms(version: Terms) -> Response<v1::GetProgrammeResponse> {
    let terms = version.terms;
    let programme = v1::Programme {
        version: version.number,
        effective_time: Some(proto::timestamp(version.effective_at)),
        display_name: terms.display_name,
        zone: terms.zone.name().to_owned(),
        earn_rates: terms.rates.into_iter().map(rate).collect(),
        expiry: Some(v1::ExpiryPolicy { policy: Some(expiry(terms.expiry)) }),
        ladder: terms.ladder.map(present_tiers::ladder),
        further_ladders: terms.further_ladders.into_iter().map(present_tiers::ladder).collect(),
        grace_days: Some(terms.grace_days),
        deficit: deficit(terms.deficit).into(),
        pending: terms.pending.map(pending),
        earn_rules: terms.rules.into_iter().map(present_rules::rule).collect(),
        wallets: terms.wallets.into_iter().map(wallet).collect(),
        occasion_rules: terms.occasions.into_iter().map(present_occasions::rule).collect(),
        birthdays: present_occasions::birthdays(terms.birthdays),
        transfers: terms.transfers.map(present_transfers::policy),
    };
    Response::new(v1::GetProgrammeResponse { programme: Some(programme) })
}

const fn deficit(deficit: DeficitPolicy) -> v1::DeficitPolicy {
    match deficit {
        DeficitPolicy::OnlyPending => v1::DeficitPolicy::OnlyPending,
        DeficitPolicy::WithinBalance => v1::DeficitPolicy::WithinBalance,
        DeficitPolicy::Unlimited => v1::DeficitPolicy::Unlimited,
    }
}

fn wallet(wallet: Wallet) -> v1::Wallet {
    v1::Wallet {
        code: wallet.code.to_string(),
        display_name: wallet.display_name,
        earn_rates: wallet.rates.into_iter().map(rate).collect(),
        expiry: Some(v1::ExpiryPolicy { policy: Some(expiry(wallet.expiry)) }),
        grace_days: Some(wallet.grace_days),
        deficit: deficit(wallet.deficit).into(),
        pending: wallet.pending.map(pending),
        transfers: wallet.transfers.map(present_transfers::policy),
    }
}

fn pending(pending: Pending) -> v1::PendingPolicy {
    let from = match pending.from {
        PendingFrom::Order => v1::PendingFrom::Order,
        PendingFrom::Receipt => v1::PendingFrom::Receipt,
    };
    v1::PendingPolicy { days: pending.days, from: from.into() }
}

fn rate(rate: EarnRate) -> v1::EarnRate {
    let rounding = match rate.rounding {
        Rounding::Floor => v1::Rounding::Floor,
        Rounding::HalfUp => v1::Rounding::HalfUp,
        Rounding::HalfEven => v1::Rounding::HalfEven,
    };
    let basis = match rate.basis {
        EarnBasis::Gross => v1::EarnBasis::Gross,
        EarnBasis::Net => v1::EarnBasis::Net,
        EarnBasis::NetOfPoints => v1::EarnBasis::NetOfPoints,
        EarnBasis::NetWithoutTax => v1::EarnBasis::NetWithoutTax,
    };
    v1::EarnRate {
        currency_code: rate.currency.to_string(),
        points: rate.points,
        per_minor: rate.per_minor,
        rounding: rounding.into(),
        basis: basis.into(),
    }
}

fn expiry(expiry: Expiry) -> v1::expiry_policy::Policy {
    match expiry {
        Expiry::Never => v1::expiry_policy::Policy::Never(v1::NeverLapse {}),
        Expiry::After { months, days, to_month_end } => {
            v1::expiry_policy::Policy::After(v1::LapseAfter { months, days, to_month_end })
        }
        Expiry::Inactivity(Slide { months, days }) => {
            v1::expiry_policy::Policy::Inactivity(v1::LapseAfterInactivity { months, days })
        }
        Expiry::PeriodEnd { last_month, years_after } => v1::expiry_policy::Policy::PeriodEnd(v1::LapseAtPeriodEnd {
            last_month: i32::from(last_month),
            years_after,
        }),
    }
}
