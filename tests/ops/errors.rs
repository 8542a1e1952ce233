//! What ops say of inputs and arguments that they can't take.

use archc::diagnostic::Code;
use archc::ir::TensorType;
use archc::ops::{At, OpError, Operand, Raw};

use super::{infer, int, ints, make, make_with, word};

/// Holds where the error has this code and message, points at these, and says what to do.
fn says(error: &OpError, code: Code, message: &str, at: &[At]) {
    assert_eq!((error.code, error.message.as_str()), (code, message));
    assert_eq!(error.at, at, "{message}");
    assert!(error.help.is_some(), "{message}");
}

fn refused(name: &str, given: &[(&str, Raw)], inputs: &[&[usize]]) -> OpError {
    infer(name, given, inputs).expect_err(name)
}

#[test]
fn kernels_that_do_not_fit() {
    let given = [("out", int(8)), ("kernel", int(3)), ("dilation", int(2)), ("pad", int(0))];
    says(
        &refused("conv", &given, &[&[3, 4, 9]]),
        Code::KERNEL_TOO_LARGE,
        "`conv`'s 3x3 kernel at dilation 2 covers 5 rows; the input has 4",
        &[At::Arg("kernel"), At::Operand(0)],
    );
    says(
        &refused("avg_pool", &[("kernel", ints(&[1, 8])), ("pad", ints(&[0, 1]))], &[&[3, 4, 5]]),
        Code::KERNEL_TOO_LARGE,
        "`avg_pool`'s 1x8 kernel covers 8 columns; the padded input has 7",
        &[At::Arg("kernel"), At::Operand(0)],
    );
    says(
        &refused("conv", &[("out", int(8)), ("kernel", ints(&[3, 4]))], &[&[3, 9, 9]]),
        Code::EVEN_HALF,
        "`half` padding needs an odd kernel, and this one is 3x4",
        &[At::Arg("kernel")],
    );
    says(
        &refused("max_pool", &[("kernel", int(3)), ("pad", int(2))], &[&[3, 9, 9]]),
        Code::ARGUMENT_VALUE,
        "`max_pool` pads 2 rows, more than half of its kernel's 3",
        &[At::Arg("pad"), At::Arg("kernel")],
    );
}

#[test]
fn groups_that_do_not_divide() {
    let conv = |groups| [("out", int(8)), ("kernel", int(1)), ("groups", int(groups))];
    says(
        &refused("conv", &conv(4), &[&[6, 9, 9]]),
        Code::GROUPS,
        "`conv` has 4 groups, which do not divide the 6 channels that come in",
        &[At::Arg("groups"), At::Operand(0)],
    );
    says(
        &refused("conv", &conv(3), &[&[6, 9, 9]]),
        Code::GROUPS,
        "`conv` has 3 groups, which do not divide the 8 channels that go out",
        &[At::Arg("groups"), At::Arg("out")],
    );
    says(
        &refused("group_norm", &[("groups", int(4))], &[&[6, 9, 9]]),
        Code::GROUPS,
        "`group_norm` has 4 groups, which do not divide the 6 channels",
        &[At::Arg("groups"), At::Operand(0)],
    );
    says(
        &refused("channel_shuffle", &[("groups", int(4))], &[&[6, 9, 9]]),
        Code::GROUPS,
        "`channel_shuffle` has 4 groups, which do not divide the 6 channels",
        &[At::Arg("groups"), At::Operand(0)],
    );
    says(
        &refused("attention", &[("heads", int(5))], &[&[9, 12]]),
        Code::GROUPS,
        "`attention` has 5 heads, which do not divide the 12 features",
        &[At::Arg("heads"), At::Operand(0)],
    );
    says(
        &refused("pixel_shuffle", &[("factor", int(2))], &[&[6, 9, 9]]),
        Code::SIZES,
        "`pixel_shuffle` by 2 makes one channel of 4, and 6 is no multiple of that",
        &[At::Arg("factor"), At::Operand(0)],
    );
}

#[test]
fn shapes_that_differ() {
    says(
        &refused("add", &[], &[&[64, 28, 28], &[64, 14, 14]]),
        Code::SHAPES_DIFFER,
        "`add` needs equal heights: 14 here, 28 there ([64, 14, 14] and [64, 28, 28])",
        &[At::Operand(1), At::Operand(0)],
    );
    says(
        &refused("mul", &[], &[&[64, 1, 1], &[64, 8, 8], &[32, 8, 8]]),
        Code::SHAPES_DIFFER,
        "`mul` needs equal channels: 32 here, 64 there ([32, 8, 8] and [64, 1, 1])",
        &[At::Operand(2), At::Operand(0)],
    );
    says(
        &refused("add", &[], &[&[64, 28, 28], &[64]]),
        Code::RANK,
        "`add` needs tensors of one rank: [64] here, [64, 28, 28] there",
        &[At::Operand(1), At::Operand(0)],
    );
    says(
        &refused("concat", &[], &[&[64, 28, 28], &[32, 28, 28], &[64, 14, 28]]),
        Code::SHAPES_DIFFER,
        "`concat` needs equal heights: 14 here, 28 there ([64, 14, 28] and [64, 28, 28])",
        &[At::Operand(2), At::Operand(0)],
    );
    says(
        &refused("matmul", &[], &[&[3, 4], &[5, 6]]),
        Code::SHAPES_DIFFER,
        "`matmul` needs as many columns on the left as rows on the right: 4 in [3, 4], 5 in [5, 6]",
        &[At::Operand(1), At::Operand(0)],
    );
    says(
        &refused("prelu", &[("params", int(3))], &[&[4, 6, 6]]),
        Code::SHAPES_DIFFER,
        "`prelu` has 3 slopes for 4 channels",
        &[At::Arg("params"), At::Operand(0)],
    );
}

#[test]
fn learned_tensors_that_do_not_fit() {
    let flow = TensorType::new([3, 8, 8]);
    let add = make("add", &[], 2).unwrap();
    says(
        &add.infer(&[&flow, &TensorType::unbatched([2, 3, 8, 8])]).unwrap_err(),
        Code::SHAPES_DIFFER,
        "the first size of [2, 3, 8, 8] stands for the batch where `add` joins it with [3, 8, 8], and is 2 instead of 1",
        &[At::Operand(1), At::Operand(0)],
    );
    says(
        &add.infer(&[&flow, &TensorType::unbatched([1, 1, 3, 8, 8])]).unwrap_err(),
        Code::RANK,
        "`add` can't join the learned tensor [1, 1, 3, 8, 8] with [3, 8, 8], which has fewer dimensions",
        &[At::Operand(1), At::Operand(0)],
    );
    let concat = make("concat", &[], 2).unwrap();
    says(
        &concat.infer(&[&flow, &TensorType::unbatched([3, 8, 8])]).unwrap_err(),
        Code::RANK,
        "`concat` needs a learned tensor with a 1 in front for the batch: [3, 8, 8] here, [3, 8, 8] there",
        &[At::Operand(1), At::Operand(0)],
    );
    says(
        &make("batch_norm", &[], 1).unwrap().infer(&[&TensorType::unbatched([3, 8, 8])]).unwrap_err(),
        Code::RANK,
        "`batch_norm` needs a tensor with a batch, and [3, 8, 8] is a learned one without",
        &[At::Operand(0)],
    );
}

#[test]
fn tensors_of_the_wrong_rank() {
    let error = refused("linear", &[("out", int(10))], &[&[512, 7, 7]]);
    assert!(error.help.as_ref().unwrap().contains("`flatten` before it for all 25088 values"));
    says(
        &error,
        Code::RANK,
        "`linear` needs a vector or a sequence of them, and this is the image [512, 7, 7]",
        &[At::Operand(0)],
    );
    says(
        &refused("conv", &[("out", int(10)), ("kernel", int(3))], &[&[512]]),
        Code::RANK,
        "`conv` needs an image [channels, height, width], and this is [512]",
        &[At::Operand(0)],
    );
    says(
        &refused("attention", &[("heads", int(2))], &[&[64, 7, 7]]),
        Code::RANK,
        "`attention` needs a sequence [length, features], and this is [64, 7, 7]",
        &[At::Operand(0)],
    );
    says(
        &refused("matmul", &[], &[&[4], &[4, 5]]),
        Code::RANK,
        "`matmul` multiplies matrices, the last two axes of its operands, and [4] has fewer",
        &[At::Operand(0)],
    );
}

#[test]
fn axes_that_are_not_there() {
    says(
        &refused("softmax", &[("axis", int(0))], &[&[3, 5]]),
        Code::AXIS,
        "axis 0 of [3, 5] is the batch, which stays as it is",
        &[At::Arg("axis")],
    );
    says(
        &refused("softmax", &[("axis", int(-3))], &[&[3, 5]]),
        Code::AXIS,
        "axis -3 of [3, 5] is the batch, which stays as it is",
        &[At::Arg("axis")],
    );
    says(
        &refused("concat", &[("axis", int(4))], &[&[3, 5, 5], &[3, 5, 5]]),
        Code::AXIS,
        "[3, 5, 5] has no axis 4: its axes are 1 to 3, besides the batch, which is 0",
        &[At::Arg("axis")],
    );
    says(
        &refused("permute", &[("axes", ints(&[1, 2]))], &[&[3, 5, 5]]),
        Code::AXIS,
        "`permute` names 2 axes, and [3, 5, 5] has 3 besides the batch",
        &[At::Arg("axes"), At::Operand(0)],
    );
    says(
        &refused("permute", &[("axes", ints(&[1, 2, -2]))], &[&[3, 5, 5]]),
        Code::AXIS,
        "`permute` names axis -2 twice",
        &[At::Arg("axes")],
    );
    says(
        &refused("mean", &[("axes", ints(&[1, -3]))], &[&[3, 5, 5]]),
        Code::AXIS,
        "`mean` names axis -3 twice",
        &[At::Arg("axes")],
    );
}

#[test]
fn sizes_that_do_not_work() {
    says(
        &refused("reshape", &[("shape", ints(&[4, 4]))], &[&[3, 5]]),
        Code::SIZES,
        "`reshape` to [4, 4] needs 16 values, and [3, 5] has 15",
        &[At::Arg("shape"), At::Operand(0)],
    );
    says(
        &refused("reshape", &[("shape", ints(&[-1, 4]))], &[&[3, 5]]),
        Code::SIZES,
        "`reshape` can't divide the 15 values of [3, 5] by the 4 of [-1, 4]",
        &[At::Arg("shape"), At::Operand(0)],
    );
    says(
        &refused("squeeze", &[("axis", int(1))], &[&[3, 1, 1]]),
        Code::SIZES,
        "`squeeze` takes away sizes of 1, and axis 1 of [3, 1, 1] is 3",
        &[At::Arg("axis"), At::Operand(0)],
    );
    says(
        &refused("slice", &[("axis", int(1)), ("start", int(2)), ("end", int(9))], &[&[8, 2]]),
        Code::SIZES,
        "the slice from 2 to 9 leaves the 8 places along axis 1 of [8, 2]",
        &[At::Arg("end"), At::Operand(0)],
    );
    says(
        &refused("slice", &[("axis", int(1)), ("start", int(4)), ("end", int(-4))], &[&[8, 2]]),
        Code::SIZES,
        "the slice from 4 to -4 of the 8 places along axis 1 of [8, 2] holds nothing",
        &[At::Arg("start"), At::Operand(0)],
    );
    says(
        &refused("conv_transpose", &[("out", int(1)), ("kernel", int(2)), ("pad", int(2))], &[&[3, 3, 9]]),
        Code::SIZES,
        "`conv_transpose` makes 4 rows, and `pad` cuts off 4",
        &[At::Arg("pad"), At::Operand(0)],
    );
}

#[test]
fn arguments_out_of_range() {
    let refused = |name: &str, given: &[(&str, Raw)]| make(name, given, 1).expect_err(name);
    let value = |error: &OpError, message: &str, at: &'static str| {
        assert_eq!((error.code, error.message.as_str()), (Code::ARGUMENT_VALUE, message));
        assert_eq!(error.at, [At::Arg(at)]);
    };
    let conv = |param, raw| [("out", int(8)), ("kernel", int(3)), (param, raw)];
    value(&refused("conv", &conv("stride", int(0))), "`stride` is 0, and must be 1 or more", "stride");
    value(&refused("conv", &conv("pad", int(-1))), "`pad` is -1, and must be 0 or more", "pad");
    value(
        &refused("conv", &conv("groups", int(1 << 40))),
        "`groups` is 1099511627776, and the largest number taken is 2^31",
        "groups",
    );
    value(&refused("dropout", &[("p", Raw::Float(1.5))]), "`p` is 1.5, and a share is between 0 and 1", "p");
    value(&refused("batch_norm", &[("eps", int(-1))]), "`eps` is -1, and must be 0 or more", "eps");
    value(
        &refused("conv_transpose", &conv("output_pad", int(1))),
        "`output_pad` is 1 rows, and must be smaller than the stride 1 or the dilation 1",
        "output_pad",
    );
    value(
        &refused("reshape", &[("shape", ints(&[-1, -1]))]),
        "`shape` holds -1 more than once, which leaves it open",
        "shape",
    );
    value(
        &refused("reshape", &[("shape", ints(&[0]))]),
        "`shape` holds 0, and sizes are 1 or more, or -1 once",
        "shape",
    );
    value(&refused("mean", &[("axes", ints(&[]))]), "`axes` is empty, and one axis at least is averaged", "axes");
    let division = make_with("div", &[], vec![Operand::Tensor, Operand::Number(0.0)]).expect_err("div");
    assert_eq!((division.code, division.message.as_str()), (Code::ARITHMETIC, "`div` by 0"));
}

#[test]
fn arguments_of_the_wrong_type() {
    let refused = |name: &str, given: &[(&str, Raw)]| {
        let error = make(name, given, 1).expect_err(name);
        (error.code, error.message)
    };
    let (code, message) = refused("conv_transpose", &[("out", int(8)), ("kernel", int(3)), ("pad", word("half"))]);
    assert_eq!(code, Code::TYPE);
    assert_eq!(
        message,
        "`pad` takes a whole number, `[height, width]` or `[top, bottom, left, right]`, and this is \"half\""
    );
    let (code, message) = refused("conv", &[("out", Raw::Float(2.5)), ("kernel", int(3))]);
    assert_eq!((code, message.as_str()), (Code::NOT_WHOLE, "`out` takes a whole number, and this is 2.5"));
    let (code, message) = refused("upsample", &[("mode", word("cubic"))]);
    assert_eq!(
        (code, message.as_str()),
        (Code::TYPE, "`mode` takes one of `nearest` or `bilinear`, and this is \"cubic\"")
    );
    let (code, message) = refused("pad", &[("channels", ints(&[1, 2, 3]))]);
    let want = "`channels` takes a whole number or `[before, after]`, and this is [1, 2, 3]";
    assert_eq!((code, message.as_str()), (Code::TYPE, want));
    let (code, message) = refused("lrn", &[("alpha", Raw::Float(f64::INFINITY))]);
    assert_eq!((code, message.as_str()), (Code::TYPE, "`alpha` takes a number, and this is inf"));
}
