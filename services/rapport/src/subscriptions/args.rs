//! What the commands of `rapport subscriptions` are told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::DateTime;
use proto::subscriptions::v1::SubscriptionState;

use super::Rhythm;
use crate::client::{Call, Reach};
use crate::member::Who;

/// What `rapport subscriptions put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file of a plan in JSON, as `plans --json` prints them
    pub(super) file: PathBuf,
    /// Check, and put nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) call: Call,
}

/// What `rapport subscriptions plans` is told.
#[derive(Args, Clone, Debug)]
pub struct Plans {
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// What `rapport subscriptions subscribe` is told.
#[derive(Args, Clone, Debug)]
pub struct Subscribe {
    #[command(flatten)]
    pub(super) who: Who,
    /// Code of the plan
    #[arg(long, value_name = "CODE")]
    pub(super) plan: String,
    /// The provider's token of a card or an account
    #[arg(long, value_name = "TOKEN")]
    pub(super) payment_token: String,
    /// How often, for goods: "2 weeks", "1 month"; as the plan says where not said
    #[arg(long, value_name = "RHYTHM")]
    pub(super) every: Option<Rhythm>,
    /// The first day and time, on the wall of the zone: 2026-12-01T08:00; now where not said
    #[arg(long, value_name = "DATETIME")]
    pub(super) from: Option<DateTime>,
    /// IANA zone of that time; the tenant's where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ZONE")]
    pub(super) zone: String,
    /// Check, and subscribe to nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) call: Call,
}

/// What `rapport subscriptions list` is told.
#[derive(Args, Clone, Debug)]
pub struct List {
    /// Only this member's, member_…
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    pub(super) member: String,
    /// Only of this plan
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CODE")]
    pub(super) plan: String,
    /// Only in this state
    #[arg(long, value_enum)]
    pub(super) state: Option<StateName>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub(super) limit: i32,
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// A state as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the states are told apart where they are defined")]
pub enum StateName {
    Active,
    Paused,
    PastDue,
    Cancelled,
    Ended,
}

/// What `rapport subscriptions show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// The subscription, subscription_…
    pub(super) subscription: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// What `rapport subscriptions preview` is told.
#[derive(Args, Clone, Debug)]
pub struct Preview {
    /// Code of the plan
    #[arg(long, value_name = "CODE")]
    pub(super) plan: String,
    /// How often, instead of what the plan says
    #[arg(long, value_name = "RHYTHM")]
    pub(super) every: Option<Rhythm>,
    /// The first day and time, on the wall of the zone
    #[arg(long, value_name = "DATETIME")]
    pub(super) from: DateTime,
    /// IANA zone; the tenant's where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ZONE")]
    pub(super) zone: String,
    /// How many
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100))]
    pub(super) count: i32,
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// What `rapport subscriptions skip` and `unskip` are told.
#[derive(Args, Clone, Debug)]
pub struct Numbered {
    /// The subscription, subscription_…
    pub(super) subscription: String,
    /// Number of the occurrence
    pub(super) number: i64,
    #[command(flatten)]
    pub(super) call: Call,
}

/// What `rapport subscriptions pause` and `resume` are told.
#[derive(Args, Clone, Debug)]
pub struct Change {
    /// The subscription, subscription_…
    pub(super) subscription: String,
    /// Why, in one word; kept with it
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CODE")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) call: Call,
}

/// What `rapport subscriptions cancel` is told.
#[derive(Args, Clone, Debug)]
pub struct Cancel {
    /// A paid term ends now, too
    #[arg(long)]
    pub(super) at_once: bool,
    #[command(flatten)]
    pub(super) change: Change,
}

/// What `rapport subscriptions card` is told.
#[derive(Args, Clone, Debug)]
pub struct Card {
    /// The subscription, subscription_…
    pub(super) subscription: String,
    /// The provider's token
    #[arg(long, value_name = "TOKEN")]
    pub(super) payment_token: String,
    #[command(flatten)]
    pub(super) call: Call,
}

/// What `rapport subscriptions check` is told.
#[derive(Args, Clone, Debug)]
pub struct Check {
    #[command(flatten)]
    pub(super) who: Who,
    /// Code of what is to be open
    #[arg(long, value_name = "CODE")]
    pub(super) entitlement: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

/// What `rapport subscriptions forecast` is told.
#[derive(Args, Clone, Debug)]
pub struct Forecast {
    /// How many months, this one among them
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=24))]
    pub(super) months: i32,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl StateName {
    pub(super) const fn state(self) -> SubscriptionState {
        match self {
            Self::Active => SubscriptionState::Active,
            Self::Paused => SubscriptionState::Paused,
            Self::PastDue => SubscriptionState::PastDue,
            Self::Cancelled => SubscriptionState::Cancelled,
            Self::Ended => SubscriptionState::Ended,
        }
    }
}
