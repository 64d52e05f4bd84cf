//! Why an entry is not recorded.

use jiff::Timestamp;
use kernel::{MemberId, OrderId};

use super::held::State;

/// What the journal says no to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has this id.
    #[error("there is no member {member}")]
    MemberNotFound {
        /// As it was named.
        member: MemberId,
    },
    /// No order has this id or invoice number.
    #[error("there is no order {order}")]
    OrderNotFound {
        /// As it was named.
        order: String,
    },
    /// More would come back than was bought.
    #[error("{asked} would come back of order {order}, and {left} are left")]
    ReturnExceedsOrder {
        /// The order.
        order: OrderId,
        /// Its line; none where money came back without goods.
        line: Option<i32>,
        /// Units, or minor units of money.
        asked: i64,
        /// What is left of it.
        left: i64,
    },
    /// The order was wholly returned or cancelled before.
    #[error("order {order} is {state} and closed")]
    OrderClosed {
        /// The order.
        order: OrderId,
        /// What became of it.
        state: State,
    },
    /// The order belongs to another member.
    #[error("order {order} is another member's")]
    OrderTaken {
        /// The order.
        order: OrderId,
    },
    /// It would have happened to the order before it was bought.
    #[error("order {order} was bought at {bought_at}, and this would have happened to it before, at {occurred_at}")]
    BeforeOrder {
        /// The order.
        order: OrderId,
        /// When it was bought.
        bought_at: Timestamp,
        /// When something is said to have happened to it.
        occurred_at: Timestamp,
    },
    /// It is there already, under another request id.
    #[error("{what} is recorded already")]
    AlreadyApplied {
        /// "order web/20261112-0042".
        what: String,
        /// Its id.
        id: String,
    },
    /// Fields that only make sense together do not.
    #[error("{}", .0.iter().map(|wrong| format!("{} {}", wrong.field, wrong.what)).collect::<Vec<_>>().join("; "))]
    Malformed(Vec<Wrong>),
}

/// A field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// "order.lines[3].discount_minor".
    pub field: String,
    /// "must not exceed …".
    pub what: String,
}

impl Refusal {
    /// As in `error_reason.proto`, without the prefix.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MemberNotFound { .. } => "MEMBER_NOT_FOUND",
            Self::OrderNotFound { .. } => "ORDER_NOT_FOUND",
            Self::ReturnExceedsOrder { .. } => "RETURN_EXCEEDS_ORDER",
            Self::OrderClosed { .. } => "ORDER_CLOSED",
            Self::OrderTaken { .. } => "ORDER_TAKEN",
            Self::BeforeOrder { .. } => "BEFORE_ORDER",
            Self::AlreadyApplied { .. } => "ALREADY_APPLIED",
            Self::Malformed(_) => "MALFORMED",
        }
    }
    /// The same about one entry of several: fields are named as the request has them.
    #[must_use]
    pub fn of_entry(self, place: usize) -> Self {
        match self {
            Self::Malformed(wrong) => {
                let told = |one: Wrong| Wrong { field: format!("entries[{place}].{}", one.field), ..one };
                Self::Malformed(wrong.into_iter().map(told).collect())
            }
            Self::MemberNotFound { .. }
            | Self::OrderNotFound { .. }
            | Self::ReturnExceedsOrder { .. }
            | Self::OrderClosed { .. }
            | Self::OrderTaken { .. }
            | Self::BeforeOrder { .. }
            | Self::AlreadyApplied { .. } => self,
        }
    }

    /// The facts behind it, as documented beside the reason. Ids and amounts, nothing personal: an entry of a batch keeps
    /// them with its outcome.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::MemberNotFound { member } => vec![("member", member.to_string())],
            Self::OrderNotFound { order } => vec![("order", order.clone())],
            Self::ReturnExceedsOrder { order, line, asked, left } => vec![
                ("order", order.to_string()),
                ("line", line.map(|line| line.to_string()).unwrap_or_default()),
                ("asked", asked.to_string()),
                ("left", left.to_string()),
            ],
            Self::OrderClosed { order, state } => vec![("order", order.to_string()), ("state", state.to_string())],
            Self::OrderTaken { order } => vec![("order", order.to_string())],
            Self::BeforeOrder { order, bought_at, occurred_at } => vec![
                ("order", order.to_string()),
                ("bought", bought_at.to_string()),
                ("occurred", occurred_at.to_string()),
            ],
            Self::AlreadyApplied { what, id } => vec![("what", what.clone()), ("id", id.clone())],
            Self::Malformed(wrong) => {
                let fields: Vec<&str> = wrong.iter().map(|one| one.field.as_str()).collect();
                vec![("fields", fields.join(", "))]
            }
        }
    }
}
