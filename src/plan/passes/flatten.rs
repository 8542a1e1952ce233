//! Linear layers on a flattened image become convolutions whose window is the whole image, so that nothing is moved.

use crate::diagnostic::Diagnostic;
use crate::plan::sketch::{Convolution, Kind, Sketch, ValueId};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let (image, vector) = (stage.inputs[0], stage.output);
        let [channels, height, width] = *sketch.values[image.0].shape.as_slice() else { continue };
        if !matches!(stage.kind, Kind::Reshape) || sketch.values[vector.0].shape != [channels * height * width] {
            continue;
        }
        let readers = sketch.readers(vector).to_vec();
        let all = readers.iter().all(|reader| is_linear(sketch, *reader, vector));
        if readers.is_empty() || !all || sketch.is_result(vector) {
            continue;
        }
        for reader in readers {
            if let Kind::Convolution(convolution) = sketch.kind_mut(reader) {
                convolution.kernel = [height, width];
            }
        }
        sketch.join_ahead(slot);
    }
    Ok(())
}

/// Whether the stage in slot `reader` is a linear layer on `vector`, and nothing goes by its single values.
fn is_linear(sketch: &Sketch<'_>, reader: usize, vector: ValueId) -> bool {
    let stage = sketch.stage(reader).expect("readers are stages");
    let reads = stage.inputs[0] == vector && !stage.inputs[1..].contains(&vector);
    reads && matches!(&stage.kind, Kind::Convolution(Convolution { kernel: [1, 1], groups: 1, ahead: None, .. }))
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn a_linear_layer_reads_the_image() {
        for channels in [16, 20, 3] {
            let body = format!("input image[{channels}, 3, 5]\nflatten -> dropout -> linear(40) -> relu -> linear(3)");
            assert_eq!(steps(&body), ["fc1 + relu1 + flatten1", "fc2"]);
        }
    }

    #[test]
    fn several_do_so() {
        let body = "input image[20, 3, 5]\nx: flatten\nconcat(axis = 1) { linear(16); linear(16) }";
        assert_eq!(steps(body)[..2], ["fc1 + x", "fc2 + x"]);
    }
}
