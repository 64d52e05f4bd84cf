//! Tenants do not see each other, proved for every rpc that has an example.
//!
//! 1. A read by a stranger tells no id that only the owner's answer holds.
//! 2. A mutation by a stranger, even under the owner's request id, keeps the owner from nothing.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, Value};
use proto::Method;
use tonic::Code;

use crate::dynamic::Dynamic;
use crate::{Examples, Spoken};

/// Says the owner's requests as a stranger, then as the owner.
///
/// # Panics
/// Where the stranger learns or spoils something.
pub async fn finds_nothing(
    methods: impl IntoIterator<Item = &'static Method>,
    owner: &Spoken,
    stranger: &Spoken,
    examples: &Examples,
) {
    let (owner, stranger) = (Dynamic::new(owner.clone()), Dynamic::new(stranger.clone()));
    let mut methods: Vec<&Method> = methods.into_iter().filter(|method| !examples.is_left_out(method)).collect();
    // Reads first: what a stranger does afterwards is the stranger's own.
    methods.sort_by_key(|method| method.mutating);
    let mut seen = 0;
    for method in methods {
        let Some(request) = examples.make(method, u32::MAX - 1).await else { continue };
        let learnt = stranger.call(method, request.clone()).await;
        if let Err(status) = &learnt {
            let ours = matches!(status.code(), Code::Internal | Code::Unknown | Code::Unavailable);
            assert!(!ours, "{} fails for a stranger: {status:?}", method.path);
        }
        let answer = owner.call(method, request.clone()).await;
        let answer = answer.unwrap_or_else(|status| panic!("{} after a stranger said it: {status:?}", method.path));
        let secret: BTreeSet<String> = ids(&answer).difference(&ids(&request)).cloned().collect();
        let told = learnt.as_ref().map(ids).unwrap_or_default();
        let leaked: Vec<&String> = secret.intersection(&told).collect();
        assert!(leaked.is_empty(), "{} tells a stranger of {leaked:?}", method.path);
        seen += 1;
    }
    assert!(seen > 0, "there is no example");
}

/// Every TypeID in a message.
fn ids(message: &DynamicMessage) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    message.fields().for_each(|(_, value)| collect(value, &mut found));
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_id(text) => {
            found.insert(text.clone());
        }
        Value::Message(message) => message.fields().for_each(|(_, value)| collect(value, found)),
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    const DIGITS: usize = 26;
    text.rsplit_once('_').is_some_and(|(kind, id)| {
        !kind.is_empty() && id.len() == DIGITS && id.bytes().all(|digit| digit.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::by_description;
    use proto::loyalty::v1::{Account, GetAccountResponse, Lot};

    #[test]
    fn ids_are_found_however_deep() {
        let lot =
            Lot { id: "lot_01h455vb4pex5vsknk084sn02q".to_owned(), origin: "not_an_id".to_owned(), ..Lot::default() };
        let account = Account { lots: vec![lot], ..Account::default() };
        let found = ids(&by_description(&GetAccountResponse { account: Some(account) }));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["lot_01h455vb4pex5vsknk084sn02q"]);
    }
}
