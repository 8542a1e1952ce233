//! The planned path on the CPU: a graph and its weights become a list of kernel calls over one arena.
//!
//! `sketch` has a stage for every node. `passes` join what one kernel can do: batch normalisation goes into the weights
//! of a convolution; a sum and an activation happen while its results are still in registers; dropout and reshapes
//! vanish. `draft` chooses kernels and packs weights. `layout` says where every tensor lies: with room for the zeros
//! around it that its readers' windows reach, inside the result of a `concat` where it only ends there, and over
//! memory whose tensors nobody reads any more. `slices` says how many images of a batch go through the steps at once, and
//! `sweeps` which steps compute an image by bands of rows.
//! What has no kernel is computed by candle's ops, in the same plan.

mod custom;
mod draft;
mod layout;
mod listing;
mod packed;
mod passes;
mod prepare;
mod roots;
mod sketch;
mod slices;
mod step;
mod sweeps;

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Tensor};

use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::kernels::{Arena, Level, Pool};
use crate::weights::{Fit, WeightSource};

use custom::Rows;
use draft::Draft;
use layout::Layout;
pub use listing::{Listed, Listing, Node, Removed};
pub use packed::PackedCache;
use packed::Unkept;

/// Tensors of a plan live on the CPU.
const DEVICE: Device = Device::Cpu;

/// How a plan computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads that kernels run on.
    pub threads: usize,
    /// The vector instructions that are used; one of [`Level::available`].
    pub level: Level,
    /// Whether results are sums of the definition's products, if in another order: without Winograd's convolution.
    pub exact: bool,
}

impl Options {
    /// All threads, and the best instructions or those that `ARCHC_SIMD` in the environment names.
    ///
    /// # Errors
    /// A sentence: `ARCHC_SIMD` names no instructions, or some that this machine does not have.
    pub fn from_environment() -> Result<Options, String> {
        let mut options = Options::default();
        let Some(name) = std::env::var_os("ARCHC_SIMD").filter(|name| !name.is_empty()) else { return Ok(options) };
        let available = Level::available();
        let names = || available.iter().map(|level| level.name()).collect::<Vec<_>>().join(", ");
        let shown = name.to_string_lossy();
        let level = Level::parse(&shown)
            .ok_or_else(|| format!("ARCHC_SIMD is `{shown}`, which is none of scalar, avx2, avx512 and neon"))?;
        if !available.contains(&level) {
            return Err(format!("ARCHC_SIMD is `{shown}`, which this machine does not have; it has {}", names()));
        }
        options.level = level;
        Ok(options)
    }
}

impl Default for Options {
    fn default() -> Options {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Options { threads, level: Level::available()[0], exact: false }
    }
}

/// An architecture with weights, ready to compute on the CPU in float32.
#[derive(Debug)]
pub struct Plan {
    draft: Box<Draft>,
    level: Level,
    state: Mutex<State>,
    unkept: Mutex<Option<Box<Unkept>>>,
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
        Plan::with(graph, results, source, options, None)
    }

    /// [`Plan::new`] that takes packed weights from `cache` where it has them. Nothing is written to that before
    /// [`Plan::keep_packed`].
    ///
    /// # Errors
    /// As [`Plan::new`]; weights that are in the cache are not looked at again.
    pub fn cached(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        options: Options,
        cache: &PackedCache,
    ) -> Result<Plan, Diagnostic> {
        Plan::with(graph, results, source, options, Some(cache))
    }

    fn with(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        options: Options,
        cache: Option<&PackedCache>,
    ) -> Result<Plan, Diagnostic> {
        if let Some(error) = Fit::of(graph, source).error() {
            return Err(error);
        }
        let (draft, unkept) = Draft::new(graph, results, source, options, cache)?;
        let state = State { pool: Pool::new(options.threads), layout: None, arena: Arena::new(0) };
        Ok(Plan {
            draft: Box::new(draft),
            level: options.level,
            state: Mutex::new(state),
            unkept: Mutex::new(unkept.map(Box::new)),
        })
    }

    /// Writes the packed weights to the cache that the plan was [made with](Plan::cached), unless it has them. That takes
    /// time, so it is best done when there is nothing else to do; only the first call does anything. Gives a sentence where it
    /// replaces what was damaged.
    ///
    /// # Errors
    /// A sentence: they can't be written. The plan is as good as before.
    pub fn keep_packed(&self) -> Result<Option<String>, String> {
        let unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(unkept) = unkept else { return Ok(None) };
        let layers = self.draft.steps.iter().enumerate();
        let layers: Vec<_> = layers.filter_map(|(index, step)| Some((index, step.work.packed()?))).collect();
        unkept.write(&layers)
    }

    /// The results that were asked for, each with the batch in front.
    ///
    /// # Errors
    /// Inputs of another number or shape, or of unequal batches; a batch that does not fit the memory that is free; what
    /// candle says where it computes a step.
    pub fn run(&self, inputs: &[Tensor]) -> candle_core::Result<Vec<Tensor>> {
        self.observe(inputs, |_| {})
    }

    /// Finds the places of all tensors for a batch, which the first run of its size does else.
    ///
    /// # Errors
    /// A sentence: the batch does not fit the memory that is free.
    pub fn prepare(&self, batch: usize) -> Result<(), String> {
        self.place(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), batch)
    }

    /// How many threads kernels run on.
    fn threads(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).pool.threads()
    }

    /// Makes runs of a batch change the number of images at once as often as they can.
    #[cfg(test)]
    fn cut_to_pieces(&self, batch: usize) {
        let mut state = self.state.lock().unwrap();
        let layout = Layout::in_pieces(&self.draft, batch, state.pool.threads());
        state.arena = Arena::new(layout.len());
        state.layout = Some(layout);
    }

    fn place(&self, state: &mut State, batch: usize) -> Result<(), String> {
        if state.layout.as_ref().is_none_or(|layout| layout.batch() != batch) {
            let layout = Layout::new(&self.draft, batch, state.pool.threads())?;
            if state.arena.len() < layout.len() {
                state.arena = Arena::new(0);
                state.arena = Arena::new(layout.len());
            }
            state.layout = Some(layout);
        }
        Ok(())
    }

    /// [`Plan::run`] that calls `observer` after each step with its number; again for other images of the batch, where it
    /// computes them by parts.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn observe(&self, inputs: &[Tensor], observer: impl FnMut(usize)) -> candle_core::Result<Vec<Tensor>> {
        let results = Rows::of_all(inputs, |inputs| self.compute(inputs, observer))?;
        results.into_iter().map(Rows::into_tensor).collect()
    }

    fn compute(&self, inputs: &[Rows<'_>], observer: impl FnMut(usize)) -> candle_core::Result<Vec<Rows<'static>>> {
        let batch = self.check(inputs)?;
        // A run that panicked leaves nothing that the next one reads.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.place(&mut state, batch).map_err(candle_core::Error::msg)?;
        let State { pool, layout: Some(layout), arena } = &mut *state else { unreachable!("placed above") };
        if cfg!(debug_assertions) {
            // What is read without having been written shows.
            arena.floats_mut().fill(f32::NAN);
        }
        let mut run = step::Run { draft: &self.draft, layout, arena, pool, level: self.level, first: 0, images: batch };
        run.inputs(inputs);
        run.steps(observer)?;
        Ok(self.draft.results.iter().map(|result| run.result(result)).collect())
    }

    fn check(&self, inputs: &[Rows<'_>]) -> candle_core::Result<usize> {
        if inputs.len() != self.draft.inputs.len() {
            candle_core::bail!(
                "the architecture has {} inputs, and {} are given",
                self.draft.inputs.len(),
                inputs.len()
            );
        }
        let batch = inputs.first().and_then(|input| input.shape.dims().first()).copied().unwrap_or(1);
        for (value, given) in self.draft.inputs.iter().zip(inputs) {
            let (shape, given) = (&self.draft.values[value.0].shape, given.shape.dims());
            let fits = given.split_first().is_some_and(|(first, rest)| *first == batch && rest == shape);
            if !fits || batch == 0 {
                candle_core::bail!("an input is {shape:?} after the batch, and {given:?} is given");
            }
        }
        Ok(batch)
    }
}
