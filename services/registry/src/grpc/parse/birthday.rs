//! Calls about birthdays, read.

use kernel::{MemberId, TenantId};
use proto::registry::v1 as wire_registry;
use tonic::{Request, Status};
use wire::{PageToken, Violations};

use super::{Desk, fresh};
use crate::hot::Ask;
use crate::members::{Birthday, PageOfBirthdays};

/// Days are those of a leap year: somebody may be born on 29 February.
const ANY_LEAP_YEAR: i16 = 2000;

/// What a page token is bound to.
pub(in crate::grpc) struct Birthdays {
    pub(in crate::grpc) limit: i64,
    tenant: TenantId,
    on: String,
    since: String,
}

impl Birthdays {
    pub(in crate::grpc) fn selection(&self) -> Vec<&str> {
        vec!["birthdays", &self.on, &self.since]
    }
}

pub(in crate::grpc) fn birthdays(
    desk: &Desk,
    call: Request<wire_registry::ListBirthdaysRequest>,
) -> Result<(Ask<PageOfBirthdays>, Birthdays), Status> {
    let (envelope, asked) = wire::open(call)?;
    let mut bad = Violations::new();
    let limit = wire::page_size(&mut bad, asked.page_size);
    let today = jiff::civil::Date::MAX;
    let on = bad.take("day", Birthday::read(i32::from(ANY_LEAP_YEAR), asked.month, asked.day, today));
    let since = bad.instant("changed_since", asked.changed_since.as_ref());
    let listed = Birthdays {
        limit,
        tenant: envelope.tenant,
        on: format!("{}-{}", asked.month, asked.day),
        since: since.map(|since| since.to_string()).unwrap_or_default(),
    };
    let token = PageToken::open(&mut bad, &desk.keys, &asked.page_token, &listed.selection());
    let after = token.and_then(|token| {
        let Some(token) = token else { return Some(None) };
        let place = token.0.first().and_then(|text| MemberId::parse(text).ok());
        if place.is_none() {
            bad.add("page_token", "belongs to another list");
        }
        place.map(Some)
    });
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    let page = on.zip(after).zip(fresh).map(|((on, after), fresh)| {
        let what = PageOfBirthdays { on: Birthday { year: None, ..on }, changed_since: since, after, limit };
        (Ask { tenant: listed.tenant, what, fresh }, listed)
    });
    bad.settle(page)
}
