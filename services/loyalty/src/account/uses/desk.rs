//! Whose uses a batch has to know.

use std::collections::{BTreeSet, HashMap};

use kernel::TenantId;

use crate::account::desk::{Ask, Whose};
use crate::programme::terms::{TenantTerms, has_limits};

/// Of whom orders, returns, occasions, or grants to take back are heard where rules are limited over a time.
pub(in crate::account) fn counted(asks: &[&Ask], terms: &HashMap<TenantId, TenantTerms>) -> BTreeSet<Whose> {
    let limited = |tenant: &TenantId| terms.get(tenant).is_some_and(|terms| has_limits(terms.versions.points()));
    let limited: BTreeSet<TenantId> = terms.keys().copied().filter(limited).collect();
    let counts = |ask: &&&Ask| matches!(ask, Ask::Hear { .. } | Ask::Occasion(_) | Ask::Revoke(_));
    let heard = asks.iter().filter(counts).flat_map(|ask| ask.members());
    heard.filter(|(tenant, _)| limited.contains(tenant)).collect()
}
