//! What depends on no input is computed once; a sum or product with such a tensor scales or shifts channels.

use candle_core::Tensor;

use crate::diagnostic::{Code, Diagnostic};
use crate::kernels::Activation;
use crate::ops::{Binary, Form};
use crate::plan::prepare::floats;
use crate::plan::sketch::{Kind, Sketch, Stage};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let constants: Vec<Option<Tensor>> =
            stage.inputs.iter().map(|input| sketch.values[input.0].constant.clone()).collect();
        if let Some(all) = constants.iter().cloned().collect::<Option<Vec<Tensor>>>() {
            let node = sketch.graph.node(stage.node);
            let result = node.op.forward(&all, &sketch.weights(stage.node)?).map_err(|error| {
                Diagnostic::error(Code::NOT_RUNNABLE, format!("can't compute `{}`: {error}", node.path))
            })?;
            let output = stage.output;
            sketch.values[output.0].constant = Some(result);
            sketch.discard(slot, "it depends on no input");
        } else if let [first, second] = constants.as_slice()
            && let Some((kind, flow)) = affine(sketch, stage, first.as_ref(), second.as_ref())
        {
            let flow = sketch.stage(slot).expect("it was there").inputs[flow];
            sketch.become_unary(slot, kind, flow);
        }
    }
    Ok(())
}

/// A sum, difference or product with one constant as a scale and a shift of channels, and which operand is none.
fn affine(
    sketch: &Sketch<'_>,
    stage: &Stage,
    first: Option<&Tensor>,
    second: Option<&Tensor>,
) -> Option<(Kind, usize)> {
    let node = sketch.graph.node(stage.node);
    let Form::Binary(binary) = node.op.form(&sketch.graph.input_types(stage.node)) else { return None };
    let (constant, flow) = match (first, second) {
        (Some(constant), None) => (constant, 1),
        (None, Some(constant)) => (constant, 0),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let shape = &sketch.values[stage.inputs[flow].0].shape;
    if shape != node.output.shape() || !matches!(shape.len(), 1 | 3) {
        return None;
    }
    let values = by_channel(constant, shape)?;
    let all = |value: f32| vec![value; values.len()];
    let negated = || values.iter().map(|value| -value).collect();
    let (scale, shift) = match (binary, flow) {
        (Binary::Add, _) => (all(1.0), values),
        (Binary::Sub, 0) => (all(1.0), negated()),
        (Binary::Sub, _) => (all(-1.0), values),
        (Binary::Mul, _) => (values.clone(), all(0.0)),
        (Binary::Maximum | Binary::Minimum, _) => return None,
    };
    Some((Kind::Affine { scale, shift, activation: Activation::NONE }, flow))
}

/// The values of a constant that is the same at all pixels and for all images, one for each channel.
fn by_channel(constant: &Tensor, shape: &[usize]) -> Option<Vec<f32>> {
    // Axes are counted from the right; the channels are the first of the flow's.
    let dims = constant.dims();
    let fits = dims.iter().rev().enumerate().all(|(from_right, size)| {
        let is_channel = from_right + 1 == shape.len();
        *size == 1 || is_channel && *size == shape[0]
    });
    let values = floats(constant);
    match values.len() {
        1 if fits => Some(vec![values[0]; shape[0]]),
        _ => fits.then_some(values),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{removed, steps};

    #[test]
    fn a_learned_scale_of_channels_joins_the_convolution() {
        let body = "input image[3, 8, 8]\ngamma: param([20, 1, 1])\nin -> conv(20, 3) -> mul(gamma)";
        assert_eq!(steps(body), ["conv1 + mul1"]);
        assert_eq!(removed(body), ["gamma: it depends on no input"]);
    }

    #[test]
    fn differences_keep_their_order() {
        let body = "input image[20, 5, 5]\np: param([1, 20, 1, 1])\np -> sub(in) -> relu";
        assert_eq!(steps(body), ["sub1 + relu1"]);
        let body = "input image[20, 5, 5]\np: param([20, 1, 1])\nin -> sub(p)";
        assert_eq!(steps(body), ["sub1"]);
    }

    #[test]
    fn a_constant_that_differs_from_pixel_to_pixel_stays_one() {
        assert_eq!(steps("input image[20, 5, 5]\np: param([5, 5])\nin -> add(p)"), ["add1"]);
    }
}
