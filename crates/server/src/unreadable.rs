//! A message that cannot be decoded is the caller's mistake: `INVALID_ARGUMENT` with the field, where tonic says
//! `INTERNAL`.

use http::Response;
use tonic::body::Body;
use tonic::{Code, Status};
use wire::Violations;

const DECODING: &str = "failed to decode Protobuf message: ";
/// What tonic says where a caller went away, or ended the call, before the request was sent whole.
const CUT_OFF: [&str; 2] = ["Missing request message.", "Unexpected EOF decoding stream."];

/// The response, told as a violation where the request could not be decoded. Our own `INTERNAL` has a fixed text and
/// passes unchanged.
pub(crate) fn told(response: Response<Body>) -> Response<Body> {
    let failed = response.extensions().get::<Status>().filter(|status| status.code() == Code::Internal);
    let Some(text) = failed.map(Status::message) else { return response };
    match text.strip_prefix(DECODING) {
        Some(cause) => violation(cause).into_http(),
        None if CUT_OFF.contains(&text) => cut_off().into_http(),
        None => response,
    }
}

fn cut_off() -> Status {
    let mut bad = Violations::new();
    bad.add("message", "was not sent whole");
    bad.finish().expect_err("a violation was added")
}

/// `Request.order: NewOrder.channel: invalid wire type …`: the fields on the way, then what was wrong.
fn violation(cause: &str) -> Status {
    let steps: Vec<&str> = cause.split(": ").collect();
    let is_field = |step: &&&str| !step.contains(' ') && step.contains('.');
    let path: Vec<&str> = steps.iter().take_while(is_field).filter_map(|step| step.rsplit('.').next()).collect();
    let field = if path.is_empty() { "message".to_owned() } else { path.join(".") };
    let mut bad = Violations::new();
    bad.add(field, format!("cannot be read: {}", steps[path.len()..].join(": ")));
    bad.finish().expect_err("a violation was added")
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        let table = [
            (
                "RecordOrderRequest.order: NewOrder.channel: invalid string value: data is not UTF-8 encoded",
                "order.channel",
            ),
            ("ListEntriesRequest.member: buffer underflow", "member"),
            ("invalid varint", "message"),
        ];
        for (cause, field) in table {
            let status = Status::internal(format!("{DECODING}{cause}"));
            let response = told(status.into_http());
            let told = response.extensions().get::<Status>().expect("it is a status");
            assert_eq!(told.code(), Code::InvalidArgument);
            assert_eq!(told.get_details_bad_request().expect("violations").field_violations[0].field, field);
        }
    }

    #[test]
    fn a_request_that_was_not_sent_whole_is_no_failure_of_ours() {
        for text in CUT_OFF {
            let response = told(Status::internal(text).into_http());
            assert_eq!(response.extensions().get::<Status>().expect("it is a status").code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn our_own_failures_pass_unchanged() {
        let response = told(wire::status::internal("the cause").into_http());
        assert_eq!(response.extensions().get::<Status>().expect("it is a status").code(), Code::Internal);
    }
}
