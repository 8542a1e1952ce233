//! A graph and its weights become a [`Model`] that computes, each node by its op's own candle code: the plain path,
//! which faster ones are held against.

mod partial;
mod precision;

use std::sync::Arc;

use candle_core::{Device, Tensor};

pub use partial::Gradient;
pub use precision::Precision;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Graph, NodeId, TensorType};
use crate::ops::Op;
use crate::weights::{Fit, WeightSource};

/// An architecture with weights, ready to compute.
#[derive(Debug)]
pub struct Model {
    /// One a node, in the graph's order.
    steps: Vec<Step>,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    device: Device,
    precision: Precision,
}

/// What to compute for one node.
#[derive(Debug)]
struct Step {
    op: Arc<dyn Op>,
    path: Arc<str>,
    output: TensorType,
    inputs: Vec<NodeId>,
    weights: Vec<Tensor>,
    /// The nodes whose results nobody needs after this one.
    frees: Vec<NodeId>,
}

impl Model {
    /// Takes every weight of `graph` from `source` and puts it on `device`.
    ///
    /// # Errors
    /// `E0603` with all names and shapes that do not fit, before any weight is read; `E0602` for weights that can't be.
    pub fn new(graph: &Graph, source: &dyn WeightSource, device: &Device) -> Result<Model, Diagnostic> {
        if let Some(error) = Fit::of(graph, source).error() {
            return Err(error);
        }
        let mut steps = Vec::with_capacity(graph.len());
        for (id, node) in graph.nodes() {
            let get = |spec| source.get(&graph.weight_name(id, &spec), &spec, device);
            steps.push(Step {
                op: node.op.clone(),
                path: node.path.clone(),
                output: node.output.clone(),
                inputs: graph.inputs(id),
                weights: graph.weights(id).into_iter().map(get).collect::<Result<_, _>>()?,
                frees: Vec::new(),
            });
        }
        let outputs: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
        for (id, _) in graph.nodes() {
            if !outputs.contains(&id) {
                let last = graph.readers(id).last().copied().unwrap_or(id);
                steps[last.index()].frees.push(id);
            }
        }
        Ok(Model {
            steps,
            inputs: graph.graph_inputs().to_vec(),
            outputs,
            device: device.clone(),
            precision: Precision::F32,
        })
    }

    /// The same model with its weights in another precision, in which it then computes.
    ///
    /// # Errors
    /// `E0607` where the device can't; what candle says.
    pub fn with_precision(mut self, precision: Precision) -> Result<Model, Diagnostic> {
        precision.check(&self.device)?;
        let weights = self.steps.iter_mut().flat_map(|step| &mut step.weights);
        for weight in weights.filter(|weight| weight.dtype().is_float()) {
            *weight = weight.to_dtype(precision.dtype()).map_err(|error| {
                Diagnostic::error(Code::BAD_WEIGHTS, format!("can't turn weights to {}: {error}", precision.name()))
            })?;
        }
        self.precision = precision;
        Ok(self)
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Images of one size, each `[1, ...]` in float32 on the CPU, as one batch on the model's device, in its precision.
    ///
    /// # Errors
    /// Images of different sizes; what candle says of the device.
    pub fn batch(&self, images: &[&Tensor]) -> candle_core::Result<Tensor> {
        Tensor::cat(images, 0)?.to_device(&self.device)?.to_dtype(self.precision.dtype())
    }

    /// The results of the architecture in their order, from its inputs in theirs, each with the batch in front.
    ///
    /// # Errors
    /// Inputs of another number or shape, or of unequal batches; what candle says.
    pub fn run(&self, inputs: &[Tensor]) -> candle_core::Result<Vec<Tensor>> {
        self.observe(inputs, |_, _| Ok(()))
    }

    /// [`Model::run`] that shows every node's result as it is computed, in the graph's order.
    ///
    /// # Errors
    /// As [`Model::run`], and whatever `observer` returns, which ends the run.
    pub fn observe(
        &self,
        inputs: &[Tensor],
        mut observer: impl FnMut(NodeId, &Tensor) -> candle_core::Result<()>,
    ) -> candle_core::Result<Vec<Tensor>> {
        self.check_inputs(inputs)?;
        let mut results: Vec<Option<Tensor>> = vec![None; self.steps.len()];
        for (input, tensor) in self.inputs.iter().zip(inputs) {
            results[input.index()] = Some(tensor.clone());
        }
        for (index, step) in self.steps.iter().enumerate() {
            let result = match results[index].take() {
                Some(input) => input,
                None => step.compute(&results)?,
            };
            observer(NodeId::new(index), &result)?;
            results[index] = Some(result);
            for freed in &step.frees {
                results[freed.index()] = None;
            }
        }
        let result = |node: &NodeId| results[node.index()].clone().expect("results of the graph are never freed");
        Ok(self.outputs.iter().map(result).collect())
    }

    fn check_inputs(&self, inputs: &[Tensor]) -> candle_core::Result<()> {
        if inputs.len() != self.inputs.len() {
            candle_core::bail!("the architecture has {} inputs, and {} are given", self.inputs.len(), inputs.len());
        }
        let batch = inputs.first().and_then(|input| input.dims().first());
        for (node, tensor) in self.inputs.iter().zip(inputs) {
            let step = &self.steps[node.index()];
            let fits = tensor.dims().split_first().is_some_and(|(_, rest)| rest == step.output.shape());
            if !fits || tensor.dims().first() != batch {
                candle_core::bail!(
                    "`{}` is {} after the batch, and {:?} is given",
                    step.path,
                    step.output,
                    tensor.dims()
                );
            }
        }
        Ok(())
    }
}

impl Step {
    fn compute(&self, results: &[Option<Tensor>]) -> candle_core::Result<Tensor> {
        let operand = |node: &NodeId| results[node.index()].clone().expect("nodes come after their inputs");
        let operands: Vec<Tensor> = self.inputs.iter().map(operand).collect();
        let result = self.op.forward(&operands, &self.weights).map_err(|error| error.context(self.path.to_string()))?;
        let shape = match self.output.batched() {
            true => result.dims().get(1..),
            false => Some(result.dims()),
        };
        debug_assert_eq!(shape, Some(self.output.shape()), "`{}` computes another shape than it says", self.path);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::Model;
    use crate::ir::{Graph, NodeId, Origin, Output};
    use crate::ops::{Args, Operand, Raw, find, source};
    use crate::source::{SourceMap, Span};
    use crate::weights::Hashed;

    /// A graph built by hand, stage by stage.
    struct Builder {
        graph: Graph,
        origin: Origin,
    }

    impl Builder {
        fn new() -> Builder {
            let file = SourceMap::new().add("test", "test");
            Builder { graph: Graph::new("test".into()), origin: Origin { span: Span::new(file, 0, 4), call: None } }
        }

        fn input(&mut self, shape: &[usize]) -> NodeId {
            self.graph.add(source::input(shape), &[], "input".into(), self.origin.clone()).unwrap()
        }

        fn add(&mut self, op: &str, inputs: &[NodeId], path: &str, given: &[(&'static str, Raw)]) -> NodeId {
            let def = find(op).unwrap();
            let args = Args::bind(def.params, given, vec![Operand::Tensor; inputs.len()]).unwrap();
            self.graph.add((def.make)(&args).unwrap(), inputs, path.into(), self.origin.clone()).unwrap()
        }

        fn output(&mut self, name: &str, node: NodeId, main: bool) {
            self.graph.add_output(Output { name: name.into(), node, main });
        }
    }

    /// Two readers of one result, a side output, and a main one.
    fn model() -> Model {
        let mut build = Builder::new();
        let input = build.input(&[2, 4, 4]);
        let conv = build.add("conv", &[input], "conv1", &[("out", Raw::Int(3)), ("kernel", Raw::Int(1))]);
        let relu = build.add("relu", &[conv], "relu1", &[]);
        let sum = build.add("add", &[conv, relu], "add1", &[]);
        build.output("side", relu, false);
        build.output("main", sum, true);
        Model::new(&build.graph, &Hashed { norm_scale: 1.0 }, &Device::Cpu).unwrap()
    }

    #[test]
    fn outputs_come_in_their_order_for_every_image_of_a_batch() {
        let input = Tensor::randn(0f32, 1.0, (3, 2, 4, 4), &Device::Cpu).unwrap();
        let outputs = model().run(std::slice::from_ref(&input)).unwrap();
        assert_eq!([outputs[0].dims(), outputs[1].dims()], [[3, 3, 4, 4], [3, 3, 4, 4]]);
        let alone = model().run(&[input.narrow(0, 1, 1).unwrap()]).unwrap();
        let difference = (outputs[1].narrow(0, 1, 1).unwrap() - &alone[1]).unwrap().abs().unwrap().max_all().unwrap();
        assert!(difference.to_scalar::<f32>().unwrap() < 1e-5);
    }

    #[test]
    fn an_observer_sees_every_node_in_order() {
        let mut seen = Vec::new();
        let input = Tensor::zeros((1, 2, 4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let observer = |node: NodeId, tensor: &Tensor| {
            seen.push((node.index(), tensor.dims()[1]));
            Ok(())
        };
        model().observe(&[input], observer).unwrap();
        assert_eq!(seen, [(0, 2), (1, 3), (2, 3), (3, 3)]);
    }

    #[test]
    fn a_part_computes_what_the_whole_computes() {
        let model = model();
        let input = Tensor::randn(0f32, 1.0, (2, 2, 4, 4), &Device::Cpu).unwrap();
        let mut whole = Vec::new();
        let observer = |_: NodeId, tensor: &Tensor| {
            whole.push(tensor.clone());
            Ok(())
        };
        model.observe(std::slice::from_ref(&input), observer).unwrap();
        for (index, expected) in whole.iter().enumerate() {
            let part = model.result(std::slice::from_ref(&input), NodeId::new(index)).unwrap();
            assert_eq!(flat(&part), flat(expected), "node {index}");
        }
    }

    #[test]
    fn a_gradient_goes_back_to_any_node() {
        let model = model();
        let input = Tensor::randn(0f32, 1.0, (1, 2, 4, 4), &Device::Cpu).unwrap();
        let [conv, relu, sum] = [1, 2, 3].map(NodeId::new);
        let score = |result: &Tensor| result.narrow(1, 1, 1)?.sum_all();
        let found = model.gradient(std::slice::from_ref(&input), conv, sum, score).unwrap();
        let values = flat(&model.result(std::slice::from_ref(&input), conv).unwrap());
        assert_eq!(flat(&found.value), values);
        // d (x + relu x) / dx, for channel 1 of three with 16 values each.
        let expected = |(index, value): (usize, &f32)| match index / 16 {
            1 if *value > 0.0 => 2.0,
            1 => 1.0,
            _ => 0.0,
        };
        assert_eq!(flat(&found.gradient), values.iter().enumerate().map(expected).collect::<Vec<f32>>());

        let error = model.gradient(&[input], sum, relu, score).unwrap_err().to_string();
        assert!(error.contains("`relu1` does not depend on `add1`"), "{error}");
    }

    fn flat(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn inputs_of_another_shape_are_refused() {
        let input = Tensor::zeros((1, 2, 4, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = model().run(&[input]).unwrap_err().to_string();
        assert!(error.contains("`input` is [2, 4, 4] after the batch, and [1, 2, 4, 5] is given"), "{error}");
        assert!(model().run(&[]).is_err());
    }
}
