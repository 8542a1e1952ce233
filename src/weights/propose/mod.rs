//! Finds out how a file's names become an architecture's, where they are the same network under other names.
//!
//! [`pairing`] says which weight of the file is which of the architecture, by shapes, order and neighbours; [`rules`] finds
//! few patterns that say the same. What is proposed has been tried: with it, the weights do agree.

mod pairing;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, fits, is_counter};
use pairing::pair;

/// The most names of either side that are looked at.
const MAX_NAMES: usize = 30_000;

/// A name and a shape.
pub type Named = (String, Vec<usize>);

/// Rules of names, and how far they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The file's name first.
    pub rules: Vec<(String, String)>,
    /// How many of the architecture's weights are there with these rules, in their shapes.
    pub matched: usize,
    /// How many of them have twins of the same shapes that only their order tells apart.
    pub guessed: usize,
}

impl Proposal {
    pub fn names(&self) -> Names {
        names(&self.rules).expect("the rules were tried")
    }

    /// The rules as an item has them, `indent` blanks further in.
    pub fn block(&self, indent: usize) -> String {
        let pad = " ".repeat(indent);
        let line = |(from, to): &(String, String)| format!("{pad}  \"{from}\" => \"{to}\"\n");
        format!("{pad}names {{\n{}{pad}}}\n", self.rules.iter().map(line).collect::<String>())
    }
}

/// Rules with which more of what is `needed` is there than without: the best of what several orders of the names suggest.
/// `needed` is in order of execution, `held` in the file's.
pub fn propose(needed: &[Named], held: &[Named]) -> Option<Proposal> {
    if needed.len() > MAX_NAMES || held.len() > MAX_NAMES {
        return None;
    }
    let before = matched(&Names::default(), needed, held)?;
    let plain: Vec<Named> = held.iter().filter(|(name, _)| !is_counter(name)).cloned().collect();
    let (needed_sorted, held_sorted) = (natural(needed), natural(&plain));
    // An order by the alphabet says nothing of execution.
    let held_orders = match plain.is_sorted() {
        true => vec![&held_sorted],
        false => vec![&plain, &held_sorted],
    };
    let mut best: Option<Proposal> = None;
    for same_names_stay in [true, false] {
        for held_order in &held_orders {
            for needed_order in [needed, &needed_sorted] {
                let pairs = pair(needed_order, held_order, same_names_stay);
                let Some(rules) = rules::infer(&pairs, needed, &plain) else { continue };
                let Some(matched) = names(&rules).and_then(|names| matched(&names, needed, held)) else { continue };
                let proposal = Proposal { rules, matched, guessed: pairs.guessed };
                let better = best.as_ref().is_none_or(|best| {
                    (proposal.matched, best.rules.len(), best.guessed)
                        > (best.matched, proposal.rules.len(), proposal.guessed)
                });
                if matched > before && better {
                    best = Some(proposal);
                }
            }
        }
        if best.as_ref().is_some_and(|best| best.matched == needed.len()) {
            break;
        }
    }
    best
}

fn names(rules: &[(String, String)]) -> Option<Names> {
    let mut names = Names::default();
    rules.iter().all(|(from, to)| names.push(from, to).is_ok()).then_some(names)
}

/// How many of what is needed is there under these names; nothing where two of the file's names become one.
fn matched(names: &Names, needed: &[Named], held: &[Named]) -> Option<usize> {
    let mut renamed = BTreeMap::new();
    for (name, shape) in held {
        let Some(mapped) = names.map(name) else { continue };
        if renamed.insert(mapped, shape).is_some() {
            return None;
        }
    }
    let there = |(name, shape): &&Named| renamed.get(name).is_some_and(|held| fits(held, shape));
    Some(needed.iter().filter(there).count())
}

/// In order of the names, numbers in them by value.
fn natural(named: &[Named]) -> Vec<Named> {
    let mut sorted = named.to_vec();
    sorted.sort_by_cached_key(|(name, _)| tokens(name).map(key).collect::<Vec<_>>());
    sorted
}

fn key(token: &str) -> (u64, String) {
    // Names without numbers come after those with, and digits too many for a number by their text.
    let number = token.parse::<u64>().unwrap_or(u64::MAX);
    (number, token.to_string())
}

/// The runs of digits and of other characters of a name.
fn tokens(name: &str) -> impl Iterator<Item = &str> {
    name.as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .scan(0, |start, run| {
            let from = *start;
            *start += run.len();
            Some(from..*start)
        })
        .map(|range| &name[range])
}

/// The names alone.
fn name_set(named: &[Named]) -> BTreeSet<&str> {
    named.iter().map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests;
