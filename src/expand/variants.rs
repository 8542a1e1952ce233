//! One architecture with many settings, each value read once.

use std::cell::Cell;

use super::arch::{self, Given};
use super::program::{ItemRef, Modules};
use super::{Program, Settings};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Graph;
use crate::source::SourceMap;
use crate::syntax::ast;

/// Something that is set to one value after the other: a parameter, a named size of an input, or `input` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    pub name: String,
    /// Expressions of the language; of `input` a number of rows and columns, or a whole shape as in `3x224x224`.
    pub values: Vec<String>,
}

/// The name of the axis that sets the shape of the only input.
const INPUT: &str = "input";

/// An architecture whose settings are chosen from lists. It can be shared between threads.
#[derive(Debug)]
pub struct Variants<'p> {
    modules: &'p Modules,
    item: ItemRef,
    set: Vec<(String, ast::Expr)>,
    input: Option<Vec<usize>>,
    axes: Vec<Choices>,
}

#[derive(Debug)]
enum Choices {
    Set(String, Vec<ast::Expr>),
    Input(Vec<Size>),
}

#[derive(Debug)]
enum Size {
    Side(usize),
    Shape(Vec<usize>),
}

impl Program {
    /// One architecture of the file with `settings`, and besides a choice of the values of each axis. Nothing where the
    /// architecture or a value can't be read, which is reported.
    pub fn variants<'p>(
        &'p self,
        sources: &mut SourceMap,
        arch: &str,
        settings: &Settings,
        axes: &[Axis],
        diagnostics: &mut Diagnostics,
    ) -> Option<Variants<'p>> {
        let item = self.find(sources, arch, diagnostics)?;
        let set = arch::parse_settings(sources, settings, diagnostics)?;
        let mut choices = Vec::with_capacity(axes.len());
        for axis in axes {
            choices.push(match axis.name.as_str() {
                INPUT => Choices::Input(axis.values.iter().map(|text| size(text, diagnostics)).collect::<Option<_>>()?),
                name => {
                    let parse = |text: &String| arch::parse_setting(sources, "--sweep", name, text, diagnostics);
                    Choices::Set(name.to_string(), axis.values.iter().map(parse).collect::<Option<_>>()?)
                }
            });
        }
        Some(Variants { modules: &self.modules, item, set, input: settings.input.clone(), axes: choices })
    }
}

impl Variants<'_> {
    /// Expands the architecture with the value of each axis that `choice` gives the position of. Promises are not tested,
    /// since they are made for the architecture as it is. The graph is there where nothing is wrong.
    pub fn expand(&self, sources: &SourceMap, choice: &[usize], diagnostics: &mut Diagnostics) -> Option<Graph> {
        let mut given = Given {
            set: self.set.iter().map(|(name, expr)| (name.as_str(), expr)).collect(),
            input: self.input.as_deref(),
            side: None,
        };
        for (axis, at) in self.axes.iter().zip(choice) {
            match axis {
                Choices::Set(name, values) => given.set.push((name, &values[*at])),
                Choices::Input(sizes) => match &sizes[*at] {
                    Size::Side(side) => given.side = Some(*side),
                    Size::Shape(shape) => given.input = Some(shape),
                },
            }
        }
        arch::expand(self.modules, sources, self.item, &given, &Cell::new(0), diagnostics)
    }
}

/// `224` or `3x224x224`.
fn size(text: &str, diagnostics: &mut Diagnostics) -> Option<Size> {
    let dims: Option<Vec<usize>> = text.split('x').map(|dim| dim.parse().ok().filter(|dim| *dim > 0)).collect();
    match dims.as_deref() {
        Some([side]) => Some(Size::Side(*side)),
        Some(shape) => Some(Size::Shape(shape.to_vec())),
        None => {
            diagnostics.push(
                Diagnostic::error(Code::SETTING, format!("an input can't have the size `{text}`")).help(
                    "write rows and columns as one number, as in `input=224`, or a shape, as in `input=3x224x224`",
                ),
            );
            None
        }
    }
}
