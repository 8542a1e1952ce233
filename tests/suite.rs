//! All tests that use archc from outside, in one binary.

mod image;
mod parse;
mod run;
mod weights;
