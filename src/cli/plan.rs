//! `archc plan`: what the fast path on the CPU makes of an architecture.

use std::io::Write;

use serde::Serialize;

use super::console::{Console, Exit, Failure, Findings, counted};
use super::network;
use super::opened::WorkloadArgs;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Graph;
use crate::plan::{Listed, Listing, Node, Plan};
use crate::report::{Column, Grid, bytes, shape, short};
use crate::source::SourceMap;
use crate::weights::Hashed;

/// Show how an architecture is computed on the CPU: the steps, and what was joined into them
///
/// `archc run` and `archc bench` compute by such a plan. A row is a step: the node that it is called after, the kernel
/// that computes it, the other nodes that this kernel computes too, shapes, multiply-accumulates, the bytes of its
/// weights, and where its result lies. Nodes that no step computes follow, with the reason. Weights are made up.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PlanCommandArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    #[command(flatten)]
    workload: WorkloadArgs,
    /// `table` is for people; `json` prints one object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

const EXAMPLES: &str = "\
Examples:
  archc plan zoo:resnet18
  archc plan net.arch:small --batch 8 --threads 1
  archc plan zoo:vgg16 --exact                     without Winograd's convolution
  archc plan net.arch --format json | jq '.steps[] | select(.fallback).path'

ARCHC_SIMD=scalar, avx2, avx512 or neon in the environment plans for these instructions.";

/// Prints a plan to standard output.
///
/// # Errors
/// Standard output can't be written; `ARCHC_SIMD` names no instructions that this machine has.
pub fn plan(args: &PlanCommandArgs, console: &mut Console) -> Result<Exit, Failure> {
    let options = args.workload.options()?;
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let graph = match network::expand(&args.target, &args.workload.settings, &mut sources, &mut found) {
        Ok((graph, _)) => graph,
        Err(stop) => {
            stop.report(found, console, &sources);
            return Ok(Exit::Usage);
        }
    };
    let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
    let too_large = |why| Diagnostic::error(Code::NOT_RUNNABLE, format!("can't plan `{}`: {why}", graph.name));
    let plan = Plan::new(&graph, &results, &Hashed { norm_scale: 1.0 }, options);
    let listing = match plan.and_then(|plan| plan.listing(args.workload.batch as usize).map_err(too_large)) {
        Ok(listing) => listing,
        Err(diagnostic) => {
            console.report_one(diagnostic, &sources);
            return Ok(Exit::Usage);
        }
    };
    match args.format {
        Format::Table => {
            let text = table(&graph, &listing, options.threads, console.table_width());
            console.out().write_all(text.as_bytes())?;
        }
        Format::Json => {
            let json = Json { arch: &graph.name, threads: options.threads, listing };
            serde_json::to_writer_pretty(console.out(), &json).map_err(std::io::Error::from)?;
            writeln!(console.out())?;
        }
    }
    Ok(Exit::Fine)
}

/// What is printed; `docs/plan.md` describes it.
#[derive(Serialize)]
struct Json<'a> {
    arch: &'a str,
    /// What it is planned for.
    threads: usize,
    #[serde(flatten)]
    listing: Listing,
}

fn table(graph: &Graph, listing: &Listing, threads: usize, width: Option<u16>) -> String {
    let total = |of: fn(&Listed) -> u64| listing.steps.iter().map(of).sum::<u64>();
    let joined = total(|step| step.joined.len() as u64);
    let fallbacks = total(|step| u64::from(step.fallback));
    let mut head = vec![format!(
        "{} nodes: {} steps, {joined} nodes joined to them, {} removed. Batch {}, {}, {}.",
        graph.len(),
        listing.steps.len(),
        listing.removed.len(),
        listing.batch,
        counted(threads, "thread"),
        listing.simd,
    )];
    head.push(format!(
        "{} MACs, {} of weights, {} of tensors.",
        short(total(|step| step.macs)),
        bytes(listing.weight_bytes as u64),
        bytes(listing.arena_bytes as u64),
    ));
    if listing.batch > 1 {
        let stretches = listing.steps.chunk_by(|a, b| a.images == b.images);
        let stretches =
            stretches.filter_map(|steps| steps.last()).map(|step| format!("{} to `{}`", step.images, step.path));
        head.push(format!("Images at a time: {}.", stretches.collect::<Vec<_>>().join(", then ")));
    }
    let sweeps = listing.steps.chunk_by(|a, b| (a.rows > 0) == (b.rows > 0)).filter(|steps| steps[0].rows > 0);
    let sweeps: Vec<String> =
        sweeps.filter_map(|steps| Some(format!("`{}` to `{}`", steps.first()?.path, steps.last()?.path))).collect();
    if !sweeps.is_empty() {
        head.push(format!("Some rows at a time: {}.", sweeps.join(", ")));
    }
    if fallbacks > 0 {
        head.push(format!("candle's ops compute {fallbacks} of the steps, for want of a kernel."));
    }
    let steps = Grid {
        title: graph.name.to_string(),
        head,
        columns: vec![
            Column::left("step"),
            Column::left("kernel"),
            Column::left("joined"),
            Column::left("inputs"),
            Column::left("output"),
            Column::right("MACs"),
            Column::right("weights"),
            Column::right("offset"),
            Column::left("inside"),
        ],
        rows: listing.steps.iter().map(row).collect(),
        total: None,
    };
    let mut text = steps.to_text(width);
    if !listing.removed.is_empty() {
        let row = |node: &Node, why: &str| vec![node.path.clone(), node.op.to_string(), why.to_string()];
        let removed = Grid {
            title: "Removed".to_string(),
            head: Vec::new(),
            columns: vec![Column::left("node"), Column::left("op"), Column::left("why")],
            rows: listing.removed.iter().map(|removed| row(&removed.node, removed.why)).collect(),
            total: None,
        };
        text.push('\n');
        text.push_str(&removed.to_text(width));
    }
    text
}

fn row(step: &Listed) -> Vec<String> {
    let unless_zero = |number: u64, shown: fn(u64) -> String| if number == 0 { String::new() } else { shown(number) };
    let joined: Vec<&str> = step.joined.iter().map(|node| &*node.path).collect();
    let inputs: Vec<String> = step.inputs.iter().map(|input| shape(input)).collect();
    vec![
        step.path.clone(),
        step.kernel.clone(),
        joined.join(", "),
        inputs.join(", "),
        shape(&step.output),
        unless_zero(step.macs, short),
        unless_zero(step.weight_bytes as u64, bytes),
        step.offset.to_string(),
        step.inside.clone().unwrap_or_default(),
    ]
}
