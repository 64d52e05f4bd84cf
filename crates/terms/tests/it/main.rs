//! The promises of terms.

mod books;
