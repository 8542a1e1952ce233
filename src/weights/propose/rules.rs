//! Few patterns for many pairs of names.
//!
//! Each pair suggests patterns: what both names share becomes a place to fill, whole ends and single numbers. The pattern
//! that most pairs suggest is taken if it breaks nothing, then the next, until all are said.

use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::pairing::Pairs;
use super::{Named, name_set, names};

/// The most patterns that are tried.
const MAX_TRIES: usize = 20_000;

/// Rules that give each name of the file its pair's, and that give no name that is needed to anything else.
pub fn infer(pairs: &Pairs, needed: &[Named], held: &[Named]) -> Option<Vec<(String, String)>> {
    let targets: HashMap<&str, &str> = pairs.list.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    // Rules are listed in order of execution.
    let places: HashMap<&str, usize> =
        needed.iter().enumerate().map(|(place, (name, _))| (name.as_str(), place)).collect();
    let needed = name_set(needed);
    let mut known: Vec<Known<'_>> = Vec::with_capacity(held.len());
    for (name, _) in held {
        known.push(Known { name, target: targets.get(name.as_str()).copied(), literal: 0, mapped: name.clone() });
    }
    let mut chosen: Vec<Candidate> = Vec::new();
    let mut candidates = suggestions(&known);
    let mut heap: BinaryHeap<Ranked> =
        candidates.iter().enumerate().map(|(index, candidate)| candidate.rank(index, &known)).collect();
    let mut tries = 0;
    while let Some(top) = heap.pop() {
        let now = candidates[top.index].rank(top.index, &known);
        if now.open == 0 {
            continue;
        }
        if now.open < top.open {
            heap.push(now);
            continue;
        }
        tries += 1;
        if tries > MAX_TRIES {
            return None;
        }
        let candidate = &candidates[top.index];
        if let Some(changes) = candidate.effect(&known, &needed) {
            for (place, mapped) in changes {
                known[place].mapped = mapped;
                known[place].literal = candidate.literal();
            }
            chosen.push(std::mem::take(&mut candidates[top.index]));
        }
    }
    prune(&mut chosen, &known, &needed);
    let place = |pair: &usize| known[*pair].target.and_then(|target| places.get(target).copied());
    chosen.sort_by_key(|candidate| candidate.pairs.iter().filter_map(place).min());
    Some(chosen.into_iter().map(|candidate| (candidate.from, candidate.to)).collect())
}

/// A name of the file, and what becomes of it with the rules so far.
struct Known<'a> {
    name: &'a str,
    target: Option<&'a str>,
    /// How many characters outside braces the rule has that gave `mapped`.
    literal: usize,
    mapped: String,
}

impl Known<'_> {
    fn is_right(&self, mapped: &str, needed: &BTreeSet<&str>) -> bool {
        match self.target {
            Some(target) => mapped == target,
            None => mapped == self.name || !needed.contains(mapped),
        }
    }

    fn is_open(&self) -> bool {
        self.target.is_some_and(|target| target != self.mapped)
    }
}

/// A rule, and the places of the names that suggest it.
#[derive(Debug, Default)]
struct Candidate {
    from: String,
    to: String,
    pairs: Vec<usize>,
}

/// A candidate by how much it would do: the more names, the simpler, the more of the name spelt out. A place at
/// the end is simple, since a module's other weights go where the one goes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    open: usize,
    complexity: std::cmp::Reverse<usize>,
    literal: usize,
    /// Of equals the first.
    first: std::cmp::Reverse<usize>,
    index: usize,
}

impl Candidate {
    fn rank(&self, index: usize, known: &[Known<'_>]) -> Ranked {
        let open = self.pairs.iter().filter(|place| known[**place].is_open()).count();
        let places = self.from.matches('{').count();
        let complexity = if self.from.ends_with("{x}") { places - 1 } else { places + 1 };
        let complexity = std::cmp::Reverse(complexity);
        Ranked { open, complexity, literal: self.literal(), first: std::cmp::Reverse(index), index }
    }

    /// The characters outside braces.
    fn literal(&self) -> usize {
        self.from.len() - self.from.matches('{').count() * "{x}".len()
    }

    /// What it changes; nothing where it makes a right name wrong, or makes no name right.
    fn effect(&self, known: &[Known<'_>], needed: &BTreeSet<&str>) -> Option<Vec<(usize, String)>> {
        let names = names(&[(self.from.clone(), self.to.clone())])?;
        let mut changes = Vec::new();
        let mut gained = false;
        for (place, known) in known.iter().enumerate() {
            if known.literal >= self.literal() && known.literal > 0 {
                continue;
            }
            let Some(mapped) = names.map(known.name).filter(|mapped| mapped != known.name) else { continue };
            let (was, is) = (known.is_right(&known.mapped, needed), known.is_right(&mapped, needed));
            if was && !is {
                return None;
            }
            gained |= is && !was;
            changes.push((place, mapped));
        }
        gained.then_some(changes)
    }
}

/// Leaves out rules without which all is the same.
fn prune(chosen: &mut Vec<Candidate>, known: &[Known<'_>], needed: &BTreeSet<&str>) {
    let mut index = chosen.len();
    while index > 0 {
        index -= 1;
        let others = chosen.iter().enumerate().filter(|(other, _)| *other != index);
        let rules: Vec<(String, String)> = others.map(|(_, rule)| (rule.from.clone(), rule.to.clone())).collect();
        let Some(names) = names(&rules) else { continue };
        let same = |known: &Known<'_>| {
            names.map(known.name).is_some_and(|mapped| known.is_right(&mapped, needed))
                || !known.is_right(&known.mapped, needed)
        };
        if known.iter().all(same) {
            chosen.remove(index);
        }
    }
}

/// All that the pairs suggest.
fn suggestions(known: &[Known<'_>]) -> Vec<Candidate> {
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (place, known) in known.iter().enumerate() {
        let Some(target) = known.target.filter(|_| known.is_open()) else { continue };
        if [known.name, target].iter().any(|name| name.contains(['{', '}', '"', '\\'])) {
            continue;
        }
        for rule in patterns(known.name, target) {
            let index = *places.entry(rule.clone()).or_insert_with(|| {
                candidates.push(Candidate { from: rule.0, to: rule.1, pairs: Vec::new() });
                candidates.len() - 1
            });
            if candidates[index].pairs.last() != Some(&place) {
                candidates[index].pairs.push(place);
            }
        }
    }
    candidates
}

/// Patterns that turn the one name into the other.
fn patterns(from: &str, to: &str) -> Vec<(String, String)> {
    let (a, b): (Vec<&str>, Vec<&str>) = (from.split('.').collect(), to.split('.').collect());
    let shorter = a.len().min(b.len());
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let same_start = a.iter().zip(&b).take_while(|(a, b)| a == b).count().min(shorter - same_end);
    let mut found = Vec::new();
    // How many parts at the end a place takes: all that are the same, or all but one or two, or none.
    let mut ends = vec![same_end, same_end.saturating_sub(1), same_end.saturating_sub(2), 0];
    ends.dedup();
    for end in ends {
        for start in [0, same_start] {
            let middle = |parts: &[&str]| parts[start..parts.len() - end].join(".");
            let (from, to) = (middle(&a), middle(&b));
            for (from, to) in numbered(&from, &to, 4 - usize::from(start > 0) - usize::from(end > 0)) {
                let whole = |middle: &str| {
                    let parts = [if start > 0 { "{p}" } else { "" }, middle, if end > 0 { "{x}" } else { "" }];
                    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
                };
                found.push((whole(&from), whole(&to)));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The two as they are, and with places for numbers that both have: for all of them, for each alone.
fn numbered(from: &str, to: &str, places: usize) -> Vec<(String, String)> {
    let (a, b): (Vec<&str>, Vec<&str>) = (super::tokens(from).collect(), super::tokens(to).collect());
    let is_number = |token: &str| token.starts_with(|c: char| c.is_ascii_digit());
    let numbers = |tokens: &[&str]| -> Vec<usize> { (0..tokens.len()).filter(|at| is_number(tokens[*at])).collect() };
    let (ours, theirs) = (numbers(&a), numbers(&b));
    let same = ours.iter().flat_map(|one| theirs.iter().map(move |other| (*one, *other)));
    let same: Vec<(usize, usize)> = same.filter(|(one, other)| a[*one] == b[*other]).collect();
    let shared = longest(&same);
    let with = |taken: &[(usize, usize)]| {
        let (mut from, mut to) = (owned(&a), owned(&b));
        for ((one, other), hole) in taken.iter().zip(["{i}", "{j}", "{k}", "{l}"]) {
            from[*one] = hole.to_string();
            to[*other] = hole.to_string();
        }
        (from.concat(), to.concat())
    };
    let mut all = vec![with(&[])];
    if shared.len() > 1 && shared.len() <= places {
        all.push(with(&shared));
    }
    if places > 0 {
        all.extend(same.iter().take(MAX_SAME).map(|one| with(std::slice::from_ref(one))));
    }
    all
}

/// How many pairs of equal numbers of two names are tried one by one.
const MAX_SAME: usize = 12;

/// Of pairs of places, sorted, the most that rise on both sides.
fn longest(same: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut ends: Vec<Vec<(usize, usize)>> = Vec::new();
    for pair in same.iter().take(MAX_SAME) {
        let before = ends.iter().filter(|list| list.last().is_some_and(|last| last.0 < pair.0 && last.1 < pair.1));
        let mut list = before.max_by_key(|list| list.len()).cloned().unwrap_or_default();
        list.push(*pair);
        ends.push(list);
    }
    ends.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

fn owned(tokens: &[&str]) -> Vec<String> {
    tokens.iter().map(|token| (*token).to_string()).collect()
}
