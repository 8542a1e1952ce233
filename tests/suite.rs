//! All tests that use archc from outside, in one binary.

// Tests read files, and fail where something is not as they say.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod bench;
mod cli;
mod diff;
mod docs;
mod expand;
mod features;
mod gpu;
mod image;
mod ops;
mod parse;
mod picture;
mod plan;
mod reports;
mod run;
mod verify;
mod weights;
mod zoo;
