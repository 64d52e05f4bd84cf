//! Stories across services: a whole suite in one process, on a private database, with a clock moved by hand.
//!
//! What one service promises is proved beside it. Here stands what only shows when they work together, and what must hold
//! for every rpc there is. Everything is in the tests; this library is empty.
