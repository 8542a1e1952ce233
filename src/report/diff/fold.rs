//! Equal changes in many places, as one row.

use std::collections::{BTreeSet, HashMap};

use crate::analyse::Sums;
use crate::diff::Kind;

/// One change in one place.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub kind: Kind,
    pub path: String,
    /// What changed, without the place.
    pub what: String,
    /// The shape, or how it changed.
    pub output: String,
    pub delta: Delta,
}

/// What a change costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Delta {
    pub params: i128,
    pub macs: i128,
    pub activation_bytes: i128,
    /// What a convention counts.
    pub counted: i128,
}

impl Delta {
    pub fn between((before, after): (Sums, Sums)) -> Delta {
        let delta = |figure: fn(&Sums) -> u64| i128::from(figure(&after)) - i128::from(figure(&before));
        Delta {
            params: delta(|sums| sums.params),
            macs: delta(|sums| sums.macs),
            activation_bytes: delta(Sums::activation_bytes),
            counted: delta(|sums| sums.counted),
        }
    }

    pub fn add(&mut self, other: Delta) {
        self.params += other.params;
        self.macs += other.macs;
        self.activation_bytes += other.activation_bytes;
        self.counted += other.counted;
    }
}

/// One change in one or more places.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub kind: Kind,
    pub what: String,
    paths: Vec<String>,
    /// Whether the paths have one form, so that a pattern shows them all.
    alike: bool,
    /// The shapes, where they are the same everywhere.
    pub output: Option<String>,
    pub delta: Delta,
}

/// Units of one kind whose paths differ in numbers alone and for which `key` is equal, in the order of the first ones.
pub(super) fn fold(units: Vec<Unit>, key: impl Fn(&Unit) -> String) -> Vec<Row> {
    group(units, true, |unit| format!("{} {}", wild(&unit.path), key(unit)))
}

/// Units that differ in nothing but the place.
pub(super) fn by_what(units: Vec<Unit>) -> Vec<Row> {
    group(units, false, |unit| unit.what.clone())
}

fn group(units: Vec<Unit>, alike: bool, key: impl Fn(&Unit) -> String) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut known: HashMap<(Kind, String), usize> = HashMap::new();
    for unit in units {
        let at = *known.entry((unit.kind, key(&unit))).or_insert(rows.len());
        match rows.get_mut(at) {
            Some(row) => {
                row.paths.push(unit.path);
                row.output = row.output.take().filter(|output| *output == unit.output);
                row.delta.add(unit.delta);
            }
            None => rows.push(Row {
                kind: unit.kind,
                what: unit.what,
                paths: vec![unit.path],
                alike,
                output: Some(unit.output),
                delta: unit.delta,
            }),
        }
    }
    rows
}

impl Row {
    /// The paths as one pattern: `layer{1..4}.{0,1}.conv2`; of unlike ones the first, and how many more there are.
    pub fn paths(&self) -> String {
        match self.paths.as_slice() {
            [only] => only.clone(),
            [first, rest @ ..] if !self.alike => format!("{first} and {} more", rest.len()),
            paths => pattern(paths),
        }
    }

    /// ` in 16 blocks`, where there is more than one.
    pub fn places(&self) -> String {
        if self.paths.len() == 1 || !self.alike {
            return String::new();
        }
        let parents: BTreeSet<&str> =
            self.paths.iter().map(|path| path.rsplit_once('.').map_or("", |two| two.0)).collect();
        match (self.paths.len(), parents.len()) {
            (places, 1) => format!(", {places} times"),
            (places, blocks) if places == blocks => format!(", in {blocks} blocks"),
            (places, blocks) => format!(", {places} times in {blocks} blocks"),
        }
    }
}

/// A path with `#` for its numbers.
pub(super) fn wild(path: &str) -> String {
    let mut text = String::new();
    for part in numbers(path) {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Number(_) => text.push('#'),
        }
    }
    text
}

/// Paths that differ in their numbers alone, as one: numbers that differ are `{1..4}` or `{1,3}`, many of them `*`.
pub(super) fn pattern(paths: &[String]) -> String {
    let Some(first) = paths.first() else { return String::new() };
    let mut seen: Vec<BTreeSet<u64>> = Vec::new();
    for path in paths {
        let found = numbers(path).into_iter().filter_map(|part| match part {
            Part::Number(number) => Some(number),
            Part::Text(_) => None,
        });
        for (index, number) in found.enumerate() {
            if seen.len() == index {
                seen.push(BTreeSet::new());
            }
            seen[index].insert(number);
        }
    }
    let mut seen = seen.into_iter();
    let mut text = String::new();
    for part in numbers(first) {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Number(_) => text.push_str(&set(&seen.next().unwrap_or_default())),
        }
    }
    text
}

/// Numbers in few characters.
fn set(numbers: &BTreeSet<u64>) -> String {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return String::new() };
    match numbers.len() {
        1 => first.to_string(),
        count if count > 2 && last - first == count as u64 - 1 => format!("{{{first}..{last}}}"),
        count if count <= 4 => {
            format!("{{{}}}", numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(","))
        }
        _ => "*".to_string(),
    }
}

enum Part<'a> {
    Text(&'a str),
    Number(u64),
}

/// A path cut into its numbers and what is between them. What is too long for a number is text.
fn numbers(path: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let digit = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(rest.len());
        parts.push(match rest[..end].parse() {
            Ok(number) => Part::Number(number),
            Err(_) => Part::Text(&rest[..end]),
        });
        rest = &rest[end..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{pattern, wild};

    fn joined(paths: &[&str]) -> String {
        pattern(&paths.iter().map(|path| (*path).to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn paths_become_patterns() {
        assert_eq!(wild("layer1.10.conv2"), "layer#.#.conv#");
        assert_eq!(joined(&["layer1.0.conv2", "layer2.0.conv2", "layer3.0.conv2"]), "layer{1..3}.0.conv2");
        assert_eq!(joined(&["a.0", "a.1"]), "a.{0,1}");
        assert_eq!(joined(&["a.0", "a.2", "a.4", "a.6", "a.8"]), "a.*");
        assert_eq!(joined(&["fc"]), "fc");
    }
}
