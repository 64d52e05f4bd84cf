//! Events that somebody else was told, and that missions may ask for.

mod desk;

use jiff::Timestamp;
use kernel::MemberId;

pub(crate) use self::desk::happened;
use super::facts::Who;

/// An event that was told beside missions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Who did it.
    pub(crate) member: MemberId,
    /// What.
    pub(crate) name: String,
    /// What the shop calls this one.
    pub(crate) external_id: String,
    /// When.
    pub(crate) at: Timestamp,
    /// How they stood then; none where it is only asked who would hear of it.
    pub(crate) who: Option<Who>,
}
