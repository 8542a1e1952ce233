//! One architecture: its parameters and inputs, what a user sets from outside, and what is checked at its end.

use std::cell::Cell;
use std::sync::Arc;

use super::env::{Env, Naming, Origin};
use super::expander::{Expander, Flow, MAX_FILE_STEPS};
use super::program::{ItemRef, ModuleId, Modules};
use super::value::{BoundArg, Callee, Value};
use super::{ParamInfo, Settings};
use crate::analyse;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list};
use crate::ir::{Graph, Output};
use crate::source::{SourceMap, Span};
use crate::syntax::{self, ast};

/// An arch and what it is a variant of, from the outermost variant to the arch that has the body.
pub(super) struct Lineage<'p> {
    variants: Vec<(ModuleId, &'p ast::Arch)>,
    pub base: ItemRef,
    pub params: &'p [ast::Param],
    pub body: &'p ast::Body,
}

/// How many variants may stand between an arch and the one with its body.
const MAX_VARIANTS: usize = 32;

/// Follows `arch A = B(...)` to the arch with a body. `None` where that does not exist, which is reported to `report`.
pub(super) fn lineage<'p>(
    program: &'p Modules,
    item: ItemRef,
    report: &mut dyn FnMut(Diagnostic),
) -> Option<Lineage<'p>> {
    let mut variants = Vec::new();
    let mut seen = vec![item];
    let mut next = item;
    loop {
        let ast::ItemKind::Arch(arch) = program.item(next) else { unreachable!("an arch") };
        let base = match &arch.kind {
            ast::ArchKind::Body { params, body } => return Some(Lineage { variants, base: next, params, body }),
            ast::ArchKind::Variant { base, .. } => base,
        };
        if variants.len() >= MAX_VARIANTS {
            report(
                Diagnostic::error(Code::LIMIT, format!("variants are nested more than {MAX_VARIANTS} deep"))
                    .label(base.span, "one too many")
                    .help("make it a variant of an arch with a body"),
            );
            return None;
        }
        variants.push((next.module, arch));
        let Some(entry) = program.lookup(next.module, &base.name) else {
            if program.failed_import(next.module, &base.name) {
                return None;
            }
            let archs = program
                .names(next.module)
                .filter(|(_, entry)| matches!(program.item(entry.item), ast::ItemKind::Arch(_)))
                .map(|(name, _)| name);
            report(
                Diagnostic::error(Code::UNKNOWN_NAME, format!("there is no arch `{}`", base.name))
                    .label(base.span, "not found")
                    .maybe_help(did_you_mean(&base.name, archs)),
            );
            return None;
        };
        let other = program.item(entry.item);
        if !matches!(other, ast::ItemKind::Arch(_)) {
            report(
                Diagnostic::error(
                    Code::WRONG_KIND,
                    format!("a variant is of an arch, and `{}` is {}", base.name, super::program::kind_words(other)),
                )
                .label(base.span, "not an arch")
                .label(entry.span, "declared here")
                .help("give the arch a body: `arch NAME { input ...; ... }`"),
            );
            return None;
        }
        if seen.contains(&entry.item) {
            report(
                Diagnostic::error(Code::CYCLE, format!("the arch `{}` is a variant of itself", arch.name.name))
                    .label(base.span, "this closes the circle")
                    .help("one arch of the circle needs a body"),
            );
            return None;
        }
        seen.push(entry.item);
        next = entry.item;
    }
}

/// The parameters of an arch that can still be set; positions and keywords of its variants are taken.
pub(super) fn settable(program: &Modules, item: ItemRef) -> Vec<ParamInfo> {
    let Some(lineage) = lineage(program, item, &mut |_| {}) else { return Vec::new() };
    let mut set = vec![false; lineage.params.len()];
    for (_, variant) in lineage.variants.iter().rev() {
        let ast::ArchKind::Variant { args: Some(args), .. } = &variant.kind else { continue };
        for arg in &args.items {
            let index = match &arg.name {
                Some(name) => lineage.params.iter().position(|param| param.name.name == name.name),
                None => set.iter().position(|set| !set),
            };
            if let Some(index) = index {
                set[index] = true;
            }
        }
    }
    let free = lineage.params.iter().zip(set).filter(|(_, set)| !set);
    free.map(|(param, _)| ParamInfo {
        name: param.name.name.clone(),
        has_default: param.default.is_some(),
        doc: param.docs.iter().map(|doc| doc.text.as_str()).collect::<Vec<_>>().join("\n"),
    })
    .collect()
}

/// What is set from outside, as far as it has been found to mean something.
pub(super) struct Outside {
    set: Vec<(String, Value, Span)>,
    input: Option<Vec<usize>>,
    side: Option<usize>,
    /// Which of `set` were used.
    used: Vec<bool>,
}

/// What is given to an arch from outside, its expressions parsed.
pub(super) struct Given<'a> {
    pub set: Vec<(&'a str, &'a ast::Expr)>,
    pub input: Option<&'a [usize]>,
    pub side: Option<usize>,
}

impl Given<'_> {
    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.input.is_none() && self.side.is_none()
    }
}

/// The expressions of `--set`, parsed: each is a text of its own in `sources`.
pub(super) fn parse_settings(
    sources: &mut SourceMap,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<(String, ast::Expr)>> {
    let parse = |(name, text): &(String, String)| {
        Some((name.clone(), parse_setting(sources, "--set", name, text, diagnostics)?))
    };
    settings.set.iter().map(parse).collect()
}

/// The expression that `option` gives for `name`; it is a text of its own in `sources`.
pub(super) fn parse_setting(
    sources: &mut SourceMap,
    option: &str,
    name: &str,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<ast::Expr> {
    let file = sources.add(&format!("{option} {name}"), &format!("const {name} = {text}"));
    let mut own = Diagnostics::new();
    let tree = syntax::parse(sources, file, &mut own);
    let failed = own.has_errors();
    diagnostics.append(own);
    if failed {
        return None;
    }
    let mut items = tree.items.into_iter();
    match (items.next().map(|item| item.kind), items.next()) {
        (Some(ast::ItemKind::Const(constant)), None) => Some(constant.value),
        _ => {
            diagnostics.push(
                Diagnostic::error(Code::SETTING, format!("`{option} {name}=` takes one expression for each value"))
                    .help("for example `--set width=0.5` or `--set depths=[2, 2, 2, 2]`"),
            );
            None
        }
    }
}

/// Expands the arch `item`. The graph is there where nothing is wrong. `steps` counts what the program has spent so far.
pub(super) fn expand(
    program: &Modules,
    sources: &SourceMap,
    item: ItemRef,
    given: &Given<'_>,
    steps: &Cell<u64>,
    diagnostics: &mut Diagnostics,
) -> Option<Graph> {
    let lineage = lineage(program, item, &mut |diagnostic| diagnostics.push(diagnostic))?;
    let ast::ItemKind::Arch(arch) = program.item(item) else { unreachable!("an arch") };
    let mut expander = {
        // What is checked as it is shares one account; what is set from outside is asked for one by one.
        let promises = given.is_empty();
        let spent = if promises { steps.get() } else { 0 };
        let allowed = MAX_FILE_STEPS.saturating_sub(spent);
        Expander::new(program, sources, arch.name.name.clone(), promises, allowed)
    };
    let finished = expander.run_arch(&lineage, arch, given);
    if expander.promises {
        steps.set(steps.get() + expander.steps);
    }
    let failed = expander.diagnostics.has_errors() || !finished;
    let graph = expander.graph;
    diagnostics.append(expander.diagnostics);
    (!failed).then_some(graph)
}

impl<'p> Expander<'p> {
    fn run_arch(&mut self, lineage: &Lineage<'p>, arch: &'p ast::Arch, given: &Given<'_>) -> bool {
        let Some(bound) = self.variant_args(lineage) else { return false };
        let root = Env::new(Modules::ROOT);
        let set: Vec<(String, Value, Span)> =
            given.set.iter().map(|(name, expr)| (name.to_string(), self.eval(expr, &root), expr.span)).collect();
        if set.iter().any(|(_, value, _)| value.is_poison()) {
            return false;
        }
        let used = vec![false; set.len()];
        self.outside = Outside { set, input: given.input.map(<[usize]>::to_vec), side: given.side, used };
        let bound = self.set_params(lineage, bound);

        let signature = self.program.signature(Callee::Item(lineage.base));
        let mut env = Env::new(lineage.base.module);
        if !self.bind_params(lineage.params, &bound, &signature, arch.name.span, &mut env) {
            return false;
        }
        let flow = self.run_statements(lineage.body, Flow::None, &Naming::root(), &mut env);
        self.check_outside(lineage, arch);
        self.finish(&flow, lineage, arch);
        if !self.diagnostics.has_errors() && self.promises && !self.incomplete {
            self.check_asserts(lineage, arch, &mut env);
        }
        !self.incomplete
    }

    /// The arguments of all variants together: the innermost first, outer ones filling and winning.
    fn variant_args(&mut self, lineage: &Lineage<'p>) -> Option<Vec<BoundArg>> {
        let signature = self.program.signature(Callee::Item(lineage.base));
        let mut bound = Vec::new();
        for (module, variant) in lineage.variants.iter().rev() {
            let ast::ArchKind::Variant { args: Some(args), .. } = &variant.kind else { continue };
            bound = self.match_args(&signature, bound, args, &Env::new(*module))?;
        }
        Some(bound)
    }

    /// Adds what `--set` gives for parameters; what a variant has fixed can't be set.
    fn set_params(&mut self, lineage: &Lineage<'p>, mut bound: Vec<BoundArg>) -> Vec<BoundArg> {
        for index in 0..self.outside.set.len() {
            let (name, value, span) = self.outside.set[index].clone();
            let Some(param) = lineage.params.iter().position(|param| *param.name.name == *name) else { continue };
            self.outside.used[index] = true;
            if let Some(fixed) = bound.iter().find(|arg| arg.param == param) {
                let fixed = fixed.span;
                let base = match self.program.item(lineage.base) {
                    ast::ItemKind::Arch(arch) => arch.name.name.clone(),
                    _ => unreachable!("an arch"),
                };
                self.report(
                    Diagnostic::error(Code::SETTING, format!("`{name}` is fixed by this variant"))
                        .label(fixed, "set here")
                        .help(format!("set it on `{base}`, which leaves it open")),
                );
                continue;
            }
            bound.push(BoundArg { param, value, span });
        }
        bound
    }

    /// The shape of an input: as it is written, or as it is set from outside.
    pub(super) fn input_shape(&mut self, name: &ast::Ident, dims: &[ast::Dim], env: &mut Env) -> Option<Vec<usize>> {
        let given = self.outside.input.clone();
        let side = self.outside.side;
        if side.is_some() && dims.len() != 3 {
            self.report(
                Diagnostic::error(Code::SETTING, format!("`{}` has no rows and columns to set", name.name))
                    .label(name.span, "this input is no image")
                    .help("write the whole shape, as in `input=3x224x224`"),
            );
            return None;
        }
        let fits = given.as_ref().is_none_or(|given| given.len() == dims.len());
        if let (Some(given), false) = (&given, fits) {
            self.report(
                Diagnostic::error(
                    Code::SETTING,
                    format!("`--input` gives {} sizes, and `{}` has {}", given.len(), name.name, dims.len()),
                )
                .label(name.span, "this input")
                .help("write the sizes without the batch, as in `--input 3x224x224`"),
            );
        }
        let mut shape = Vec::new();
        let mut complete = fits;
        for (index, dim) in dims.iter().enumerate() {
            let set = dim.name.as_ref().and_then(|name| self.take_setting(&name.name));
            let from_input = given.as_ref().filter(|_| fits).map(|given| given[index] as i64);
            let from_input = from_input.or(side.filter(|_| index > 0).map(|side| side as i64));
            let size = match (set, from_input) {
                (Some((value, span)), _) => self.whole(&value, "a size", span),
                (None, Some(size)) => Some(size),
                (None, None) => self.eval_whole(&dim.value, "a size", env),
            };
            let valid = size.filter(|size| (1..=1 << 31).contains(size));
            if let (Some(size), None) = (size, valid) {
                self.report(
                    Diagnostic::error(Code::ARGUMENT_VALUE, format!("an input can't have the size {size}"))
                        .label(dim.value.span, "this size")
                        .help("sizes go from 1 to 2^31"),
                );
            }
            if let Some(name) = &dim.name {
                env.bind(&name.name, valid.map_or(Value::Poison, Value::Int), Origin::Let);
            }
            match valid {
                Some(size) => shape.push(size as usize),
                None => complete = false,
            }
        }
        complete.then_some(shape)
    }

    fn take_setting(&mut self, name: &str) -> Option<(Value, Span)> {
        let index = self.outside.set.iter().position(|(other, _, _)| other == name)?;
        self.outside.used[index] = true;
        let (_, value, span) = &self.outside.set[index];
        Some((value.clone(), *span))
    }

    /// Reports what was set and means nothing to this arch.
    fn check_outside(&mut self, lineage: &Lineage<'p>, arch: &ast::Arch) {
        let mut names: Vec<&str> = lineage.params.iter().map(|param| &*param.name.name).collect();
        for statement in &lineage.body.statements {
            if let ast::Statement::Input { dims, .. } = statement {
                names.extend(dims.iter().filter_map(|dim| dim.name.as_ref()).map(|name| &*name.name));
            }
        }
        for index in 0..self.outside.used.len() {
            if self.outside.used[index] {
                continue;
            }
            let name = self.outside.set[index].0.clone();
            let help = did_you_mean(&name, names.iter().copied())
                .unwrap_or_else(|| format!("it has {}", list(names.iter().copied())));
            let message = format!("`{}` has no parameter or dimension `{name}` to set", arch.name.name);
            self.report(Diagnostic::error(Code::SETTING, message).label(arch.name.span, "this arch").help(help));
        }
        let inputs = self.graph.graph_inputs().len();
        if (self.outside.input.is_some() || self.outside.side.is_some()) && inputs > 1 {
            let message = format!("`--input` sets the only input, and `{}` has {inputs}", arch.name.name);
            self.report(
                Diagnostic::error(Code::SETTING, message)
                    .label(arch.name.span, "this arch")
                    .help("set named dimensions with `--set H=320`"),
            );
        }
    }

    /// The end of the flow becomes an output where none is declared; flows that nobody reads are errors.
    fn finish(&mut self, flow: &Flow, lineage: &Lineage<'p>, arch: &ast::Arch) {
        if self.diagnostics.has_errors() || self.is_stopped() || self.incomplete {
            return;
        }
        let end = match flow {
            Flow::Tensor(tensor) => Some(tensor.node),
            Flow::None | Flow::Poison => None,
        };
        let declared = self.graph.outputs().iter().any(|output| output.main);
        if let Some(node) = end.filter(|_| !declared) {
            self.graph.add_output(Output { name: Arc::from("output"), node, main: true });
        }
        if self.graph.outputs().is_empty() {
            let help = match lineage.body.statements.iter().any(|line| matches!(line, ast::Statement::Input { .. })) {
                true => "add stages below the inputs",
                false => "an arch starts with its input: `input image[3, 224, 224]`",
            };
            self.report(
                Diagnostic::error(Code::NO_FLOW, format!("`{}` computes nothing", arch.name.name))
                    .label(arch.name.span, "no result")
                    .help(help),
            );
            return;
        }
        let unread = |this: &Self, node| {
            this.graph.readers(node).is_empty() && this.graph.outputs().iter().all(|output| output.node != node)
        };
        for index in 0..self.drops.len() {
            let (node, by) = (self.drops[index].node, self.drops[index].by);
            if unread(self, node) {
                let made = self.graph.node(node).origin.clone();
                let mut diagnostic = Diagnostic::error(Code::DROPPED, "this result is dropped: nobody reads it")
                    .label(made.span, format!("{} made here", self.graph.node(node).output))
                    .label(by, "the flow goes on from this instead")
                    .help("label it and use the label, make it an `output`, or remove the stage");
                diagnostic.calls = crate::ir::Call::chain(&made.call);
                self.diagnostics.push(diagnostic);
            }
        }
        if let Some(node) = end.filter(|node| unread(self, *node)) {
            let span = self.node_span(node);
            let output = self.graph.main_output().map(|output| self.outputs.get(&output.name).copied());
            let mut diagnostic = Diagnostic::error(Code::DROPPED, "this result is dropped: it comes after the output")
                .label(span, format!("{} made here", self.graph.node(node).output));
            if let Some(Some(output)) = output {
                diagnostic = diagnostic.label(output, "the output is taken here");
            }
            self.report(diagnostic.help("move the `output` line to the end, or remove the stage"));
        }
        for input in self.graph.graph_inputs().to_vec() {
            if unread(self, input) && !self.diagnostics.has_errors() {
                let node = self.graph.node(input);
                self.diagnostics.push(
                    Diagnostic::error(Code::DROPPED, format!("the input `{}` is never read", node.path))
                        .label(node.origin.span, "declared here")
                        .help("start a line with its name, or remove it"),
                );
            }
        }
    }

    /// Tests the asserts of the arch itself and of what it is a complete variant of.
    fn check_asserts(&mut self, lineage: &Lineage<'p>, arch: &'p ast::Arch, env: &mut Env) {
        let report = match analyse::analyse(&self.graph) {
            Ok(report) => report,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        // An arch that lacks arguments is only ever expanded through its variants, so they must keep its promises.
        let base_complete = lineage.params.iter().all(|param| param.default.is_some());
        let mut asserts = std::mem::take(&mut self.asserts);
        if let ast::ArchKind::Variant { asserts: own, .. } = &arch.kind {
            if base_complete {
                asserts.clear();
            }
            asserts.extend(own);
        }
        env.open(false);
        for (name, value) in analyse::METRICS.iter().filter_map(|name| Some((*name, report.metric(name)?))) {
            let value = i64::try_from(value).map_or(Value::Float(value as f64), Value::Int);
            env.bind(&Arc::from(name), value, Origin::Let);
        }
        for assert in asserts {
            if self.eval_condition(&assert.condition, env) == Some(false) {
                let diagnostic = self.failed_assert(assert, arch, env);
                self.report(diagnostic);
            }
        }
        env.close();
    }

    /// The part of a false condition that makes it false, where `and` joins several.
    fn false_part<'a>(&mut self, condition: &'a ast::Expr, env: &Env) -> &'a ast::Expr {
        let mut part = condition;
        while let ast::ExprKind::Binary { op: ast::BinaryOp::And, left, right } = &part.kind {
            part = if self.eval_condition(left, env) == Some(false) { left } else { right };
        }
        part
    }

    fn failed_assert(&mut self, assert: &ast::Assert, arch: &ast::Arch, env: &Env) -> Diagnostic {
        let mut figures = Vec::new();
        let mut labels = Vec::new();
        let condition = self.false_part(&assert.condition, env);
        if let ast::ExprKind::Binary { left, right, .. } = &condition.kind {
            for side in [left, right] {
                if matches!(side.kind, ast::ExprKind::Int(_) | ast::ExprKind::Float(_)) {
                    continue;
                }
                let value = match self.eval(side, env) {
                    Value::Int(value) => grouped(value),
                    other => other.to_string(),
                };
                let text = self.sources.text(side.span);
                let unit = if matches!(text, "peak_memory" | "weight_bytes") { " bytes" } else { "" };
                figures.push(format!("`{text}` is {value}{unit}"));
                labels.push((side.span, format!("this is {value}{unit}")));
            }
        }
        if labels.is_empty() {
            labels.push((condition.span, String::new()));
        }
        let promise = self.sources.text(condition.span);
        let figures = match figures.is_empty() {
            true => "that is false".to_string(),
            false => figures.join(" and "),
        };
        let diagnostic =
            Diagnostic::error(Code::ASSERT, format!("`{}` promises `{promise}`, and {figures}", arch.name.name))
                .help(format!("mend the architecture, or the figure; {}", where_from(promise)));
        labels.into_iter().fold(diagnostic, |diagnostic, (span, text)| diagnostic.label(span, text))
    }
}

/// How to see where the figure of a promise comes from.
fn where_from(promise: &str) -> String {
    let mut words = promise.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    match words.find(|word| analyse::METRICS.contains(word)) {
        Some("layers") => "the layers counted are those on the longest way to the main output".to_string(),
        Some("params" | "macs") | None => "`archc stats` shows where the counts come from".to_string(),
        Some(name) => format!("`archc stats --by layer --columns op,{name}` shows where it comes from"),
    }
}

impl Outside {
    pub fn none() -> Outside {
        Outside { set: Vec::new(), input: None, side: None, used: Vec::new() }
    }
}

/// A whole number with its digits in groups: `25_557_032`.
fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    if value < 0 { format!("-{out}") } else { out }
}
