//! Calls in a language, and whether an answer reads well.

use proto::common::v1::{Decision, DecisionReason, LocalizedMessage};
use tonic::Request;

/// A call of somebody who reads this language.
///
/// # Panics
/// The tag is no header.
pub fn in_language<T>(message: T, tag: &str) -> Request<T> {
    let mut call = Request::new(message);
    call.metadata_mut().insert("accept-language", tag.parse().expect("a header"));
    call
}

/// The sentence of a decision that was answered in English.
///
/// # Panics
/// It has no reason, no sentence, or one with a gap where a fact is missing.
pub fn sentence(decision: Option<&Decision>) -> String {
    let decision = decision.expect("the decision is told");
    assert_ne!(decision.reason(), DecisionReason::Unspecified, "{decision:?}");
    let LocalizedMessage { locale, message } = decision.message.clone().expect("it has a sentence");
    let gap =
        message.is_empty() || message.starts_with(' ') || ["  ", "()", " ."].iter().any(|gap| message.contains(gap));
    assert!(!gap && locale == "en", "{locale}: {message}");
    message
}
