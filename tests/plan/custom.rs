//! A plan as one of candle's ops.

use archc::plan::{Options, Plan};
use archc::weights::Hashed;
use candle_core::{CustomOp1, DType, IndexOp, Tensor, Var};

use super::{bits, graph, images};

fn plan(body: &str) -> Plan {
    let graph = graph(body);
    let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
    Plan::new(&graph, &results, &Hashed { norm_scale: 1.0 }, Options::default()).unwrap()
}

const BODY: &str = "input image[3, 11, 9]\nconv(20, 3, 2) -> bn -> silu -> conv(8, 3) -> permute([2, 3, 1])\noutput y";

#[test]
fn an_op_of_candle_computes_what_the_plan_computes() {
    let plan = plan(BODY);
    let images = images(&[4, 3, 11, 9]);
    let expected = plan.run(std::slice::from_ref(&images)).unwrap().remove(0);
    assert_eq!(expected.dims(), [4, 6, 5, 8]);
    assert_eq!(bits(&images.apply_op1_no_bwd(&plan).unwrap()), bits(&expected));
    // Parts of a batch, which lie in the middle of its storage, and another order of what lies in memory.
    let some = images.i(1..3).unwrap();
    assert_eq!(bits(&some.apply_op1_no_bwd(&plan).unwrap()), bits(&expected.i(1..3).unwrap()));
    let last = images.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap().permute((0, 3, 1, 2)).unwrap();
    assert!(!last.is_contiguous());
    assert_eq!(bits(&last.apply_op1_no_bwd(&plan).unwrap()), bits(&expected));
    assert_eq!(bits(&plan.run(&[last]).unwrap()[0]), bits(&expected));
    // An op of several images after one of one, and as one that candle keeps.
    assert_eq!(images.i(..1).unwrap().apply_op1_no_bwd(&plan).unwrap().dims(), [1, 6, 5, 8]);
    let kept = images.apply_op1(plan).unwrap();
    assert_eq!((kept.dims(), bits(&kept)), (expected.dims(), bits(&expected)));
}

#[test]
fn what_does_not_fit_is_told() {
    let plan_of_one = plan(BODY);
    let error = |tensor: &Tensor, plan: &Plan| tensor.apply_op1_no_bwd(plan).unwrap_err().to_string();
    let image = images(&[1, 3, 11, 9]);
    let half = image.to_dtype(DType::F64).unwrap();
    let message = "a plan takes float32, and the tensor is f64; `to_dtype` makes one of it";
    assert!(error(&half, &plan_of_one).contains(message));
    assert!(plan_of_one.run(&[half]).unwrap_err().to_string().contains(message));
    let message = "an input is [3, 11, 9] after the batch, and [1, 3, 11, 8] is given";
    assert!(error(&images(&[1, 3, 11, 8]), &plan_of_one).contains(message));

    let several = plan("input a[3, 4, 4]\ninput b[3, 4, 4]\na -> add(b)\noutput y");
    let message = "a plan of 2 inputs and 1 results is no op of one tensor; `Plan::run` computes it";
    assert!(error(&images(&[1, 3, 4, 4]), &several).contains(message));
    let two = plan("input image[3, 4, 4]\noutput x: conv(4, 3)\nx -> relu\noutput y");
    assert!(error(&images(&[1, 3, 4, 4]), &two).contains("a plan of 1 inputs and 2 results is no op of one tensor"));
    assert_eq!(two.run(&[images(&[1, 3, 4, 4])]).unwrap().len(), 2);
}

#[test]
fn there_are_no_gradients() {
    let plan = plan(BODY);
    let name = plan.name();
    let image = Var::from_tensor(&images(&[1, 3, 11, 9])).unwrap();
    let score = image.apply_op1(plan).unwrap().sum_all().unwrap();
    let error = score.backward().unwrap_err().to_string();
    assert!(error.contains(name), "{error}");
}
