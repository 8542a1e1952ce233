//! The features of a batch of images: one row each.

use candle_core::{DType, Tensor};

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Graph, NodeId};
use crate::lower::Model;

/// A model up to one node, whose result is a row for each image.
#[derive(Debug)]
pub struct Extractor {
    model: Model,
    node: NodeId,
    pool: bool,
    row: Vec<usize>,
}

impl Extractor {
    /// `pool` reduces rows and columns to their mean.
    ///
    /// # Errors
    /// `E0606`: the node's result is the same for every image, or has no rows and columns to reduce.
    pub fn new(graph: &Graph, model: Model, node: NodeId, pool: bool) -> Result<Extractor, Diagnostic> {
        let (path, output) = (&graph.node(node).path, &graph.node(node).output);
        let unsuitable = |message: String| Diagnostic::error(Code::NOT_RUNNABLE, message);
        if !output.batched() {
            return Err(
                unsuitable(format!("`{path}` is learned, and the same for every image")).help("name another node")
            );
        }
        let row = match (pool, output.shape()) {
            (false, shape) => shape.to_vec(),
            (true, [channels, _, _]) => vec![*channels],
            (true, _) => {
                return Err(unsuitable(format!("`{path}` is {output}, without rows and columns to take the mean of"))
                    .help("leave `--pool` out, or name a node [channels, height, width]"));
            }
        };
        Ok(Extractor { model, node, pool, row })
    }

    /// The shape of a row.
    pub fn row(&self) -> &[usize] {
        &self.row
    }

    /// The row of each image, in order. Images come with their names for messages, as
    /// [`crate::image::ImageInput::prepare`] makes them.
    pub fn rows(&self, images: &[(&str, &Tensor)]) -> Vec<Result<Vec<f32>, Diagnostic>> {
        let failed = |name: &str, why: &str| {
            Diagnostic::error(Code::BAD_IMAGE, format!("can't compute the features of `{name}`: {why}"))
        };
        let row = |(name, values): (&str, Vec<f32>)| match values.iter().any(|value| value.is_nan()) {
            true => Err(failed(name, "some are no numbers")
                .help("the weights are broken, or were trained on images made in another way")),
            false => Ok(values),
        };
        let names = images.iter().map(|(name, _)| *name);
        match self.compute(images) {
            Ok(rows) => names.zip(rows).map(row).collect(),
            Err(error) => names.map(|name| Err(failed(name, &error.to_string()))).collect(),
        }
    }

    fn compute(&self, images: &[(&str, &Tensor)]) -> candle_core::Result<Vec<Vec<f32>>> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let images: Vec<&Tensor> = images.iter().map(|(_, image)| *image).collect();
        let batch = self.model.batch(&images)?;
        let mut result = self.model.result(&[batch], self.node)?.to_dtype(DType::F32)?;
        if self.pool {
            result = result.mean(3)?.mean(2)?;
        }
        result.reshape((images.len(), ()))?.to_vec2()
    }
}
