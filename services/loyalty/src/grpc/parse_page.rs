//! Pages of what a tenant has put, by code, and texts with lines: read the same wherever they are asked for.

use kernel::TenantId;
use tonic::Status;
use wire::{Freshness, Keys, PageToken, Violations, page_size};

/// A page of what was put.
pub(super) struct Page {
    pub tenant: TenantId,
    pub after: Option<String>,
    pub limit: i64,
    pub freshness: Freshness,
}

/// Reads which page of a list: a token of one list is none of another.
pub(super) fn read_page(
    keys: &Keys,
    (tenant, list): (TenantId, &str),
    (size, token): (i32, &str),
    fresh: &str,
) -> Result<Page, Status> {
    let mut bad = Violations::new();
    let limit = page_size(&mut bad, size);
    let token = PageToken::open(&mut bad, keys, token, &[list]);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, fresh));
    let after = token.flatten().and_then(|token| token.0.into_iter().next());
    Ok(Page { tenant, after, limit, freshness: bad.settle(freshness)? })
}

/// A text that may have lines, unlike others.
pub(super) fn read_lines(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    let in_one_line: String = text.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    bad.text(field, &in_one_line, 0..=2_000).map(|_| text.to_owned())
}
