//! What is done to each value alone writes over its operand, if no later stage reads that: the operand lies in the result.

use crate::diagnostic::Diagnostic;
use crate::kernels::LANES;
use crate::plan::sketch::{Kind, Sketch, Stage, ValueId};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    // What lies in each tensor.
    let mut parts = vec![Vec::new(); sketch.values.len()];
    for (value, known) in sketch.values.iter().enumerate() {
        if let Some((whole, _)) = known.inside {
            parts[whole.0].push(ValueId(value));
        }
    }
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let over = operands(stage).iter().copied().find(|operand| is_free(sketch, slot, *operand, &parts));
        let output = stage.output;
        if let Some(over) = over {
            sketch.values[over.0].inside = Some((output, 0));
            parts[output.0].push(over);
        }
    }
    Ok(())
}

/// The operands that a stage may write over.
fn operands(stage: &Stage) -> &[ValueId] {
    let whole = matches!(
        stage.kind,
        Kind::Affine { .. } | Kind::Activation(_) | Kind::Slope | Kind::Gate | Kind::Lrn(_) | Kind::Softmax { .. }
    );
    if let Kind::Binary { .. } = stage.kind {
        &stage.inputs
    } else if whole {
        &stage.inputs[..1]
    } else {
        &[]
    }
}

/// Whether a value is made by a stage, lies nowhere else, and is read last in `slot`, once, as all that lies in it was
/// before.
fn is_free(sketch: &Sketch<'_>, slot: usize, value: ValueId, parts: &[Vec<ValueId>]) -> bool {
    let known = &sketch.values[value.0];
    let made = sketch.maker(value).is_some() && known.inside.is_none() && known.pixel == LANES;
    let here = sketch.readers(value).iter().filter(|reader| **reader == slot).count();
    made && here == 1 && is_read_before(sketch, slot + 1, value) && {
        let mut inside = parts[value.0].clone();
        while let Some(part) = inside.pop() {
            if !is_read_before(sketch, slot, part) {
                return false;
            }
            inside.extend(&parts[part.0]);
        }
        true
    }
}

/// Whether nobody needs a value from `slot` on.
fn is_read_before(sketch: &Sketch<'_>, slot: usize, value: ValueId) -> bool {
    !sketch.is_result(value) && sketch.readers(value).iter().all(|reader| *reader < slot)
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{inside, steps};

    #[test]
    fn what_nobody_reads_later_is_written_over() {
        let body = "input image[20, 9, 7]\nmax_pool(3, 1, pad = 1) -> silu -> bn -> lrn";
        assert_eq!(steps(body), ["max_pool1", "silu1", "bn1", "lrn1"]);
        assert_eq!(
            inside(body),
            ["max_pool1 at block 0 of silu1", "silu1 at block 0 of bn1", "bn1 at block 0 of lrn1",]
        );
        let body = "input image[20, 9, 7]\nx: silu -> global_avg_pool -> conv(20, 1) -> sigmoid -> mul(x)";
        assert_eq!(steps(body).len(), 4);
        assert_eq!(inside(body), ["x at block 0 of mul1"]);
    }

    #[test]
    fn not_inputs_nor_what_is_read_later_nor_results() {
        let body = "input image[20, 9, 7]\nx: silu\ny: tanh\nconv(20, 3) -> add(x)";
        steps(body);
        assert_eq!(inside(body), Vec::<String>::new());
        steps("input image[20, 9, 7]\noutput x: conv(20, 3)\nx -> silu -> add(in)");
        steps("input image[20, 9, 7]\nx: conv(20, 3)\nx -> add(x)");
        steps("input image[20, 9, 7]\nx: silu -> conv(20, 5)\nsilu -> mul(x) -> conv(20, 3) -> sub(x)");
    }

    #[test]
    fn not_a_concat_of_what_is_read_later() {
        let body = "input image[20, 9, 7]\nx: conv(16, 3) -> concat(in) -> relu -> conv(16, 1) -> mul(x)";
        steps(body);
        assert_eq!(inside(body), ["x at block 0 of concat1", "conv1 at block 0 of mul1"]);
        let body = "input image[20, 9, 7]\noutput x: conv(16, 3)\nx -> concat(in) -> tanh";
        steps(body);
        assert_eq!(inside(body), ["x at block 0 of concat1"]);
        // Nor one that lies in another.
        steps("input image[20, 9, 7]\nx: conv(16, 3) -> concat(in) -> silu -> conv(16, 3) -> softmax -> add(x)");
        let body =
            "input image[20, 9, 7]\nx: conv(16, 3)\nx -> concat(in) -> concat(in) -> relu -> conv(16, 1) -> mul(x)";
        steps(body);
        let body = "input image[20, 9, 7]\nconv(16, 3) -> concat(in) -> relu";
        steps(body);
        assert_eq!(inside(body), ["conv1 at block 0 of concat1", "concat1 at block 0 of relu1"]);
    }

    #[test]
    fn in_a_part_of_a_concat() {
        let body = "input image[20, 9, 7]\nconcat { conv(32, 3) -> softmax; conv(16, 1) -> lrn }\nsilu -> conv(3, 3)";
        steps(body);
        assert_eq!(
            inside(body)[..3],
            ["conv1 at block 0 of softmax1", "softmax1 at block 0 of concat1", "conv2 at block 0 of lrn1",]
        );
    }
}
