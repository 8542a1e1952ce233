//! Inputs, outputs and expectations.

use std::sync::Arc;

use super::apply::Places;
use super::env::{Env, Naming, Origin};
use super::expander::{Expander, Flow};
use super::value::{Callee, StageValue, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops;
use crate::source::Span;
use crate::syntax::ast;

impl<'p> Expander<'p> {
    pub(super) fn run_input(&mut self, name: &ast::Ident, dims: &[ast::Dim], span: Span, env: &mut Env) -> Flow {
        let Some(shape) = self.input_shape(name, dims, env) else {
            env.bind(&name.name, Value::Poison, Origin::Input);
            env.input = Some(Value::Poison);
            return Flow::Poison;
        };
        let made = (ops::source::input(&shape), ops::Args::default());
        let stage = &StageValue::bare(Callee::Op(&ops::source::INPUT));
        let path = self.names.labelled(&Naming::root(), &name.name);
        let flow = self.add_node(
            made,
            &[],
            path,
            span,
            &Places { def: &ops::source::INPUT, stage, operands: &[], hint: None },
        );
        let first = self.graph.graph_inputs().len() <= 1;
        let value = match &flow {
            Flow::Tensor(tensor) => Value::Tensor(tensor.clone()),
            Flow::None | Flow::Poison => Value::Poison,
        };
        env.bind(&name.name, value.clone(), Origin::Input);
        env.input = first.then_some(value);
        if first { flow } else { Flow::None }
    }

    pub(super) fn run_output(&mut self, name: &Arc<str>, at: Span, span: Span, flow: &Flow, main: bool) {
        if let Some(first) = self.outputs.insert(name.clone(), at) {
            self.report(
                Diagnostic::error(Code::DUPLICATE_NAME, format!("the output `{name}` is declared twice"))
                    .label(at, "again here")
                    .label(first, "first here")
                    .help("give each output a name of its own"),
            );
            return;
        }
        match flow {
            Flow::Tensor(tensor) => {
                self.graph.add_output(crate::ir::Output { name: name.clone(), node: tensor.node, main });
            }
            Flow::None => self.report(self.no_flow("output", span)),
            Flow::Poison => {}
        }
    }

    pub(super) fn run_expect(&mut self, shape: &[ast::Expr], span: Span, flow: &Flow, env: &Env) {
        if !self.promises {
            return;
        }
        let dims: Vec<Option<i64>> = shape.iter().map(|dim| self.eval_whole(dim, "a size", env)).collect();
        let Some(dims) = dims.into_iter().collect::<Option<Vec<i64>>>() else { return };
        match flow {
            Flow::None => self.report(self.no_flow("expect", span)),
            Flow::Poison => {}
            Flow::Tensor(tensor) => {
                let same = dims.len() == tensor.ty.rank()
                    && dims.iter().zip(tensor.ty.shape()).all(|(want, have)| *want == *have as i64);
                if !same {
                    let wanted = Value::list(dims.into_iter().map(Value::Int).collect::<Vec<_>>());
                    let made = self.node_span(tensor.node);
                    self.report(
                        Diagnostic::error(Code::EXPECT, format!("expected {wanted}, and the flow is {}", tensor.ty))
                            .label(span, format!("expects {wanted}"))
                            .label(made, format!("made here: {}", tensor.ty))
                            .help("shapes are written without the batch; mend the stages above, or the expectation"),
                    );
                }
            }
        }
    }
}
