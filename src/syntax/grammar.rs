//! `grammar/arch.pest`, made a parser by pest.

// pest writes a page of code for this; its rules are documented in the grammar.
#![allow(missing_docs)]

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/arch.pest"]
pub struct Grammar;
