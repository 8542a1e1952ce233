//! What `torch.save` writes, read without running any of it.
//!
//! A checkpoint is a pickle: a program for a small machine that builds Python objects, and that can call any function
//! it names. [`pickle`] is such a machine with the few functions that tensors and dictionaries need; a file that names
//! another is refused. The values lie behind the pickle ([`old`], before PyTorch 1.6) or in entries of a zip archive
//! ([`archive`]); [`state`] finds the tensors among the objects.

mod archive;
mod globals;
mod old;
mod pickle;
mod state;

pub use archive::{is_archive, read as read_archive};
pub use old::{is_pickle, read as read_old};
