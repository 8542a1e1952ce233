//! A plan as one of candle's ops, and tensors as the plain floats that it reads and gives back.

use std::borrow::Cow;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Storage, Tensor};

use super::{DEVICE, Plan};

/// A plan of one input and one result is an op of candle's: [`Tensor::apply_op1_no_bwd`] computes what [`Plan::run`]
/// computes, and [`Tensor::apply_op1`] does that for a plan that it keeps. The tensor is float32 on the CPU, with the
/// batch in front, and lies in memory in any way. There are no gradients: `backward` through a plan is an error, as is
/// a plan of several inputs or results, which [`Plan::run`] takes.
///
/// ```
/// use archc::{diagnostic, expand, plan, source, weights};
/// use candle_core::{Device, Tensor};
///
/// let mut sources = source::SourceMap::new();
/// let file = sources.add("net.arch", "arch net { input image[3, 32, 32]; conv(16, 3) -> relu; output y }");
/// let mut diagnostics = diagnostic::Diagnostics::new();
/// let program = expand::Program::load(&mut sources, file, &mut diagnostics);
/// let graph = program.expand(&mut sources, "net", &expand::Settings::default(), &mut diagnostics).expect("it is right");
///
/// let result = graph.main_output().expect("it has one").node;
/// let made_up = weights::Hashed { norm_scale: 1.0 };
/// let plan = plan::Plan::new(&graph, &[result], &made_up, plan::Options::default()).expect("they fit");
///
/// let images = Tensor::randn(0f32, 1.0, (2, 3, 32, 32), &Device::Cpu)?;
/// let features = images.apply_op1_no_bwd(&plan)?;
/// assert_eq!(features.dims(), [2, 16, 32, 32]);
/// # Ok::<(), candle_core::Error>(())
/// ```
impl CustomOp1 for Plan {
    fn name(&self) -> &'static str {
        "archc plan"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let counts = [self.draft.inputs.len(), self.draft.results.len()];
        if counts != [1, 1] {
            let [inputs, results] = counts;
            candle_core::bail!(
                "a plan of {inputs} inputs and {results} results is no op of one tensor; `Plan::run` computes it"
            );
        }
        let mut results = self.compute(&[Rows::of(storage, layout)?], |_| {})?;
        let Rows { values, shape } = results.pop().expect("one result");
        Ok((CpuStorage::F32(values.into_owned()), shape))
    }
}

/// The values of a tensor, row by row.
pub(super) struct Rows<'a> {
    pub shape: Shape,
    pub values: Cow<'a, [f32]>,
}

impl<'a> Rows<'a> {
    /// Values are copied only where they do not lie in their order.
    ///
    /// # Errors
    /// Values that are no float32.
    pub fn of(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<Rows<'a>> {
        let CpuStorage::F32(floats) = storage else {
            let dtype = storage.dtype().as_str();
            candle_core::bail!("a plan takes float32, and the tensor is {dtype}; `to_dtype` makes one of it");
        };
        let values = match layout.contiguous_offsets() {
            Some((start, end)) => Cow::Borrowed(&floats[start..end]),
            None => {
                let mut rows = CpuStorage::F32(vec![0.0; layout.shape().elem_count()]);
                storage.copy_strided_src(&mut rows, 0, layout)?;
                Cow::Owned(rows.as_slice()?.to_vec())
            }
        };
        Ok(Rows { shape: layout.shape().clone(), values })
    }

    /// Calls `read` with the values of tensors.
    ///
    /// # Errors
    /// Tensors that are not on the CPU, or no float32; whatever `read` returns.
    pub fn of_all<T>(
        tensors: &[Tensor],
        read: impl FnOnce(&[Rows<'_>]) -> candle_core::Result<T>,
    ) -> candle_core::Result<T> {
        let stored: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
        let rows = stored.iter().map(|(storage, layout)| match &**storage {
            Storage::Cpu(storage) => Rows::of(storage, layout),
            Storage::Cuda(_) | Storage::Metal(_) => {
                candle_core::bail!("a plan computes on the CPU, and the tensor lies elsewhere; `to_device` copies it")
            }
        });
        read(&rows.collect::<candle_core::Result<Vec<_>>>()?)
    }
}

impl Rows<'_> {
    pub fn into_tensor(self) -> candle_core::Result<Tensor> {
        Tensor::from_vec(self.values.into_owned(), self.shape, &DEVICE)
    }
}
