//! Merges: `residual`, and ops whose braces hold branches.

use std::sync::Arc;

use super::apply::Places;
use super::body::Choice;
use super::env::{Env, Named, Naming};
use super::expander::{Expander, Flow};
use super::value::{Callee, StageValue};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::{self, Operand, Operands};
use crate::source::Span;
use crate::syntax::ast;

/// The name and the place of a merge of branches.
pub(super) struct MergeSite<'a> {
    /// The path of its label, if it has one.
    path: Option<Arc<str>>,
    naming: &'a Naming,
    span: Span,
    /// What is to be done where the branches do not fit.
    hint: Option<&'a str>,
}

impl<'p> Expander<'p> {
    pub(super) fn run_residual(
        &mut self,
        stage: &'p ast::Stage,
        body: &'p ast::Body,
        shortcut: Option<&'p ast::Body>,
        flow: &Flow,
        named: Named<'_>,
        env: &mut Env,
    ) -> Flow {
        let span = head(body, stage);
        if matches!(flow, Flow::None) {
            self.report(self.no_flow("residual", span));
            return Flow::Poison;
        }
        let (path, branches) = self.in_scope(named, false, env, |this, naming, env| {
            let main = this.run_body(body, flow.clone(), naming, env);
            let side = match shortcut {
                Some(shortcut) => this.run_body(shortcut, flow.clone(), naming, env),
                None => flow.clone(),
            };
            (named.label.map(|_| naming.scope.clone()), vec![main, side])
        });
        let add = &ops::arithmetic::ADD;
        let hint = identity_hint(flow, &branches);
        let site = MergeSite { path, naming: named.naming, span, hint: hint.as_deref() };
        self.merge(add, &StageValue::bare(Callee::Op(add)), branches, &site)
    }

    pub(super) fn run_branches(
        &mut self,
        stage: &StageValue,
        apply: &'p ast::Apply,
        branches: &'p ast::Body,
        flow: &Flow,
        named: Named<'_>,
        env: &mut Env,
    ) -> Flow {
        let span = apply.args.as_ref().map_or(apply.callee.span(), |args| apply.callee.span().to(args.span));
        let signature = self.program.signature(stage.callee);
        let def = match stage.callee {
            Callee::Op(def) if matches!(def.operands, Operands::Merge { .. }) => def,
            Callee::Op(_) | Callee::Item(_) => {
                let merging = ops::ALL.iter().filter(|def| matches!(def.operands, Operands::Merge { .. }));
                let help = format!("these take branches: {}", crate::diagnostic::list(merging.map(|def| def.name)));
                self.report(
                    Diagnostic::error(Code::WRONG_KIND, format!("`{}` takes no branches", signature.name()))
                        .label(apply.callee.span(), "takes the flow alone")
                        .help(help),
                );
                return Flow::Poison;
            }
        };
        if let Some((_, operand)) = stage.operands.first() {
            self.report(
                Diagnostic::error(Code::WRONG_KIND, format!("`{}` takes either values or branches", def.name))
                    .label(*operand, "a value")
                    .label(branches.span, "and branches")
                    .help("write the value as a line of the braces"),
            );
            return Flow::Poison;
        }
        let (path, results) = self.in_scope(named, false, env, |this, naming, env| {
            let mut results = Vec::new();
            this.collect_branches(branches, flow, naming, env, &mut results);
            (named.label.map(|_| naming.scope.clone()), results)
        });
        self.merge(def, stage, results, &MergeSite { path, naming: named.naming, span, hint: None })
    }

    /// Runs every line of a merge's braces from the same flow; `if` and loops alone on a line add their own lines.
    pub(super) fn collect_branches(
        &mut self,
        body: &'p ast::Body,
        flow: &Flow,
        naming: &Naming,
        env: &mut Env,
        results: &mut Vec<Flow>,
    ) {
        stacker::maybe_grow(super::STACK_RED_ZONE, super::STACK_STEP, || {
            env.open(false);
            for statement in &body.statements {
                match statement {
                    ast::Statement::Let { name, value } => self.run_let(name, value, env),
                    ast::Statement::Pipeline(pipeline) => {
                        self.collect_line(pipeline, flow, naming, env, results);
                    }
                    ast::Statement::Input { span, .. }
                    | ast::Statement::Output { span, .. }
                    | ast::Statement::OutputStage { span, .. }
                    | ast::Statement::Expect { span, .. }
                    | ast::Statement::Assert(ast::Assert { span, .. }) => {
                        self.report(
                            Diagnostic::error(Code::MISPLACED, "only branches stand in the braces of a merge")
                                .label(*span, "not a branch")
                                .help("put it before or after the merge"),
                        );
                    }
                }
            }
            env.close();
        });
    }

    fn collect_line(
        &mut self,
        pipeline: &'p ast::Pipeline,
        flow: &Flow,
        naming: &Naming,
        env: &mut Env,
        results: &mut Vec<Flow>,
    ) {
        if let [stage @ ast::Stage { label: None, kind, .. }] = pipeline.stages.as_slice() {
            match kind {
                ast::StageKind::If { arms, otherwise } => {
                    match self.choose(arms, otherwise.as_ref(), env) {
                        Choice::Body(body) => self.collect_branches(body, flow, naming, env, results),
                        Choice::Nothing => {}
                        Choice::Poison => results.push(Flow::Poison),
                    }
                    return;
                }
                ast::StageKind::For { .. } | ast::StageKind::Repeat { .. } => {
                    self.turns(stage, env, |this, body, env| this.collect_branches(body, flow, naming, env, results));
                    return;
                }
                ast::StageKind::Apply(_)
                | ast::StageKind::Residual { .. }
                | ast::StageKind::Seq(_)
                | ast::StageKind::Braces(_) => {}
            }
        }
        let result = self.run_pipeline(pipeline, flow.clone(), naming, env);
        results.push(result);
    }

    /// The node that merges branches; one branch is that branch.
    pub(super) fn merge(
        &mut self,
        def: &'static ops::OpDef,
        stage: &StageValue,
        branches: Vec<Flow>,
        site: &MergeSite<'_>,
    ) -> Flow {
        let span = site.span;
        if branches.is_empty() {
            self.report(
                Diagnostic::error(Code::NO_FLOW, format!("`{}` has no branches here", def.name))
                    .label(span, "nothing to merge")
                    .help("every `if` and loop in its braces came out empty; add a branch that is always there"),
            );
            return Flow::Poison;
        }
        if branches.len() == 1 {
            return branches.into_iter().next().expect("there is one");
        }
        let path = site.path.clone().unwrap_or_else(|| self.names.ordinal(site.naming, def.short));
        let mut tensors = Vec::new();
        for branch in branches {
            match branch {
                Flow::Tensor(tensor) => tensors.push(tensor),
                Flow::None => {
                    self.report(self.no_flow(def.name, span));
                    return Flow::Poison;
                }
                Flow::Poison => return Flow::Poison,
            }
        }
        let Some(made) = self.make(def, stage, vec![Operand::Tensor; tensors.len()], span) else { return Flow::Poison };
        let unnamed = vec![None; tensors.len()];
        self.add_node(made, &tensors, path, span, &Places { def, stage, operands: &unnamed, hint: site.hint })
    }
}

/// What is to be done where the identity does not fit the other side of a `residual`.
fn identity_hint(flow: &Flow, branches: &[Flow]) -> Option<String> {
    let (Flow::Tensor(flow), [Flow::Tensor(main), Flow::Tensor(side)]) = (flow, branches) else { return None };
    let ([_, height, width], [channels, rows, columns]) = (flow.ty.shape(), main.ty.shape()) else { return None };
    if side.node != flow.node {
        return None;
    }
    let stride = height.div_ceil(*rows);
    let stride = match height.div_ceil(stride) == *rows && width.div_ceil(stride) == *columns {
        true if stride > 1 => format!(", {stride}"),
        true => String::new(),
        false => return None,
    };
    Some(format!(
        "the shortcut is the identity here, which keeps {}; bring it to {}: `residual {{ ... }} shortcut {{ conv({channels}, 1{stride}) }}`",
        flow.ty, main.ty
    ))
}

/// The words before a stage's braces: what to point at, rather than the whole body.
fn head(body: &ast::Body, stage: &ast::Stage) -> Span {
    Span { file: body.span.file, start: stage.span.start, end: body.span.start.max(stage.span.start + 1) }
}
