//! From a photo to the classes an architecture sees in it.

use candle_core::{DType, Device, Tensor};

use crate::diagnostic::{Code, Diagnostic};
use crate::image::{ImageInput, Pixels, Preprocess};
use crate::ir::{Graph, NodeId};
use crate::labels::Classes;
use crate::lower::{Model, Precision};
use crate::plan::{Options, PackedCache, Plan};
use crate::weights::WeightSource;

/// An architecture that takes one image and gives one score a class, with its weights and what goes before and after.
#[derive(Debug)]
pub struct Classifier {
    engine: Engine,
    input: ImageInput,
    labels: Option<Vec<String>>,
    /// The node whose result are the logits: the main output, or what its softmax reads.
    logits: NodeId,
    classes: usize,
}

/// What computes the logits.
#[derive(Debug)]
enum Engine {
    /// Node by node on any device, with gradients.
    Model(Model),
    /// Kernels of archc's own on the CPU.
    Plan(Plan),
}

/// One class of a prediction.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Guess {
    /// The class, counted from 0.
    pub index: usize,
    /// Its name, where the weights have names for their classes.
    pub label: Option<String>,
    pub logit: f32,
    pub probability: f32,
}

/// The shape of the one input of a graph that takes images.
///
/// # Errors
/// `E0606` for a graph of another kind, with what it should be.
pub fn image_input(graph: &Graph) -> Result<[usize; 3], Diagnostic> {
    let cannot = |why: String| {
        Diagnostic::error(Code::NOT_RUNNABLE, format!("`{}` can't take images: {why}", graph.name))
            .help("it needs one input [channels, height, width] of 1 or 3 channels")
    };
    let [input] = graph.graph_inputs() else {
        return Err(cannot(format!("it has {} inputs", graph.graph_inputs().len())));
    };
    let input = &graph.node(*input).output;
    match *input.shape() {
        [channels @ (1 | 3), height, width] => Ok([channels, height, width]),
        _ => Err(cannot(format!("its input is {input}"))),
    }
}

/// The shape of an image input and the number of classes of a graph that classifies images.
///
/// # Errors
/// `E0606` for a graph of another kind, with what it should be.
pub fn shape_of(graph: &Graph) -> Result<([usize; 3], usize), Diagnostic> {
    let cannot = |why: String| {
        Diagnostic::error(Code::NOT_RUNNABLE, format!("`{}` can't classify images: {why}", graph.name))
            .help("a classifier's main output is a score for each class, [classes] or [classes, 1, 1]")
    };
    let input = image_input(graph)?;
    let Some(output) = graph.main_output() else {
        return Err(cannot("it has no output".to_string()));
    };
    let output = &graph.node(output.node).output;
    match output.shape() {
        [classes, rest @ ..] if output.batched() && rest.iter().all(|dim| *dim == 1) => Ok((input, *classes)),
        _ => Err(cannot(format!("its output is {output}, and not one score for each class"))),
    }
}

impl Classifier {
    /// Puts a graph and its weights together. `image` is changed to the input's size where the graph was expanded for
    /// another than the weights were trained on; `labels` name the classes.
    ///
    /// # Errors
    /// `E0606` for a graph that does not classify images; `E0605` for images or labels that do not suit it; what
    /// [`Model::new`] says of the weights.
    pub fn new(
        graph: &Graph,
        source: &dyn WeightSource,
        image: &Preprocess,
        labels: Option<Vec<String>>,
        device: &Device,
    ) -> Result<Classifier, Diagnostic> {
        Classifier::with(graph, image, labels, |_| Ok(Engine::Model(Model::new(graph, source, device)?)))
    }

    /// The same on the CPU in float32 by a [`Plan`], which is faster, and has no gradients. `cache` may have its packed
    /// weights, as [`Plan::cached`] says.
    ///
    /// # Errors
    /// As [`Classifier::new`].
    pub fn planned(
        graph: &Graph,
        source: &dyn WeightSource,
        image: &Preprocess,
        labels: Option<Vec<String>>,
        options: Options,
        cache: Option<&PackedCache>,
    ) -> Result<Classifier, Diagnostic> {
        Classifier::with(graph, image, labels, |logits| {
            let results = &[logits];
            Ok(Engine::Plan(match cache {
                Some(cache) => Plan::cached(graph, results, source, options, cache)?,
                None => Plan::new(graph, results, source, options)?,
            }))
        })
    }

    /// [`Plan::keep_packed`] of a planned one.
    ///
    /// # Errors
    /// As for that.
    pub fn keep_packed(&self) -> Result<Option<String>, String> {
        match &self.engine {
            Engine::Plan(plan) => plan.keep_packed(),
            Engine::Model(_) => Ok(None),
        }
    }

    fn with(
        graph: &Graph,
        image: &Preprocess,
        labels: Option<Vec<String>>,
        engine: impl FnOnce(NodeId) -> Result<Engine, Diagnostic>,
    ) -> Result<Classifier, Diagnostic> {
        let (input, classes) = shape_of(graph)?;
        let output = graph.main_output().expect("`shape_of` found one").node;
        let logits = match (graph.node(output).op.def().name, graph.inputs(output).as_slice()) {
            ("softmax" | "log_softmax", [logits]) => *logits,
            _ => output,
        };
        let engine = engine(logits)?;
        let input = ImageInput::new(image, input, &graph.name)?;
        if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != classes) {
            let found = labels.len();
            let message = format!("there are {found} labels, and `{}` has {classes} classes", graph.name);
            return Err(Diagnostic::error(Code::BAD_WEIGHTS_ITEM, message)
                .help("labels are in the order of the classes, a name each"));
        }
        Ok(Classifier { engine, input, labels, logits, classes })
    }

    /// The model that computes it, which a planned one does not have.
    pub fn model(&self) -> Option<&Model> {
        match &self.engine {
            Engine::Model(model) => Some(model),
            Engine::Plan(_) => None,
        }
    }

    /// The node whose result are the logits, before a softmax that ends the graph.
    pub fn logits_node(&self) -> NodeId {
        self.logits
    }

    /// What its classes are called.
    pub fn classes(&self) -> Classes<'_> {
        Classes { count: self.classes, labels: self.labels.as_deref() }
    }

    /// The same in another precision; a planned one stays in float32.
    ///
    /// # Errors
    /// As [`Model::with_precision`].
    pub fn with_precision(self, precision: Precision) -> Result<Classifier, Diagnostic> {
        let engine = match self.engine {
            Engine::Model(model) => Engine::Model(model.with_precision(precision)?),
            Engine::Plan(plan) => Engine::Plan(plan),
        };
        Ok(Classifier { engine, ..self })
    }

    /// How photos are prepared for it.
    pub fn input(&self) -> &ImageInput {
        &self.input
    }

    /// The classes of a photo, the most probable `count` of them, best first. `name` is for messages.
    ///
    /// # Errors
    /// `E0604` where the photo does not suit the network or the network's answer is no number.
    pub fn classify(&self, photo: &Pixels, name: &str, count: usize) -> Result<Vec<Guess>, Diagnostic> {
        let input = self.input.prepare(photo, name)?;
        self.classify_batch(&[(name, &input)], count).pop().expect("one image, one answer")
    }

    /// The same for several images, which are computed at once: each the result of [`ImageInput::prepare`], with its
    /// name for messages. The answers are in the order of the images.
    pub fn classify_batch(&self, images: &[(&str, &Tensor)], count: usize) -> Vec<Result<Vec<Guess>, Diagnostic>> {
        if images.is_empty() {
            return Vec::new();
        }
        let inputs: Vec<&Tensor> = images.iter().map(|(_, input)| *input).collect();
        match self.logits(&inputs) {
            Ok(rows) => images.iter().zip(rows).map(|((name, _), row)| self.guesses(&row, name, count)).collect(),
            Err(error) => images.iter().map(|(name, _)| Err(failed(name, &error))).collect(),
        }
    }

    fn guesses(&self, logits: &[f32], name: &str, count: usize) -> Result<Vec<Guess>, Diagnostic> {
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(Diagnostic::error(Code::BAD_IMAGE, format!("the network's answer for `{name}` is no number"))
                .help("the weights are broken, or were trained on images made in another way"));
        }
        let probabilities = softmax(logits);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b)));
        let guess = |index: usize| Guess {
            index,
            label: self.labels.as_ref().map(|labels| labels[index].clone()),
            logit: logits[index],
            probability: probabilities[index],
        };
        Ok(order.into_iter().take(count).map(guess).collect())
    }

    /// One row an image.
    fn logits(&self, inputs: &[&Tensor]) -> candle_core::Result<Vec<Vec<f32>>> {
        let logits = match &self.engine {
            Engine::Plan(plan) => Tensor::cat(inputs, 0)?.apply_op1_no_bwd(plan)?,
            Engine::Model(model) => {
                let batch = model.batch(inputs)?;
                let mut found = None;
                model.observe(&[batch], |node, result| {
                    if node == self.logits {
                        found = Some(result.clone());
                    }
                    Ok(())
                })?;
                found.expect("every node is observed")
            }
        };
        logits.flatten_from(1)?.to_dtype(DType::F32)?.to_vec2()
    }
}

/// Probabilities that add up to 1.
fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|logit| f64::from(logit - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}

fn failed(name: &str, error: &candle_core::Error) -> Diagnostic {
    Diagnostic::error(Code::BAD_IMAGE, format!("can't compute `{name}`: {error}"))
}
