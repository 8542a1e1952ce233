//! All tests that use archc from outside, in one binary.

mod image;
mod ops;
mod parse;
mod run;
mod weights;
mod zoo;
