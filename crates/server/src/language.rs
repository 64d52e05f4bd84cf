//! A refusal speaks the caller's language: its sentence is added by `accept-language`, from its reason and its facts.

use http::{HeaderMap, Response, header};
use tonic::Status;
use tonic::body::Body;
use tonic_types::StatusExt as _;
use wire::messages::{Language, sentence};

/// What the caller wants to be spoken to in.
pub(crate) fn wanted(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map_or(Language::En, Language::accepted)
}

/// The response with a sentence, where it is a refusal of ours; any other as it is.
pub(crate) fn told(response: Response<Body>, language: Language) -> Response<Body> {
    let Some(status) = response.extensions().get::<Status>() else { return response };
    let mut details = status.get_error_details();
    let Some(info) = details.error_info().filter(|info| info.domain == wire::DOMAIN) else { return response };
    let Some(text) = sentence(&info.reason, language, &info.metadata) else { return response };
    details.set_localized_message(language.tag(), text);
    let mut told: Response<Body> = Status::with_error_details(status.code(), status.message(), details).into_http();
    // What else the service said with it stays said.
    for (name, value) in response.headers() {
        told.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    told
}

#[cfg(test)]
mod tests {
    use wire::{Refusal, RefusalKind};

    use super::*;

    #[test]
    fn what_was_said_beside_a_refusal_stays() {
        let refusal =
            Refusal { reason: "MEMBER_NOT_FOUND", kind: RefusalKind::NotFound, text: String::new(), facts: Vec::new() };
        let mut response: Response<Body> = wire::refuse(refusal).into_http();
        response.headers_mut().insert("rapport-behind", http::HeaderValue::from_static("registry=5"));
        let response = told(response, Language::En);
        assert_eq!(response.headers()["rapport-behind"], "registry=5");
        assert_eq!(response.headers()["grpc-status"], "5");
    }

    #[test]
    fn a_refusal_is_told_in_the_language_asked_for() {
        let refusal = Refusal {
            reason: "INSUFFICIENT_POINTS",
            kind: RefusalKind::FailedPrecondition,
            text: "asked 51, spendable 50, short by 1".to_owned(),
            facts: vec![("asked", "51".into()), ("spendable", "50".into()), ("short_by", "1".into())],
        };
        let response = told(wire::refuse(refusal).into_http(), Language::ZhTw);
        let status = response.extensions().get::<Status>().expect("it is a status");
        let message = status.get_details_localized_message().expect("a sentence was added");
        assert_eq!(
            (message.locale.as_str(), message.message.as_str()),
            ("zh-TW", "要使用 51 點,可用 50 點,還差 1 點。")
        );
        assert_eq!(status.get_details_error_info().expect("it keeps its reason").reason, "INSUFFICIENT_POINTS");
    }

    #[test]
    fn a_failure_stays_as_it_is() {
        let response = told(wire::status::internal("the cause").into_http(), Language::En);
        let status = response.extensions().get::<Status>().expect("it is a status");
        assert!(status.get_details_localized_message().is_none());
    }
}
