//! Repeat-safety, proved for every mutating rpc of the contract.
//!
//! 1. The same request again answers the same and changes nothing.
//! 2. Sixteen twins at once get one answer, and there is one effect.
//! 3. The same request id with other content is refused as `REQUEST_ID_REUSED`, naming a field that differs.
//! 4. A caller that went away before its answer learns it by asking again, and there is one effect.
//! 5. A request id that is older than what is remembered is refused as `REQUEST_ID_TOO_OLD`, and nothing happens; where
//!    the fact has a name of its own, it is carried out once.

use std::time::Duration;

use futures::future::join_all;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use proto::Method;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::dynamic::Dynamic;
use crate::examples::REQUEST_ID;
use crate::{Examples, Promise, Spoken, count};

const REUSED: &str = "REQUEST_ID_REUSED";
const TOO_OLD: &str = "REQUEST_ID_TOO_OLD";

/// What these record is named by its source and the shop's own number, and refused by that name for ever.
const NAMED: [&str; 5] = ["RecordOrder", "RecordReturn", "RecordAdjustment", "RecordEntries", "StreamEntries"];

/// Holds every mutating rpc among `methods` to its repeat-safety; a [`Served`](crate::Served) stands for all it answers.
///
/// `effects` counts what a service has written, once nothing is under way:
/// [`Database::effects_of`](crate::Database::effects_of), usually. What is nowhere counted could be doubled unseen, so a
/// valid request must have an effect.
///
/// # Panics
/// Where a promise is broken, or an rpc has no example.
pub async fn holds<E, F>(
    methods: impl IntoIterator<Item = &'static Method>,
    channel: &Spoken,
    examples: &Examples,
    effects: E,
) where
    E: Fn(&'static str) -> F,
    F: Future<Output = i64>,
{
    let mut seen = 0;
    let mutations = methods.into_iter().filter(|method| method.mutating && !examples.is_left_out(method));
    for method in mutations {
        let trial = Trial { method, calls: Dynamic::new(channel.clone()), examples, effects: &effects };
        for round in 0..count(Promise::Repeats) {
            let single = trial.said_twice(5 * round).await;
            trial.twins(5 * round + 1, single).await;
            trial.reused(5 * round + 2).await;
            trial.caller_gone(5 * round + 3, single, round).await;
            trial.too_old(5 * round + 4, single).await;
        }
        seen += 1;
    }
    assert!(seen > 0, "there is no mutation among them");
}

struct Trial<'a, E> {
    method: &'static Method,
    calls: Dynamic,
    examples: &'a Examples,
    effects: &'a E,
}

impl<E, F> Trial<'_, E>
where
    E: Fn(&'static str) -> F,
    F: Future<Output = i64>,
{
    async fn example(&self, number: u32) -> DynamicMessage {
        let made = self.examples.make(self.method, number).await;
        made.unwrap_or_else(|| panic!("{} has no example; write one, or say why not", self.method.path))
    }

    async fn say(&self, message: &DynamicMessage) -> Result<DynamicMessage, Status> {
        self.calls.call(self.method, message.clone()).await
    }

    async fn done(&self, message: &DynamicMessage, when: &str) -> DynamicMessage {
        self.say(message).await.unwrap_or_else(|status| panic!("{}, {when}: {status:?}", self.method.path))
    }

    async fn effects(&self) -> i64 {
        let service = self.method.path.trim_start_matches("/rapport.").split('.').next().unwrap_or_default();
        (self.effects)(service).await
    }

    /// Answers how many effects one request has.
    async fn said_twice(&self, number: u32) -> i64 {
        let message = self.example(number).await;
        let before = self.effects().await;
        let first = self.done(&message, "a valid request").await;
        let between = self.effects().await;
        let second = self.done(&message, "said again").await;
        assert_eq!(first, second, "{}: said again, it answers otherwise", self.method.path);
        assert_eq!(self.effects().await, between, "{}: said again, it has another effect", self.method.path);
        assert!(between > before, "{}: a valid request leaves nothing that could be counted", self.method.path);
        between - before
    }

    async fn twins(&self, number: u32, single: i64) {
        let message = self.example(number).await;
        let before = self.effects().await;
        let answers = join_all((0..count(Promise::Twins)).map(|_| self.done(&message, "as one of many twins"))).await;
        for answer in &answers {
            assert_eq!(answer, &answers[0], "{}: twins get different answers", self.method.path);
        }
        assert_eq!(self.effects().await - before, single, "{}: twins do not have one effect", self.method.path);
    }

    async fn reused(&self, number: u32) {
        let message = self.example(number).await;
        let first = self.done(&message, "a valid request").await;
        let Some(other) = self.examples.altered(self.method, &message) else { return };
        let differing = differing(&message, &other);
        assert!(!differing.is_empty(), "{}: the other content is the same", self.method.path);
        let before = self.effects().await;
        match self.say(&other).await {
            Err(status) => {
                let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}"));
                assert_eq!((status.code(), info.reason.as_str()), (Code::InvalidArgument, REUSED), "{status:?}");
                let field = info.metadata.get("field").cloned().unwrap_or_default();
                assert!(differing.contains(&field), "{}: it names {field}, not {differing:?}", self.method.path);
            }
            // Items with ids of their own are refused one by one.
            Ok(answer) => {
                let per_item = message.descriptor().get_field_by_name(REQUEST_ID).is_none();
                assert!(per_item && mentions(&answer, REUSED), "{}: reusing an id is let in", self.method.path);
            }
        }
        assert_eq!(self.effects().await, before, "{}: a refusal has an effect", self.method.path);
        assert_eq!(
            self.done(&message, "after a refusal").await,
            first,
            "{}: the first answer is lost",
            self.method.path
        );
    }

    async fn caller_gone(&self, number: u32, single: i64, round: u32) {
        let message = self.example(number).await;
        let before = self.effects().await;
        // Somewhere between the request's arrival and its answer, elsewhere in every round.
        let patience = Duration::from_micros(u64::from(300 + 900 * (round % 16)));
        let _ = tokio::time::timeout(patience, self.say(&message)).await;
        let answer = self.done(&message, "after its caller had left").await;
        assert_eq!(self.done(&message, "said again").await, answer, "{}", self.method.path);
        assert_eq!(
            self.effects().await - before,
            single,
            "{}: its caller left, and there is not one effect",
            self.method.path
        );
    }
}

impl<E, F> Trial<'_, E>
where
    E: Fn(&'static str) -> F,
    F: Future<Output = i64>,
{
    async fn too_old(&self, number: u32, single: i64) {
        let mut message = self.example(number).await;
        self.examples.give_old_ids(&mut message);
        let before = self.effects().await;
        let is_named = NAMED.iter().any(|name| self.method.path.ends_with(&format!("/{name}")));
        match self.say(&message).await {
            Err(status) => {
                let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}"));
                assert_eq!((status.code(), info.reason.as_str()), (Code::FailedPrecondition, TOO_OLD), "{status:?}");
                assert!(!is_named, "{}: what has a name is refused by its age", self.method.path);
                assert_eq!(self.effects().await, before, "{}: a refusal has an effect", self.method.path);
            }
            Ok(first) if is_named => {
                assert_eq!(self.done(&message, "said again").await, first, "{}", self.method.path);
                assert_eq!(self.effects().await - before, single, "{}: there is not one effect", self.method.path);
            }
            // Items with ids of their own are refused one by one.
            Ok(answer) => {
                assert!(mentions(&answer, TOO_OLD), "{}: an id that is too old is let in", self.method.path);
                assert_eq!(self.effects().await, before, "{}: a refusal has an effect", self.method.path);
            }
        }
    }
}

fn differing(one: &DynamicMessage, other: &DynamicMessage) -> Vec<String> {
    let description = one.descriptor();
    let fields = description.fields().filter(|field| one.get_field(field) != other.get_field(field));
    fields.map(|field| field.name().to_owned()).collect()
}

fn mentions(message: &DynamicMessage, text: &str) -> bool {
    message.fields().any(|(_, value)| said(value, text))
}

fn said(value: &Value, text: &str) -> bool {
    match value {
        Value::String(said) => said == text,
        Value::Message(message) => mentions(message, text),
        Value::List(items) => items.iter().any(|item| said(item, text)),
        _ => false,
    }
}
