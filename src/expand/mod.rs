//! Tree to graph: names are resolved, compile-time values computed, and stages become nodes, with shapes as they appear.

mod apply;
mod arch;
mod arithmetic;
mod body;
mod builtins;
mod call;
mod env;
mod eval;
mod expander;
mod loops;
mod merge;
mod ports;
mod program;
mod resolve;
mod stage;
mod value;
mod variants;

use std::cell::Cell;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list};
use crate::ir::Graph;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast;
use program::{ItemRef, Modules};
pub use variants::{Axis, Variants};

/// How much stack is kept free, and how much is taken at a time where less is left.
const STACK_RED_ZONE: usize = 256 << 10;
const STACK_STEP: usize = 2 << 20;

/// A file and all that it uses, parsed and with its names resolved.
#[derive(Debug)]
pub struct Program {
    modules: Modules,
    archs: Vec<ArchInfo>,
    weights: Vec<ast::Weights>,
    /// The steps that expansions have taken so far.
    steps: Cell<u64>,
}

/// What a file says of one of its architectures.
#[derive(Clone, Debug)]
pub struct ArchInfo {
    pub name: Arc<str>,
    /// Its documentation, lines joined by `\n`.
    pub doc: String,
    /// Where the name is written.
    pub span: Span,
    /// The parameters that can be set, in order.
    pub params: Vec<ParamInfo>,
}

impl ArchInfo {
    /// Whether every parameter has a value, so that it can be expanded as it is.
    pub fn is_complete(&self) -> bool {
        self.params.iter().all(|param| param.has_default)
    }
}

/// A parameter of an architecture.
#[derive(Clone, Debug)]
pub struct ParamInfo {
    pub name: Arc<str>,
    pub has_default: bool,
    pub doc: String,
}

/// What a user sets from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `--set name=value`: a parameter or a named dimension, and an expression of the language.
    pub set: Vec<(String, String)>,
    /// `--input 3x320x320`: the shape of the only input.
    pub input: Option<Vec<usize>>,
    /// The rows and columns of the only input, its channels left as they are.
    pub side: Option<usize>,
}

impl Settings {
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.input.is_none() && self.side.is_none()
    }
}

impl Program {
    /// Parses `file` and every file it uses, and checks their names.
    pub fn load(sources: &mut SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Program {
        let modules = Modules::load(sources, file, diagnostics);
        for (id, module) in modules.iter() {
            if !sources.is_built_in(module.file) || id == Modules::ROOT {
                resolve::resolve(&modules, sources, id, id == Modules::ROOT, diagnostics);
            }
        }
        let mut archs = Vec::new();
        let mut weights = Vec::new();
        for (index, item) in modules.root().ast.items.iter().enumerate() {
            let item_ref = ItemRef { module: Modules::ROOT, index };
            match &item.kind {
                ast::ItemKind::Arch(arch) => archs.push(ArchInfo {
                    name: arch.name.name.clone(),
                    doc: modules.doc(item_ref),
                    span: arch.name.span,
                    params: arch::settable(&modules, item_ref),
                }),
                ast::ItemKind::Weights(item) => weights.push(item.clone()),
                ast::ItemKind::Edition
                | ast::ItemKind::Use(_)
                | ast::ItemKind::Const(_)
                | ast::ItemKind::Fn(_)
                | ast::ItemKind::Block(_) => {}
            }
        }
        Program { modules, archs, weights, steps: Cell::new(0) }
    }

    /// The file that was named.
    pub fn root(&self) -> FileId {
        self.modules.root().file
    }

    /// The architectures of the file, in order.
    pub fn archs(&self) -> &[ArchInfo] {
        &self.archs
    }

    /// The `weights` items of the file, in order.
    pub fn weights(&self) -> &[ast::Weights] {
        &self.weights
    }

    /// Expands one architecture of the file, and tests what it promises. Where nothing is wrong, there is a graph.
    pub fn expand(
        &self,
        sources: &mut SourceMap,
        arch: &str,
        settings: &Settings,
        diagnostics: &mut Diagnostics,
    ) -> Option<Graph> {
        let item = self.find(sources, arch, diagnostics)?;
        let set = arch::parse_settings(sources, settings, diagnostics)?;
        let given = arch::Given {
            set: set.iter().map(|(name, expr)| (name.as_str(), expr)).collect(),
            input: settings.input.as_deref(),
            side: settings.side,
        };
        arch::expand(&self.modules, sources, item, &given, &self.steps, diagnostics)
    }

    /// The item of an architecture of the file; an error where there is none of that name.
    fn find(&self, sources: &SourceMap, arch: &str, diagnostics: &mut Diagnostics) -> Option<ItemRef> {
        let found = self.modules.lookup(Modules::ROOT, arch).map(|entry| entry.item);
        let Some(item) = found.filter(|item| matches!(self.modules.item(*item), ast::ItemKind::Arch(_))) else {
            let names = || self.archs.iter().map(|arch| &*arch.name);
            let help = did_you_mean(arch, names()).unwrap_or_else(|| format!("it has {}", list(names())));
            let file = &sources.file(self.root()).name;
            diagnostics.push(Diagnostic::error(Code::NO_ARCH, format!("{file} has no arch `{arch}`")).help(help));
            return None;
        };
        Some(item)
    }
}
