//! Bodies: statements in braces, pipelines, and the stages that have bodies of their own.

use super::env::{Env, Named, Naming, Origin};
use super::expander::{Expander, Flow};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast;

impl<'p> Expander<'p> {
    /// Runs a body in braces of its own.
    pub(super) fn run_body(&mut self, body: &'p ast::Body, flow: Flow, naming: &Naming, env: &mut Env) -> Flow {
        env.open(false);
        let flow = self.run_statements(body, flow, naming, env);
        env.close();
        flow
    }

    pub(super) fn run_statements(
        &mut self,
        body: &'p ast::Body,
        mut flow: Flow,
        naming: &Naming,
        env: &mut Env,
    ) -> Flow {
        for statement in &body.statements {
            if self.is_stopped() {
                return Flow::Poison;
            }
            match statement {
                ast::Statement::Let { name, value } => self.run_let(name, value, env),
                ast::Statement::Input { name, dims, span } => flow = self.run_input(name, dims, *span, env),
                ast::Statement::Output { name, span } => self.run_output(&name.name, name.span, *span, &flow, true),
                ast::Statement::OutputStage { stage, span } => {
                    let result = self.run_stage(stage, flow.clone(), Position::SideBranch, naming, env);
                    let label = stage.label.as_ref().and_then(|label| self.eval_text(&label.text, env));
                    if let Some(label) = label {
                        self.run_output(&label, stage.span, *span, &result, false);
                    }
                }
                ast::Statement::Expect { shape, span } => self.run_expect(shape, *span, &flow, env),
                ast::Statement::Assert(assert) => self.asserts.push(assert),
                ast::Statement::Pipeline(pipeline) => flow = self.run_pipeline(pipeline, flow, naming, env),
            }
        }
        flow
    }

    pub(super) fn run_let(&mut self, name: &ast::Ident, value: &ast::Expr, env: &mut Env) {
        let value = self.eval(value, env);
        env.bind(&name.name, value, Origin::Let);
    }

    pub(super) fn run_pipeline(
        &mut self,
        pipeline: &'p ast::Pipeline,
        flow: Flow,
        naming: &Naming,
        env: &mut Env,
    ) -> Flow {
        let mut flow = flow;
        for (index, stage) in pipeline.stages.iter().enumerate() {
            let position = if index == 0 { Position::First } else { Position::Later };
            flow = self.run_stage(stage, flow, position, naming, env);
        }
        flow
    }

    fn run_stage(
        &mut self,
        stage: &'p ast::Stage,
        flow: Flow,
        position: Position,
        naming: &Naming,
        env: &mut Env,
    ) -> Flow {
        stacker::maybe_grow(super::STACK_RED_ZONE, super::STACK_STEP, || {
            if !self.step(stage.span) {
                return Flow::Poison;
            }
            let Some(label) = &stage.label else {
                return self.run_named(stage, flow, position, Named { label: None, naming }, env);
            };
            let Some(text) = self.eval_text(&label.text, env) else {
                self.run_named(stage, flow, position, Named { label: None, naming }, env);
                return Flow::Poison;
            };
            if let Some(problem) = bad_label(&text) {
                self.report(
                    Diagnostic::error(Code::WRONG_KIND, format!("the label \"{text}\" {problem}"))
                        .label(label.text.span, "not a label")
                        .help("a label is letters, digits and `_`; dots open scopes, as in \"convs.0\""),
                );
                return Flow::Poison;
            }
            let result = self.run_named(stage, flow, position, Named { label: Some(&text), naming }, env);
            self.bind_label(&text, &result, env);
            result
        })
    }

    /// A stage whose label, if any, has been computed.
    fn run_named(
        &mut self,
        stage: &'p ast::Stage,
        flow: Flow,
        position: Position,
        named: Named<'_>,
        env: &mut Env,
    ) -> Flow {
        match &stage.kind {
            ast::StageKind::Apply(apply) => self.run_apply(apply, &flow, position, named, env),
            ast::StageKind::If { arms, otherwise } => {
                self.in_scope(named, false, env, |this, naming, env| match this.choose(arms, otherwise.as_ref(), env) {
                    Choice::Body(body) => this.run_body(body, flow, naming, env),
                    Choice::Nothing => flow,
                    Choice::Poison => Flow::Poison,
                })
            }
            ast::StageKind::For { .. } | ast::StageKind::Repeat { .. } => {
                self.in_scope(named, true, env, |this, naming, env| {
                    let mut flow = flow;
                    this.turns(stage, env, |this, body, env| {
                        let before = std::mem::replace(&mut flow, Flow::Poison);
                        flow = this.run_body(body, before, naming, env);
                    });
                    flow
                })
            }
            ast::StageKind::Residual { body, shortcut } => {
                self.run_residual(stage, body, shortcut.as_ref(), &flow, named, env)
            }
            ast::StageKind::Seq(body) => {
                if named.label.is_some() {
                    return self.in_scope(named, true, env, |this, naming, env| this.run_body(body, flow, naming, env));
                }
                let naming = named.naming;
                let scope = if naming.numbered { self.names.position(naming) } else { naming.scope.clone() };
                self.run_body(body, flow, &Naming { scope, numbered: true }, env)
            }
            ast::StageKind::Braces(body) => {
                self.in_scope(named, false, env, |this, naming, env| this.run_body(body, flow, naming, env))
            }
        }
    }

    /// Runs `inside` in the scope of a label; without one, in the scope there is.
    pub(super) fn in_scope<T>(
        &mut self,
        named: Named<'_>,
        numbered: bool,
        env: &mut Env,
        inside: impl FnOnce(&mut Self, &Naming, &mut Env) -> T,
    ) -> T {
        let Some(label) = named.label else { return inside(self, named.naming, env) };
        let naming = Naming { scope: self.names.labelled(named.naming, label), numbered };
        env.open(true);
        let result = inside(self, &naming, env);
        env.close();
        result
    }

    pub(super) fn choose(
        &mut self,
        arms: &'p [(ast::Expr, ast::Body)],
        otherwise: Option<&'p ast::Body>,
        env: &Env,
    ) -> Choice<'p> {
        for (condition, body) in arms {
            match self.eval_condition(condition, env) {
                Some(true) => return Choice::Body(body),
                Some(false) => {}
                None => return Choice::Poison,
            }
        }
        otherwise.map_or(Choice::Nothing, Choice::Body)
    }
}

/// Where a stage stands in its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Later,
    /// The stage of an `output`: it leaves the flow alone.
    SideBranch,
}

pub(super) enum Choice<'p> {
    Body(&'p ast::Body),
    /// No condition held and there is no `else`.
    Nothing,
    Poison,
}

/// Why a text is no label.
fn bad_label(text: &str) -> Option<&'static str> {
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match () {
        () if text.is_empty() => Some("is empty"),
        () if text.len() > 200 => Some("is longer than 200 characters"),
        () if text.split('.').all(word) => None,
        () => Some("has a part that is no word"),
    }
}
