//! How arguments find their parameters: for functions, blocks and ops alike.

use std::sync::Arc;

use super::env::{Env, Origin};
use super::expander::Expander;
use super::program::Modules;
use super::value::{BoundArg, Callee, StageValue, Value, coerce, type_words};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, list};
use crate::ops::{OpDef, Operands};
use crate::source::{SourceMap, Span};
use crate::syntax::ast;

/// The parameters of something that can be called.
#[derive(Clone, Copy)]
pub(super) enum Signature<'a> {
    Op(&'static OpDef),
    Params { name: &'a str, params: &'a [ast::Param] },
}

impl<'a> Signature<'a> {
    pub fn of_params(name: &'a str, params: &'a [ast::Param]) -> Signature<'a> {
        Signature::Params { name, params }
    }

    pub fn name(&self) -> &'a str {
        match self {
            Signature::Op(def) => def.name,
            Signature::Params { name, .. } => name,
        }
    }

    fn len(&self) -> usize {
        match self {
            Signature::Op(def) => def.params.len(),
            Signature::Params { params, .. } => params.len(),
        }
    }

    fn param(&self, index: usize) -> &'a str {
        match self {
            Signature::Op(def) => def.params[index].name,
            Signature::Params { params, .. } => &params[index].name.name,
        }
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        (0..self.len()).find(|index| self.param(*index) == name)
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let this = *self;
        (0..this.len()).map(move |index| this.param(index))
    }

    /// As it would be called: `conv(out, kernel, stride = 1)`.
    pub fn text(&self, sources: &SourceMap) -> String {
        match self {
            Signature::Op(def) => def.signature(),
            Signature::Params { name, params } => {
                let params: Vec<&str> = params.iter().map(|param| sources.text(param.span)).collect();
                format!("{name}({})", params.join(", "))
            }
        }
    }

    /// How many values may be given by position, where there is a limit.
    pub fn positions(&self) -> Option<usize> {
        match self {
            Signature::Op(def) => match def.operands {
                Operands::Merge { .. } => None,
                Operands::Pair { .. } => Some(def.params.len() + 1),
                Operands::Flow | Operands::Source | Operands::Input => Some(def.params.len()),
            },
            Signature::Params { params, .. } => Some(params.len()),
        }
    }

    pub fn unknown_argument(&self, name: &ast::Ident, sources: &SourceMap) -> Diagnostic {
        let near = did_you_mean(&name.name, self.names()).map(|near| format!("{near} "));
        Diagnostic::error(Code::UNKNOWN_ARGUMENT, format!("`{}` has no parameter `{}`", self.name(), name.name))
            .label(name.span, "no such parameter")
            .help(format!("{}it takes `{}`", near.unwrap_or_default(), self.text(sources)))
    }

    pub fn too_many(&self, span: Span, given: usize, sources: &SourceMap) -> Diagnostic {
        let limit = self.positions().unwrap_or(given);
        let limit = match limit {
            0 => "no arguments".to_string(),
            1 => "one argument".to_string(),
            more => format!("at most {more} arguments"),
        };
        Diagnostic::error(
            Code::TOO_MANY_ARGUMENTS,
            format!("`{}` takes {limit}, and {given} {} given", self.name(), if given == 1 { "is" } else { "are" }),
        )
        .label(span, "one too many")
        .help(format!("it takes `{}`", self.text(sources)))
    }
}

impl Modules {
    /// The parameters of an op, or of a block or arch.
    pub(super) fn signature(&self, callee: Callee) -> Signature<'_> {
        match callee {
            Callee::Op(def) => Signature::Op(def),
            Callee::Item(item) => match self.item(item) {
                ast::ItemKind::Block(block) => Signature::of_params(&block.name.name, &block.params),
                ast::ItemKind::Arch(ast::Arch { name, kind: ast::ArchKind::Body { params, .. } }) => {
                    Signature::of_params(&name.name, params)
                }
                _ => unreachable!("only blocks and archs with a body are applied"),
            },
        }
    }
}

impl Expander<'_> {
    /// Evaluates the arguments of a call and finds their parameters, beside those that `bound` has already.
    ///
    /// Positions fill what is still unset; keywords win over what was set before.
    pub(super) fn match_args(
        &mut self,
        signature: &Signature<'_>,
        bound: Vec<BoundArg>,
        args: &ast::Args,
        env: &Env,
    ) -> Option<Vec<BoundArg>> {
        let mut operands = Vec::new();
        self.match_call(signature, bound, &mut operands, args, env)
    }

    fn match_call(
        &mut self,
        signature: &Signature<'_>,
        mut bound: Vec<BoundArg>,
        operands: &mut Vec<(Value, Span)>,
        args: &ast::Args,
        env: &Env,
    ) -> Option<Vec<BoundArg>> {
        // The parameters set by this call, which it may set only once, each with its place.
        let mut here: Vec<(usize, Span)> = Vec::new();
        let mut complete = true;
        for arg in &args.items {
            let value = self.eval(&arg.value, env);
            let param = match &arg.name {
                Some(name) => match signature.position(&name.name) {
                    Some(param) => param,
                    None => {
                        self.report(signature.unknown_argument(name, self.sources));
                        complete = false;
                        continue;
                    }
                },
                None => {
                    if let Signature::Op(def) = signature
                        && takes_operand(def, operands.len())
                    {
                        let value = self.label_of_text(value, arg.span, env);
                        operands.push((value, arg.span));
                        continue;
                    }
                    let free = (0..signature.len()).find(|index| !bound.iter().any(|arg| arg.param == *index));
                    match free {
                        Some(param) => param,
                        None => {
                            let given = args.items.iter().filter(|arg| arg.name.is_none()).count();
                            self.report(signature.too_many(arg.span, given, self.sources));
                            complete = false;
                            break;
                        }
                    }
                }
            };
            if let Some((_, first)) = here.iter().find(|(other, _)| *other == param) {
                self.report(
                    Diagnostic::error(Code::DUPLICATE_ARGUMENT, format!("`{}` is given twice", signature.param(param)))
                        .label(arg.span, "again here")
                        .label(*first, "first here")
                        .help("leave one of them out"),
                );
                complete = false;
                continue;
            }
            let value = match signature {
                Signature::Params { params, .. } if params[param].ty == Some(ast::Type::Tensor) => {
                    self.label_of_text(value, arg.span, env)
                }
                Signature::Params { .. } | Signature::Op(_) => value,
            };
            here.push((param, arg.span));
            bound.retain(|arg| arg.param != param);
            bound.push(BoundArg { param, value, span: arg.value.span });
        }
        complete.then_some(bound)
    }

    /// A stage value with more arguments.
    pub(super) fn bind_args(&mut self, stage: &StageValue, args: Option<&ast::Args>, env: &Env) -> Option<StageValue> {
        let Some(args) = args else { return Some(stage.clone()) };
        let signature = self.program.signature(stage.callee);
        let mut operands = stage.operands.clone();
        let bound = self.match_call(&signature, stage.args.clone(), &mut operands, args, env)?;
        Some(StageValue { callee: stage.callee, args: bound, operands })
    }

    /// Gives every parameter its value: an argument of its type, or its default. `false` where one is missing.
    pub(super) fn bind_params(
        &mut self,
        params: &[ast::Param],
        bound: &[BoundArg],
        signature: &Signature<'_>,
        call: Span,
        inner: &mut Env,
    ) -> bool {
        let mut missing = Vec::new();
        for (index, param) in params.iter().enumerate() {
            let given = bound.iter().find(|arg| arg.param == index).map(|arg| (arg.value.clone(), arg.span));
            let (value, span) = match (given, &param.default) {
                (Some(given), _) => given,
                (None, Some(default)) => (self.eval(default, inner), default.span),
                (None, None) => {
                    missing.push(&*param.name.name);
                    continue;
                }
            };
            let value = match &param.ty {
                None => value,
                Some(ty) => match coerce(&value, ty) {
                    Some(value) => value,
                    None => {
                        let whole = *ty == ast::Type::Int && matches!(value, Value::Float(_));
                        let code = if whole { Code::NOT_WHOLE } else { Code::TYPE };
                        let message = format!(
                            "`{}` of `{}` takes {}, and this is {}",
                            param.name.name,
                            signature.name(),
                            type_words(ty),
                            value.describe()
                        );
                        self.report(
                            Diagnostic::error(code, message)
                                .label(span, value.kind())
                                .label(param.span, "declared here"),
                        );
                        Value::Poison
                    }
                },
            };
            inner.bind(&param.name.name, value, Origin::Parameter);
        }
        if !missing.is_empty() {
            self.report(self.missing(signature, &missing, call));
        }
        missing.is_empty()
    }

    pub(super) fn missing(&self, signature: &Signature<'_>, missing: &[&str], call: Span) -> Diagnostic {
        let message = format!("`{}` needs {}", signature.name(), list(missing.iter().copied()));
        Diagnostic::error(Code::MISSING_ARGUMENT, message)
            .label(call, "not given here")
            .help(format!("it takes `{}`", signature.text(self.sources)))
    }

    /// A text where a tensor is wanted means the label it spells.
    fn label_of_text(&mut self, value: Value, span: Span, env: &Env) -> Value {
        let Value::Str(text) = &value else { return value };
        match env.lookup(text) {
            Some(binding) if matches!(binding.value, Value::Tensor(_) | Value::Poison) => binding.value.clone(),
            _ => {
                self.report(unknown_label(text, span, env));
                Value::Poison
            }
        }
    }
}

/// The report of a quoted label that does not exist.
pub(super) fn unknown_label(text: &Arc<str>, span: Span, env: &Env) -> Diagnostic {
    let labels: Vec<&str> = env
        .bindings()
        .filter(|binding| matches!(binding.value, Value::Tensor(_)))
        .map(|binding| &*binding.name)
        .collect();
    let help = did_you_mean(text, labels.iter().copied()).unwrap_or_else(|| match labels.is_empty() {
        true => "nothing is labelled so far".to_string(),
        false => format!("labels in reach: {}", list(labels.iter().rev().take(12).copied())),
    });
    Diagnostic::error(Code::UNKNOWN_NAME, format!("there is no label \"{text}\" here"))
        .label(span, "no such label")
        .help(help)
}

/// Whether the next value by position is an operand rather than a parameter.
fn takes_operand(def: &OpDef, operands: usize) -> bool {
    match def.operands {
        Operands::Merge { .. } => true,
        Operands::Pair { .. } => operands == 0,
        Operands::Flow | Operands::Source | Operands::Input => false,
    }
}
