//! Applying a stage to the flow: ops become nodes, blocks are expanded.

use std::sync::Arc;

use super::env::{Env, Named, Naming, Origin};
use super::expander::{Expander, Flow, MAX_NODES};
use super::program::ItemRef;
use super::value::{BoundArg, Callee, StageValue, Tensor, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Call, NodeId};
use crate::ops::{self, Args, At, Op, OpDef, OpError, Operand, Operands};
use crate::source::Span;
use crate::syntax::ast;

/// Where the arguments and operands of an application are written.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub def: &'static OpDef,
    pub stage: &'a StageValue,
    /// Where each operand that is a tensor is named: nothing for the flow and for branches, which are not.
    pub operands: &'a [Option<Span>],
    /// What is to be done where operands do not fit; else the op says it.
    pub hint: Option<&'a str>,
}

impl Places<'_> {
    fn arg(&self, param: &str) -> Option<&BoundArg> {
        let index = self.def.params.iter().position(|other| other.name == param)?;
        self.stage.arg(index)
    }
}

/// The place and the name of an application.
pub(super) struct Site<'a> {
    pub named: Named<'a>,
    /// The stage, without its label.
    pub span: Span,
}

impl<'p> Expander<'p> {
    /// Applies a stage value to the flow.
    pub(super) fn apply(&mut self, stage: &StageValue, flow: &Flow, site: &Site<'_>) -> Flow {
        match stage.callee {
            Callee::Op(def) => self.apply_op(def, stage, flow, site),
            Callee::Item(item) => self.apply_block(item, stage, flow, site),
        }
    }

    fn apply_op(&mut self, def: &'static OpDef, stage: &StageValue, flow: &Flow, site: &Site<'_>) -> Flow {
        let mut operands: Vec<(Operand, Option<Span>)> = Vec::new();
        let mut tensors: Vec<Tensor> = Vec::new();
        let mut poison = stage.args.iter().any(|arg| arg.value.is_poison());
        if def.operands != Operands::Source {
            match flow {
                Flow::None => {
                    self.report(self.no_flow(def.name, site.span));
                    return Flow::Poison;
                }
                Flow::Poison => poison = true,
                Flow::Tensor(tensor) => {
                    operands.push((Operand::Tensor, None));
                    tensors.push(tensor.clone());
                }
            }
        }
        for (value, span) in &stage.operands {
            match self.operand(def, value, *span) {
                Some((operand, tensor)) => {
                    operands.push((operand, Some(*span)));
                    tensors.extend(tensor);
                }
                None => poison = true,
            }
        }
        if stage.operands.is_empty() && matches!(def.operands, Operands::Merge { .. } | Operands::Pair { .. }) {
            let help = match def.operands {
                Operands::Merge { .. } => {
                    format!("give it values, `{0}(x)`, or branches, `{0} {{ ...; ... }}`", def.name)
                }
                _ => format!("give it a value: `{}(x)`", def.name),
            };
            self.report(
                Diagnostic::error(
                    Code::MISSING_ARGUMENT,
                    format!("`{}` has nothing to take together with the flow", def.name),
                )
                .label(site.span, "with what?")
                .help(help),
            );
            return Flow::Poison;
        }
        let Some(made) = self.make(def, stage, operands.iter().map(|(operand, _)| *operand).collect(), site.span)
        else {
            self.op_path(def, site);
            return Flow::Poison;
        };
        let path = self.op_path(def, site);
        if poison {
            return Flow::Poison;
        }
        if def.name == ops::source::IDENTITY.name {
            return flow.clone();
        }
        let spans: Vec<Option<Span>> =
            operands.iter().filter(|(operand, _)| *operand == Operand::Tensor).map(|(_, span)| *span).collect();
        self.add_node(made, &tensors, path, site.span, &Places { def, stage, operands: &spans, hint: None })
    }

    /// The path of an op's node. A merge is transparent: it takes no place in a `seq`.
    fn op_path(&mut self, def: &'static OpDef, site: &Site<'_>) -> Arc<str> {
        let transparent = site.named.label.is_none() && matches!(def.operands, Operands::Merge { .. });
        match transparent {
            true => self.names.ordinal(site.named.naming, def.short),
            false => self.names.path(site.named, def.short),
        }
    }

    /// One value of a merge: a tensor, or a number where the op takes numbers.
    fn operand(&mut self, def: &OpDef, value: &Value, span: Span) -> Option<(Operand, Option<Tensor>)> {
        let numbers = match def.operands {
            Operands::Merge { numbers } | Operands::Pair { numbers } => numbers,
            Operands::Flow | Operands::Source | Operands::Input => false,
        };
        match value {
            Value::Poison => None,
            Value::Tensor(tensor) => Some((Operand::Tensor, Some(tensor.clone()))),
            other => {
                if let Some(number) = other.number().filter(|_| numbers) {
                    return Some((Operand::Number(number), None));
                }
                let wanted = if numbers { "tensors and numbers" } else { "tensors" };
                let help = match other {
                    Value::Stage(_) => {
                        format!("to merge results of stages, write them as branches: `{} {{ ...; ... }}`", def.name)
                    }
                    _ => "name a label, `in`, or a tensor parameter".to_string(),
                };
                self.report(
                    Diagnostic::error(
                        Code::TYPE,
                        format!("`{}` takes {wanted}, and this is {}", def.name, other.describe()),
                    )
                    .label(span, other.kind())
                    .help(help),
                );
                None
            }
        }
    }

    /// The op with its arguments; nothing where one is wrong or missing, which is reported.
    pub(super) fn make(
        &mut self,
        def: &'static OpDef,
        stage: &StageValue,
        operands: Vec<Operand>,
        span: Span,
    ) -> Option<(Arc<dyn Op>, Args)> {
        let missing: Vec<&str> = def
            .params
            .iter()
            .enumerate()
            .filter(|(index, param)| param.default == ops::Default::Required && stage.arg(*index).is_none())
            .map(|(_, param)| param.name)
            .collect();
        if !missing.is_empty() {
            self.report(self.missing(&super::call::Signature::Op(def), &missing, span));
            return None;
        }
        if stage.args.iter().any(|arg| arg.value.is_poison()) {
            return None;
        }
        let given: Vec<(&'static str, ops::Raw)> =
            stage.args.iter().map(|arg| (def.params[arg.param].name, arg.value.to_raw())).collect();
        match Args::bind(def.params, &given, operands).and_then(|args| Ok(((def.make)(&args)?, args))) {
            Ok(made) => Some(made),
            Err(error) => {
                self.report_op(error, span, &[], &Places { def, stage, operands: &[], hint: None });
                None
            }
        }
    }

    /// Adds a node, or reports why the op does not take these tensors.
    pub(super) fn add_node(
        &mut self,
        (op, args): (Arc<dyn Op>, Args),
        tensors: &[Tensor],
        path: Arc<str>,
        span: Span,
        places: &Places<'_>,
    ) -> Flow {
        if !self.node_step(span) {
            return Flow::Poison;
        }
        if self.graph.len() >= MAX_NODES {
            self.stop(
                Diagnostic::error(Code::LIMIT, format!("this architecture has more than {MAX_NODES} nodes"))
                    .label(span, "one node too many")
                    .help("check the loops that lead here"),
            );
            return Flow::Poison;
        }
        let inputs: Vec<NodeId> = tensors.iter().map(|tensor| tensor.node).collect();
        match self.graph.add_made(op, args, &inputs, path, self.origin(span)) {
            Ok(node) => {
                self.claim_weights(node, span);
                Flow::Tensor(Tensor { node, ty: self.graph.node(node).output.clone() })
            }
            Err(error) => {
                self.report_op(error, span, tensors, places);
                Flow::Poison
            }
        }
    }

    /// Notes the names of a node's weights; two of one name are an error.
    fn claim_weights(&mut self, node: NodeId, span: Span) {
        for weight in self.graph.weights(node) {
            let name = self.graph.weight_name(node, &weight);
            match self.weights.get(&name) {
                None => drop(self.weights.insert(name, span)),
                Some(first) => {
                    let first = *first;
                    let path = &self.graph.node(node).path;
                    let diagnostic =
                        Diagnostic::error(Code::DUPLICATE_PATH, format!("the weight path `{path}` is used twice"))
                            .label(
                                span,
                                if first == span { "made by more than one turn or call" } else { "again here" },
                            );
                    let diagnostic = match first == span {
                        true => diagnostic.help(
                            "compute the label, as in `\"conv{i}\": ...`, or label the loop, so that each turn has a path of its own",
                        ),
                        false => diagnostic.label(first, "first here").help("give one of them another label"),
                    };
                    self.report(diagnostic);
                    return;
                }
            }
        }
    }

    /// Reports what an op says, at the places it means: arguments with their values, operands with their shapes.
    fn report_op(&mut self, error: OpError, span: Span, tensors: &[Tensor], places: &Places<'_>) {
        let mut labels: Vec<(Span, String)> = Vec::new();
        if !matches!(error.at.first(), Some(At::Arg(param)) if places.arg(param).is_some()) {
            labels.push((span, String::new()));
        }
        for at in &error.at {
            match at {
                At::Arg(param) => {
                    let Some(arg) = places.arg(param) else { continue };
                    let value = match &arg.value {
                        Value::Str(text) => format!("\"{text}\""),
                        other => other.to_string(),
                    };
                    let text =
                        if self.sources.text(arg.span) == value { String::new() } else { format!("this is {value}") };
                    labels.push((arg.span, text));
                }
                At::Operand(index) => {
                    let Some(tensor) = tensors.get(*index) else { continue };
                    let named = places.operands.get(*index).copied().flatten();
                    let made = self.made_here(tensor.node);
                    let ty = &tensor.ty;
                    match (named, made) {
                        (None, None) => labels.push((span, format!("the flow comes in as {ty}"))),
                        (None, Some(made)) => labels.push((made, format!("this is {ty}"))),
                        (Some(named), None) => labels.push((named, format!("this is {ty}"))),
                        (Some(named), Some(made)) => {
                            labels.push((named, format!("this is {ty}")));
                            labels.push((made, format!("made here: {ty}")));
                        }
                    }
                }
            }
        }
        let help = places.hint.map(str::to_string).or(error.help);
        let mut diagnostic = Diagnostic::error(error.code, error.message).maybe_help(help);
        for (place, text) in labels {
            match diagnostic.labels.iter_mut().find(|label| label.span == place) {
                None => diagnostic = diagnostic.label(place, text),
                Some(label) if label.text.is_empty() => label.text = text,
                Some(_) => {}
            }
        }
        if diagnostic.labels.iter().all(|label| label.span.file != span.file) {
            diagnostic = diagnostic.label(span, "applied here");
        }
        self.report(diagnostic);
    }

    fn apply_block(&mut self, item: ItemRef, stage: &StageValue, flow: &Flow, site: &Site<'_>) -> Flow {
        let program = self.program;
        let ast::ItemKind::Block(block) = program.item(item) else { unreachable!("only blocks are stage values") };
        let path = self.names.path(site.named, &block.name.name);
        if !self.enter(site.span) {
            return Flow::Poison;
        }
        let signature = program.signature(stage.callee);
        let mut env = Env::new(item.module);
        env.input = match flow {
            Flow::None => None,
            Flow::Tensor(tensor) => Some(Value::Tensor(tensor.clone())),
            Flow::Poison => Some(Value::Poison),
        };
        let complete = self.bind_params(&block.params, &stage.args, &signature, site.span, &mut env);
        let result = if complete {
            let call =
                Call { span: site.span, block: block.name.name.clone(), path: path.clone(), parent: self.call.take() };
            self.call = Some(Arc::new(call));
            let naming = Naming { scope: path, numbered: false };
            let result = self.run_body(&block.body, flow.clone(), &naming, &mut env);
            self.call = self.call.take().and_then(|call| call.parent.clone());
            result
        } else {
            Flow::Poison
        };
        self.leave();
        result
    }

    /// The report of a stage without a flow.
    pub(super) fn no_flow(&self, what: &str, span: Span) -> Diagnostic {
        Diagnostic::error(Code::NO_FLOW, format!("there is no flow for `{what}` to apply to"))
            .label(span, "applied to what?")
            .help("declare an `input` above, or start the line with a value: `x -> ...`")
    }

    /// Gives a label to a result.
    pub(super) fn bind_label(&mut self, label: &Arc<str>, flow: &Flow, env: &mut Env) {
        let value = match flow {
            Flow::None => return,
            Flow::Tensor(tensor) => Value::Tensor(tensor.clone()),
            Flow::Poison => Value::Poison,
        };
        env.bind(label, value, Origin::Label);
    }
}
