//! Calls about tenants: who may ask, and which one is meant.

use jiff::Timestamp;
use kernel::{Currency, TenantId, calendar};
use proto::registry::v1 as wire_registry;
use tonic::{Extensions, Request, Status};
use wire::{Caller, Freshness, PageToken, Violations};

use super::{etag, fresh, key, place_of};
use crate::grpc::Desk;
use crate::members::Region;
use crate::tenants::{Asking, Change, ChangeAsk, Named, Opening, Settings, SettingsChange, Standing, usual_digits};

fn asking(extensions: &Extensions) -> Result<Asking, Status> {
    Ok(Caller::of(extensions)?.tenant.map_or(Asking::Operator, Asking::Own))
}

fn operator(extensions: &Extensions) -> Result<Asking, Status> {
    Caller::of(extensions)?.require_operator().map(|()| Asking::Operator)
}

pub(in crate::grpc) fn opening(
    desk: &Desk,
    call: Request<wire_registry::CreateTenantRequest>,
) -> Result<Opening, Status> {
    operator(call.extensions())?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "CreateTenant", &asked.request_id, &asked);
    let code = code(&mut bad, "code", &asked.code);
    let display_name = bad.text("display_name", &asked.display_name, 1..=200);
    let given = asked.settings.unwrap_or_default();
    let zone = zone(&mut bad, &given.zone);
    let currency = bad.take("settings.currency_code", Currency::parse(&given.currency_code));
    let digits = digits(&mut bad, given.minor_digits);
    let phone_region = region(&mut bad, &given.phone_region);
    let settings = (|| {
        let currency = currency?;
        let minor_digits = digits?.unwrap_or_else(|| usual_digits(currency));
        Some(Settings { display_name: display_name?, zone: zone?, currency, minor_digits, phone_region: phone_region? })
    })();
    let read = key.zip(code).zip(settings);
    bad.settle(read.map(|((key, code), settings)| Opening { key, code, settings }))
}

pub(in crate::grpc) fn one(
    desk: &Desk,
    call: Request<wire_registry::GetTenantRequest>,
) -> Result<(Asking, Named, Freshness), Status> {
    let asking = asking(call.extensions())?;
    let mut bad = Violations::new();
    let named = named(&mut bad, asking, &call.get_ref().tenant);
    let fresh = fresh(&mut bad, &desk.keys, &call.get_ref().at_least_as_fresh);
    bad.settle(named.zip(fresh).map(|(named, fresh)| (asking, named, fresh)))
}

/// A page of tenants.
pub(in crate::grpc) struct TenantPage {
    pub(in crate::grpc) after: Option<(Timestamp, TenantId)>,
    pub(in crate::grpc) limit: i64,
    pub(in crate::grpc) fresh: Freshness,
}

impl TenantPage {
    pub(in crate::grpc) const SELECTION: [&'static str; 1] = ["tenants"];
}

pub(in crate::grpc) fn list(
    desk: &Desk,
    call: Request<wire_registry::ListTenantsRequest>,
) -> Result<TenantPage, Status> {
    operator(call.extensions())?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let limit = wire::page_size(&mut bad, asked.page_size);
    let token = PageToken::open(&mut bad, &desk.keys, &asked.page_token, &TenantPage::SELECTION);
    let after = token.and_then(|token| place_of(&mut bad, token.as_ref(), |text| TenantId::parse(text).ok()));
    let fresh = fresh(&mut bad, &desk.keys, &asked.at_least_as_fresh);
    bad.settle(after.zip(fresh).map(|(after, fresh)| TenantPage { after, limit, fresh }))
}

pub(in crate::grpc) fn update(
    desk: &Desk,
    call: Request<wire_registry::UpdateTenantRequest>,
) -> Result<ChangeAsk, Status> {
    let asking = asking(call.extensions())?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "UpdateTenant", &asked.request_id, &asked);
    let tenant = named(&mut bad, asking, &asked.tenant);
    let etag = etag(&mut bad, &asked.etag);
    let change = Change::Settings(settings_change(&mut bad, &asked));
    let read = key.zip(tenant).zip(etag);
    bad.settle(read.map(|((key, tenant), etag)| ChangeAsk { asking, key, tenant, etag, change }))
}

fn settings_change(bad: &mut Violations, asked: &wire_registry::UpdateTenantRequest) -> SettingsChange {
    let mut change = SettingsChange::default();
    let given = asked.settings.clone().unwrap_or_default();
    if asked.update_mask.is_empty() {
        bad.add("update_mask", "must name the fields to change");
    }
    for (place, path) in asked.update_mask.iter().enumerate() {
        match path.as_str() {
            "display_name" => change.display_name = bad.text("display_name", &asked.display_name, 1..=200),
            "settings.zone" => change.zone = zone(bad, &given.zone),
            "settings.currency_code" => {
                change.currency = bad.take("settings.currency_code", Currency::parse(&given.currency_code));
            }
            "settings.minor_digits" => change.minor_digits = digits(bad, given.minor_digits),
            "settings.phone_region" => change.phone_region = region(bad, &given.phone_region),
            _ => bad.add(
                format!("update_mask[{place}]"),
                "must be one of display_name, settings.zone, settings.currency_code, settings.minor_digits, \
                 settings.phone_region",
            ),
        }
    }
    change
}

pub(in crate::grpc) fn suspension(
    desk: &Desk,
    call: Request<wire_registry::SuspendTenantRequest>,
) -> Result<ChangeAsk, Status> {
    let asking = operator(call.extensions())?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "SuspendTenant", &asked.request_id, &asked);
    let tenant = named(&mut bad, asking, &asked.tenant);
    let change = Change::Standing(Standing::Suspended);
    bad.settle(key.zip(tenant).map(|(key, tenant)| ChangeAsk { asking, key, tenant, etag: String::new(), change }))
}

pub(in crate::grpc) fn resumption(
    desk: &Desk,
    call: Request<wire_registry::ResumeTenantRequest>,
) -> Result<ChangeAsk, Status> {
    let asking = operator(call.extensions())?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let key = key(&mut bad, &desk.keys, "ResumeTenant", &asked.request_id, &asked);
    let tenant = named(&mut bad, asking, &asked.tenant);
    let change = Change::Standing(Standing::Open);
    bad.settle(key.zip(tenant).map(|(key, tenant)| ChangeAsk { asking, key, tenant, etag: String::new(), change }))
}

/// An id, a code, or for a tenant's own people nothing at all.
fn named(bad: &mut Violations, asking: Asking, text: &str) -> Option<Named> {
    match (asking, text) {
        (Asking::Own(own), "") => Some(Named::Id(own)),
        (Asking::Operator, "") => {
            bad.add("tenant", "is required: a token that names no tenant has none of its own");
            None
        }
        // No code has an underscore, and every id has one.
        (_, id) if id.contains('_') => bad.take("tenant", TenantId::parse(id)).map(Named::Id),
        (_, text) => code(bad, "tenant", text).map(Named::Code),
    }
}

fn code(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
        return Some(text.to_owned());
    }
    bad.add(field, "must be 1 to 40 lower-case letters, digits and hyphens");
    None
}

/// As the list of zones writes it, whatever the caller's case.
fn zone(bad: &mut Violations, text: &str) -> Option<String> {
    let zone = bad.take("settings.zone", calendar::zone(text))?;
    Some(zone.iana_name().unwrap_or(text).to_owned())
}

#[expect(clippy::option_option, reason = "wrong and absent are two things")]
fn digits(bad: &mut Violations, digits: Option<i32>) -> Option<Option<i16>> {
    match digits {
        None => Some(None),
        Some(digits) => {
            let digits = bad.number("settings.minor_digits", i64::from(digits), 0..=4)?;
            Some(i16::try_from(digits).ok())
        }
    }
}

fn region(bad: &mut Violations, text: &str) -> Option<String> {
    if !text.is_empty() {
        bad.take("settings.phone_region", Region::parse(text))?;
    }
    Some(text.to_owned())
}
