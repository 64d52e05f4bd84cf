//! What is known of a member.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::MemberId;
use serde::{Deserialize, Serialize};

use super::birthday::Birthday;
use super::identity::Identity;

/// A person who belongs to the programme.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// For ever.
    pub id: MemberId,
    /// What they tell about themselves.
    pub profile: Profile,
    /// Every way they are known by, in the order they were added.
    pub identities: Vec<Identity>,
    /// Short words the programme puts on people.
    pub tags: BTreeSet<String>,
    /// The latest word on each purpose.
    pub consents: Vec<Consent>,
    /// How they came.
    pub acquisition_source: String,
    /// Whether they belong.
    pub state: State,
    /// Since when.
    pub state_at: Timestamp,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// Counts the changes.
    pub version: i64,
}

/// What a member tells about themselves, and may change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// As they write it.
    pub name: String,
    /// With or without its year.
    pub birthday: Option<Birthday>,
    /// As they state it.
    pub gender: String,
    /// The language they like to be addressed in, BCP 47.
    pub language: String,
    /// Store or page where they joined.
    pub touchpoint: String,
    /// What else the programme knows.
    pub attributes: BTreeMap<String, String>,
}

/// Whether a member belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Belongs.
    Enrolled,
    /// Has left.
    Left,
}

impl State {
    /// As the database writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Left => "left",
        }
    }

    /// Reads what [`State::word`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Enrolled, Self::Left].into_iter().find(|state| state.word() == word)
    }
}

/// One word of a member about one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What for.
    pub purpose: String,
    /// Yes or no.
    pub granted: bool,
    /// Where it was said.
    pub source: String,
    /// When it was said.
    pub said_at: Timestamp,
}

/// A person to enrol.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMember {
    /// At least one.
    pub identities: Vec<Identity>,
    /// What they tell.
    pub profile: Profile,
    /// Put on them from the start.
    pub tags: BTreeSet<String>,
    /// What they agreed to; each purpose once.
    pub consents: Vec<Consent>,
    /// How they came.
    pub acquisition_source: String,
    /// When they joined.
    pub joined_at: Timestamp,
}

impl NewMember {
    /// The record they begin with.
    pub fn begin(&self, id: MemberId, recorded_at: Timestamp) -> Member {
        Member {
            id,
            profile: self.profile.clone(),
            identities: self.identities.clone(),
            tags: self.tags.clone(),
            consents: self.consents.clone(),
            acquisition_source: self.acquisition_source.clone(),
            state: State::Enrolled,
            state_at: self.joined_at,
            joined_at: self.joined_at,
            updated_at: recorded_at,
            version: 1,
        }
    }
}
