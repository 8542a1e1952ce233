//! What is computed from hash weights: every layer's mean and deviation, and the result.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};

use super::reference::{Reference, bad};
use super::{Pair, Row};
use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::lower::Model;
use crate::ops::WeightSpec;
use crate::weights::{Hashed, Values, WeightSource, hash_values};

/// The largest difference allowed, relative to the result's norm or to a layer's deviation.
pub const TOLERANCE: f64 = 1e-3;

/// The result's values, flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    /// How many there are.
    pub count: Pair<usize>,
    /// The norm of the difference over the reference's norm; nothing where the counts differ.
    pub error: Option<f64>,
    /// The position of the largest.
    pub argmax: Pair<usize>,
}

impl Logits {
    /// Whether they are within [`TOLERANCE`] and the same is the largest.
    pub fn agree(&self) -> bool {
        self.argmax.agrees() && self.error.is_some_and(|error| error <= TOLERANCE)
    }
}

/// What was computed.
pub struct Computed {
    /// Mean and deviation of every row's node, in the rows' order; nothing where there is no node or nothing to
    /// compare with.
    pub moments: Vec<Option<(f64, f64)>>,
    pub logits: Logits,
}

/// How many nodes without weights a module may have taken in after the one that has its weights.
const FUSED: usize = 3;

/// Runs a graph, whose only input is the reference's, with hash weights.
pub fn compute(
    graph: &Graph,
    reference: &Reference,
    rows: &[Row<'_>],
    device: &Device,
) -> Result<Computed, Diagnostic> {
    let failed = |error: candle_core::Error| {
        let text = error.to_string();
        bad(&reference.name, format!("computing fails: {}", text.lines().next().unwrap_or_default()))
    };
    let source = Origins { hashed: Hashed { norm_scale: reference.norm_scale }, reference };
    let model = Model::new(graph, &source, device)?;
    let values: Vec<f32> = hash_values("input", reference.input.iter().product()).map(|value| 2.0 * value).collect();
    let input = Tensor::from_vec(values, [&[1], &*reference.input].concat(), device).map_err(failed)?;

    let mut moments = vec![None; rows.len()];
    let mut waiting: BTreeMap<NodeId, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        if let (Some(node), Some(_)) = (row.node, row.layer.mean.zip(row.layer.std)) {
            waiting.entry(node).or_default().push((index, FUSED));
        }
    }
    let result = graph.main_output().map(|output| output.node);
    let mut found = None;
    let observer = |node: NodeId, tensor: &Tensor| {
        if Some(node) == result {
            found = Some(tensor.clone());
        }
        let Some(rows_here) = waiting.remove(&node) else { return Ok(()) };
        let here = self::moments(tensor)?;
        for (index, further) in rows_here {
            let expected = rows[index].layer.mean.zip(rows[index].layer.std).expect("only such rows wait");
            if close(here, expected) {
                moments[index] = Some(here);
                continue;
            }
            moments[index].get_or_insert(here);
            for reader in
                graph.readers(node).into_iter().filter(|reader| further > 0 && continues(graph, node, *reader))
            {
                waiting.entry(reader).or_default().push((index, further - 1));
            }
        }
        Ok(())
    };
    model.observe(&[input], observer).map_err(failed)?;
    let logits = match found {
        Some(tensor) => flat(&tensor).map_err(failed)?,
        None => Vec::new(),
    };
    Ok(Computed { moments, logits: compare(reference, &logits) })
}

/// Whether two means and deviations are the same but for rounding: within [`TOLERANCE`] of the deviation, and what
/// float32 can't tell apart.
pub fn close(found: (f64, f64), expected: (f64, f64)) -> bool {
    let allowed = allowed(expected);
    (found.0 - expected.0).abs() <= allowed && (found.1 - expected.1).abs() <= allowed
}

/// How far a mean or a deviation may be off.
pub fn allowed((mean, deviation): (f64, f64)) -> f64 {
    TOLERANCE * deviation + 1e-6 * mean.abs()
}

/// Whether a node may belong to the module of the node that it reads: an activation after a norm.
fn continues(graph: &Graph, node: NodeId, reader: NodeId) -> bool {
    graph.weights(reader).is_empty() && graph.node(reader).output == graph.node(node).output
}

fn compare(reference: &Reference, found: &[f32]) -> Logits {
    let expected = &reference.logits;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let error = (found.len() == expected.len()).then(|| {
        let difference = norm(&mut found.iter().zip(expected).map(|(found, expected)| f64::from(*found) - expected));
        match norm(&mut expected.iter().copied()) {
            0.0 => difference,
            whole => difference / whole,
        }
    });
    let largest = (0..found.len()).reduce(|best, at| if found[at] > found[best] { at } else { best });
    Logits {
        count: Pair { expected: expected.len(), found: found.len() },
        error,
        argmax: Pair { expected: reference.argmax, found: largest.unwrap_or_default() },
    }
}

/// Mean and deviation (n - 1) of a tensor's values.
fn moments(tensor: &Tensor) -> candle_core::Result<(f64, f64)> {
    let values = tensor.flatten_all()?.to_dtype(DType::F64)?;
    let count = values.elem_count() as f64;
    let mean = values.mean_all()?.to_scalar::<f64>()?;
    let squares = values.affine(1.0, -mean)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
    Ok((mean, (squares / (count - 1.0)).sqrt()))
}

fn flat(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1()
}

/// Hash weights under the names that the reference had before it was renamed.
struct Origins<'a> {
    hashed: Hashed,
    reference: &'a Reference,
}

impl WeightSource for Origins<'_> {
    fn name(&self) -> &str {
        self.hashed.name()
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        None
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        self.hashed.get(self.reference.origin(name), spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        self.hashed.reader(self.reference.origin(name), spec)
    }
}

#[cfg(test)]
mod tests {
    use super::close;

    #[test]
    fn closeness_is_relative_to_the_deviation_and_numbers_must_be_numbers() {
        assert!(close((5.0, 2.0), (5.0019, 2.0019)));
        assert!(!close((5.0, 2.0), (5.0021, 2.0)) && !close((5.0, 2.0), (5.0, 2.0021)));
        // A constant's deviation is 0, and float32 gives its mean seven digits.
        assert!(close((1e6, 0.0), (1e6 + 0.5, 0.0)));
        assert!(!close((f64::NAN, 2.0), (5.0, 2.0)) && !close((5.0, f64::INFINITY), (5.0, 2.0)));
    }
}
