//! Shape rules, weights and costs on odd cases, against values worked out by hand or from papers.

use archc::ir::TensorType;
use archc::ops::{ALL, Cost, Init, Operand, Operands, Raw, find, names};

use super::{infer, int, ints, make, make_with, word};

fn shape(name: &str, given: &[(&str, Raw)], inputs: &[&[usize]]) -> Vec<usize> {
    infer(name, given, inputs).unwrap_or_else(|error| panic!("{name}: {error:?}")).shape().to_vec()
}

fn cost(name: &str, given: &[(&str, Raw)], input: &[usize]) -> Cost {
    let op = make(name, given, 1).unwrap();
    let input = TensorType::new(input);
    let output = op.infer(&[&input]).unwrap();
    op.cost(&[&input], &output)
}

#[test]
fn convolutions_pad_half_by_default() {
    let conv = |kernel: Raw, rest: &[(&str, Raw)], input: &[usize]| {
        shape("conv", &[&[("out", int(8)), ("kernel", kernel)], rest].concat(), &[input])
    };
    assert_eq!(conv(int(3), &[], &[3, 224, 224]), [8, 224, 224]);
    assert_eq!(conv(int(7), &[("stride", int(2))], &[3, 224, 224]), [8, 112, 112]);
    assert_eq!(conv(int(3), &[("stride", int(2))], &[3, 7, 8]), [8, 4, 4]);
    assert_eq!(conv(int(3), &[("dilation", int(4))], &[3, 5, 9]), [8, 5, 9]);
    assert_eq!(conv(ints(&[1, 7]), &[], &[3, 17, 17]), [8, 17, 17]);
    assert_eq!(conv(int(3), &[("pad", word("valid"))], &[3, 299, 300]), [8, 297, 298]);
    assert_eq!(conv(int(3), &[("pad", word("valid")), ("stride", int(2))], &[3, 299, 299]), [8, 149, 149]);
    assert_eq!(conv(int(2), &[("pad", word("same_upper")), ("stride", int(2))], &[3, 7, 1]), [8, 4, 1]);
    assert_eq!(conv(int(4), &[("pad", ints(&[1, 2, 2, 1]))], &[3, 9, 9]), [8, 9, 9]);
    assert_eq!(conv(int(1), &[("stride", int(100))], &[3, 9, 9]), [8, 1, 1]);
}

#[test]
fn pools_round_as_pytorch_does() {
    let pool = |rest: &[(&str, Raw)], size: usize| {
        shape("max_pool", &[&[("kernel", int(3)), ("stride", int(2))], rest].concat(), &[&[1, size, size]])[1]
    };
    let ceil = ("ceil_mode", Raw::Bool(true));
    assert_eq!(pool(&[], 112), 55);
    assert_eq!(pool(std::slice::from_ref(&ceil), 112), 56);
    assert_eq!(pool(&[("pad", int(1))], 112), 56);
    // 2 + 2 * 1 - 3 leaves 1, rounded up to a second window; it would start at 2, inside the image padded by one before.
    assert_eq!(pool(&[("pad", int(1)), ceil.clone()], 2), 2);
    // A second window would start at 2, in the padding below an image of 1 row.
    assert_eq!(pool(&[("pad", int(1)), ceil], 1), 1);
    // The stride is the kernel where it is not given.
    assert_eq!(shape("avg_pool", &[("kernel", ints(&[2, 3]))], &[&[4, 9, 9]]), [4, 4, 3]);
}

#[test]
fn transposed_convolutions_undo_the_sizes_of_convolutions() {
    for (size, kernel, stride, pad) in [(9, 3, 2, 1), (10, 3, 2, 1), (28, 5, 3, 2), (7, 4, 2, 1)] {
        let given = [("out", int(1)), ("kernel", int(kernel)), ("stride", int(stride)), ("pad", int(pad))];
        let small = shape("conv", &given, &[&[1, size, size]]);
        let left_over = (size as i64 + 2 * pad - kernel) % stride;
        let given = [given.as_slice(), &[("output_pad", int(left_over))]].concat();
        assert_eq!(shape("conv_transpose", &given, &[&small]), [1, size, size]);
    }
}

#[test]
fn the_batch_is_never_an_axis() {
    assert_eq!(shape("flatten", &[], &[&[512, 7, 7]]), [25088]);
    assert_eq!(shape("transpose", &[("a", int(1)), ("b", int(2))], &[&[3, 5]]), [5, 3]);
    assert_eq!(shape("mean", &[("axes", int(-1))], &[&[3, 5]]), [3]);
    assert_eq!(shape("mean", &[("axes", int(1))], &[&[5]]), [0usize; 0]);
    assert_eq!(shape("slice", &[("axis", int(1)), ("start", int(-2))], &[&[9, 5]]), [2, 5]);
}

#[test]
fn learned_tensors_stay_without_a_batch() {
    let token = TensorType::unbatched([1, 4, 8]);
    let gelu = make("gelu", &[], 1).unwrap().infer(&[&token]).unwrap();
    assert_eq!(gelu, token);
    let flat = make("flatten", &[], 1).unwrap().infer(&[&token]).unwrap();
    assert_eq!(flat, TensorType::unbatched([1, 32]));
    let sum = make("add", &[], 2).unwrap();
    assert_eq!(sum.infer(&[&token, &TensorType::unbatched([8])]).unwrap(), token);
    assert_eq!(sum.infer(&[&token, &TensorType::new([4, 8])]).unwrap(), TensorType::new([4, 8]));
    assert_eq!(
        sum.infer(&[&TensorType::new([3, 4, 8]), &TensorType::unbatched([3, 1, 1])]).unwrap().shape(),
        [3, 4, 8]
    );
    let stored = [("axis", int(0)), ("start", int(0)), ("end", int(1))];
    let part = make("slice", &stored, 1).unwrap().infer(&[&TensorType::unbatched([5, 2])]).unwrap();
    assert_eq!(part, TensorType::unbatched([1, 2]));
}

#[test]
fn costs_are_those_of_the_papers() {
    // ResNet's first convolution: 64 * 112 * 112 * 3 * 7 * 7.
    let stem = [("out", int(64)), ("kernel", int(7)), ("stride", int(2)), ("bias", Raw::Bool(false))];
    assert_eq!(cost("conv", &stem, &[3, 224, 224]), Cost { macs: 118_013_952, flops: 236_027_904 });
    let bias = [("out", int(64)), ("kernel", int(7)), ("stride", int(2))];
    assert_eq!(cost("conv", &bias, &[3, 224, 224]).flops, 236_027_904 + 64 * 112 * 112);
    let grouped = [("out", int(128)), ("kernel", int(3)), ("groups", int(32))];
    assert_eq!(cost("conv", &grouped, &[128, 56, 56]).macs, 128 * 56 * 56 * 4 * 9);
    assert_eq!(cost("depthwise_conv", &[("kernel", int(3))], &[32, 112, 112]).macs, 32 * 112 * 112 * 9);
    assert_eq!(
        cost("conv_transpose", &[("out", int(2)), ("kernel", int(2)), ("stride", int(2))], &[4, 3, 3]).macs,
        4 * 9 * 8
    );
    assert_eq!(cost("linear", &[("out", int(1000))], &[2048]), Cost { macs: 2_048_000, flops: 4_097_000 });
    assert_eq!(cost("linear", &[("out", int(8))], &[5, 4]).macs, 5 * 4 * 8);
    // ViT-Base's attention: 197 tokens, 768 features.
    let attention = cost("attention", &[("heads", int(12))], &[197, 768]);
    assert_eq!(attention.macs, 4 * 197 * 768 * 768 + 2 * 197 * 197 * 768);
    assert_eq!(attention.flops, 2 * attention.macs + 5 * 197 * 768 + 5 * 12 * 197 * 197);
    assert_eq!(cost("max_pool", &[("kernel", int(3)), ("stride", int(2))], &[64, 112, 112]).flops, 64 * 55 * 55 * 9);
    assert_eq!(cost("batch_norm", &[], &[64, 8, 8]), Cost { macs: 0, flops: 2 * 64 * 64 });
    assert_eq!(cost("relu", &[], &[64, 8, 8]).flops, 64 * 64);
    assert_eq!(cost("dropout", &[], &[64]), Cost::FREE);
    let sum = make_with("add", &[], vec![Operand::Tensor, Operand::Number(2.0), Operand::Tensor]).unwrap();
    let ty = TensorType::new([10]);
    assert_eq!(sum.cost(&[&ty, &ty], &ty).flops, 20);
}

#[test]
fn weights_start_as_in_pytorch() {
    let conv = make("conv", &[("out", int(8)), ("kernel", int(3)), ("groups", int(2))], 1).unwrap();
    let weights = conv.weights(&[&TensorType::new([4, 9, 9])]);
    let bound = 1.0 / (2.0_f64 * 9.0).sqrt();
    assert!(weights.iter().all(|weight| weight.init == Init::Uniform { bound }));
    let norm = make("batch_norm", &[("scale", Raw::Bool(false))], 1).unwrap();
    let names: Vec<&str> = norm.weights(&[&TensorType::new([4])]).iter().map(|weight| weight.name).collect();
    assert_eq!(names, ["bias", "running_mean", "running_var"]);
}

#[test]
fn names_find_their_ops() {
    assert_eq!(find("conv").unwrap().name, "conv");
    assert_eq!(find("depthwise_conv").unwrap().short, "conv");
    assert_eq!(find("bn").unwrap().name, "batch_norm");
    assert!(find("input").is_none());
    let mut all: Vec<&str> = names().collect();
    assert!(all.iter().all(|name| find(name).is_some()));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a name is listed twice");
}

#[test]
fn definitions_are_documented() {
    for def in ALL {
        assert!(!def.summary.is_empty() && !def.details.is_empty(), "{def:?}");
        assert!(def.example.starts_with("input "), "{def:?}");
        assert!(def.params.iter().all(|param| !param.doc.is_empty()), "{def:?}");
        let speaks_of_cost =
            def.details.contains("FLOPs") || def.details.contains("Costs nothing") || def.name == "identity";
        assert!(speaks_of_cost, "{def:?}");
        if !matches!(def.operands, Operands::Input) {
            assert!(def.example.contains(def.name) || def.example.contains(def.short), "{def:?}");
        }
    }
}
