//! No argument and no shape makes an op panic, overflow or hang: it gives a result or an error.

use archc::ir::TensorType;
use archc::ops::{ALL, Default, OpDef, Operand, Operands, ParamType, Raw};
use proptest::prelude::*;

/// Whole numbers that matter: small ones, ends of ranges, and what lies beyond.
fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -2..9_i64,
        2 => 1..300_i64,
        2 => Just(1 << 31),
        1 => Just((1 << 31) - 1),
        1 => Just(-(1 << 31)),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
    ]
}

fn number() -> impl Strategy<Value = Raw> {
    prop_oneof![
        8 => whole().prop_map(Raw::Int),
        2 => prop_oneof![Just(0.5), Just(-1.0), Just(1e300), Just(f64::NAN), Just(f64::INFINITY), Just(3.0)].prop_map(Raw::Float),
    ]
}

/// Any value at all.
fn anything() -> impl Strategy<Value = Raw> {
    prop_oneof![
        4 => number(),
        1 => any::<bool>().prop_map(Raw::Bool),
        1 => prop_oneof![Just("half"), Just("valid"), Just("same_upper"), Just("nearest"), Just("")].prop_map(|text| Raw::Str(text.to_string())),
        3 => prop::collection::vec(number(), 0..6).prop_map(Raw::List),
        1 => Just(Raw::Other("a stage")),
    ]
}

/// A value that a parameter of this type could mean, its sizes aside.
fn fitting(ty: ParamType) -> BoxedStrategy<Raw> {
    let list = |len: std::ops::Range<usize>| prop::collection::vec(whole().prop_map(Raw::Int), len).prop_map(Raw::List);
    match ty {
        ParamType::Count | ParamType::Int => whole().prop_map(Raw::Int).boxed(),
        ParamType::Float => number().boxed(),
        ParamType::Bool => any::<bool>().prop_map(Raw::Bool).boxed(),
        ParamType::Pair | ParamType::Margins | ParamType::Ends => {
            prop_oneof![whole().prop_map(Raw::Int), list(2..3)].boxed()
        }
        ParamType::Padding | ParamType::Borders => {
            let word = prop_oneof![Just("half"), Just("valid"), Just("same_upper")];
            prop_oneof![
                whole().prop_map(Raw::Int),
                list(2..3),
                list(4..5),
                word.prop_map(|word| Raw::Str(word.to_string()))
            ]
            .boxed()
        }
        ParamType::Shape | ParamType::Ints => list(0..5).boxed(),
        ParamType::Axes => prop_oneof![whole().prop_map(Raw::Int), list(0..4)].boxed(),
        ParamType::Word(words) => prop::sample::select(words).prop_map(|word| Raw::Str(word.to_string())).boxed(),
    }
}

fn arguments(def: &'static OpDef) -> impl Strategy<Value = Vec<(&'static str, Raw)>> {
    let each = def.params.iter().map(|param| {
        let value = prop_oneof![8 => fitting(param.ty), 1 => anything().boxed()];
        let given = if param.default == Default::Required { Just(true).boxed() } else { any::<bool>().boxed() };
        (given, value).prop_map(|(given, value)| given.then_some((param.name, value)))
    });
    each.collect::<Vec<_>>().prop_map(|given| given.into_iter().flatten().collect())
}

fn tensor() -> impl Strategy<Value = TensorType> {
    let size = prop_oneof![12 => 1..10_usize, 2 => 1..1000_usize, 1 => Just(1_usize << 31), 1 => Just(1_usize << 40)];
    (prop::collection::vec(size, 0..6), prop::bool::weighted(0.8)).prop_map(|(shape, batched)| match batched {
        true => TensorType::new(shape),
        false => TensorType::unbatched(shape),
    })
}

/// An op, its arguments and its operands' types.
fn application() -> impl Strategy<Value = (&'static OpDef, Vec<(&'static str, Raw)>, Vec<TensorType>)> {
    prop::sample::select(ALL).prop_flat_map(|def| {
        let operands = match def.operands {
            Operands::Flow => 1..2,
            Operands::Pair { .. } => 2..3,
            Operands::Merge { .. } => 2..4,
            Operands::Source | Operands::Input => 0..1,
        };
        let unlike = prop::collection::vec(tensor(), operands.clone());
        // Merges get far only with equal shapes.
        let alike = (tensor(), operands).prop_map(|(ty, count)| vec![ty; count]);
        (Just(def), arguments(def), prop_oneof![unlike, alike])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_application_has_a_result_or_an_error((def, given, inputs) in application()) {
        let operands = vec![Operand::Tensor; inputs.len()];
        let Ok(args) = archc::ops::Args::bind(def.params, &given, operands) else { return Ok(()) };
        let Ok(op) = (def.make)(&args) else { return Ok(()) };
        let inputs: Vec<&TensorType> = inputs.iter().collect();
        let _ = op.detail();
        if let Ok(output) = op.infer(&inputs) {
            prop_assert!(output.shape().iter().all(|size| *size > 0), "{output}");
            let cost = op.cost(&inputs, &output);
            prop_assert!(cost.flops >= cost.macs);
            for weight in op.weights(&inputs) {
                prop_assert!(weight.elements() > 0);
            }
        }
    }
}
