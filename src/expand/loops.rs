//! Loops: their turns and the variables that each binds.

use super::env::{Env, Origin};
use super::expander::Expander;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;

impl<'p> Expander<'p> {
    /// Runs `each` once for every turn of a loop, with the loop's variables bound.
    pub(super) fn turns(
        &mut self,
        stage: &'p ast::Stage,
        env: &mut Env,
        mut each: impl FnMut(&mut Self, &'p ast::Body, &mut Env),
    ) {
        match &stage.kind {
            ast::StageKind::Repeat { count, index, body } => {
                let Some(turns) = self.eval_whole(count, "a count of turns", env) else { return };
                if turns < 0 {
                    self.report(
                        Diagnostic::error(Code::ARGUMENT_VALUE, format!("`repeat` can't take {turns} turns"))
                            .label(count.span, format!("this is {turns}"))
                            .help("a count is 0 or more"),
                    );
                    return;
                }
                for turn in 0..turns {
                    if !self.step(stage.span) {
                        return;
                    }
                    env.open(false);
                    if let Some(index) = index {
                        env.bind(&index.name, Value::Int(turn), Origin::Loop);
                    }
                    each(self, body, env);
                    env.close();
                }
            }
            ast::StageKind::For { pattern, list, body } => {
                let values = self.eval(list, env);
                if values.is_poison() {
                    return;
                }
                let Some(length) = values.len() else {
                    self.report(
                        Diagnostic::error(
                            Code::TYPE,
                            format!("`for` goes through a list or a range, and this is {}", values.describe()),
                        )
                        .label(list.span, values.kind())
                        .help("`for x in [1, 2, 3] { ... }`, or `repeat 3 as i { ... }` to count"),
                    );
                    return;
                };
                for turn in 0..length {
                    if !self.step(stage.span) {
                        return;
                    }
                    let Some(value) = values.item(turn) else { return };
                    env.open(false);
                    if self.bind_pattern(pattern, &value, list.span, env) {
                        each(self, body, env);
                    }
                    env.close();
                }
            }
            ast::StageKind::Apply(_)
            | ast::StageKind::If { .. }
            | ast::StageKind::Residual { .. }
            | ast::StageKind::Seq(_)
            | ast::StageKind::Braces(_) => unreachable!("only loops have turns"),
        }
    }

    pub(super) fn bind_pattern(&mut self, pattern: &ast::Pattern, value: &Value, list: Span, env: &mut Env) -> bool {
        match pattern {
            ast::Pattern::Name(name) => {
                env.bind(&name.name, value.clone(), Origin::Loop);
                true
            }
            ast::Pattern::List { patterns, span } => {
                let fits = value.len() == Some(patterns.len() as i64);
                if !fits {
                    let message = match value.len() {
                        Some(length) => {
                            format!("this pattern takes {} values, and an item has {length}", patterns.len())
                        }
                        None => {
                            format!("this pattern takes {} values, and an item is {}", patterns.len(), value.describe())
                        }
                    };
                    self.report(
                        Diagnostic::error(Code::TYPE, message)
                            .label(*span, format!("{} names", patterns.len()))
                            .label(list, format!("an item is `{value}`")),
                    );
                    return false;
                }
                patterns.iter().enumerate().all(|(index, pattern)| {
                    let item = value.item(index as i64).expect("the lengths are equal");
                    self.bind_pattern(pattern, &item, list, env)
                })
            }
        }
    }
}
