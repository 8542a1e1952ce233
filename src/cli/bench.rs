//! `archc bench`: how fast architectures run.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::console::{Console, Exit, Failure, Findings};
use super::network::{self, Stop};
use super::opened::{PackedArgs, WorkloadArgs, tell_kept};
use crate::benchmark::{Layer, Measured, Request, measure};
use crate::diagnostic::Diagnostic;
use crate::ir::Graph;
use crate::kernels::{Pool, peak_flops};
use crate::report::{Column, Grid, bytes, short};
use crate::source::SourceMap;
use crate::weights::{Hashed, WeightSource, WeightsFile};

/// Measure how fast architectures run on the CPU
///
/// Runs each architecture on made-up images and prints the median time, images a second, the share of the machine's
/// multiply-add rate that it reaches, and the memory that it takes. Weights are made up too, unless a file is named: the
/// time does not depend on them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// `.arch` files, `-` for standard input, or `zoo:NAME`; of several architectures in one, the one after the colon
    #[arg(value_name = "FILE[:ARCH]", required = true)]
    targets: Vec<String>,
    #[command(flatten)]
    workload: WorkloadArgs,
    /// Runs to measure; as many as fit in two seconds, and at least five, unless said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    iterations: Option<u32>,
    /// Show each step too: its kernel, time, rate and share
    #[arg(long)]
    layers: bool,
    /// Weights for the only architecture: how long reading them takes is then part of the loading time
    #[arg(long, value_name = "FILE")]
    weights: Option<String>,
    #[command(flatten)]
    packed: PackedArgs,
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
  archc bench zoo:resnet50
  archc bench zoo:mobilenet_v1 zoo:mobilenet_v2 --batch 8 --threads 1
  archc bench net.arch:small --layers                  which layer is slow
  archc bench net.arch --input 3x320x320 --iterations 100
  archc bench zoo:vgg16 --format json | jq '.archs[0].median_ms'

ARCHC_SIMD=scalar, avx2, avx512 or neon in the environment computes with these instructions.";

/// How long the multiply-add rate is measured.
const PEAK_TIME: Duration = Duration::from_millis(100);

/// Measures, and prints what was found to standard output.
///
/// # Errors
/// Standard output can't be written; arguments contradict each other.
pub fn bench(args: &BenchArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.weights.is_some() && args.targets.len() > 1 {
        return Err(Failure::usage("`--weights` is for one architecture, and several are named"));
    }
    let options = args.workload.options()?;
    let cache = args.packed.cache();
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let mut graphs = Vec::new();
    for target in &args.targets {
        match network::expand(target, &args.workload.settings, &mut sources, &mut found) {
            Ok((graph, _)) => graphs.push((target.clone(), graph)),
            Err(Stop::Say(diagnostic)) => found.add([*diagnostic]),
            Err(Stop::Said) => {}
        }
    }
    if graphs.len() < args.targets.len() {
        console.report(&found, &sources);
        return Ok(Exit::Usage);
    }
    let request = Request {
        batch: args.workload.batch as usize,
        options,
        cache: cache.as_ref(),
        iterations: args.iterations,
        time: Duration::from_secs(2),
        layers: args.layers,
    };
    let mut measured = Vec::new();
    let mut peak = None;
    for (target, graph) in &graphs {
        let peak = *peak.get_or_insert_with(|| peak_flops(options.level, &mut Pool::new(options.threads), PEAK_TIME));
        match one(args, graph, &request, peak) {
            Ok(measures) => {
                tell_kept(&measures.kept, console);
                measured.push(Row { target, measured: measures });
            }
            Err(diagnostic) => {
                console.report_one(diagnostic, &sources);
                return Ok(Exit::Usage);
            }
        }
    }
    match args.format {
        Format::Table => {
            let width = console.table_width();
            let mut text = summary(&measured).to_text(width);
            for row in &measured {
                if let Some(layers) = &row.measured.layers {
                    text.push('\n');
                    text.push_str(&steps(&row.measured, layers).to_text(width));
                }
            }
            console.out().write_all(text.as_bytes())?;
        }
        Format::Json => {
            serde_json::to_writer(console.out(), &Bench { archs: &measured }).map_err(std::io::Error::from)?;
            writeln!(console.out())?;
        }
    }
    Ok(Exit::Fine)
}

fn one(args: &BenchArgs, graph: &Graph, request: &Request<'_>, peak: f64) -> Result<Measured, Diagnostic> {
    let source: Box<dyn WeightSource> = match &args.weights {
        Some(file) => Box::new(WeightsFile::open(Path::new(file))?),
        None => Box::new(Hashed { norm_scale: 0.5 }),
    };
    measure(graph, &*source, request, peak)
}

/// What is printed; `docs/performance.md` describes it.
#[derive(Serialize)]
struct Bench<'a> {
    archs: &'a [Row<'a>],
}

#[derive(Serialize)]
struct Row<'a> {
    target: &'a str,
    #[serde(flatten)]
    measured: Measured,
}

fn summary(rows: &[Row<'_>]) -> Grid {
    let first = &rows[0].measured;
    let row = |row: &Row<'_>| {
        let m = &row.measured;
        vec![
            m.arch.to_string(),
            format!("{:.2}", m.median_ms),
            format!("{:.2}", m.min_ms),
            format!("{:.2}-{:.2}", m.p10_ms, m.p90_ms),
            format!("{:.1}", m.images_per_s),
            format!("{:.1}", m.gflops),
            format!("{:.0} %", 100.0 * m.peak_fraction),
            m.peak_rss_bytes.map_or("-".to_string(), bytes),
            format!("{:.0}", m.load_ms),
            format!("{:.1}", m.first_ms),
            m.iterations.to_string(),
        ]
    };
    Grid {
        title: format!("batch {}, threads {}, {}", first.batch, first.threads, first.simd),
        head: vec![format!("Multiply-add rate: {:.0} GFLOP/s. Times in milliseconds.", first.peak_gflops)],
        columns: vec![
            Column::left("architecture"),
            Column::right("median"),
            Column::right("min"),
            Column::right("10-90 %"),
            Column::right("images/s"),
            Column::right("GFLOP/s"),
            Column::right("of rate"),
            Column::right("memory"),
            Column::right("load"),
            Column::right("first"),
            Column::right("runs"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
    }
}

fn steps(measured: &Measured, layers: &[Layer]) -> Grid {
    let row = |layer: &Layer| {
        let rate = layer.macs > 0;
        vec![
            layer.path.to_string(),
            layer.kernel.clone(),
            format!("{:.3}", layer.median_ms),
            format!("{:.1} %", 100.0 * layer.share),
            if rate { short(layer.macs) } else { String::new() },
            if rate { format!("{:.1}", layer.gflops) } else { String::new() },
            if rate { format!("{:.0} %", 100.0 * layer.peak_fraction) } else { String::new() },
        ]
    };
    let sum = layers.iter().map(|layer| layer.median_ms).sum::<f64>();
    Grid {
        title: measured.arch.to_string(),
        head: vec![format!("{} steps in {sum:.2} ms, each its median.", layers.len())],
        columns: vec![
            Column::left("step"),
            Column::left("kernel"),
            Column::right("ms"),
            Column::right("share"),
            Column::right("MACs"),
            Column::right("GFLOP/s"),
            Column::right("of rate"),
        ],
        rows: layers.iter().map(row).collect(),
        total: None,
    }
}
