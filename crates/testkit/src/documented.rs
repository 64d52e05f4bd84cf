//! What an rpc may refuse with stands in its comment, for that is what callers read.
//!
//! Every channel of a test looks at the refusals that come through it, whatever the test is about. A reason that the
//! comment of its rpc does not name fails the test.

use std::collections::HashMap;
use std::sync::OnceLock;

use http::HeaderMap;
use prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;
use tonic::Status;
use tonic_types::StatusExt as _;

/// Where a file's description of itself keeps its services, and a service its methods.
const SERVICES: i32 = 6;
const METHODS: i32 = 2;

/// Looks at an answer's headers: a refusal has no body, so that its status stands there.
pub(crate) fn check(path: &str, headers: &HeaderMap) {
    let info = Status::from_header_map(headers).and_then(|status| status.get_details_error_info());
    let (Some(info), Some(comment)) = (info, comments().get(path)) else { return };
    assert!(
        names(comment, &info.reason),
        "{path} was refused with {}, and its comment does not say that it can be",
        info.reason
    );
}

fn names(comment: &str, reason: &str) -> bool {
    comment.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == reason)
}

/// The comment of each rpc of the suite, by path.
fn comments() -> &'static HashMap<String, String> {
    static COMMENTS: OnceLock<HashMap<String, String>> = OnceLock::new();
    COMMENTS.get_or_init(|| {
        let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).expect("the build has made it");
        let mut all = HashMap::new();
        for file in &files.file {
            let places = file.source_code_info.iter().flat_map(|info| &info.location);
            for place in places {
                let [SERVICES, service, METHODS, method] = place.path[..] else { continue };
                let at = |place: i32| usize::try_from(place).expect("a place in a list");
                let service = &file.service[at(service)];
                let path = format!("/{}.{}/{}", file.package(), service.name(), service.method[at(method)].name());
                all.insert(path, place.leading_comments().to_owned());
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_has_a_comment_to_look_into() {
        for method in proto::methods() {
            assert!(comments().contains_key(method.path), "{}", method.path);
        }
    }

    #[test]
    fn a_reason_is_a_whole_word() {
        assert!(names("Refuses: ORDER_NOT_FOUND, ORDER_TAKEN (it is another member's).", "ORDER_TAKEN"));
        assert!(!names("Refuses: ORDER_NOT_FOUND.", "NOT_FOUND"));
    }

    #[test]
    #[should_panic(expected = "was refused with ORDER_TAKEN")]
    fn a_reason_the_comment_does_not_name_fails() {
        let details = tonic_types::ErrorDetails::with_error_info("ORDER_TAKEN", "rapport", HashMap::new());
        let status = Status::with_error_details(tonic::Code::FailedPrecondition, "no", details);
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).expect("it fits");
        check("/rapport.registry.v1.RegistryService/GetMember", &headers);
    }
}
