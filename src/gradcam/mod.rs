//! Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
//! Localization", equations 1 and 2): where in an image a network found what speaks for a class.

mod picture;

use candle_core::{DType, Tensor};

pub use picture::overlay;

use crate::classify::Classifier;
use crate::ir::{Graph, NodeId};
use crate::lower::Gradient;

impl Classifier {
    /// What of the result of `at`, a node `[C, H, W]` that leads to the logits, speaks for `class` in a photo. `input` is
    /// what [`crate::image::ImageInput::prepare`] makes of the photo.
    ///
    /// # Errors
    /// What candle says; a planned classifier has no gradients.
    pub fn heat_map(&self, input: &Tensor, at: NodeId, class: usize) -> candle_core::Result<HeatMap> {
        let Some(model) = self.model() else { candle_core::bail!("a plan has no gradients") };
        let input = model.batch(&[input])?;
        let logit = |logits: &Tensor| logits.flatten_all()?.get(class);
        HeatMap::new(&model.gradient(&[input], at, self.logits_node(), logit)?)
    }
}

/// How much each place of a node's result speaks for a class: 0 where it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    pub width: usize,
    pub height: usize,
    /// `height * width` values, row by row.
    pub values: Vec<f32>,
}

impl HeatMap {
    /// The map of one image. Each channel counts by the mean of the gradient over its rows and columns.
    ///
    /// # Errors
    /// The tensors are not `[1, C, H, W]`, or candle fails.
    pub fn new(found: &Gradient) -> candle_core::Result<HeatMap> {
        let (_, _, height, width) = found.value.dims4()?;
        let weights = found.gradient.mean_keepdim(3)?.mean_keepdim(2)?;
        let sum: Tensor = found.value.broadcast_mul(&weights)?.sum(1)?;
        Ok(HeatMap { width, height, values: sum.relu()?.flatten_all()?.to_dtype(DType::F32)?.to_vec1()? })
    }

    /// The largest value; 0 where nothing speaks for the class.
    pub fn largest(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// The value at a place of the image, each coordinate in 0 to 1, between the centres of its four neighbours.
    pub fn at(&self, x: f64, y: f64) -> f32 {
        let (left, right, across) = between(x, self.width);
        let (above, below, down) = between(y, self.height);
        let value = |x: usize, y: usize| f64::from(self.values[y * self.width + x]);
        let row = |y: usize| value(left, y) * (1.0 - across) + value(right, y) * across;
        (row(above) * (1.0 - down) + row(below) * down) as f32
    }
}

/// The two of `count` samples around a place in 0 to 1, and how far it is from the first to the second.
fn between(place: f64, count: usize) -> (usize, usize, f64) {
    let at = (place * count as f64 - 0.5).clamp(0.0, (count - 1) as f64);
    let first = at as usize;
    (first, (first + 1).min(count - 1), at - first as f64)
}

/// The node to look at where none is named: the last convolution with more than one place, then what follows it at its
/// size (norms, activations, sums), on the way to `logits`. Nothing for a graph without such a convolution.
pub fn last_map(graph: &Graph, logits: NodeId) -> Option<NodeId> {
    let leads = graph.leads_to(logits);
    let on_the_way = graph.nodes().filter(|(id, _)| leads[id.index()]);
    let places = |id: NodeId| match *graph.node(id).output.shape() {
        [_, height, width] if graph.node(id).output.batched() => [height, width],
        _ => [1, 1],
    };
    let conv = on_the_way.filter(|(id, node)| node.op.def().name == "conv" && places(*id) != [1, 1]).last()?.0;
    let mut after = vec![false; graph.len()];
    after[conv.index()] = true;
    let mut last = conv;
    for (id, _) in graph.nodes().skip(conv.index() + 1) {
        let follows = graph.inputs(id).iter().any(|input| after[input.index()]);
        if follows && leads[id.index()] && places(id) == places(conv) {
            after[id.index()] = true;
            last = id;
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::HeatMap;
    use crate::lower::Gradient;

    #[test]
    fn channels_count_by_their_mean_gradient() {
        let tensor = |values: [f32; 8]| Tensor::new(&values, &Device::Cpu).unwrap().reshape((1, 2, 2, 2)).unwrap();
        let value = tensor([1.0, 2.0, 3.0, 4.0, 10.0, 0.0, 0.0, 1.0]);
        let gradient = tensor([2.0, 0.0, 2.0, 0.0, -1.0, -1.0, -1.0, -1.0]);
        let map = HeatMap::new(&Gradient { value, gradient }).unwrap();
        assert_eq!(map, HeatMap { width: 2, height: 2, values: vec![0.0, 2.0, 3.0, 3.0] });
        assert_eq!(map.largest(), 3.0);
    }

    #[test]
    fn between_samples_values_are_mixed() {
        let map = HeatMap { width: 2, height: 1, values: vec![0.0, 4.0] };
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|x| map.at(x, 0.5)), [0.0, 0.0, 2.0, 4.0, 4.0]);
    }
}
