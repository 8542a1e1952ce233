//! All tests that use archc from outside, in one binary.

mod image;
mod run;
mod weights;
