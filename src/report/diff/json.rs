//! Differences as JSON; `docs/diff.md` describes it.

use serde::Serialize;

use super::Compared;
use crate::analyse::{Counting, Sums};
use crate::diff::{Diff, Entry, Kind, OutputChange, Spot, Summary};
use crate::report::json::Costs;

/// The version of the JSON: a field that goes or changes its meaning raises it, a new one does not.
const FORMAT: u32 = 1;

/// One object on one line, without a line break.
pub fn json(compared: &Compared) -> String {
    let counting = compared.counting;
    let alone = |archs: &'_ [(String, Sums)]| {
        archs.iter().map(|(name, sums)| Alone { name: name.clone(), costs: Costs::new(sums, counting) }).collect()
    };
    let document = Document {
        format: FORMAT,
        before: &compared.before,
        after: &compared.after,
        convention: counting.map(|counting| counting.convention.name()),
        same: compared.is_same(),
        removed: alone(&compared.removed),
        added: alone(&compared.added),
        archs: compared.archs.iter().map(|diff| Arch::new(diff, counting)).collect(),
    };
    serde_json::to_string(&document).expect("strings and whole numbers can be written")
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    before: &'a str,
    after: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    convention: Option<&'static str>,
    same: bool,
    removed: Vec<Alone>,
    added: Vec<Alone>,
    archs: Vec<Arch<'a>>,
}

#[derive(Serialize)]
struct Alone {
    name: String,
    #[serde(flatten)]
    costs: Costs,
}

#[derive(Serialize)]
struct Arch<'a> {
    same: bool,
    before: Whole<'a>,
    after: Whole<'a>,
    changes: Vec<Change<'a>>,
    outputs: Vec<Output<'a>>,
}

#[derive(Serialize)]
struct Whole<'a> {
    name: &'a str,
    nodes: usize,
    #[serde(flatten)]
    costs: Costs,
}

#[derive(Serialize)]
struct Change<'a> {
    kind: &'static str,
    renamed: bool,
    before: Option<Node<'a>>,
    after: Option<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    path: &'a str,
    op: &'a str,
    detail: &'a str,
    output: &'a [usize],
    scope: Option<&'a str>,
    #[serde(flatten)]
    costs: Costs,
}

#[derive(Serialize)]
struct Attribute<'a> {
    name: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

#[derive(Serialize)]
struct Output<'a> {
    name: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> Arch<'a> {
    fn new(diff: &'a Diff, counting: Option<Counting>) -> Arch<'a> {
        let whole =
            |side: &'a Summary| Whole { name: &side.arch, nodes: side.nodes, costs: Costs::new(&side.sums, counting) };
        let output = |change: &'a OutputChange| Output {
            name: &change.name,
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        };
        Arch {
            same: diff.is_empty(),
            before: whole(&diff.before),
            after: whole(&diff.after),
            changes: diff.entries.iter().map(|entry| Change::new(entry, counting)).collect(),
            outputs: diff.outputs.iter().map(output).collect(),
        }
    }
}

impl<'a> Change<'a> {
    fn new(entry: &'a Entry, counting: Option<Counting>) -> Change<'a> {
        let kind = match entry.kind() {
            Kind::Removed => "removed",
            Kind::Added => "added",
            Kind::Changed => "changed",
            Kind::Resized => "resized",
            Kind::Renamed => "renamed",
        };
        let node = |spot: &'a Spot| Node {
            path: &spot.path,
            op: spot.op,
            detail: &spot.detail,
            output: &spot.shape,
            scope: spot.whole.as_ref().map(|whole| &*whole.path),
            costs: Costs::new(&spot.sums, counting),
        };
        let attribute = |attribute: &'a crate::diff::Attribute| Attribute {
            name: attribute.name,
            before: attribute.before.as_deref(),
            after: attribute.after.as_deref(),
        };
        Change {
            kind,
            renamed: entry.renamed().is_some(),
            before: entry.before.as_ref().map(node),
            after: entry.after.as_ref().map(node),
            attributes: entry.attributes.iter().map(attribute).collect(),
        }
    }
}
