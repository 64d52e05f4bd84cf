//! Valid requests, which only the author of a service can write; everything else is taken from the contract.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, RequestId};
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use proto::Method;

use crate::dynamic::by_description;

type Make = Arc<dyn Fn(u32) -> BoxFuture<'static, DynamicMessage> + Send + Sync>;
type Alter = Arc<dyn Fn(&DynamicMessage) -> DynamicMessage + Send + Sync>;

#[derive(Clone)]
struct Example {
    make: Make,
    other: Other,
}

/// Whether the same request id can come with other content.
#[derive(Clone)]
enum Other {
    /// Nobody said.
    Unsaid,
    /// In this way.
    By(Alter),
    /// It says nothing but its subject, and ids of another subject are other ids.
    Never,
}

/// Valid requests by rpc. Request ids are filled in by whoever uses them.
///
/// ```ignore
/// let examples = Examples::new(&clock)
///     .with(move |n| async move { GetMemberRequest { member: member.to_string(), ..Default::default() } })
///     .with_other(
///         move |n| async move { RedeemPointsRequest { member: member.to_string(), points: 1, spent_on: format!("coffee {n}"), ..Default::default() } },
///         |request| request.points += 1,
///     );
/// ```
#[derive(Clone)]
pub struct Examples {
    clock: Clock,
    made: BTreeMap<&'static str, Example>,
    left_out: BTreeMap<&'static str, &'static str>,
}

impl fmt::Debug for Examples {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.made.keys()).finish()
    }
}

impl Examples {
    /// None yet; request ids are made at the clock's time.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), made: BTreeMap::new(), left_out: BTreeMap::new() }
    }

    /// Makes valid requests of the one rpc that takes this message, another one for every number.
    ///
    /// # Panics
    /// Where no rpc of the contract takes the message.
    #[must_use]
    pub fn with<M, F>(mut self, make: impl Fn(u32) -> F + Send + Sync + 'static) -> Self
    where
        M: Message + Name,
        F: Future<Output = M> + Send + 'static,
    {
        self.made.insert(path_of::<M>(), Example { make: boxed(make), other: Other::Unsaid });
        self
    }

    /// The same for a mutation, with a way to make of a request another one about the same subject.
    ///
    /// # Panics
    /// Where no rpc of the contract takes the message.
    #[must_use]
    pub fn with_other<M, F>(
        mut self,
        make: impl Fn(u32) -> F + Send + Sync + 'static,
        alter: impl Fn(&mut M) + Send + Sync + 'static,
    ) -> Self
    where
        M: Message + Name + Default,
        F: Future<Output = M> + Send + 'static,
    {
        let alter: Alter = Arc::new(move |message| {
            let mut request: M = message.transcode_to().expect("it was made of such a message");
            alter(&mut request);
            by_description(&request)
        });
        self.made.insert(path_of::<M>(), Example { make: boxed(make), other: Other::By(alter) });
        self
    }

    /// The same for a mutation that says nothing but its subject.
    ///
    /// # Panics
    /// Where no rpc of the contract takes the message.
    #[must_use]
    pub fn with_subject_only<M, F>(mut self, make: impl Fn(u32) -> F + Send + Sync + 'static) -> Self
    where
        M: Message + Name,
        F: Future<Output = M> + Send + 'static,
    {
        self.made.insert(path_of::<M>(), Example { make: boxed(make), other: Other::Never });
        self
    }

    /// Says why an rpc has no example.
    ///
    /// # Panics
    /// Where no rpc of the contract takes the message.
    #[must_use]
    pub fn without<M: Message + Name>(mut self, reason: &'static str) -> Self {
        self.left_out.insert(path_of::<M>(), reason);
        self
    }

    /// Takes over what another list has.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.made.extend(others.made);
        self.left_out.extend(others.left_out);
        self
    }

    pub(crate) fn is_left_out(&self, method: &Method) -> bool {
        self.left_out.contains_key(method.path)
    }

    /// A valid request with request ids of its own.
    pub(crate) async fn make(&self, method: &Method, number: u32) -> Option<DynamicMessage> {
        let example = self.made.get(method.path)?;
        let mut message = (example.make)(number).await;
        self.give_ids(&mut message);
        Some(message)
    }

    /// Other content under the same request ids; none where there can be none.
    pub(crate) fn altered(&self, method: &Method, message: &DynamicMessage) -> Option<DynamicMessage> {
        match self.made.get(method.path).map(|example| &example.other) {
            Some(Other::By(alter)) => Some(alter(message)),
            Some(Other::Never) => None,
            Some(Other::Unsaid) | None => {
                panic!("{}: nothing tells what other content is; use with_other", method.path)
            }
        }
    }

    /// New request ids, on the request or on each of its items.
    pub(crate) fn give_ids(&self, message: &mut DynamicMessage) {
        Self::give_ids_of(message, self.clock.now());
    }

    /// New request ids that are older than whatever a service remembers.
    pub(crate) fn give_old_ids(&self, message: &mut DynamicMessage) {
        Self::give_ids_of(message, self.clock.now() - OLD);
    }

    fn give_ids_of(message: &mut DynamicMessage, made_at: Timestamp) {
        let fresh = || Value::String(RequestId::new_at(made_at).to_string());
        if message.descriptor().get_field_by_name(REQUEST_ID).is_some() {
            message.set_field_by_name(REQUEST_ID, fresh());
            return;
        }
        for (_, value) in message.fields_mut() {
            for item in value.as_list_mut().into_iter().flatten() {
                if let Some(item) = item.as_message_mut()
                    && item.descriptor().get_field_by_name(REQUEST_ID).is_some()
                {
                    item.set_field_by_name(REQUEST_ID, fresh());
                }
            }
        }
    }
}

/// Longer than requests are remembered in any test.
const OLD: SignedDuration = SignedDuration::from_hours(24 * 500);

pub(crate) const REQUEST_ID: &str = "request_id";

fn boxed<M, F>(make: impl Fn(u32) -> F + Send + Sync + 'static) -> Make
where
    M: Message + Name,
    F: Future<Output = M> + Send + 'static,
{
    Arc::new(move |number| {
        let made = make(number);
        Box::pin(async move { by_description(&made.await) })
    })
}

fn path_of<M: Name>() -> &'static str {
    let name = M::full_name();
    let found = proto::methods().iter().find(|method| method.input == name);
    found.unwrap_or_else(|| panic!("no rpc takes a {name}")).path
}
