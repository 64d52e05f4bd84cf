//! What another noun does to an account within a transaction of its own: by the rules of the desk, and written as it writes.

mod desk;

pub(crate) use self::desk::{decide, facts};
