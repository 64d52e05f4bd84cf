//! What became of an entry, and what a call answers when it is said again.

use std::collections::BTreeMap;

use kernel::{AdjustmentId, MemberId, OrderId, ReturnId};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// An order was recorded.
    #[serde(rename = "o")]
    Order {
        /// Its id.
        #[serde(rename = "i")]
        order: OrderId,
        /// Whose it is; nobody's for a guest's.
        #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
    },
    /// A return was recorded.
    #[serde(rename = "r")]
    Return {
        /// Its id.
        #[serde(rename = "i")]
        goods: ReturnId,
        /// What it took back.
        #[serde(rename = "t")]
        matches: Vec<Match>,
        /// What found no order.
        #[serde(rename = "u")]
        unmatched_minor: i64,
    },
    /// An adjustment was recorded.
    #[serde(rename = "a")]
    Adjustment {
        /// Its id.
        #[serde(rename = "i")]
        adjustment: AdjustmentId,
    },
    /// An order was cancelled.
    #[serde(rename = "c")]
    Cancelled {
        /// Its id.
        #[serde(rename = "i")]
        order: OrderId,
    },
    /// It was not recorded.
    #[serde(rename = "n")]
    Refused {
        /// As in `error_reason.proto`, without the prefix.
        #[serde(rename = "r")]
        reason: String,
        /// For a person.
        #[serde(rename = "d")]
        detail: String,
        /// The id of what is there already, where that is why.
        #[serde(rename = "i", default, skip_serializing_if = "String::is_empty")]
        id: String,
        /// The facts behind it, so that whoever asks again is told in the language they ask in.
        #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
        facts: BTreeMap<String, String>,
    },
}

/// What a return took back from one line of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Position of the return's line.
    #[serde(rename = "p")]
    pub position: i32,
    /// The order.
    #[serde(rename = "o")]
    pub order: OrderId,
    /// Number of its line.
    #[serde(rename = "l")]
    pub order_line: i32,
    /// Units; 0 where money came back without goods.
    #[serde(rename = "q")]
    pub quantity: i64,
    /// Money, as it was paid.
    #[serde(rename = "a")]
    pub amount_minor: i64,
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        let (reason, detail) = (refusal.reason().to_owned(), refusal.to_string());
        let facts = refusal.facts().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let id = match refusal {
            Refusal::AlreadyApplied { id, .. } => id,
            Refusal::MemberNotFound { .. }
            | Refusal::OrderNotFound { .. }
            | Refusal::ReturnExceedsOrder { .. }
            | Refusal::OrderClosed { .. }
            | Refusal::OrderTaken { .. }
            | Refusal::BeforeOrder { .. }
            | Refusal::Malformed(_) => String::new(),
        };
        Self::Refused { reason, detail, id, facts }
    }
}
