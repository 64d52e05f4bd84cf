//! What is promised of points, and of what lies in other wallets, read: the same fields in both places.

use kernel::{Currency, Rounding};
use proto::loyalty::v1 as wire_v1;
use wire::Violations;

use super::parse_programme::unknown;
use super::parse_transfers::read_policy;
use crate::account::wallet::WalletCode;
use crate::programme::terms::{DeficitPolicy, EarnBasis, EarnRate, Expiry, Pending, PendingFrom, Slide};
use crate::programme::transfers::Transfers;
use crate::programme::wallets::{MOST_WALLETS, Wallet};

/// What is promised, as the wire says it.
pub(super) struct Said<'a> {
    rates: &'a [wire_v1::EarnRate],
    /// What a rate gives at least.
    least: i64,
    expiry: Option<&'a wire_v1::ExpiryPolicy>,
    grace_days: Option<i32>,
    deficit: i32,
    pending: Option<&'a wire_v1::PendingPolicy>,
    transfers: Option<&'a wire_v1::TransferPolicy>,
}

impl<'a> Said<'a> {
    /// Of points.
    pub(super) fn of(programme: &'a wire_v1::Programme) -> Self {
        Self {
            rates: &programme.earn_rates,
            least: 1,
            expiry: programme.expiry.as_ref(),
            grace_days: programme.grace_days,
            deficit: programme.deficit,
            pending: programme.pending.as_ref(),
            transfers: programme.transfers.as_ref(),
        }
    }

    /// Of another wallet, in which rules alone may give something.
    fn of_wallet(wallet: &'a wire_v1::Wallet) -> Self {
        Self {
            rates: &wallet.earn_rates,
            least: 0,
            expiry: wallet.expiry.as_ref(),
            grace_days: wallet.grace_days,
            deficit: wallet.deficit,
            pending: wallet.pending.as_ref(),
            transfers: wallet.transfers.as_ref(),
        }
    }
}

/// What is promised.
pub(super) struct Promise {
    pub rates: Vec<EarnRate>,
    pub expiry: Expiry,
    pub grace_days: i32,
    pub deficit: DeficitPolicy,
    pub pending: Option<Pending>,
    pub transfers: Option<Transfers>,
}

pub(super) fn read_promise(bad: &mut Violations, within: &str, said: Said<'_>) -> Option<Promise> {
    let rates = read_rates(bad, within, said.rates, said.least);
    let expiry = read_expiry(bad, within, said.expiry);
    let grace_days = bad.number(&format!("{within}.grace_days"), i64::from(said.grace_days.unwrap_or(14)), 0..=366);
    let deficit = match wire_v1::DeficitPolicy::try_from(said.deficit) {
        Ok(wire_v1::DeficitPolicy::OnlyPending) => Some(DeficitPolicy::OnlyPending),
        Ok(wire_v1::DeficitPolicy::WithinBalance) => Some(DeficitPolicy::WithinBalance),
        Ok(wire_v1::DeficitPolicy::Unspecified | wire_v1::DeficitPolicy::Unlimited) => Some(DeficitPolicy::Unlimited),
        Err(_) => unknown(bad, &format!("{within}.deficit")),
    };
    let pending = match said.pending {
        Some(pending) => read_pending(bad, within, pending).map(Some),
        None => Some(None),
    };
    let transfers = match said.transfers {
        Some(policy) => read_policy(bad, within, policy).map(Some),
        None => Some(None),
    };
    Some(Promise {
        rates: rates?,
        expiry: expiry?,
        grace_days: i32::try_from(grace_days?).ok()?,
        deficit: deficit?,
        pending: pending?,
        transfers: transfers?,
    })
}

pub(super) fn read_wallets(bad: &mut Violations, wallets: &[wire_v1::Wallet]) -> Option<Vec<Wallet>> {
    bad.count("programme.wallets", wallets.len(), 0..=MOST_WALLETS);
    let mut read: Vec<Wallet> = Vec::with_capacity(wallets.len());
    let mut complete = true;
    for (place, wallet) in wallets.iter().enumerate().take(MOST_WALLETS) {
        let within = format!("programme.wallets[{place}]");
        if wallets.iter().take(place).any(|known| known.code == wallet.code) {
            bad.add(format!("{within}.code"), "is used twice");
        }
        match read_wallet(bad, &within, wallet) {
            Some(wallet) => read.push(wallet),
            None => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_wallet(bad: &mut Violations, within: &str, wallet: &wire_v1::Wallet) -> Option<Wallet> {
    let code = wallet_code(bad, &format!("{within}.code"), &wallet.code);
    if wallet.code.is_empty() {
        bad.add(format!("{within}.code"), "is required");
    }
    let display_name = bad.text(&format!("{within}.display_name"), &wallet.display_name, 1..=100);
    let promise = read_promise(bad, within, Said::of_wallet(wallet))?;
    let Promise { rates, expiry, grace_days, deficit, pending, transfers } = promise;
    Some(Wallet { code: code?, display_name: display_name?, rates, expiry, grace_days, deficit, pending, transfers })
}

/// The code of a wallet; points where none is given.
pub(super) fn wallet_code(bad: &mut Violations, field: &str, text: &str) -> Option<WalletCode> {
    bad.take(field, WalletCode::parse(text))
}

fn read_pending(bad: &mut Violations, within: &str, pending: &wire_v1::PendingPolicy) -> Option<Pending> {
    let days = bad.number(&format!("{within}.pending.days"), i64::from(pending.days), 1..=366);
    let from = match wire_v1::PendingFrom::try_from(pending.from) {
        Ok(wire_v1::PendingFrom::Unspecified | wire_v1::PendingFrom::Order) => Some(PendingFrom::Order),
        Ok(wire_v1::PendingFrom::Receipt) => Some(PendingFrom::Receipt),
        Err(_) => unknown(bad, &format!("{within}.pending.from")),
    };
    Some(Pending { days: i32::try_from(days?).ok()?, from: from? })
}

fn read_rates(bad: &mut Violations, within: &str, rates: &[wire_v1::EarnRate], least: i64) -> Option<Vec<EarnRate>> {
    bad.count(&format!("{within}.earn_rates"), rates.len(), 0..=20);
    let mut read: Vec<EarnRate> = Vec::with_capacity(rates.len());
    let mut complete = true;
    for (place, rate) in rates.iter().enumerate().take(20) {
        let field = |name: &str| format!("{within}.earn_rates[{place}].{name}");
        let currency = bad.take(&field("currency_code"), Currency::parse(&rate.currency_code));
        let points = bad.number(&field("points"), rate.points, least..=1_000_000);
        let per_minor = bad.number(&field("per_minor"), rate.per_minor, 1..=1_000_000_000);
        let rounding = match wire_v1::Rounding::try_from(rate.rounding) {
            Ok(wire_v1::Rounding::Unspecified | wire_v1::Rounding::Floor) => Some(Rounding::Floor),
            Ok(wire_v1::Rounding::HalfUp) => Some(Rounding::HalfUp),
            Ok(wire_v1::Rounding::HalfEven) => Some(Rounding::HalfEven),
            Err(_) => unknown(bad, &field("rounding")),
        };
        let basis = match wire_v1::EarnBasis::try_from(rate.basis) {
            Ok(wire_v1::EarnBasis::Gross) => Some(EarnBasis::Gross),
            Ok(wire_v1::EarnBasis::Net) => Some(EarnBasis::Net),
            Ok(wire_v1::EarnBasis::Unspecified | wire_v1::EarnBasis::NetOfPoints) => Some(EarnBasis::NetOfPoints),
            Ok(wire_v1::EarnBasis::NetWithoutTax) => Some(EarnBasis::NetWithoutTax),
            Err(_) => unknown(bad, &field("basis")),
        };
        if currency.is_some_and(|currency| read.iter().any(|known| known.currency == currency)) {
            bad.add(field("currency_code"), "has a rate already");
        }
        match (currency, points, per_minor, rounding, basis) {
            (Some(currency), Some(points), Some(per_minor), Some(rounding), Some(basis)) => {
                read.push(EarnRate { currency, points, per_minor, rounding, basis });
            }
            _ => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_expiry(bad: &mut Violations, within: &str, expiry: Option<&wire_v1::ExpiryPolicy>) -> Option<Expiry> {
    use wire_v1::expiry_policy::Policy;
    let field = |name: &str| format!("{within}.expiry{name}");
    match expiry.and_then(|expiry| expiry.policy.as_ref()) {
        None => {
            bad.add(field(""), "is required: never, after, period_end or inactivity");
            None
        }
        Some(Policy::Never(_)) => Some(Expiry::Never),
        Some(Policy::After(after)) => {
            let months = bad.number(&field(".after.months"), i64::from(after.months), 0..=1_200);
            let days = bad.number(&field(".after.days"), i64::from(after.days), 0..=36_600);
            months.zip(days)?;
            Some(Expiry::After { months: after.months, days: after.days, to_month_end: after.to_month_end })
        }
        Some(Policy::Inactivity(kept)) => {
            let months = bad.number(&field(".inactivity.months"), i64::from(kept.months), 0..=1_200);
            let days = bad.number(&field(".inactivity.days"), i64::from(kept.days), 0..=36_600);
            if (kept.months, kept.days) == (0, 0) {
                bad.add(field(".inactivity"), "needs months or days");
            }
            months.zip(days)?;
            Some(Expiry::Inactivity(Slide { months: kept.months, days: kept.days }))
        }
        Some(Policy::PeriodEnd(end)) => {
            let month = bad.number(&field(".period_end.last_month"), i64::from(end.last_month), 0..=12);
            let years = bad.number(&field(".period_end.years_after"), i64::from(end.years_after), 0..=100);
            years?;
            let last_month = i8::try_from(month?).ok().map(|month| if month == 0 { 12 } else { month })?;
            Some(Expiry::PeriodEnd { last_month, years_after: end.years_after })
        }
    }
}
