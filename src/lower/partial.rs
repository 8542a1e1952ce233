//! A part of a model: up to one node, and from a node on, with gradients.

use candle_core::{Tensor, Var};

use super::Model;
use crate::ir::NodeId;

/// The stack that a node may need when gradients are followed back: candle recurses through every op of it.
const STACK_OF_A_NODE: usize = 48 << 10;
const STACK_AT_LEAST: usize = 2 << 20;

/// What a node computed, and how a score changes with it.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// The node's result, the batch in front.
    pub value: Tensor,
    /// The derivative of the score by every element of `value`, in the same shape.
    pub gradient: Tensor,
}

impl Model {
    /// The result of one node. Only what leads to it is computed.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn result(&self, inputs: &[Tensor], node: NodeId) -> candle_core::Result<Tensor> {
        self.compute(inputs, node, |_, result| Ok(result))
    }

    /// The result of `at`, and the gradient by it of a score: a scalar that `score` computes from the result of `of`,
    /// which must be computed from `at`.
    ///
    /// # Errors
    /// As [`Model::run`]; `at` does not lead to `of`.
    pub fn gradient(
        &self,
        inputs: &[Tensor],
        at: NodeId,
        of: NodeId,
        score: impl FnOnce(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Gradient> {
        let nodes = (of.index() + 1).saturating_sub(at.index());
        // The tensors that hold the way back are dropped in here, too, which recurses as deep.
        stacker::grow(STACK_AT_LEAST + nodes * STACK_OF_A_NODE, || {
            let mut value = None;
            let result = self.compute(inputs, of, |node, result| {
                if node != at {
                    return Ok(result);
                }
                let variable = Var::from_tensor(&result.contiguous()?)?;
                let tensor = variable.as_tensor().clone();
                value = Some(variable);
                Ok(tensor)
            })?;
            let value = value.ok_or_else(|| self.leads_nowhere(at, of))?;
            let gradients = score(&result)?.backward()?;
            let gradient = gradients.get(value.as_tensor()).ok_or_else(|| self.leads_nowhere(at, of))?;
            Ok(Gradient { value: value.as_detached_tensor(), gradient: gradient.detach() })
        })
    }

    /// Computes what leads to `node` and gives its result. `change` may put another tensor in the place of a result.
    fn compute(
        &self,
        inputs: &[Tensor],
        node: NodeId,
        mut change: impl FnMut(NodeId, Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        self.check_inputs(inputs)?;
        let mut readers = self.readers_on_the_way(node);
        let mut results: Vec<Option<Tensor>> = vec![None; node.index() + 1];
        for (input, tensor) in self.inputs.iter().zip(inputs) {
            if let Some(result) = results.get_mut(input.index()) {
                *result = Some(tensor.clone());
            }
        }
        for (index, step) in self.steps.iter().enumerate().take(node.index() + 1) {
            if readers[index] == 0 {
                continue;
            }
            let result = match results[index].take() {
                Some(input) => input,
                None => step.compute(&results)?,
            };
            results[index] = Some(change(NodeId::new(index), result)?);
            for input in &step.inputs {
                readers[input.index()] -= 1;
                if readers[input.index()] == 0 {
                    results[input.index()] = None;
                }
            }
        }
        Ok(results[node.index()].take().expect("the last node that is computed"))
    }

    /// How often each node is read on the way to `node`, which counts as read once itself.
    fn readers_on_the_way(&self, node: NodeId) -> Vec<usize> {
        let mut readers = vec![0; node.index() + 1];
        readers[node.index()] = 1;
        for index in (0..=node.index()).rev() {
            if readers[index] > 0 {
                for input in &self.steps[index].inputs {
                    readers[input.index()] += 1;
                }
            }
        }
        readers
    }

    fn leads_nowhere(&self, at: NodeId, of: NodeId) -> candle_core::Error {
        let [at, of] = [at, of].map(|node| &self.steps[node.index()].path);
        candle_core::Error::Msg(format!("`{of}` does not depend on `{at}`"))
    }
}
