//! Bad input, sent to every rpc of the contract.
//!
//! Every field of every request, however deep, is sent empty, huge, negative, malformed and unknown, one at a time. What
//! holds for all of it:
//!
//! 1. Nothing panics and nothing is `INTERNAL`: what the caller said is the caller's to hear about.
//! 2. `INVALID_ARGUMENT` tells which field is wrong, by a path that leads somewhere in the request, and its details fit
//!    into a header.
//! 3. Where everything else in the request was valid, the field told is the one that was spoilt, or lies beside it.

mod spoil;

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use proto::Method;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::dynamic::{Dynamic, described, empty};
use crate::{Examples, Promise, Spoken, count};
use spoil::Spoilt;

/// At once; enough to keep two cores busy, below what a server sheds.
const AT_ONCE: usize = 16;

/// How often a call that finds all seats taken is made again, and after which pause.
const PATIENCE: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);
/// Told per run; one slip often shows in a hundred messages.
const TOLD: usize = 40;
/// Error details travel in a header list, which is limited to 16 KiB.
const MOST_DETAILS: usize = 8_192;

/// Sends bad input to each of these rpcs (a [`Served`](crate::Served) stands for all it answers); valid requests to spoil come from `examples`, where there are any.
///
/// # Panics
/// Where a promise is broken; tells all places.
pub async fn never_fails(methods: impl IntoIterator<Item = &'static Method>, channel: &Spoken, examples: &Examples) {
    let mut wrong = Vec::new();
    for method in methods {
        let example = if examples.is_left_out(method) { None } else { examples.make(method, u32::MAX).await };
        let valid = example.is_some();
        let base = example.unwrap_or_else(|| empty(method.input));
        let calls = Dynamic::new(channel.clone());
        let answers = stream::iter(spoil::everywhere(&base)).map(|mut spoilt| {
            if !spoilt.names_id() {
                examples.give_ids(&mut spoilt.message);
            }
            let calls = calls.clone();
            async move { (answered(&calls, method, &spoilt.message).await, spoilt) }
        });
        let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
        wrong.extend(answers.into_iter().filter_map(|(answer, spoilt)| {
            let why = judged(method, &answer.err()?, valid.then_some(&spoilt)).err()?;
            Some(format!("{} with {spoilt}: {why}", method.path))
        }));
    }
    tell(&wrong);
}

/// Whoever is told that all seats are taken comes again.
async fn answered(
    calls: &Dynamic,
    method: &'static Method,
    message: &DynamicMessage,
) -> Result<DynamicMessage, Status> {
    for _ in 0..PATIENCE {
        match calls.call(method, message.clone()).await {
            Err(status) if status.code() == Code::ResourceExhausted => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
    calls.call(method, message.clone()).await
}

/// Sends what is no message to each of these rpcs: cut off, not UTF-8, random.
///
/// # Panics
/// Where the caller is told that we failed.
pub async fn unreadable_bytes(
    methods: impl IntoIterator<Item = &'static Method>,
    channel: &Spoken,
    examples: &Examples,
) {
    let mut wrong = Vec::new();
    for method in methods {
        let calls = Dynamic::new(channel.clone());
        let valid = examples.make(method, u32::MAX).await.unwrap_or_else(|| empty(method.input)).encode_to_vec();
        // Field 1 as a text that is none, and as one that ends before it should.
        let mut bodies = vec![vec![0x0a, 0x02, 0xc3, 0x28], vec![0x0a, 0x7f, b'x'], vec![0xff; 32], vec![0x08]];
        bodies.extend((1..valid.len().min(24)).map(|cut| valid[..valid.len() - cut].to_vec()));
        bodies.extend((0..count(Promise::RandomMessages)).map(|length| random(length as usize)));
        for body in bodies {
            match calls.call_raw(method, body.clone().into()).await {
                Err(status) if FORBIDDEN.contains(&status.code()) => {
                    let (length, begin) = (body.len(), &body[..body.len().min(24)]);
                    wrong.push(format!("{} with {length} bytes {begin:02x?}: {}", method.path, said(&status)));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    tell(&wrong);
}

fn random(length: usize) -> Vec<u8> {
    (0..=length / 16).flat_map(|_| Uuid::new_v4().into_bytes()).take(length).collect()
}

fn tell(wrong: &[String]) {
    let told = wrong.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} answers to bad input are wrong:\n{told}", wrong.len());
}

/// What no input may lead to.
const FORBIDDEN: [Code; 9] = [
    Code::Internal,
    Code::Unknown,
    Code::DataLoss,
    Code::Unimplemented,
    Code::Unauthenticated,
    Code::Unavailable,
    Code::DeadlineExceeded,
    Code::Cancelled,
    Code::ResourceExhausted,
];

/// What is wrong with an answer; `spoilt` where only that was wrong with the request.
fn judged(method: &Method, status: &Status, spoilt: Option<&Spoilt>) -> Result<(), String> {
    if FORBIDDEN.contains(&status.code()) {
        return Err(said(status));
    }
    if status.details().len() > MOST_DETAILS {
        return Err(format!("{} bytes of details", status.details().len()));
    }
    if status.code() != Code::InvalidArgument || status.get_details_error_info().is_some() {
        return Ok(());
    }
    let told = status.get_details_bad_request().map(|told| told.field_violations).unwrap_or_default();
    if told.is_empty() {
        return Err(format!("no field is named: {}", status.message()));
    }
    let input = described(method.input);
    if let Some(astray) = told.iter().find(|violation| !leads_somewhere(&input, &violation.field)) {
        return Err(format!("{:?} is no field ({})", astray.field, astray.description));
    }
    match spoilt {
        Some(spoilt) if !told.iter().any(|violation| spoilt.is_meant_by(&violation.field)) => {
            let fields: Vec<_> = told.iter().map(|violation| &violation.field).collect();
            Err(format!("it blames {fields:?}"))
        }
        Some(_) | None => Ok(()),
    }
}

fn said(status: &Status) -> String {
    format!("{:?}, {}", status.code(), status.message())
}

/// Whether a path such as `order.lines[3].quantity` leads to a field, or to a choice between fields.
fn leads_somewhere(message: &MessageDescriptor, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let name = first.split('[').next().unwrap_or_default();
    if message.oneofs().any(|choice| choice.name() == name) {
        return rest.is_none();
    }
    let Some(field) = message.get_field_by_name(name) else { return false };
    match (rest, field.kind().as_message()) {
        (None, _) => true,
        // A key may hold anything, dots too.
        (Some(_), _) if field.is_map() => true,
        (Some(rest), Some(inner)) => leads_somewhere(inner, rest),
        (Some(_), None) => first.contains('['),
    }
}

/// The request as a person can read it: what was spoilt is told beside it.
fn short(message: &DynamicMessage) -> String {
    let text = message.to_string();
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_followed_through_lists_choices_and_maps() {
        let order = described("rapport.activity.v1.RecordOrderRequest");
        for path in [
            "request_id",
            "order",
            "order.lines[3].quantity",
            "order.buyer",
            "order.identity.value",
            "order.coupons[1]",
        ] {
            assert!(leads_somewhere(&order, path), "{path}");
        }
        for path in ["", "orders", "order.line.quantity", "order.lines[3].amount", "order.buyer.member", "historic.x"] {
            assert!(!leads_somewhere(&order, path), "{path}");
        }
        let member = described("rapport.registry.v1.EnrolMemberRequest");
        assert!(
            leads_somewhere(&member, "member.attributes[a.b]") && leads_somewhere(&member, "member.attributes.a.b")
        );
    }
}
