//! The planned path on the CPU: a graph and its weights become a list of kernel calls over one arena.
//!
//! `sketch` has a stage for every node. `passes` join what one kernel can do: batch normalisation goes into the weights
//! of a convolution; a sum and an activation happen while its results are still in registers; dropout and reshapes
//! vanish. `draft` chooses kernels and packs weights. `layout` says where every tensor lies: with room for the zeros
//! around it that its readers' windows reach, inside the result of a `concat` where it only ends there, and over
//! memory whose tensors nobody reads any more. What has no kernel is computed by candle's ops, in the same plan.

mod draft;
mod layout;
mod passes;
mod prepare;
mod sketch;
mod step;

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Tensor};

use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::kernels::{Arena, Level, Pool};
use crate::weights::{Fit, WeightSource};

use draft::Draft;
use layout::Layout;

/// Tensors of a plan live on the CPU.
const DEVICE: Device = Device::Cpu;

/// How a plan computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads that kernels run on.
    pub threads: usize,
    /// The vector instructions that are used; one of [`Level::available`].
    pub level: Level,
}

impl Default for Options {
    fn default() -> Options {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Options { threads, level: Level::available()[0] }
    }
}

/// An architecture with weights, ready to compute on the CPU in float32.
#[derive(Debug)]
pub struct Plan {
    draft: Draft,
    level: Level,
    state: Mutex<State>,
}

/// The paths of the nodes that candle's ops compute in a plan, for want of a kernel. Of weights it reads only those of
/// normalisations.
///
/// # Errors
/// As [`Plan::new`].
pub fn fallbacks(graph: &Graph, results: &[NodeId], source: &dyn WeightSource) -> Result<Vec<Arc<str>>, Diagnostic> {
    let mut sketch = sketch::Sketch::new(graph, results, source);
    passes::optimise(&mut sketch)?;
    let plain = sketch.stages().filter(|stage| matches!(stage.kind, sketch::Kind::Plain));
    Ok(plain.map(|stage| graph.node(stage.node).path.clone()).collect())
}

/// What a run needs to itself.
#[derive(Debug)]
struct State {
    pool: Pool,
    /// For the batch of the last run.
    layout: Option<Layout>,
    arena: Arena,
}

impl Plan {
    /// Plans the computation of `results` and takes every weight from `source`.
    ///
    /// # Errors
    /// As [`crate::lower::Model::new`].
    pub fn new(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        options: Options,
    ) -> Result<Plan, Diagnostic> {
        if let Some(error) = Fit::of(graph, source).error() {
            return Err(error);
        }
        let draft = Draft::new(graph, results, source, options.level)?;
        let state = State { pool: Pool::new(options.threads), layout: None, arena: Arena::new(0) };
        Ok(Plan { draft, level: options.level, state: Mutex::new(state) })
    }

    /// The results that were asked for, each with the batch in front.
    ///
    /// # Errors
    /// Inputs of another number or shape, or of unequal batches; what candle says where it computes a step.
    pub fn run(&self, inputs: &[Tensor]) -> candle_core::Result<Vec<Tensor>> {
        let batch = self.check(inputs)?;
        // A run that panicked leaves nothing that the next one reads.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { pool, layout, arena } = &mut *state;
        let layout = match layout {
            Some(layout) if layout.batch() == batch => layout,
            _ => layout.insert(Layout::new(&self.draft, batch)),
        };
        if arena.len() < layout.len() {
            *arena = Arena::new(layout.len());
        }
        let mut run = step::Run { draft: &self.draft, layout, arena, pool, level: self.level, batch };
        run.inputs(inputs)?;
        run.steps()?;
        self.draft.results.iter().map(|result| run.result(result)).collect()
    }

    /// The steps in their order, each in a line: what it computes, and what was joined into it.
    pub fn describe(&self) -> Vec<String> {
        let line = |step: &draft::Step| {
            let joined: Vec<&str> = step.joined.iter().map(|joined| &*joined.path).collect();
            let with = if joined.is_empty() { String::new() } else { format!(", with {}", joined.join(", ")) };
            format!("{:<32} {}{with}", step.path, step.work.describe())
        };
        self.draft.steps.iter().map(line).collect()
    }

    /// How many steps candle's ops compute, for want of a kernel.
    pub fn fallbacks(&self) -> usize {
        self.draft.steps.iter().filter(|step| step.work.is_fallback()).count()
    }

    fn check(&self, inputs: &[Tensor]) -> candle_core::Result<usize> {
        if inputs.len() != self.draft.inputs.len() {
            candle_core::bail!(
                "the architecture has {} inputs, and {} are given",
                self.draft.inputs.len(),
                inputs.len()
            );
        }
        let batch = inputs.first().and_then(|input| input.dims().first()).copied().unwrap_or(1);
        for (value, tensor) in self.draft.inputs.iter().zip(inputs) {
            let shape = &self.draft.values[value.0].shape;
            let fits = tensor.dims().split_first().is_some_and(|(first, rest)| *first == batch && rest == shape);
            if !fits || batch == 0 {
                candle_core::bail!("an input is {shape:?} after the batch, and {:?} is given", tensor.dims());
            }
        }
        Ok(batch)
    }
}
