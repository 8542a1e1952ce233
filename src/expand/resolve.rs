//! What can be said of names without expanding anything: unknown ones, also in blocks that nothing calls, and unused ones.
//!
//! Where expansion finds the same mistake it reports it with the same code at the same place, and only one is shown.

use std::collections::HashSet;
use std::sync::Arc;

use super::builtins;
use super::call::Signature;
use super::eval::PAD_MODES;
use super::program::{ItemRef, ModuleId, Modules, kind_words, std_module_with};
use super::value::Callee;
use crate::analyse;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, MAX_SHOWN, did_you_mean, list};
use crate::ops;
use crate::source::{SourceMap, Span};
use crate::syntax::ast;

/// The report of a name in value position that nothing in reach has.
pub(super) fn unknown_name<'a>(name: &str, span: Span, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::error(Code::UNKNOWN_NAME, format!("there is no value called `{name}` here"))
        .label(span, "not found")
        .help(hint(name, candidates, "declare it as a parameter, a `let` or a `const`"))
}

/// The report of a name in stage position that nothing in reach has.
pub(super) fn unknown_stage<'a>(name: &str, span: Span, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::error(Code::UNKNOWN_NAME, format!("there is no op, block or value called `{name}`"))
        .label(span, "not found")
        .help(hint(
            name,
            candidates,
            "`archc ops` lists the ops; declare a block of this name, or import one with `use`",
        ))
}

fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if candidates.is_empty() {
        return otherwise.to_string();
    }
    if let Some(module) = std_module_with(name) {
        return format!("the standard library has it: `use std.{module}.{{{name}}}`");
    }
    if let Some(op) = foreign_name(name) {
        return format!("it is called `{op}` here");
    }
    did_you_mean(name, candidates).unwrap_or_else(|| otherwise.to_string())
}

/// What other frameworks' names for ops are here.
fn foreign_name(name: &str) -> Option<&'static str> {
    let plain: String = name.to_ascii_lowercase().replace('_', "");
    Some(match plain.as_str() {
        "conv2d" | "convolution" => "conv",
        "depthwiseconv2d" | "dwconv" => "depthwise_conv",
        "convtranspose2d" | "deconv" | "conv2dtranspose" => "conv_transpose",
        "batchnorm2d" | "batchnormalization" => "batch_norm",
        "layernormalization" => "layer_norm",
        "localresponsenorm" => "lrn",
        "maxpool2d" | "maxpooling2d" => "max_pool",
        "avgpool2d" | "averagepool" | "averagepooling2d" => "avg_pool",
        "adaptiveavgpool2d" => "adaptive_avg_pool",
        "globalaveragepooling2d" | "gap" => "global_avg_pool",
        "dense" | "fullyconnected" => "linear",
        "concatenate" | "cat" => "concat",
        "swish" => "silu",
        "multiply" => "mul",
        "subtract" => "sub",
        "view" => "reshape",
        "multiheadattention" => "attention",
        "interpolate" | "upsampling2d" | "resize" => "upsample",
        _ => return None,
    })
}

/// Checks the names of one module; `warn` also reports what is declared and never used.
pub(super) fn resolve(
    program: &Modules,
    sources: &SourceMap,
    module: ModuleId,
    warn: bool,
    diagnostics: &mut Diagnostics,
) {
    let mut resolver = Resolver {
        program,
        sources,
        module,
        warn,
        diagnostics,
        scopes: Vec::new(),
        labels: Labels::default(),
        used: HashSet::new(),
        current: None,
        unknown: 0,
    };
    let items = &program.module(module).ast.items;
    for (index, item) in items.iter().enumerate() {
        resolver.current = Some(ItemRef { module, index });
        resolver.item(&item.kind);
    }
    // A name that is misspelt where it is used would be reported twice.
    if warn && resolver.unknown == 0 {
        resolver.unused_items();
    }
}

/// A name declared in a body.
struct Local {
    name: Arc<str>,
    span: Span,
    kind: LocalKind,
    used: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LocalKind {
    Parameter,
    Value,
    /// Names that need no use: inputs, their dimensions.
    Free,
    /// The figures that an assert knows, which need no use either.
    Metric,
}

/// The labels of the item that is looked at, wherever they stand in it.
#[derive(Default)]
struct Labels {
    names: HashSet<Arc<str>>,
    /// Whether some label is computed, so that any name may be one.
    computed: bool,
}

struct Resolver<'a> {
    program: &'a Modules,
    sources: &'a SourceMap,
    module: ModuleId,
    warn: bool,
    diagnostics: &'a mut Diagnostics,
    scopes: Vec<Vec<Local>>,
    labels: Labels,
    used: HashSet<ItemRef>,
    current: Option<ItemRef>,
    /// How many names were not found.
    unknown: usize,
}

impl<'a> Resolver<'a> {
    fn item(&mut self, kind: &'a ast::ItemKind) {
        self.labels = Labels::default();
        match kind {
            ast::ItemKind::Edition | ast::ItemKind::Use(_) => {}
            ast::ItemKind::Const(item) => self.expr(&item.value),
            ast::ItemKind::Fn(item) => {
                self.open();
                self.params(&item.params);
                self.expr(&item.body);
                self.close();
            }
            ast::ItemKind::Block(item) => self.parametric(&item.params, &item.body),
            ast::ItemKind::Arch(item) => match &item.kind {
                ast::ArchKind::Body { params, body } => self.parametric(params, body),
                ast::ArchKind::Variant { base, args, asserts } => {
                    self.mark(&base.name);
                    let base = self.program.lookup(self.module, &base.name).map(|entry| entry.item);
                    let base = base.filter(|base| matches!(self.program.item(*base), ast::ItemKind::Arch(_)));
                    for arg in args.iter().flat_map(|args| &args.items) {
                        self.expr(&arg.value);
                    }
                    self.open();
                    self.metrics(asserts.first().map(|assert| assert.span));
                    let params = base.and_then(|base| super::arch::lineage(self.program, base, &mut |_| {}));
                    for param in params.iter().flat_map(|lineage| lineage.params) {
                        self.declare(&param.name, LocalKind::Free);
                    }
                    asserts.iter().for_each(|assert| self.expr(&assert.condition));
                    self.close();
                }
            },
            ast::ItemKind::Weights(item) => self.weights(item),
        }
    }

    fn weights(&mut self, item: &ast::Weights) {
        let archs = self.program.module(self.module).ast.items.iter().filter_map(|other| match &other.kind {
            ast::ItemKind::Arch(arch) => Some(&*arch.name.name),
            _ => None,
        });
        let names: Vec<&str> = archs.collect();
        if !names.contains(&&*item.arch.name) && !self.program.failed_import(self.module, &item.arch.name) {
            let help = did_you_mean(&item.arch.name, names.iter().copied())
                .unwrap_or_else(|| format!("this file's archs are {}", list(names)));
            self.diagnostics.push(
                Diagnostic::error(Code::UNKNOWN_NAME, format!("this file has no arch `{}`", item.arch.name))
                    .label(item.arch.span, "not found")
                    .help(help),
            );
        }
    }

    fn parametric(&mut self, params: &'a [ast::Param], body: &'a ast::Body) {
        collect_labels(body, &mut self.labels);
        self.open();
        self.params(params);
        self.statements(body);
        self.close();
    }

    fn params(&mut self, params: &'a [ast::Param]) {
        for (index, param) in params.iter().enumerate() {
            if let Some(default) = &param.default {
                self.expr(default);
            }
            if let Some(first) = params[..index].iter().find(|other| other.name.name == param.name.name) {
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::DUPLICATE_NAME,
                        format!("the parameter `{}` is declared twice", param.name.name),
                    )
                    .label(param.name.span, "again here")
                    .label(first.name.span, "first here")
                    .help("rename one of them"),
                );
                continue;
            }
            self.declare(&param.name, LocalKind::Parameter);
        }
    }

    fn body(&mut self, body: &'a ast::Body) {
        self.open();
        self.statements(body);
        self.close();
    }

    fn statements(&mut self, body: &'a ast::Body) {
        for statement in &body.statements {
            match statement {
                ast::Statement::Let { name, value } => {
                    self.expr(value);
                    self.declare(name, LocalKind::Value);
                }
                ast::Statement::Input { name, dims, .. } => {
                    for dim in dims {
                        self.expr(&dim.value);
                        if let Some(name) = &dim.name {
                            self.declare(name, LocalKind::Free);
                        }
                    }
                    self.declare(name, LocalKind::Free);
                }
                ast::Statement::Output { .. } => {}
                ast::Statement::OutputStage { stage, .. } => self.stage(stage),
                ast::Statement::Expect { shape, .. } => shape.iter().for_each(|dim| self.expr(dim)),
                ast::Statement::Assert(assert) => {
                    self.open();
                    self.metrics(Some(assert.span));
                    self.expr(&assert.condition);
                    self.close();
                }
                ast::Statement::Pipeline(pipeline) => pipeline.stages.iter().for_each(|stage| self.stage(stage)),
            }
        }
    }

    fn stage(&mut self, stage: &'a ast::Stage) {
        if let Some(label) = &stage.label {
            self.text(&label.text);
        }
        match &stage.kind {
            ast::StageKind::Apply(apply) => self.apply(apply),
            ast::StageKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.expr(condition);
                    self.body(body);
                }
                otherwise.iter().for_each(|body| self.body(body));
            }
            ast::StageKind::For { pattern, list, body } => {
                self.expr(list);
                self.open();
                self.pattern(pattern);
                self.body(body);
                self.close();
            }
            ast::StageKind::Repeat { count, index, body } => {
                self.expr(count);
                self.open();
                if let Some(index) = index {
                    self.declare(index, LocalKind::Value);
                }
                self.body(body);
                self.close();
            }
            ast::StageKind::Residual { body, shortcut } => {
                self.body(body);
                shortcut.iter().for_each(|body| self.body(body));
            }
            ast::StageKind::Seq(body) | ast::StageKind::Braces(body) => self.body(body),
        }
    }

    fn pattern(&mut self, pattern: &ast::Pattern) {
        match pattern {
            ast::Pattern::Name(name) => self.declare(name, LocalKind::Value),
            ast::Pattern::List { patterns, .. } => patterns.iter().for_each(|pattern| self.pattern(pattern)),
        }
    }

    fn apply(&mut self, apply: &'a ast::Apply) {
        match &apply.callee {
            ast::Callee::In(_) => {}
            ast::Callee::Quoted(text) => self.text(text),
            ast::Callee::Name(name) => {
                if !self.known(&name.name) && ops::find(&name.name).is_none() && !self.labels.computed {
                    let diagnostic = unknown_stage(&name.name, name.span, self.candidates(false));
                    self.diagnostics.push(diagnostic);
                    self.unknown += 1;
                }
            }
        }
        apply.index.iter().for_each(|index| self.expr(index));
        if let Some(args) = &apply.args {
            let callee = match (&apply.callee, apply.index.is_empty()) {
                (ast::Callee::Name(name), true) => self.callee(&name.name, true),
                _ => None,
            };
            self.args(callee, args);
        }
        apply.branches.iter().for_each(|body| self.body(body));
    }

    fn args(&mut self, callee: Option<Signature<'a>>, args: &'a ast::Args) {
        for arg in &args.items {
            self.expr(&arg.value);
            if let (Some(signature), Some(name)) = (&callee, &arg.name)
                && signature.position(&name.name).is_none()
            {
                self.diagnostics.push(signature.unknown_argument(name, self.sources));
            }
        }
        let positional: Vec<&ast::Arg> = args.items.iter().filter(|arg| arg.name.is_none()).collect();
        if let Some(signature) = callee
            && let Some(limit) = signature.positions()
            && let Some(extra) = positional.get(limit)
        {
            self.diagnostics.push(signature.too_many(extra.span, positional.len(), self.sources));
        }
    }

    /// What a name called with arguments takes, where that is known without expanding.
    fn callee(&self, name: &str, stage: bool) -> Option<Signature<'a>> {
        if self.local(name) {
            return None;
        }
        if let Some(entry) = self.program.lookup(self.module, name) {
            return match self.program.item(entry.item) {
                ast::ItemKind::Block(block) => Some(Signature::of_params(&block.name.name, &block.params)),
                ast::ItemKind::Fn(function) if !stage => {
                    Some(Signature::of_params(&function.name.name, &function.params))
                }
                _ => None,
            };
        }
        ops::find(name).map(|def| self.program.signature(Callee::Op(def)))
    }

    fn expr(&mut self, expr: &'a ast::Expr) {
        stacker::maybe_grow(super::STACK_RED_ZONE, super::STACK_STEP, || match &expr.kind {
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::Bool(_) | ast::ExprKind::In => {}
            ast::ExprKind::Str(text) => self.text(text),
            ast::ExprKind::List(items) => items.iter().for_each(|item| self.expr(item)),
            ast::ExprKind::Name(name) => self.value_name(name, expr.span, false),
            ast::ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ast::ExprKind::Unary { operand, .. } => self.expr(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ast::ExprKind::Field { base, .. } => self.expr(base),
            ast::ExprKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            ast::ExprKind::Call { callee, args } => {
                let signature = match &callee.kind {
                    ast::ExprKind::Name(name) => {
                        self.value_name(name, callee.span, true);
                        self.callee(name, false)
                    }
                    _ => {
                        self.expr(callee);
                        None
                    }
                };
                self.args(signature, args);
            }
        });
    }

    fn text(&mut self, text: &'a ast::Str) {
        for part in &text.parts {
            match part {
                ast::StrPart::Text(_) => {}
                ast::StrPart::Insert(expr) => self.expr(expr),
            }
        }
    }

    fn value_name(&mut self, name: &Arc<str>, span: Span, called: bool) {
        let known = self.known(name)
            || ops::find(name).is_some()
            || PAD_MODES.contains(&&**name)
            || builtins::NAMES.contains(&&**name);
        if !known && !self.labels.computed {
            let mut diagnostic = unknown_name(name, span, self.candidates(true));
            if called {
                diagnostic.message = format!("there is no function, op or block called `{name}`");
            } else if self.scopes.iter().flatten().any(|local| local.kind == LocalKind::Metric) {
                let figures = list(analyse::METRICS.iter().copied());
                diagnostic.notes.push(format!("an `assert` knows the figures {figures}"));
            }
            self.diagnostics.push(diagnostic);
            self.unknown += 1;
        }
    }

    /// Whether a name is local, a label or an item; marks it as used.
    fn known(&mut self, name: &Arc<str>) -> bool {
        for scope in self.scopes.iter_mut().rev() {
            if let Some(local) = scope.iter_mut().rev().find(|local| local.name == *name) {
                local.used = true;
                return true;
            }
        }
        self.mark(name) || self.labels.names.contains(name) || self.program.failed_import(self.module, name)
    }

    fn local(&self, name: &str) -> bool {
        self.scopes.iter().flatten().any(|local| &*local.name == name)
    }

    /// Marks an item as used by the current one.
    fn mark(&mut self, name: &str) -> bool {
        match self.program.lookup(self.module, name) {
            Some(entry) => {
                if Some(entry.item) != self.current {
                    self.used.insert(entry.item);
                }
                true
            }
            None => false,
        }
    }

    /// The names that may have been meant; none where so many are unknown that nobody will see the hint.
    fn candidates(&self, values: bool) -> Vec<&str> {
        if self.unknown > MAX_SHOWN {
            return Vec::new();
        }
        let mut all: Vec<&str> = ops::names().collect();
        all.extend(self.scopes.iter().flatten().map(|local| &*local.name));
        all.extend(self.program.names(self.module).map(|(name, _)| name));
        all.extend(self.labels.names.iter().map(|name| &**name));
        if values {
            all.extend(builtins::NAMES.iter().chain(PAD_MODES));
        }
        all
    }

    fn declare(&mut self, name: &ast::Ident, kind: LocalKind) {
        let local = Local { name: name.name.clone(), span: name.span, kind, used: false };
        self.scopes.last_mut().expect("declarations stand in a scope").push(local);
    }

    /// The names that an assert knows.
    fn metrics(&mut self, span: Option<Span>) {
        let Some(span) = span else { return };
        for name in analyse::METRICS {
            self.declare(&ast::Ident { name: Arc::from(*name), span }, LocalKind::Metric);
        }
    }

    fn open(&mut self) {
        self.scopes.push(Vec::new());
    }

    fn close(&mut self) {
        let scope = self.scopes.pop().expect("scopes are closed as often as opened");
        if !self.warn || self.unknown > 0 {
            return;
        }
        for local in scope {
            if local.used || local.name.starts_with('_') {
                continue;
            }
            let (code, what) = match local.kind {
                LocalKind::Parameter => (Code::UNUSED_PARAMETER, "the parameter"),
                LocalKind::Value => (Code::UNUSED_VALUE, "the value"),
                LocalKind::Free | LocalKind::Metric => continue,
            };
            self.diagnostics.push(
                Diagnostic::warning(code, format!("{what} `{}` is never used", local.name))
                    .label(local.span, "declared here")
                    .help(format!("remove it, or call it `_{}` to keep it", local.name)),
            );
        }
    }

    fn unused_items(&mut self) {
        let ast::File { items, broken, .. } = &self.program.module(self.module).ast;
        if !broken.is_empty() {
            // An item that could not be read may use them.
            return;
        }
        // A file without an arch is there for others to use.
        let library = !items.iter().any(|item| matches!(item.kind, ast::ItemKind::Arch(_)));
        let mut unused: Vec<(&str, super::program::Entry)> =
            self.program.names(self.module).filter(|(_, entry)| !self.used.contains(&entry.item)).collect();
        unused.sort_by_key(|(_, entry)| entry.span);
        for (name, entry) in unused {
            let kind = self.program.item(entry.item);
            let diagnostic = match entry.imported {
                true => Diagnostic::warning(Code::UNUSED_IMPORT, format!("`{name}` is imported and never used"))
                    .label(entry.span, "imported here")
                    .help("remove it from the `use`"),
                false if library || matches!(kind, ast::ItemKind::Arch(_)) || name.starts_with('_') => continue,
                false => {
                    let what = kind_words(kind).trim_start_matches("a ");
                    Diagnostic::warning(Code::UNUSED_ITEM, format!("the {what} `{name}` is never used"))
                        .label(entry.span, "declared here")
                        .help(format!("remove it, or call it `_{name}` to keep it"))
                }
            };
            self.diagnostics.push(diagnostic);
        }
    }
}

/// All labels in a body, at any depth.
fn collect_labels(body: &ast::Body, labels: &mut Labels) {
    for statement in &body.statements {
        match statement {
            ast::Statement::OutputStage { stage, .. } => collect_stage(stage, labels),
            ast::Statement::Pipeline(pipeline) => {
                pipeline.stages.iter().for_each(|stage| collect_stage(stage, labels));
            }
            ast::Statement::Let { .. }
            | ast::Statement::Input { .. }
            | ast::Statement::Output { .. }
            | ast::Statement::Expect { .. }
            | ast::Statement::Assert(_) => {}
        }
    }
}

fn collect_stage(stage: &ast::Stage, labels: &mut Labels) {
    match stage.label.as_ref().map(|label| label.text.literal()) {
        None => {}
        Some(Some(name)) => drop(labels.names.insert(name)),
        Some(None) => labels.computed = true,
    }
    match &stage.kind {
        ast::StageKind::Apply(apply) => apply.branches.iter().for_each(|body| collect_labels(body, labels)),
        ast::StageKind::If { arms, otherwise } => {
            arms.iter().map(|(_, body)| body).chain(otherwise).for_each(|body| collect_labels(body, labels));
        }
        ast::StageKind::For { body, .. }
        | ast::StageKind::Repeat { body, .. }
        | ast::StageKind::Seq(body)
        | ast::StageKind::Braces(body) => collect_labels(body, labels),
        ast::StageKind::Residual { body, shortcut } => {
            collect_labels(body, labels);
            shortcut.iter().for_each(|body| collect_labels(body, labels));
        }
    }
}
