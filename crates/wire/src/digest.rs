//! Keyed digests of a request's fields, so that the same request id with other content is told apart without keeping
//! what was said.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use prost::Message;
use prost_types::FileDescriptorSet;
use store::Digests;

use crate::Keys;

/// Fields that say how a call is made and answered, not what it is about.
const ASIDE: [&str; 2] = ["request_id", "explain"];

/// A digest for each top-level field that `message` carries, by the field's name.
pub fn digests<M: Message + prost::Name>(keys: &Keys, message: &M) -> Digests {
    let bytes = message.encode_to_vec();
    let names = field_names(&M::full_name());
    let mut fields: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for (number, record) in records(&bytes) {
        fields.entry(number).or_default().extend_from_slice(record);
    }
    let mut digests = BTreeMap::new();
    for (number, content) in fields {
        let name = names.get(&number).cloned().unwrap_or_else(|| number.to_string());
        if !ASIDE.contains(&name.as_str()) {
            let digest = keys.digest("request field", &[&content]);
            digests.insert(name, hex(&digest[..16]));
        }
    }
    Digests(digests)
}

/// The records of an encoded message: the field's number and its bytes, tag included. Our own encoder wrote them, so
/// whatever cannot be read ends the walk.
fn records(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (tag, after_tag) = varint(rest)?;
        let after = match tag & 7 {
            0 => varint(after_tag)?.1,
            1 => after_tag.get(8..)?,
            2 => {
                let (length, content) = varint(after_tag)?;
                content.get(usize::try_from(length).ok()?..)?
            }
            5 => after_tag.get(4..)?,
            _ => return None,
        };
        let record = &rest[..rest.len() - after.len()];
        rest = after;
        Some((u32::try_from(tag >> 3).ok()?, record))
    })
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
        .collect()
}

type Names = HashMap<String, BTreeMap<u32, String>>;

fn field_names(message: &str) -> &'static BTreeMap<u32, String> {
    static NAMES: OnceLock<Names> = OnceLock::new();
    static NONE: BTreeMap<u32, String> = BTreeMap::new();
    NAMES.get_or_init(all_field_names).get(message).unwrap_or(&NONE)
}

fn all_field_names() -> Names {
    let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).expect("the build has made the descriptor set");
    let mut names = Names::new();
    for file in files.file {
        let package = file.package.unwrap_or_default();
        for message in file.message_type {
            let fields = message
                .field
                .into_iter()
                .filter_map(|field| Some((u32::try_from(field.number?).ok()?, field.name?)))
                .collect();
            names.insert(format!("{package}.{}", message.name.unwrap_or_default()), fields);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::loyalty::v1::RedeemPointsRequest;

    #[test]
    fn each_field_has_its_digest_under_its_name() {
        let keys = Keys::new(b"a secret");
        let request = RedeemPointsRequest {
            request_id: "one".to_owned(),
            member: "member_01h455vb4pex5vsknk084sn02q".to_owned(),
            points: 60,
            spent_on: "coffee".to_owned(),
            validate_only: false,
            explain: false,
            wallet: String::new(),
        };
        let first = digests(&keys, &request);
        assert_eq!(first.0.keys().collect::<Vec<_>>(), ["member", "points", "spent_on"]);

        let again = digests(&keys, &RedeemPointsRequest { request_id: "two".to_owned(), ..request.clone() });
        assert_eq!(first, again);

        let explained = digests(&keys, &RedeemPointsRequest { explain: true, ..request.clone() });
        assert_eq!(first, explained, "how much is answered is no content");

        let other = digests(&keys, &RedeemPointsRequest { points: 61, ..request });
        assert_eq!(first.0["member"], other.0["member"]);
        assert_ne!(first.0["points"], other.0["points"]);
    }
}
