//! How fast an architecture runs: latency, throughput, and what share of the machine's multiply-adds that is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use serde::Serialize;

use crate::analyse::analyse;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Graph, NodeId};
use crate::memory;
use crate::plan::{Listed, Options, PackedCache, Plan};
use crate::weights::{WeightSource, hash_values};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Images in a run.
    pub batch: usize,
    pub options: Options,
    /// Where packed weights may be kept.
    pub cache: Option<&'a PackedCache>,
    /// How many runs to measure; nothing for as many as fit in `time`, but at least five.
    pub iterations: Option<u32>,
    pub time: Duration,
    /// Whether each step is measured too.
    pub layers: bool,
}

/// What was measured. Times are in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    pub arch: Arc<str>,
    pub batch: usize,
    pub threads: usize,
    /// The level of vector instructions.
    pub simd: &'static str,
    pub iterations: usize,
    pub median_ms: f64,
    pub min_ms: f64,
    /// A tenth of the runs were faster, and a tenth slower.
    pub p10_ms: f64,
    pub p90_ms: f64,
    pub images_per_s: f64,
    /// Multiply-accumulates of a run.
    pub macs: u64,
    /// 10^9 floating-point operations a second, two for each multiply-accumulate, in the median run.
    pub gflops: f64,
    /// The machine's own multiply-add rate on these threads, in 10^9 operations a second.
    pub peak_gflops: f64,
    pub peak_fraction: f64,
    /// From the architecture and its weights to a plan that is ready to run.
    pub load_ms: f64,
    /// The first run, which also finds its memory.
    pub first_ms: f64,
    /// The most memory that the process held while this was measured; nothing where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// The steps of a run, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Layer>>,
    /// What [`Plan::keep_packed`] said once all was measured.
    #[serde(skip)]
    pub kept: Result<Option<String>, String>,
}

/// One step of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Layer {
    pub path: String,
    /// The kernel, and the sum and limits that were joined into it.
    pub kernel: String,
    pub median_ms: f64,
    /// Of all steps' time.
    pub share: f64,
    pub macs: u64,
    pub gflops: f64,
    pub peak_fraction: f64,
}

/// Measures one architecture with weights from `source`, on inputs that are computed from their names.
///
/// # Errors
/// What [`Plan::new`] says of the weights; counts that do not fit; `E0606` where a step can't be computed.
pub fn measure(
    graph: &Graph,
    source: &dyn WeightSource,
    request: &Request<'_>,
    peak_flops: f64,
) -> Result<Measured, Diagnostic> {
    memory::forget_peak();
    let cannot = |why: String| Diagnostic::error(Code::NOT_RUNNABLE, format!("can't compute `{}`: {why}", graph.name));
    let failed = |error: candle_core::Error| cannot(error.to_string());
    let macs = analyse(graph)?.total.macs.saturating_mul(request.batch as u64);
    let start = Instant::now();
    let results: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let plan = match request.cache {
        Some(cache) => Plan::cached(graph, &results, source, request.options, cache)?,
        None => Plan::new(graph, &results, source, request.options)?,
    };
    let load = start.elapsed();
    plan.prepare(request.batch).map_err(cannot)?;
    let inputs = inputs(graph, request.batch).map_err(failed)?;
    let start = Instant::now();
    plan.run(&inputs).map_err(failed)?;
    let first = start.elapsed();

    let mut runs = Vec::new();
    let start = Instant::now();
    let more = |runs: &Vec<f64>| match request.iterations {
        Some(count) => runs.len() < count as usize,
        None => runs.len() < 5 || (start.elapsed() < request.time && runs.len() < 10_000),
    };
    while more(&runs) {
        let run = Instant::now();
        plan.run(&inputs).map_err(failed)?;
        runs.push(milliseconds(run.elapsed()));
    }
    let layers = match request.layers {
        true => Some(layers(&plan, &inputs, runs.len().min(100), request.batch, peak_flops).map_err(failed)?),
        false => None,
    };
    runs.sort_by(f64::total_cmp);
    let median_ms = quantile(&runs, 0.5);
    let rate = |count: f64| count / (median_ms / 1e3);
    Ok(Measured {
        arch: graph.name.clone(),
        batch: request.batch,
        threads: request.options.threads,
        simd: request.options.level.name(),
        iterations: runs.len(),
        median_ms,
        min_ms: runs[0],
        p10_ms: quantile(&runs, 0.1),
        p90_ms: quantile(&runs, 0.9),
        images_per_s: rate(request.batch as f64),
        macs,
        gflops: rate(2.0 * macs as f64) / 1e9,
        peak_gflops: peak_flops / 1e9,
        peak_fraction: rate(2.0 * macs as f64) / peak_flops,
        load_ms: milliseconds(load),
        first_ms: milliseconds(first),
        peak_rss_bytes: memory::peak(),
        layers,
        kept: plan.keep_packed(),
    })
}

/// Each step's median over some runs.
fn layers(plan: &Plan, inputs: &[Tensor], runs: usize, batch: usize, peak: f64) -> candle_core::Result<Vec<Layer>> {
    let steps = plan.listing(batch).map_err(candle_core::Error::msg)?.steps;
    let mut times = vec![Vec::with_capacity(runs); steps.len()];
    for _ in 0..runs {
        let mut last = Instant::now();
        // A step may run for a part of the batch at a time.
        times.iter_mut().for_each(|times| times.push(0.0));
        plan.observe(inputs, |step| {
            let now = Instant::now();
            if let Some(time) = times[step].last_mut() {
                *time += milliseconds(now - last);
            }
            last = now;
        })?;
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            quantile(times, 0.5)
        })
        .collect();
    let all: f64 = medians.iter().sum();
    let layer = |(step, median_ms): (Listed, f64)| {
        let flops = 2.0 * step.macs as f64 / (median_ms / 1e3);
        Layer {
            path: step.path,
            kernel: step.kernel,
            median_ms,
            share: median_ms / all,
            macs: step.macs,
            gflops: flops / 1e9,
            peak_fraction: flops / peak,
        }
    };
    Ok(steps.into_iter().zip(medians).map(layer).collect())
}

/// Values between -2 and 2 for every input.
fn inputs(graph: &Graph, batch: usize) -> candle_core::Result<Vec<Tensor>> {
    let input = |id: &NodeId| {
        let node = graph.node(*id);
        let dims = [&[batch], node.output.shape()].concat();
        let values: Vec<f32> = hash_values(&node.path, dims.iter().product()).map(|value| 2.0 * value).collect();
        Tensor::from_vec(values, dims, &Device::Cpu)
    };
    graph.graph_inputs().iter().map(input).collect()
}

/// `sorted` has at least one value.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.5), 1.5);
        assert_eq!(quantile(&[7.0], 0.9), 7.0);
    }
}
