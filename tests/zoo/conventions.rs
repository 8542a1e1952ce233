//! What other programs count: archc's totals by their rules are theirs, to the unit.
//!
//! `tests/reference/conventions.json` is what they print; `tools/conventions.py` runs them.

use archc::analyse::{Convention, Counting, Optimizer, Written, analyse, analyse_batch};
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::report::grouped;
use archc::source::SourceMap;
use serde_json::Value;

fn printed() -> Value {
    serde_json::from_str(&super::read("tests/reference/conventions.json")).expect("it is JSON")
}

/// The conventions that other programs have.
fn others() -> impl Iterator<Item = Convention> {
    Convention::ALL.iter().copied().filter(|one| !matches!(one, Convention::Macs | Convention::Flops))
}

fn total(graph: &Graph, convention: Convention, written: Written, batch: u64) -> u64 {
    let counting = Counting { convention, written };
    analyse_batch(graph, batch, Some(counting)).expect("it fits").total.counted
}

#[test]
fn totals_of_the_zoo_are_as_printed() {
    let printed = printed();
    let mut wrong = Vec::new();
    for (arch, entry) in printed["models"].as_object().expect("an object") {
        let graph = super::expand(arch);
        for convention in others() {
            let wanted = entry["totals"][convention.name()].as_u64().expect("a number");
            let found = total(&graph, convention, Written::Published, 1);
            if found != wanted {
                let name = convention.name();
                wrong
                    .push(format!("{arch}: {name} prints {wanted}, archc {found}, {}", found as i128 - wanted as i128));
            }
            assert_eq!(total(&graph, convention, Written::Published, 3), 3 * found);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documentation_has_them() {
    let (printed, page) = (printed(), super::read("docs/costs.md"));
    for arch in ["resnet50", "vgg16", "inception_v3", "xception", "mobilenet_v2"] {
        let mut row = format!("| `{arch}` | {} |", grouped(super::costs(arch).total.macs));
        for convention in others() {
            let total = printed["models"][arch]["totals"][convention.name()].as_u64().expect("a number");
            row.push_str(&format!(" {} |", grouped(total)));
        }
        assert!(page.contains(&row), "docs/costs.md has no row {row}");
    }
}

#[test]
fn totals_of_single_ops_are_as_printed() {
    let mut wrong = Vec::new();
    for case in printed()["ops"].as_array().expect("an array") {
        let body = case["body"].as_str().expect("a string");
        let graph = expand(body);
        let written = if case["function"] == true { Written::Functions } else { Written::Modules };
        for convention in others() {
            let wanted = case["totals"][convention.name()].as_u64().expect("a number");
            let found = total(&graph, convention, written, 1);
            if found != wanted {
                wrong.push(format!("{body} ({written:?}): {} prints {wanted}, archc {found}", convention.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_op_that_computes_is_among_them() {
    let printed = printed();
    let bodies: Vec<&str> =
        printed["ops"].as_array().expect("an array").iter().filter_map(|case| case["body"].as_str()).collect();
    let is_there =
        |op: &str| bodies.iter().any(|body| body.lines().skip(1).any(|line| line.split('(').next() == Some(op)));
    let missing: Vec<&str> = archc::ops::ALL.iter().map(|def| def.name).filter(|op| !is_there(op)).collect();
    assert_eq!(missing, ["input", "param", "identity"]);
}

#[test]
fn training_keeps_what_pytorch_saves() {
    let printed = printed();
    let mut wrong = Vec::new();
    for (arch, entry) in printed["models"].as_object().expect("an object") {
        let wanted = entry["saved"].as_u64().expect("a number");
        let graph = super::expand(arch);
        let report = analyse_batch(&graph, 2, None).expect("it fits");
        let dropouts: u64 = report.nodes.iter().filter(|node| node.op == "dropout").map(|node| node.load.saved).sum();
        let found = report.training(Optimizer::Adam).saved_activations - dropouts;
        if found != wanted {
            wrong.push(format!("{arch}: PyTorch saves {wanted}, archc {found}: {}", found as i128 - wanted as i128));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn macs_and_flops_are_conventions_too() {
    let graph = super::expand("resnet18");
    let sums = analyse(&graph).expect("it fits").total;
    assert_eq!(sums.counted, 0);
    assert_eq!(total(&graph, Convention::Macs, Written::Published, 1), sums.macs);
    assert_eq!(total(&graph, Convention::Flops, Written::Published, 1), sums.flops);
}

#[test]
fn totals_that_do_not_fit_are_errors() {
    let graph = expand("input x[6, 5, 4]\nupsample(2, mode = \"bilinear\")");
    let counting = Counting { convention: Convention::Thop, written: Written::Modules };
    let batch = 4_000_000_000_000_000;
    assert!(analyse_batch(&graph, batch, None).is_ok());
    let error = analyse_batch(&graph, batch, Some(counting)).expect_err("11 x 480 x 4e15 is more than 2^64");
    assert_eq!(error.message, "the operations by another program's rules of `net` don't fit 64 bits");
}

fn expand(body: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", &format!("arch net() {{\n{body}\n}}\n"));
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", super::shown(diagnostics, &sources));
    graph.expect("there are no errors")
}
