//! How long the phases take: on nets of the zoo, and on chains of 1,000 to 100,000 layers, where times should grow with
//! the number of layers.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

use archc::analyse::analyse;
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::report::{Subject, layers};
use archc::source::{FileId, SourceMap};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A file, and the architecture of it to expand.
struct Case {
    name: String,
    file: String,
    text: String,
    arch: String,
}

impl Case {
    fn of_the_zoo(family: &str, arch: &str) -> Case {
        let (_, text) = SourceMap::zoo().find(|(name, _)| *name == family).expect("a family of the zoo");
        let file = format!("zoo:{family}");
        Case { name: arch.to_string(), file, text: text.to_string(), arch: arch.to_string() }
    }

    /// `layers` convolutions one after another, in a loop.
    fn chain(layers: usize) -> Case {
        let text = format!(
            "arch chain {{\n  input image[3, 32, 32]\n  body: repeat {layers} {{ conv(8, 3, bias = false) }}\n  output y\n}}\n"
        );
        Case { name: format!("chain of {layers}"), file: String::new(), text, arch: "chain".to_string() }
    }

    fn open(&self) -> (SourceMap, FileId) {
        let mut sources = SourceMap::new();
        let file = match self.file.is_empty() {
            true => sources.add("bench.arch", &self.text),
            false => sources.open_target(&self.file).expect("a family of the zoo").file,
        };
        (sources, file)
    }

    fn graph(&self) -> Graph {
        let (mut sources, file) = self.open();
        let program = Program::load(&mut sources, file, &mut Diagnostics::new());
        expand(&program, &mut sources, &self.arch)
    }
}

fn expand(program: &Program, sources: &mut SourceMap, arch: &str) -> Graph {
    let mut diagnostics = Diagnostics::new();
    let graph = program.expand(sources, arch, &Settings::default(), &mut diagnostics);
    graph.unwrap_or_else(|| panic!("{arch} has errors: {:?}", diagnostics.into_sorted()))
}

fn cases() -> Vec<Case> {
    vec![
        Case::of_the_zoo("resnet", "resnet50"),
        Case::of_the_zoo("cifar_resnet", "cifar_resnet1202"),
        Case::chain(1_000),
        Case::chain(10_000),
        Case::chain(100_000),
    ]
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for statements in [1_000, 10_000] {
        let mut text = String::from("arch long {\n  input image[3, 32, 32]\n");
        for _ in 0..statements {
            writeln!(text, "  conv(8, 3, bias = false) -> bn -> relu").expect("a string takes all");
        }
        text.push_str("}\n");
        bench_parse(&mut group, &format!("{statements} lines"), &text);
    }
    let zoo: Vec<Case> = cases().into_iter().filter(|case| !case.file.is_empty()).collect();
    for case in &zoo {
        bench_parse(&mut group, &case.file, &case.text);
    }
    group.finish();
}

fn bench_parse(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, name: &str, text: &str) {
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut sources = SourceMap::new();
    let file = sources.add("bench.arch", text);
    group.bench_function(name, |bencher| {
        bencher.iter(|| archc::syntax::parse(&sources, file, &mut Diagnostics::new()));
    });
}

fn expanding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("expand");
    for case in cases() {
        let (mut sources, file) = case.open();
        let program = Program::load(&mut sources, file, &mut Diagnostics::new());
        group.throughput(Throughput::Elements(case.graph().len() as u64));
        group.bench_function(BenchmarkId::from_parameter(&case.name), |bencher| {
            bencher.iter(|| expand(&program, &mut sources, &case.arch));
        });
    }
    group.finish();
}

fn costs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cost");
    for case in cases() {
        let graph = case.graph();
        group.throughput(Throughput::Elements(graph.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(&case.name), |bencher| {
            bencher.iter(|| analyse(black_box(&graph)).expect("the counts fit"));
        });
    }
    group.finish();
}

fn reports(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report");
    for case in cases() {
        let graph = case.graph();
        let report = analyse(&graph).expect("the counts fit");
        let subject = Subject { file: case.file.clone(), report };
        group.throughput(Throughput::Elements(graph.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(&case.name), |bencher| {
            bencher.iter(|| layers(black_box(&subject), None));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = parse, expanding, costs, reports
}
criterion_main!(benches);
