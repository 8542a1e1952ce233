//! Tree to graph: names are resolved, compile-time values computed, and stages become nodes, with shapes as they appear.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::ir::Graph;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast;

/// A file and all that it uses, parsed and with its names resolved.
#[derive(Debug)]
pub struct Program {
    root: FileId,
    archs: Vec<ArchInfo>,
    weights: Vec<ast::Weights>,
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
}

impl Settings {
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.input.is_none()
    }
}

impl Program {
    /// Parses `file` and every file it uses, and resolves the names of `file`.
    pub fn load(sources: &mut SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Program {
        let _ = (sources, diagnostics);
        Program { root: file, archs: Vec::new(), weights: Vec::new() }
    }

    /// The file that was named.
    pub fn root(&self) -> FileId {
        self.root
    }

    /// The architectures of the file, in order.
    pub fn archs(&self) -> &[ArchInfo] {
        &self.archs
    }

    /// The `weights` items of the file, in order.
    pub fn weights(&self) -> &[ast::Weights] {
        &self.weights
    }

    /// Expands one architecture of the file. Without errors in what it needs, there is a graph.
    pub fn expand(
        &self,
        sources: &mut SourceMap,
        arch: &str,
        settings: &Settings,
        diagnostics: &mut Diagnostics,
    ) -> Option<Graph> {
        let _ = (sources, arch, settings, diagnostics);
        None
    }
}
