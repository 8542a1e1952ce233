//! Bodies: statements, pipelines, stages.

use pest::iterators::Pair;

use super::{Reader, next, next_if, parts};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::grammar::Rule;

/// Where a body stands, which decides the statements that it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Block,
    Arch,
    /// In braces somewhere below an arch's own.
    InArch,
    Variant,
}

impl Place {
    fn nested(self) -> Place {
        match self {
            Place::Block => Place::Block,
            Place::Arch | Place::InArch | Place::Variant => Place::InArch,
        }
    }
}

impl Reader<'_> {
    pub fn body(&self, pair: Pair<'_, Rule>, place: Place) -> ast::Body {
        let span = self.span(&pair);
        let statements = parts(pair).map(|statement| {
            self.check_place(&statement, place);
            self.statement(statement, place)
        });
        ast::Body { statements: statements.collect(), span }
    }

    /// Reports a body without a statement; `whose` names its owner.
    pub fn not_empty(&self, body: &ast::Body, whose: &str) {
        if body.statements.is_empty() {
            self.error(
                Diagnostic::error(Code::EMPTY_BODY, format!("the body of {whose} is empty"))
                    .label(body.span, "nothing in here")
                    .help("write the stages it is made of, one a line; `identity` passes its input on"),
            );
        }
    }

    fn check_place(&self, statement: &Pair<'_, Rule>, place: Place) {
        let span = self.span(statement);
        let keyword =
            self.scan.text.get(span.start as usize..).map_or("", |rest| rest.split([' ', '\t']).next().unwrap_or(""));
        match (place, statement.as_rule()) {
            (Place::Variant, Rule::assert_stmt) => {}
            (Place::Variant, _) => self.misplaced(
                span,
                "the braces of a variant hold only `assert`s",
                "not an `assert`",
                "a variant is the same network with other arguments; to change the network, write an arch with a body",
            ),
            (Place::Block, Rule::input_stmt) => self.misplaced(
                span,
                "a block has no `input` of its own",
                "in a block",
                "a block works on the flow it is applied to, which is `in`; further tensors are parameters: `x: tensor`",
            ),
            (Place::Block, Rule::output_stmt | Rule::assert_stmt) => self.misplaced(
                span,
                &format!("`{keyword}` stands in an arch, not in a block"),
                "in a block",
                "the result of a block is its last line; move this to the arch that uses the block",
            ),
            (Place::InArch, Rule::input_stmt) => self.misplaced(
                span,
                "an `input` stands directly in the braces of its arch",
                "in inner braces",
                "move it to the first lines of the arch",
            ),
            _ => {}
        }
    }

    fn statement(&self, pair: Pair<'_, Rule>, place: Place) -> ast::Statement {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        if rule == Rule::pipeline {
            let stages = parts(pair).map(|stage| self.stage(stage, place)).collect();
            return ast::Statement::Pipeline(ast::Pipeline { stages, span });
        }
        let mut parts = parts(pair);
        match rule {
            Rule::let_stmt => {
                let name = self.ident(&next(&mut parts));
                ast::Statement::Let { name, value: self.expr(next(&mut parts)) }
            }
            Rule::input_stmt => {
                let name = self.ident(&next(&mut parts));
                ast::Statement::Input { name, dims: parts.map(|dim| self.dim(dim)).collect(), span }
            }
            Rule::output_stmt => {
                let what = next(&mut parts);
                match what.as_rule() {
                    Rule::labelled => ast::Statement::OutputStage { stage: self.stage(what, place), span },
                    _ => ast::Statement::Output { name: self.ident(&what), span },
                }
            }
            Rule::expect_stmt => ast::Statement::Expect { shape: self.list(next(&mut parts)), span },
            Rule::assert_stmt => ast::Statement::Assert(ast::Assert { condition: self.expr(next(&mut parts)), span }),
            other => unreachable!("{other:?} is no statement"),
        }
    }

    fn dim(&self, pair: Pair<'_, Rule>) -> ast::Dim {
        let mut parts = parts(pair);
        let name = next_if(&mut parts, Rule::name).map(|name| self.ident(&name));
        ast::Dim { name, value: self.expr(next(&mut parts)) }
    }

    fn stage(&self, pair: Pair<'_, Rule>, place: Place) -> ast::Stage {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let label = next_if(&mut parts, Rule::label).map(|label| self.label(label));
        ast::Stage { label, kind: self.stage_kind(next(&mut parts), place.nested()), span }
    }

    fn label(&self, pair: Pair<'_, Rule>) -> ast::Label {
        let inner = next(&mut parts(pair));
        let text = match inner.as_rule() {
            Rule::string => self.string(inner),
            _ => {
                let ident = self.ident(&inner);
                ast::Str { parts: vec![ast::StrPart::Text(ident.name)], span: ident.span, quoted: false }
            }
        };
        ast::Label { text }
    }

    fn stage_kind(&self, pair: Pair<'_, Rule>, place: Place) -> ast::StageKind {
        let rule = pair.as_rule();
        let span = self.span(&pair);
        match rule {
            Rule::body => return ast::StageKind::Braces(self.filled(pair, place, "these braces")),
            Rule::apply => return ast::StageKind::Apply(self.apply(pair, place, span)),
            _ => {}
        }
        let mut parts = parts(pair);
        match rule {
            Rule::if_stage => {
                let mut arms = Vec::new();
                let mut otherwise = None;
                while let Some(part) = parts.next() {
                    if part.as_rule() == Rule::body {
                        otherwise = Some(self.filled(part, place, "this `else`"));
                    } else {
                        let condition = self.expr(part);
                        arms.push((condition, self.filled(next(&mut parts), place, "this `if`")));
                    }
                }
                ast::StageKind::If { arms, otherwise }
            }
            Rule::for_stage => {
                let pattern = self.pattern(next(&mut parts));
                let list = self.expr(next(&mut parts));
                ast::StageKind::For { pattern, list, body: self.filled(next(&mut parts), place, "this `for`") }
            }
            Rule::repeat_stage => {
                let count = self.expr(next(&mut parts));
                let index = next_if(&mut parts, Rule::name).map(|name| self.ident(&name));
                ast::StageKind::Repeat { count, index, body: self.filled(next(&mut parts), place, "this `repeat`") }
            }
            Rule::residual => {
                let body = self.filled(next(&mut parts), place, "this `residual`");
                ast::StageKind::Residual { body, shortcut: parts.next().map(|shortcut| self.body(shortcut, place)) }
            }
            Rule::seq => ast::StageKind::Seq(self.filled(next(&mut parts), place, "this `seq`")),
            other => unreachable!("{other:?} is no stage"),
        }
    }

    /// A body that must hold something; only that of a `shortcut` need not.
    fn filled(&self, pair: Pair<'_, Rule>, place: Place, whose: &str) -> ast::Body {
        let body = self.body(pair, place);
        self.not_empty(&body, whose);
        body
    }

    fn apply(&self, pair: Pair<'_, Rule>, place: Place, span: Span) -> ast::Apply {
        let mut parts = parts(pair);
        let head = next(&mut parts);
        let callee = match head.as_rule() {
            Rule::input_value => ast::Callee::In(self.span(&head)),
            Rule::string => ast::Callee::Quoted(self.string(head)),
            _ => ast::Callee::Name(self.ident(&head)),
        };
        let mut index = Vec::new();
        while let Some(part) = next_if(&mut parts, Rule::index) {
            index.push(self.expr(next(&mut super::parts(part))));
        }
        let args = next_if(&mut parts, Rule::args).map(|args| self.args(args));
        let name = self.scan.text[callee.span().start as usize..callee.span().end as usize].to_string();
        let branches = parts.next().map(|body| self.filled(body, place, &format!("`{name}`")));
        ast::Apply { callee, index, args, branches, span }
    }

    fn pattern(&self, pair: Pair<'_, Rule>) -> ast::Pattern {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        match next_if(&mut parts, Rule::name) {
            Some(name) => ast::Pattern::Name(self.ident(&name)),
            None => ast::Pattern::List { patterns: parts.map(|pattern| self.pattern(pattern)).collect(), span },
        }
    }
}
