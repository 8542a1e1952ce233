//! What names mean while a body is expanded, and how nodes are named.

use std::collections::HashMap;
use std::sync::Arc;

use super::program::ModuleId;
use super::value::Value;

/// What brought a name into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Parameter,
    Let,
    Loop,
    Label,
    Input,
}

#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub name: Arc<str>,
    pub value: Value,
    pub origin: Origin,
}

/// Names of one pair of braces. Labels live in the nearest frame that is a label scope, the rest in their own braces.
#[derive(Debug, Default)]
struct Frame {
    bindings: Vec<Binding>,
    labels_end_here: bool,
}

/// The names in reach of an expression or stage, besides the items of its module.
#[derive(Debug)]
pub(super) struct Env {
    pub module: ModuleId,
    /// `in`: the input of the block.
    pub input: Option<Value>,
    frames: Vec<Frame>,
    /// Labels of scopes that have ended, for hints.
    ended: Vec<Binding>,
}

impl Env {
    /// No names yet: for the body of an item of `module`.
    pub fn new(module: ModuleId) -> Env {
        Env {
            module,
            input: None,
            frames: vec![Frame { bindings: Vec::new(), labels_end_here: true }],
            ended: Vec::new(),
        }
    }

    /// Opens braces; `labels_end_here` where they belong to a labelled scope.
    pub fn open(&mut self, labels_end_here: bool) {
        self.frames.push(Frame { bindings: Vec::new(), labels_end_here });
    }

    pub fn close(&mut self) {
        let frame = self.frames.pop().expect("braces are closed as often as opened");
        self.ended.extend(frame.bindings.into_iter().filter(|binding| binding.origin == Origin::Label));
    }

    /// What a name meant as a label of a scope that has ended.
    pub fn ended_label(&self, name: &str) -> Option<&Value> {
        self.ended.iter().rev().find(|binding| &*binding.name == name).map(|binding| &binding.value)
    }

    pub fn bind(&mut self, name: &Arc<str>, value: Value, origin: Origin) {
        let frame = match origin {
            Origin::Label => self.frames.iter_mut().rev().find(|frame| frame.labels_end_here),
            Origin::Parameter | Origin::Let | Origin::Loop | Origin::Input => self.frames.last_mut(),
        };
        let frame = frame.expect("the outermost frame ends labels");
        frame.bindings.push(Binding { name: name.clone(), value, origin });
    }

    /// All bindings, the nearest and newest first.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.frames.iter().rev().flat_map(|frame| frame.bindings.iter().rev())
    }

    pub fn lookup(&self, name: &str) -> Option<&Binding> {
        self.bindings().find(|binding| &*binding.name == name)
    }
}

/// How the stages of a body are named.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    /// The path of the enclosing scope; empty for the arch itself.
    pub scope: Arc<str>,
    /// Whether unlabelled stages are labelled with their position, as in `seq`.
    pub numbered: bool,
}

impl Naming {
    pub fn root() -> Naming {
        Naming { scope: Arc::from(""), numbered: false }
    }
}

/// The name of one stage: its label, if it has one, and the naming of the body it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    /// The label as it was computed.
    pub label: Option<&'a Arc<str>>,
    pub naming: &'a Naming,
}

/// The counters of every scope, by path: a scope that is opened again goes on counting.
#[derive(Debug, Default)]
pub(super) struct Names {
    scopes: HashMap<Arc<str>, Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    position: usize,
    ordinals: Vec<(Arc<str>, usize)>,
}

impl Names {
    /// The path of an op or block call: its label, else its position in a `seq`, else its name and ordinal.
    pub fn path(&mut self, named: Named<'_>, name: &str) -> Arc<str> {
        match named.label {
            Some(label) => self.labelled(named.naming, label),
            None if named.naming.numbered => self.position(named.naming),
            None => self.ordinal(named.naming, name),
        }
    }

    /// The path that the next position of a numbered scope has.
    pub fn position(&mut self, naming: &Naming) -> Arc<str> {
        let counters = self.scopes.entry(naming.scope.clone()).or_default();
        counters.position += 1;
        join(&naming.scope, &(counters.position - 1).to_string())
    }

    /// The path with the name and its ordinal among the unlabelled ones of its scope.
    pub fn ordinal(&mut self, naming: &Naming, name: &str) -> Arc<str> {
        let counters = self.scopes.entry(naming.scope.clone()).or_default();
        let count = match counters.ordinals.iter_mut().find(|(other, _)| &**other == name) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counters.ordinals.push((Arc::from(name), 1));
                1
            }
        };
        join(&naming.scope, &format!("{name}{count}"))
    }

    /// The path of a label, which takes a place in a `seq`.
    pub fn labelled(&mut self, naming: &Naming, label: &str) -> Arc<str> {
        if naming.numbered {
            self.scopes.entry(naming.scope.clone()).or_default().position += 1;
        }
        join(&naming.scope, label)
    }
}

fn join(scope: &str, name: &str) -> Arc<str> {
    match scope.is_empty() {
        true => Arc::from(name),
        false => Arc::from(format!("{scope}.{name}")),
    }
}
