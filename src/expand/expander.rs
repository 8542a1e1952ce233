//! The state of one expansion, and its limits.

use std::collections::HashMap;
use std::sync::Arc;

use super::arch::Outside;
use super::env::Names;
use super::program::{ItemRef, Modules};
use super::value::{Tensor, Value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{self, Call, Graph, NodeId};
use crate::source::{SourceMap, Span};
use crate::syntax::ast;

/// The most nodes that an architecture may have.
pub(super) const MAX_NODES: usize = 1_000_000;
/// How deep blocks and functions may call one another.
const MAX_CALLS: usize = 128;
/// How many stages and expressions are looked at before an expansion counts as endless.
const MAX_STEPS: u64 = 30_000_000;
/// The same for all architectures of a file together, as they are checked one after another.
pub(super) const MAX_FILE_STEPS: u64 = 100_000_000;

/// The tensor so far.
#[derive(Clone, Debug)]
pub(super) enum Flow {
    /// Nothing yet.
    None,
    Tensor(Tensor),
    /// The result of something that has already been reported.
    Poison,
}

/// A flow that a line left for another, until somebody is found to read it.
#[derive(Debug)]
pub(super) struct Drop {
    pub node: NodeId,
    /// What the flow goes on from instead.
    pub by: Span,
}

pub(super) struct Expander<'p> {
    pub program: &'p Modules,
    pub sources: &'p SourceMap,
    pub diagnostics: Diagnostics,
    pub graph: Graph,
    /// Values of constants; nothing while one is being computed.
    pub constants: HashMap<ItemRef, Option<Value>>,
    pub names: Names,
    /// The stage that made each weight, by the weight's name.
    pub weights: HashMap<String, Span>,
    pub drops: Vec<Drop>,
    pub outputs: HashMap<Arc<str>, Span>,
    pub asserts: Vec<&'p ast::Assert>,
    /// What is set from outside the program.
    pub outside: Outside,
    /// Whether `expect` and `assert` are tested.
    pub promises: bool,
    /// Something is missing for a reason that has been reported outside this expansion.
    pub incomplete: bool,
    /// The block call being expanded.
    pub call: Option<Arc<Call>>,
    depth: usize,
    /// How many steps were taken.
    pub steps: u64,
    /// How many may be taken.
    allowed: u64,
    /// A limit has been met: everything unwinds without further reports.
    stopped: bool,
}

impl<'p> Expander<'p> {
    pub fn new(
        program: &'p Modules,
        sources: &'p SourceMap,
        arch: Arc<str>,
        promises: bool,
        allowed: u64,
    ) -> Expander<'p> {
        Expander {
            program,
            sources,
            diagnostics: Diagnostics::new(),
            graph: Graph::new(arch),
            constants: HashMap::new(),
            names: Names::default(),
            weights: HashMap::new(),
            drops: Vec::new(),
            outputs: HashMap::new(),
            asserts: Vec::new(),
            outside: Outside::none(),
            promises,
            incomplete: false,
            call: None,
            depth: 0,
            steps: 0,
            allowed: allowed.min(MAX_STEPS),
            stopped: false,
        }
    }

    /// Reports, with the chain of calls that led here.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.stopped {
            return;
        }
        diagnostic.calls = Call::chain(&self.call);
        self.diagnostics.push(diagnostic);
    }

    /// Counts one step; `false` where the expansion has come to its limits.
    pub fn step(&mut self, span: Span) -> bool {
        self.steps += 1;
        if self.steps > self.allowed {
            let message = match self.allowed {
                MAX_STEPS => format!("this expansion does not end within {MAX_STEPS} steps"),
                _ => format!("the architectures of this file do not end within {MAX_FILE_STEPS} steps together"),
            };
            self.stop(
                Diagnostic::error(Code::LIMIT, message)
                    .label(span, "still going on here")
                    .help("check the loops and recursions that lead here"),
            );
        }
        !self.stopped
    }

    /// Counts the work that a node is: its op, its weights and its place in the graph.
    pub fn node_step(&mut self, span: Span) -> bool {
        self.steps += 20;
        self.step(span)
    }

    /// Enters a block or function; `false` where calls are nested too deeply.
    pub fn enter(&mut self, span: Span) -> bool {
        if self.depth >= MAX_CALLS {
            self.stop(
                Diagnostic::error(Code::LIMIT, format!("calls are nested more than {MAX_CALLS} deep"))
                    .label(span, "one call too deep")
                    .help("does a block or function call itself without an end? an `if` must stop it"),
            );
        }
        if self.stopped {
            return false;
        }
        self.depth += 1;
        true
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Reports a limit, and ends the expansion.
    pub fn stop(&mut self, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.stopped = true;
    }

    /// The stage of the body being expanded that made a node, itself or by the blocks it calls; nothing where the node
    /// came in from outside the body.
    pub fn made_here(&self, node: NodeId) -> Option<Span> {
        let origin = &self.graph.node(node).origin;
        let here = self.call.as_ref().map(Arc::as_ptr);
        let mut place = origin.span;
        let mut call = origin.call.as_ref();
        while call.map(Arc::as_ptr) != here {
            let outer = call?;
            place = outer.span;
            call = outer.parent.as_ref();
        }
        Some(place)
    }

    /// The stage that made a node: of the body being expanded, or wherever it stands.
    pub fn node_span(&self, node: NodeId) -> Span {
        self.made_here(node).unwrap_or(self.graph.node(node).origin.span)
    }

    pub fn origin(&self, span: Span) -> ir::Origin {
        ir::Origin { span, call: self.call.clone() }
    }
}
