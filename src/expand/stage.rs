//! A named stage: what its callee means, and how it meets the flow.

use std::sync::Arc;

use super::apply::Site;
use super::body::Position;
use super::call;
use super::env::{Env, Named, Origin};
use super::expander::{Drop, Expander, Flow};
use super::value::{Callee, StageValue, Tensor, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::{self, Operands};
use crate::source::Span;
use crate::syntax::ast;

/// What the callee of an `apply` turns out to be.
enum Resolved {
    Stage(Arc<StageValue>),
    Tensor(Tensor),
    Poison,
}

impl<'p> Expander<'p> {
    pub(super) fn run_apply(
        &mut self,
        apply: &'p ast::Apply,
        flow: &Flow,
        position: Position,
        named: Named<'_>,
        env: &mut Env,
    ) -> Flow {
        let stage = match self.resolve_callee(apply, env) {
            Resolved::Poison => {
                // The stage keeps its name, so that the names of those after it do not shift.
                if let Some(label) = named.label {
                    self.names.labelled(named.naming, label);
                }
                return Flow::Poison;
            }
            Resolved::Tensor(tensor) => return self.run_value(tensor, apply, flow, position, named),
            Resolved::Stage(stage) => stage,
        };
        let Some(stage) = self.bind_args(&stage, apply.args.as_ref(), env) else { return Flow::Poison };
        if let Some(branches) = &apply.branches {
            return self.run_branches(&stage, apply, branches, flow, named, env);
        }
        let site = Site { named, span: apply.span };
        if let Callee::Op(def) = stage.callee
            && def.operands == Operands::Source
        {
            if position == Position::Later {
                self.report(
                    Diagnostic::error(
                        Code::MISPLACED,
                        format!("`{}` starts a flow, and a flow is here already", def.name),
                    )
                    .label(apply.span, "in the middle of a line")
                    .help("put it on a line of its own with a label, and merge it: `add(label)`, `concat(label)`"),
                );
                return Flow::Poison;
            }
            let result = self.apply(&stage, &Flow::None, &site);
            if position == Position::First {
                self.leave_flow(flow, &result, apply.span);
            }
            return result;
        }
        self.apply(&stage, flow, &site)
    }

    /// A value in stage position: the flow goes on from it.
    fn run_value(
        &mut self,
        tensor: Tensor,
        apply: &ast::Apply,
        flow: &Flow,
        position: Position,
        named: Named<'_>,
    ) -> Flow {
        if let Some(label) = named.label {
            self.names.labelled(named.naming, label);
        }
        let extra = apply.args.as_ref().map(|args| args.span).or(apply.branches.as_ref().map(|body| body.span));
        if let Some(extra) = extra {
            self.report(
                Diagnostic::error(Code::WRONG_KIND, "a tensor takes no arguments")
                    .label(extra, "these")
                    .label(self.node_span(tensor.node), format!("this made it: {}", tensor.ty))
                    .help("ops and blocks take arguments; a tensor is only named"),
            );
            return Flow::Poison;
        }
        let result = Flow::Tensor(tensor);
        match position {
            Position::Later => {
                self.report(
                    Diagnostic::error(Code::MISPLACED, "a value can only start a line, and this one stands after `->`")
                        .label(apply.span, "the flow would be lost here")
                        .help("to take both together, merge: `-> add(x)` or `-> concat(x)`; to go on from the value, begin a line with it"),
                );
                return Flow::Poison;
            }
            Position::First => self.leave_flow(flow, &result, apply.span),
            Position::SideBranch => {}
        }
        result
    }

    /// Notes that a line goes on from something else than the flow.
    pub(super) fn leave_flow(&mut self, flow: &Flow, next: &Flow, by: Span) {
        if let Flow::Tensor(left) = flow {
            let same = matches!(next, Flow::Tensor(tensor) if tensor.node == left.node);
            if !same {
                self.drops.push(Drop { node: left.node, by });
            }
        }
    }

    /// What the callee means in stage position: a stage parameter, block or op first, then a value.
    fn resolve_callee(&mut self, apply: &ast::Apply, env: &Env) -> Resolved {
        let value = match &apply.callee {
            ast::Callee::In(span) => self.block_input(*span, env),
            ast::Callee::Quoted(text) => {
                let Some(label) = self.eval_text(text, env) else { return Resolved::Poison };
                match env.lookup(&label) {
                    Some(binding) => binding.value.clone(),
                    None => {
                        self.report(call::unknown_label(&label, text.span, env));
                        return Resolved::Poison;
                    }
                }
            }
            ast::Callee::Name(name) if apply.index.is_empty() => match self.stage_name(name, env) {
                Some(value) => value,
                None => {
                    if !self.is_failed_import(&name.name, env) {
                        self.report(self.unknown_stage(name, env));
                    }
                    return Resolved::Poison;
                }
            },
            ast::Callee::Name(name) => {
                let expr = ast::Expr { kind: ast::ExprKind::Name(name.name.clone()), span: name.span };
                self.eval(&expr, env)
            }
        };
        let mut value = value;
        for index in &apply.index {
            let at = self.eval(index, env);
            value = self.eval_index(&value, &at, apply.callee.span(), index.span);
        }
        match value {
            Value::Stage(stage) => Resolved::Stage(stage),
            Value::Tensor(tensor) => Resolved::Tensor(tensor),
            Value::Poison => Resolved::Poison,
            other => {
                self.report(
                    Diagnostic::error(Code::WRONG_KIND, format!("{} is not a stage", other.describe()))
                        .label(apply.callee.span(), other.kind())
                        .help("a stage is an op, a block, or a parameter or constant that holds one"),
                );
                Resolved::Poison
            }
        }
    }

    fn stage_name(&mut self, name: &ast::Ident, env: &Env) -> Option<Value> {
        let stage = env.bindings().find(|binding| {
            binding.name == name.name
                && binding.origin != Origin::Label
                && matches!(binding.value, Value::Stage(_) | Value::Poison)
        });
        if let Some(binding) = stage {
            return Some(binding.value.clone());
        }
        if let Some(entry) = self.program.lookup(env.module, &name.name) {
            match self.program.item(entry.item) {
                ast::ItemKind::Block(_) => return Some(Value::stage(Callee::Item(entry.item))),
                ast::ItemKind::Const(_) => {
                    let value = self.constant(entry.item, name.span);
                    if env.lookup(&name.name).is_none() || matches!(value, Value::Stage(_)) {
                        return Some(value);
                    }
                }
                other @ (ast::ItemKind::Fn(_) | ast::ItemKind::Arch(_)) => {
                    if env.lookup(&name.name).is_none() && ops::find(&name.name).is_none() {
                        let help = match other {
                            ast::ItemKind::Arch(_) => "move its body into a block that both use",
                            _ => "functions compute numbers and texts; a block makes stages",
                        };
                        self.report(
                            Diagnostic::error(
                                Code::WRONG_KIND,
                                format!("`{}` is {}, not a stage", name.name, super::program::kind_words(other)),
                            )
                            .label(name.span, "used as a stage here")
                            .label(entry.span, "declared here")
                            .help(help),
                        );
                        return Some(Value::Poison);
                    }
                }
                ast::ItemKind::Edition | ast::ItemKind::Use(_) | ast::ItemKind::Weights(_) => {}
            }
        }
        if let Some(def) = ops::find(&name.name) {
            return Some(Value::stage(Callee::Op(def)));
        }
        env.lookup(&name.name).map(|binding| binding.value.clone())
    }

    fn unknown_stage(&self, name: &ast::Ident, env: &Env) -> Diagnostic {
        let diagnostic = super::resolve::unknown_stage(&name.name, name.span, self.candidates(env));
        self.or_ended_label(diagnostic, &name.name, env)
    }
}
