//! Expressions to values.

use std::sync::Arc;

use super::env::{Env, Origin};
use super::expander::Expander;
use super::program::kind_words;
use super::value::{Callee, MAX_LENGTH, Value};
use super::{arithmetic, builtins, call};
use crate::diagnostic::{Code, Diagnostic, MAX_SHOWN, did_you_mean};
use crate::ops;
use crate::source::Span;
use crate::syntax::ast;

/// The pad modes, which are texts with names of their own.
pub(super) const PAD_MODES: &[&str] = &["half", "valid", "same_upper"];

impl Expander<'_> {
    /// The value of an expression; [`Value::Poison`] where something in it is wrong, which has then been reported.
    pub(super) fn eval(&mut self, expr: &ast::Expr, env: &Env) -> Value {
        stacker::maybe_grow(super::STACK_RED_ZONE, super::STACK_STEP, || self.eval_inner(expr, env))
    }

    fn eval_inner(&mut self, expr: &ast::Expr, env: &Env) -> Value {
        if !self.step(expr.span) {
            return Value::Poison;
        }
        match &expr.kind {
            ast::ExprKind::Int(value) => Value::Int(*value),
            ast::ExprKind::Float(value) => Value::Float(*value),
            ast::ExprKind::Bool(value) => Value::Bool(*value),
            ast::ExprKind::Str(text) => self.eval_text(text, env).map_or(Value::Poison, Value::Str),
            ast::ExprKind::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.eval(item, env)).collect();
                match items.iter().any(Value::is_poison) {
                    true => Value::Poison,
                    false => Value::list(items),
                }
            }
            ast::ExprKind::Name(name) => self.eval_name(name, expr.span, env),
            ast::ExprKind::In => self.block_input(expr.span, env),
            ast::ExprKind::If { condition, then, otherwise } => match self.eval_condition(condition, env) {
                Some(true) => self.eval(then, env),
                Some(false) => self.eval(otherwise, env),
                None => Value::Poison,
            },
            ast::ExprKind::Unary { op, operand } => {
                let value = self.eval(operand, env);
                self.arithmetic(arithmetic::unary(*op, &value), expr.span)
            }
            ast::ExprKind::Binary { op: op @ (ast::BinaryOp::And | ast::BinaryOp::Or), left, right } => {
                let stop = *op == ast::BinaryOp::Or;
                match self.eval_condition(left, env) {
                    None => Value::Poison,
                    Some(value) if value == stop => Value::Bool(value),
                    Some(_) => self.eval_condition(right, env).map_or(Value::Poison, Value::Bool),
                }
            }
            ast::ExprKind::Binary { op, left, right } => {
                let (a, b) = (self.eval(left, env), self.eval(right, env));
                self.arithmetic(arithmetic::binary(*op, &a, &b), expr.span)
            }
            ast::ExprKind::Field { base, field } => {
                let value = self.eval(base, env);
                self.eval_field(&value, field, base.span)
            }
            ast::ExprKind::Index { base, index } => {
                let value = self.eval(base, env);
                let at = self.eval(index, env);
                self.eval_index(&value, &at, base.span, index.span)
            }
            ast::ExprKind::Call { callee, args } => self.eval_call(callee, args, expr.span, env),
        }
    }

    /// A condition: `true` or `false`; nothing where it is neither, which is reported.
    pub(super) fn eval_condition(&mut self, expr: &ast::Expr, env: &Env) -> Option<bool> {
        match self.eval(expr, env) {
            Value::Bool(value) => Some(value),
            Value::Poison => None,
            other => {
                self.report(
                    Diagnostic::error(
                        Code::TYPE,
                        format!("a condition is `true` or `false`, and this is {}", other.describe()),
                    )
                    .label(expr.span, "not a condition")
                    .help("compare it with something, as in `x != 0`"),
                );
                None
            }
        }
    }

    /// A whole number; nothing where it is none, which is reported. `what` says what it is for, as in "a count of turns".
    pub(super) fn eval_whole(&mut self, expr: &ast::Expr, what: &str, env: &Env) -> Option<i64> {
        let value = self.eval(expr, env);
        self.whole(&value, what, expr.span)
    }

    pub(super) fn whole(&mut self, value: &Value, what: &str, span: Span) -> Option<i64> {
        if value.is_poison() {
            return None;
        }
        if let Some(whole) = value.whole() {
            return Some(whole);
        }
        let diagnostic = match value {
            Value::Float(value) => {
                Diagnostic::error(Code::NOT_WHOLE, format!("{what} is a whole number, and this is {value}"))
                    .help("`int(x)` cuts a fraction off, `round(x)`, `floor(x)` and `ceil(x)` round it")
            }
            other => {
                Diagnostic::error(Code::TYPE, format!("{what} is a whole number, and this is {}", other.describe()))
            }
        };
        self.report(diagnostic.label(span, "not a whole number"));
        None
    }

    /// A text with its inserts filled in.
    pub(super) fn eval_text(&mut self, text: &ast::Str, env: &Env) -> Option<Arc<str>> {
        if let Some(literal) = text.literal() {
            return Some(literal);
        }
        let mut out = String::new();
        for part in &text.parts {
            match part {
                ast::StrPart::Text(part) => out.push_str(part),
                ast::StrPart::Insert(expr) => match self.eval(expr, env) {
                    Value::Poison => return None,
                    Value::Int(value) => out.push_str(&value.to_string()),
                    Value::Float(value) => out.push_str(&value.to_string()),
                    Value::Bool(value) => out.push_str(&value.to_string()),
                    Value::Str(value) => out.push_str(&value),
                    other => {
                        self.report(
                            Diagnostic::error(Code::TYPE, format!("{} can't stand in a text", other.kind()))
                                .label(expr.span, other.describe())
                                .help("numbers, truth values and texts can"),
                        );
                        return None;
                    }
                },
            }
            if out.len() > MAX_LENGTH {
                self.report(too_long("text", text.span));
                return None;
            }
        }
        Some(Arc::from(out))
    }

    /// A name in value position: the nearest parameter, `let`, loop variable or label, then an item, an op, a pad mode.
    fn eval_name(&mut self, name: &Arc<str>, span: Span, env: &Env) -> Value {
        if let Some(binding) = env.lookup(name) {
            return binding.value.clone();
        }
        if let Some(entry) = self.program.lookup(env.module, name) {
            return match self.program.item(entry.item) {
                ast::ItemKind::Const(_) => self.constant(entry.item, span),
                ast::ItemKind::Block(_) => Value::stage(Callee::Item(entry.item)),
                other @ (ast::ItemKind::Fn(_) | ast::ItemKind::Arch(_)) => {
                    let help = match other {
                        ast::ItemKind::Fn(_) => format!("call it: `{name}(...)`"),
                        _ => "a block can be used as a stage; move the body into one that both use".to_string(),
                    };
                    self.report(
                        Diagnostic::error(Code::WRONG_KIND, format!("`{name}` is {}, not a value", kind_words(other)))
                            .label(span, "used as a value here")
                            .label(entry.span, "declared here")
                            .help(help),
                    );
                    Value::Poison
                }
                ast::ItemKind::Edition | ast::ItemKind::Use(_) | ast::ItemKind::Weights(_) => {
                    unreachable!("these declare no names")
                }
            };
        }
        if let Some(def) = ops::find(name) {
            return Value::stage(Callee::Op(def));
        }
        if let Some(mode) = PAD_MODES.iter().find(|mode| **mode == &**name) {
            return Value::text(mode);
        }
        if self.is_failed_import(name, env) {
            return Value::Poison;
        }
        let diagnostic = match builtins::NAMES.contains(&&**name) {
            true => Diagnostic::error(Code::WRONG_KIND, format!("`{name}` is a function, not a value"))
                .label(span, "used as a value here")
                .help(format!("call it: `{name}(...)`")),
            false => self.unknown_name(name, span, env),
        };
        self.report(diagnostic);
        Value::Poison
    }

    /// The report of a name that nothing in reach has.
    pub(super) fn unknown_name(&self, name: &str, span: Span, env: &Env) -> Diagnostic {
        let mut candidates = self.candidates(env);
        if !candidates.is_empty() {
            candidates.extend(builtins::NAMES.iter().chain(PAD_MODES));
        }
        let diagnostic = super::resolve::unknown_name(name, span, candidates);
        self.or_ended_label(diagnostic, name, env)
    }

    /// The names of ops, items and values in reach; none where so many reports stand already that no hint will be seen.
    pub(super) fn candidates<'a>(&'a self, env: &'a Env) -> Vec<&'a str> {
        if self.diagnostics.len() > MAX_SHOWN {
            return Vec::new();
        }
        let mut candidates: Vec<&str> = ops::names().collect();
        candidates.extend(env.bindings().map(|binding| &*binding.name));
        candidates.extend(self.program.names(env.module).map(|(name, _)| name));
        candidates
    }

    /// Whether a name was imported in vain; then the graph can't be complete, and nothing more is to be said.
    pub(super) fn is_failed_import(&mut self, name: &str, env: &Env) -> bool {
        let failed = self.program.failed_import(env.module, name);
        self.incomplete |= failed;
        failed
    }

    /// Says of an unknown name that it was a label, where it was one.
    pub(super) fn or_ended_label(&self, diagnostic: Diagnostic, name: &str, env: &Env) -> Diagnostic {
        match env.ended_label(name) {
            Some(Value::Tensor(tensor)) => diagnostic
                .label(self.node_span(tensor.node), format!("`{name}` was a label inside the labelled scope around this"))
                .help("a label ends with the labelled scope that it is in; label that scope's result, or take its label away"),
            Some(_) | None => diagnostic,
        }
    }

    /// `in`.
    pub(super) fn block_input(&mut self, span: Span, env: &Env) -> Value {
        match &env.input {
            Some(value) => value.clone(),
            None => {
                let inputs: Vec<&str> = env
                    .bindings()
                    .filter(|binding| binding.origin == Origin::Input && matches!(binding.value, Value::Tensor(_)))
                    .map(|binding| &*binding.name)
                    .collect();
                let (message, help) = match inputs.len() {
                    0 => (
                        "there is no input that `in` could mean",
                        "declare one above: `input image[3, 224, 224]`".to_string(),
                    ),
                    _ => (
                        "`in` is the only input, and this arch has several",
                        format!("name the one you mean: {}", crate::diagnostic::list(inputs.into_iter().rev())),
                    ),
                };
                self.report(Diagnostic::error(Code::NO_FLOW, message).label(span, "used here").help(help));
                Value::Poison
            }
        }
    }

    fn eval_field(&mut self, value: &Value, field: &ast::Ident, base: Span) -> Value {
        const FIELDS: &[&str] = &["channels", "height", "width", "size"];
        let tensor = match value {
            Value::Poison => return Value::Poison,
            Value::Tensor(tensor) => tensor,
            other => {
                self.report(
                    Diagnostic::error(Code::UNKNOWN_FIELD, format!("{} has no fields", other.kind()))
                        .label(field.span, format!("no `{}` here", field.name))
                        .label(base, other.describe())
                        .help("`in` and labels have `channels`, `height`, `width` and `size(axis)`"),
                );
                return Value::Poison;
            }
        };
        let axis = match &*field.name {
            "channels" => 0,
            "height" => 1,
            "width" => 2,
            "size" => {
                self.report(
                    Diagnostic::error(Code::MISSING_ARGUMENT, "`size` needs an axis")
                        .label(field.span, "of which axis?")
                        .help("write `size(1)` for the channels, `size(2)` for what follows"),
                );
                return Value::Poison;
            }
            other => {
                let help = did_you_mean(other, FIELDS.iter().copied())
                    .unwrap_or_else(|| "a tensor has `channels`, `height`, `width` and `size(axis)`".to_string());
                self.report(
                    Diagnostic::error(Code::UNKNOWN_FIELD, format!("a tensor has no `{other}`"))
                        .label(field.span, "no such field")
                        .help(help),
                );
                return Value::Poison;
            }
        };
        // Rows and columns are an image's; a vector or a sequence has none.
        let fits = if axis == 0 { tensor.ty.rank() >= 1 } else { tensor.ty.rank() == 3 };
        if !fits {
            let message = format!("a tensor {} has no {}", tensor.ty, field.name);
            self.report(
                Diagnostic::error(Code::RANK, message)
                    .label(field.span, "only an image has it")
                    .label(self.node_span(tensor.node), format!("made here: {}", tensor.ty))
                    .help("`size(axis)` gives any axis: 1 is the first after the batch"),
            );
            return Value::Poison;
        }
        Value::Int(tensor.ty.shape()[axis] as i64)
    }

    fn eval_size(&mut self, value: &Value, args: &ast::Args, field: &ast::Ident, env: &Env) -> Value {
        let tensor = match value {
            Value::Poison => return Value::Poison,
            Value::Tensor(tensor) => tensor.clone(),
            _ => return self.eval_field(value, field, field.span),
        };
        let [arg] = args.items.as_slice() else {
            self.report(
                Diagnostic::error(Code::MISSING_ARGUMENT, "`size` takes one axis")
                    .label(args.span, format!("{} given", args.items.len()))
                    .help("write `size(1)` for the channels, `size(2)` for what follows"),
            );
            return Value::Poison;
        };
        let Some(axis) = self.eval_whole(&arg.value, "an axis", env) else { return Value::Poison };
        let rank = tensor.ty.rank() as i64;
        let index = if axis < 0 { axis.saturating_add(rank) } else { axis - 1 };
        match usize::try_from(index).ok().and_then(|index| tensor.ty.shape().get(index)) {
            Some(size) => Value::Int(*size as i64),
            None => {
                let message = match axis {
                    0 => "axis 0 is the batch, whose size is not known here".to_string(),
                    _ => format!("a tensor {} has no axis {axis}", tensor.ty),
                };
                self.report(
                    Diagnostic::error(Code::AXIS, message)
                        .label(arg.span, "no such axis")
                        .help(format!("its axes are 1 to {rank}; negative ones count from the end")),
                );
                Value::Poison
            }
        }
    }

    /// `value[at]`; negative indices count from the end.
    pub(super) fn eval_index(&mut self, value: &Value, at: &Value, base: Span, index: Span) -> Value {
        if value.is_poison() {
            return Value::Poison;
        }
        let Some(length) = value.len() else {
            self.report(
                Diagnostic::error(Code::TYPE, format!("{} has no items", value.kind()))
                    .label(base, value.describe())
                    .help("only lists and ranges can be indexed"),
            );
            return Value::Poison;
        };
        let Some(at) = self.whole(at, "an index", index) else { return Value::Poison };
        let position = if at < 0 { at.saturating_add(length) } else { at };
        match value.item(position) {
            Some(item) if position >= 0 => item,
            _ => {
                let items = if length == 1 { "1 item".to_string() } else { format!("{length} items") };
                self.report(
                    Diagnostic::error(Code::INDEX, format!("index {at} is outside a list of {items}"))
                        .label(index, format!("this is {at}"))
                        .label(base, format!("{items} here"))
                        .help("the first item has index 0, the last -1"),
                );
                Value::Poison
            }
        }
    }

    fn eval_call(&mut self, callee: &ast::Expr, args: &ast::Args, span: Span, env: &Env) -> Value {
        match &callee.kind {
            ast::ExprKind::Field { base, field } if &*field.name == "size" => {
                let value = self.eval(base, env);
                self.eval_size(&value, args, field, env)
            }
            ast::ExprKind::Name(name) => {
                if let Some(Value::Stage(stage)) = env
                    .bindings()
                    .find(|binding| binding.name == *name && matches!(binding.value, Value::Stage(_)))
                    .map(|binding| binding.value.clone())
                {
                    return self
                        .bind_args(&stage, Some(args), env)
                        .map_or(Value::Poison, |stage| Value::Stage(Arc::new(stage)));
                }
                if env.lookup(name).is_none_or(|binding| binding.origin == Origin::Label) {
                    if let Some(entry) = self.program.lookup(env.module, name)
                        && let ast::ItemKind::Fn(function) = self.program.item(entry.item)
                    {
                        return self.call_fn(function, entry.item, args, span, env);
                    }
                    if self.program.lookup(env.module, name).is_none() && builtins::NAMES.contains(&&**name) {
                        return self.call_builtin(name, args, span, env);
                    }
                }
                let value = self.eval_name(name, callee.span, env);
                self.call_value(value, callee.span, args, env)
            }
            _ => {
                let value = self.eval(callee, env);
                self.call_value(value, callee.span, args, env)
            }
        }
    }

    /// A stage value with more arguments; anything else can't be called.
    fn call_value(&mut self, value: Value, callee: Span, args: &ast::Args, env: &Env) -> Value {
        match value {
            Value::Poison => Value::Poison,
            Value::Stage(stage) => {
                self.bind_args(&stage, Some(args), env).map_or(Value::Poison, |stage| Value::Stage(Arc::new(stage)))
            }
            other => {
                self.report(
                    Diagnostic::error(Code::WRONG_KIND, format!("{} can't be called", other.kind()))
                        .label(callee, other.describe())
                        .help("functions, blocks, ops and stage values take arguments"),
                );
                Value::Poison
            }
        }
    }

    fn call_builtin(&mut self, name: &str, args: &ast::Args, span: Span, env: &Env) -> Value {
        if let Some(named) = args.items.iter().find(|arg| arg.name.is_some()) {
            self.report(
                Diagnostic::error(Code::UNKNOWN_ARGUMENT, format!("`{name}` takes its arguments by position"))
                    .label(named.span, "named here")
                    .help(builtins::usage(name)),
            );
            return Value::Poison;
        }
        let values: Vec<Value> = args.items.iter().map(|arg| self.eval(&arg.value, env)).collect();
        if values.iter().any(Value::is_poison) {
            return Value::Poison;
        }
        self.arithmetic(builtins::call(name, &values), span)
    }

    /// The value, or the report of why there is none.
    pub(super) fn arithmetic(&mut self, result: Result<Value, arithmetic::Failure>, span: Span) -> Value {
        match result {
            Ok(value) => value,
            Err(failure) => {
                self.report(
                    Diagnostic::error(failure.code, failure.message)
                        .label(span, failure.label)
                        .maybe_help(failure.help),
                );
                Value::Poison
            }
        }
    }

    /// The value of a constant, computed once.
    pub(super) fn constant(&mut self, item: super::program::ItemRef, used: Span) -> Value {
        match self.constants.get(&item) {
            Some(Some(value)) => return value.clone(),
            Some(None) => {
                let ast::ItemKind::Const(constant) = self.program.item(item) else { unreachable!("a constant") };
                let name = constant.name.clone();
                self.report(
                    Diagnostic::error(Code::CYCLE, format!("the constant `{}` needs itself", name.name))
                        .label(used, "needed again here")
                        .label(name.span, "to compute this")
                        .help("give one of the constants in the circle a value of its own"),
                );
                return Value::Poison;
            }
            None => {}
        }
        let ast::ItemKind::Const(constant) = self.program.item(item) else { unreachable!("a constant") };
        self.constants.insert(item, None);
        let value = self.eval(&constant.value, &Env::new(item.module));
        self.constants.insert(item, Some(value.clone()));
        value
    }

    fn call_fn(
        &mut self,
        function: &ast::Fn,
        item: super::program::ItemRef,
        args: &ast::Args,
        span: Span,
        env: &Env,
    ) -> Value {
        let what = call::Signature::of_params(&function.name.name, &function.params);
        let Some(bound) = self.match_args(&what, Vec::new(), args, env) else { return Value::Poison };
        if !self.enter(span) {
            return Value::Poison;
        }
        let mut inner = Env::new(item.module);
        let complete = self.bind_params(&function.params, &bound, &what, span, &mut inner);
        let value = if complete { self.eval(&function.body, &inner) } else { Value::Poison };
        self.leave();
        value
    }
}

/// The report of a list or text that grew too long.
pub(super) fn too_long(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::LIMIT, format!("this {what} grows longer than {MAX_LENGTH}"))
        .label(span, "too long")
        .help("compute something smaller")
}
