//! A person as callers describe them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{TenantId, calendar};
use proto::common::v1 as common;
use proto::registry::v1 as wire_registry;
use proto::registry::v1::IdentityKind;
use tonic::Status;
use wire::Violations;

use super::set_of;
use crate::grpc::Desk;
use crate::members::{Birthday, Consent, Identity, Kind, NewMember, Profile, Region, identity};

const MOST_IDENTITIES: usize = 20;
const MOST_ATTRIBUTES: usize = 50;
const MOST_CONSENTS: usize = 20;

/// What a person is read against: the moment, the day it is for the programme, and whose numbers need no prefix.
pub(super) struct Setting {
    now: Timestamp,
    today: Date,
    region: Option<Region>,
}

impl Setting {
    /// For a tenant that nobody opened there is nothing to go by; the door refuses it later, and says so.
    pub(super) async fn of(desk: &Desk, tenant: TenantId) -> Result<Self, Status> {
        let settings = desk.hot.settings(tenant).await.map_err(wire::failure)?;
        let now = desk.clock.now();
        let zone = settings.as_ref().and_then(|settings| calendar::zone(&settings.zone).ok());
        let today = calendar::day_of(now, &zone.unwrap_or(jiff::tz::TimeZone::UTC));
        Ok(Self { now, today, region: settings.and_then(|settings| Region::parse(&settings.phone_region).ok()) })
    }
}

pub(super) fn person_of(
    bad: &mut Violations,
    at: &str,
    person: &wire_registry::NewMember,
    setting: &Setting,
) -> Option<NewMember> {
    let identities = identities(bad, &format!("{at}.identities"), &person.identities, setting);
    let joined_at = bad.instant(&format!("{at}.join_time"), person.join_time.as_ref());
    if joined_at.is_some_and(|joined_at| joined_at > setting.now) {
        bad.add(format!("{at}.join_time"), "must not be in the future");
    }
    let joined_at = joined_at.unwrap_or(setting.now);
    let name = name(bad, &format!("{at}.name"), &person.name);
    let birthday = birthday(bad, &format!("{at}.birthday"), person.birthday.as_ref(), setting);
    let gender = gender(bad, &format!("{at}.gender"), &person.gender);
    let language = language(bad, &format!("{at}.language"), &person.language);
    let touchpoint = touchpoint(bad, &format!("{at}.touchpoint"), &person.touchpoint);
    let attributes = attributes(bad, &format!("{at}.attributes"), &person.attributes);
    let tags = tags(bad, &format!("{at}.tags"), &person.tags);
    let mut consents = consents_of(bad, &format!("{at}.consents"), &person.consents, setting.now, joined_at);
    consents.iter_mut().for_each(|word| word.said_at = joined_at);
    let source = bad.text(&format!("{at}.acquisition_source"), &person.acquisition_source, 1..=60);
    Some(NewMember {
        identities,
        profile: Profile {
            name: name?,
            birthday: birthday?,
            gender: gender?,
            language: language?,
            touchpoint: touchpoint?,
            attributes: attributes?,
        },
        tags,
        consents,
        acquisition_source: source?,
        joined_at,
    })
}

fn identities(
    bad: &mut Violations,
    field: &str,
    written: &[wire_registry::Identity],
    setting: &Setting,
) -> Vec<Identity> {
    let (mut read, mut places) = (Vec::new(), HashMap::new());
    if bad.count(field, written.len(), 1..=MOST_IDENTITIES) {
        for (place, identity) in written.iter().enumerate() {
            let Some(identity) = identity_of(bad, &format!("{field}[{place}]"), identity, setting) else { continue };
            match places.insert(identity.name.clone(), place) {
                None => read.push(identity),
                Some(first) => bad.add(format!("{field}[{place}].value"), format!("is the same as {field}[{first}]")),
            }
        }
    }
    read
}

pub(super) fn identity_of(
    bad: &mut Violations,
    at: &str,
    written: &wire_registry::Identity,
    setting: &Setting,
) -> Option<Identity> {
    let kind = match IdentityKind::try_from(written.kind) {
        Ok(IdentityKind::Phone) => Kind::Phone,
        Ok(IdentityKind::Email) => Kind::Email,
        Ok(IdentityKind::Line) => Kind::Line,
        Ok(IdentityKind::Card) => Kind::Card,
        Ok(IdentityKind::External) => Kind::External,
        Ok(IdentityKind::TaxId) => Kind::TaxId,
        Ok(IdentityKind::Unspecified) | Err(_) => {
            bad.add(format!("{at}.kind"), "must be PHONE, EMAIL, LINE, CARD, EXTERNAL or TAX_ID");
            return None;
        }
    };
    match identity::read(kind, &written.issuer, &written.value, setting.region) {
        Ok(name) => Some(Identity { name, verified: written.verified }),
        Err(wrong) => {
            wrong.into_iter().for_each(|wrong| bad.add(format!("{at}.{}", wrong.field), wrong.what));
            None
        }
    }
}

pub(super) fn name(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    bad.text(field, text, 0..=200)
}

pub(super) fn gender(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    bad.text(field, text, 0..=40)
}

pub(super) fn touchpoint(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    bad.text(field, text, 0..=100)
}

/// The shape of a BCP 47 tag; whether anybody speaks it is not checked.
pub(super) fn language(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && text.len() <= 35;
    if fits || text.is_empty() {
        return Some(text.to_owned());
    }
    bad.add(field, "must be a BCP 47 language tag, such as \"zh-TW\"");
    None
}

/// The outer is none where it is wrong, the inner where there is none.
#[expect(clippy::option_option, reason = "wrong and absent are two things")]
pub(super) fn birthday(
    bad: &mut Violations,
    field: &str,
    day: Option<&common::Date>,
    setting: &Setting,
) -> Option<Option<Birthday>> {
    match day {
        None => Some(None),
        Some(day) => bad.take(field, Birthday::read(day.year, day.month, day.day, setting.today)).map(Some),
    }
}

pub(super) fn attributes(
    bad: &mut Violations,
    field: &str,
    given: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    if !bad.count(field, given.len(), 0..=MOST_ATTRIBUTES) {
        return None;
    }
    for (key, value) in given {
        // A key that is wrong itself would make a strange path.
        if bad.text(field, key, 1..=60).is_some() {
            bad.text(&format!("{field}.{key}"), value, 0..=1_000);
        }
    }
    Some(given.clone())
}

pub(super) fn tags(bad: &mut Violations, field: &str, texts: &[String]) -> BTreeSet<String> {
    set_of(bad, field, texts, 60)
}

/// What somebody said, each purpose once; said at `default` where they do not tell when, and never after `now`.
pub(super) fn consents_of(
    bad: &mut Violations,
    field: &str,
    given: &[wire_registry::Consent],
    now: Timestamp,
    default: Timestamp,
) -> Vec<Consent> {
    let (mut said, mut places) = (Vec::new(), HashMap::new());
    if !bad.count(field, given.len(), 0..=MOST_CONSENTS) {
        return said;
    }
    for (place, consent) in given.iter().enumerate() {
        let at = format!("{field}[{place}]");
        let purpose = purpose(bad, &format!("{at}.purpose"), &consent.purpose);
        let source = bad.text(&format!("{at}.source"), &consent.source, 0..=60);
        let said_at = bad.instant(&format!("{at}.state_time"), consent.state_time.as_ref()).unwrap_or(default);
        if said_at > now {
            bad.add(format!("{at}.state_time"), "must not be in the future");
        }
        let Some((purpose, source)) = purpose.zip(source) else { continue };
        match places.insert(purpose.clone(), place) {
            None => said.push(Consent { purpose, granted: consent.granted, source, said_at }),
            Some(first) => bad.add(format!("{at}.purpose"), format!("is the same as {field}[{first}]")),
        }
    }
    said.sort_by(|a, b| a.purpose.cmp(&b.purpose));
    said
}

fn purpose(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if (1..=60).contains(&text.len()) && text.bytes().all(fits) {
        return Some(text.to_owned());
    }
    bad.add(field, "must be 1 to 60 lower-case letters, digits, dots, hyphens and underscores");
    None
}
