//! Where a member stands by time: multiples of their cycle.
//!
//! Every member who has a purchase gets a label: who has one within 3 C is new or active; who has none there, but within
//! 3 C to 6 C, has none within C either, and so is sleeping or lost; who has none within 6 C is deep.

use crate::scheme::terms::Precedence;

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifecycle {
    /// Has never bought.
    Prospect,
    /// One purchase within 3 C.
    New,
    /// Two or more within 3 C.
    Active,
    /// Two or more within 3 C to 6 C, none within C.
    Sleeping,
    /// One within 3 C to 6 C, none within C.
    Lost,
    /// None within 6 C.
    Deep,
}

impl Lifecycle {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Prospect, Self::New, Self::Active, Self::Sleeping, Self::Lost, Self::Deep];

    /// As events and decisions write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prospect => "PROSPECT",
            Self::New => "NEW",
            Self::Active => "ACTIVE",
            Self::Sleeping => "SLEEPING",
            Self::Lost => "LOST",
            Self::Deep => "DEEP",
        }
    }
}

/// Several labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub u8);

impl Labels {
    /// One more.
    #[must_use]
    pub const fn with(self, label: Lifecycle) -> Self {
        Self(self.0 | 1 << label as u8)
    }

    /// Whether one is among them.
    pub const fn has(self, label: Lifecycle) -> bool {
        self.0 & (1 << label as u8) != 0
    }

    /// All of them, in order.
    pub fn all(self) -> impl Iterator<Item = Lifecycle> {
        Lifecycle::ALL.into_iter().filter(move |label| self.has(*label))
    }
}

/// How many purchases lie in which window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Within C.
    pub within_one: i64,
    /// Within 3 C and not within C.
    pub within_three: i64,
    /// Within 6 C and not within 3 C.
    pub within_six: i64,
    /// Before that.
    pub older: i64,
}

/// All labels that match.
pub fn labels(windows: Windows) -> Labels {
    let recent = windows.within_one + windows.within_three;
    let gone_quiet = windows.within_one == 0;
    let matching = [
        (Lifecycle::Prospect, recent + windows.within_six + windows.older == 0),
        (Lifecycle::New, recent == 1),
        (Lifecycle::Active, recent >= 2),
        (Lifecycle::Sleeping, windows.within_six >= 2 && gone_quiet),
        (Lifecycle::Lost, windows.within_six == 1 && gone_quiet),
        (Lifecycle::Deep, recent + windows.within_six == 0 && windows.older > 0),
    ];
    matching.into_iter().filter(|(_, holds)| *holds).fold(Labels::default(), |all, (label, _)| all.with(label))
}

/// The one that is chosen of those that match.
pub fn chosen(labels: Labels, precedence: Precedence) -> Lifecycle {
    use Lifecycle::{Active, Deep, Lost, New, Prospect, Sleeping};
    let order = match precedence {
        Precedence::NewActiveFirst => [New, Active, Sleeping, Lost, Deep, Prospect],
        Precedence::SleepingLostFirst => [Sleeping, Lost, New, Active, Deep, Prospect],
    };
    order.into_iter().find(|label| labels.has(*label)).unwrap_or(Prospect)
}
