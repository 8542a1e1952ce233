//! Rows and columns of zeros around an image become padding of the convolutions that read it.

use crate::diagnostic::Diagnostic;
use crate::plan::sketch::{Kind, Select, Sketch};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let Kind::Select(select) = &stage.kind else { continue };
        let Some(pads) = zeros(select, sketch.values[stage.inputs[0].0].image()) else { continue };
        let readers = sketch.readers(stage.output).to_vec();
        let all = readers.iter().all(|reader| {
            let reader = sketch.stage(*reader).expect("readers are stages");
            let convolves = matches!(reader.kind, Kind::Convolution(_)) && reader.inputs[0] == stage.output;
            convolves && !reader.inputs[1..].contains(&stage.output)
        });
        if readers.is_empty() || !all || sketch.is_result(stage.output) {
            continue;
        }
        for reader in readers {
            if let Kind::Convolution(convolution) = sketch.kind_mut(reader) {
                let sides = convolution.pads.iter_mut().flatten();
                sides.zip(pads.iter().flatten()).for_each(|(side, more)| *side += more);
            }
        }
        sketch.join_ahead(slot);
    }
    Ok(())
}

/// The zeros before and after rows and columns, if nothing else is done to an image of `[C, H, W]`.
fn zeros(select: &Select, image: [usize; 3]) -> Option<[[usize; 2]; 2]> {
    let ends = [0, 1, 2].map(|axis| {
        let places = &select.places[axis];
        let before = places.iter().take_while(|place| place.is_none()).count();
        let after = places.len().checked_sub(before + image[axis])?;
        let whole = places[before..before + image[axis]].iter().copied().eq((0..image[axis]).map(Some));
        (whole && places[before + image[axis]..].iter().all(Option::is_none)).then_some([before, after])
    });
    let [Some([0, 0]), Some(rows), Some(columns)] = ends else { return None };
    (select.fill == 0.0).then_some([rows, columns])
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn zeros_before_a_convolution_are_its_padding() {
        for conv in ["conv(24, 3, 2, pad = valid)", "conv(24, 5)", "depthwise_conv(3, 2, pad = valid)"] {
            let body = format!("input image[20, 9, 7]\npad([0, 1, 2, 1]) -> {conv} -> relu");
            assert_eq!(steps(&body), ["conv1 + pad1 + relu1"], "{conv}");
        }
    }

    #[test]
    fn other_values_and_other_readers_keep_the_stage() {
        assert_eq!(steps("input image[20, 9, 7]\npad(1, value = 2.0) -> conv(24, 3)"), ["pad1", "conv1"]);
        assert_eq!(steps("input image[20, 9, 7]\npad(1) -> max_pool(2)"), ["pad1", "max_pool1"]);
        assert_eq!(steps("input image[20, 9, 7]\npad(channels = [3, 1]) -> conv(24, 3)"), ["pad1", "conv1"]);
    }
}
