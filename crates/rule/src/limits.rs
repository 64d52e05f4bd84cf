//! How large a rule may be. A text beyond these is refused before or right after it is parsed, so that parsing,
//! checking, evaluating and explaining each have a bound that does not depend on who wrote the rule.

/// Bytes of a source.
pub const SOURCE_BYTES: usize = 8_192;
/// Words and signs of a source.
pub const TOKENS: usize = 1_024;
/// Brackets of any sort within one another.
pub const BRACKETS: usize = 24;
/// Parts of a rule within one another: brackets, `!`, and each `+`, `-` or `*` of a chain, as a chain leans to the left.
/// A chain of `&&` or of `||` is one part, however long.
pub const NESTING: usize = 48;
/// Values of one list.
pub const LIST: usize = 256;
/// Bytes of one text.
pub const TEXT_BYTES: usize = 256;
/// Facts of a schema.
pub const FACTS: usize = 256;
/// Faults told at once.
pub const FAULTS: usize = 20;
