//! Expressions: pest's Pratt parser orders the grammar's flat lists.

use std::sync::{Arc, LazyLock};

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::{Reader, next, next_if, parts};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind, UnaryOp};
use crate::syntax::grammar::Rule;

/// How deep the tree of one expression may be. A chain of operators is a deep tree: `a + b + c` is `(a + b) + c`.
pub const MAX_DEPTH: usize = 256;

/// Loosest first.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::eq) | left(Rule::ne) | left(Rule::lt) | left(Rule::le) | left(Rule::gt) | left(Rule::ge))
        .op(left(Rule::range))
        .op(left(Rule::add) | left(Rule::sub))
        .op(left(Rule::mul) | left(Rule::div) | left(Rule::rem))
        .op(Op::prefix(Rule::neg))
        .op(Op::infix(Rule::pow, Assoc::Right))
        .op(Op::postfix(Rule::field) | Op::postfix(Rule::index) | Op::postfix(Rule::args))
});

/// An expression on its way up.
struct Node {
    expr: ast::Expr,
    depth: usize,
    /// In brackets of its own, so that an operator outside can't belong to it.
    closed: bool,
    /// Something is wrong with its structure and has been reported.
    failed: bool,
}

impl Reader<'_> {
    pub fn expr(&self, pair: Pair<'_, Rule>) -> ast::Expr {
        self.node(pair).expr
    }

    /// An expression, and how deep its tree is.
    pub fn expr_depth(&self, pair: Pair<'_, Rule>) -> (ast::Expr, usize) {
        let node = self.node(pair);
        (node.expr, node.depth)
    }

    pub fn list(&self, pair: Pair<'_, Rule>) -> Vec<ast::Expr> {
        parts(pair).map(|item| self.expr(item)).collect()
    }

    pub fn args(&self, pair: Pair<'_, Rule>) -> ast::Args {
        self.args_depth(pair).0
    }

    fn args_depth(&self, pair: Pair<'_, Rule>) -> (ast::Args, usize) {
        let span = self.span(&pair);
        let mut depth = 0;
        let items = parts(pair).map(|arg| {
            let mut parts = parts(arg);
            let name = next_if(&mut parts, Rule::word).map(|name| self.ident(&name));
            let node = self.node(next(&mut parts));
            depth = depth.max(node.depth);
            let value = node.expr;
            let span = name.as_ref().map_or(value.span, |name| name.span.to(value.span));
            ast::Arg { name, value, span }
        });
        let items = items.collect();
        (ast::Args { items, span }, depth)
    }

    /// Reads an `expr` or an `inner`.
    fn node(&self, pair: Pair<'_, Rule>) -> Node {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        if let Some(choice) = parts.next_if(|part| matches!(part.as_rule(), Rule::if_expr | Rule::if_inner)) {
            let mut parts = super::parts(choice);
            let [condition, then, otherwise] = std::array::from_fn(|_| self.node(next(&mut parts)));
            let children = [condition.summary(), then.summary(), otherwise.summary()];
            let [condition, then, otherwise] = [condition, then, otherwise].map(|node| Box::new(node.expr));
            return self.join(ExprKind::If { condition, then, otherwise }, span, &children);
        }
        PRECEDENCE
            .map_primary(|primary| self.primary(primary))
            .map_prefix(|op, operand| self.prefix(&op, operand))
            .map_postfix(|base, op| self.postfix(base, op))
            .map_infix(|left, op, right| self.infix(left, &op, right))
            .parse(parts)
    }

    fn primary(&self, pair: Pair<'_, Rule>) -> Node {
        let span = self.span(&pair);
        let leaf = |kind| Node { expr: ast::Expr { kind, span }, depth: 1, closed: true, failed: false };
        match pair.as_rule() {
            Rule::number => leaf(self.number(pair.as_str(), span)),
            Rule::boolean => leaf(ExprKind::Bool(pair.as_str() == "true")),
            Rule::input_value => leaf(ExprKind::In),
            Rule::name => leaf(ExprKind::Name(Arc::from(pair.as_str()))),
            Rule::string => {
                let (text, depth) = self.string_depth(pair);
                let node = self.join(ExprKind::Str(text), span, &[Summary { depth, failed: false }]);
                Node { closed: true, ..node }
            }
            Rule::list => {
                let items: Vec<Node> = parts(pair).map(|item| self.node(item)).collect();
                let children: Vec<Summary> = items.iter().map(Node::summary).collect();
                let items = items.into_iter().map(|item| item.expr).collect();
                Node { closed: true, ..self.join(ExprKind::List(items), span, &children) }
            }
            Rule::paren => {
                // The brackets count as part of what they hold, so that nothing of the text is lost.
                let inner = self.node(next(&mut parts(pair)));
                Node { expr: ast::Expr { kind: inner.expr.kind, span }, closed: true, ..inner }
            }
            other => unreachable!("{other:?} is no operand"),
        }
    }

    fn prefix(&self, op: &Pair<'_, Rule>, operand: Node) -> Node {
        let span = self.span(op).to(operand.expr.span);
        let op = if op.as_rule() == Rule::not { UnaryOp::Not } else { UnaryOp::Negate };
        let children = [operand.summary()];
        self.join(ExprKind::Unary { op, operand: Box::new(operand.expr) }, span, &children)
    }

    fn postfix(&self, base: Node, op: Pair<'_, Rule>) -> Node {
        let span = base.expr.span.to(self.span(&op));
        let below = base.summary();
        let base = Box::new(base.expr);
        match op.as_rule() {
            Rule::field => {
                let field = self.ident(&next(&mut parts(op)));
                self.join(ExprKind::Field { base, field }, span, &[below])
            }
            Rule::index => {
                let index = self.node(next(&mut parts(op)));
                let children = [below, index.summary()];
                self.join(ExprKind::Index { base, index: Box::new(index.expr) }, span, &children)
            }
            Rule::args => {
                let (args, depth) = self.args_depth(op);
                let children = [below, Summary { depth, failed: false }];
                self.join(ExprKind::Call { callee: base, args }, span, &children)
            }
            other => unreachable!("{other:?} follows no operand"),
        }
    }

    fn infix(&self, left: Node, op: &Pair<'_, Rule>, right: Node) -> Node {
        let op_span = self.span(op);
        let op = match op.as_rule() {
            Rule::range => BinaryOp::Range,
            Rule::or => BinaryOp::Or,
            Rule::and => BinaryOp::And,
            Rule::eq => BinaryOp::Equal,
            Rule::ne => BinaryOp::NotEqual,
            Rule::lt => BinaryOp::Less,
            Rule::le => BinaryOp::LessEqual,
            Rule::gt => BinaryOp::Greater,
            Rule::ge => BinaryOp::GreaterEqual,
            Rule::add => BinaryOp::Add,
            Rule::sub => BinaryOp::Subtract,
            Rule::mul => BinaryOp::Multiply,
            Rule::div => BinaryOp::Divide,
            Rule::rem => BinaryOp::Remainder,
            Rule::pow => BinaryOp::Power,
            other => unreachable!("{other:?} is no operator"),
        };
        let chained = self.check_chain(&left, op, op_span, &right);
        let span = left.expr.span.to(right.expr.span);
        let children = [left.summary(), right.summary()];
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        let node = self.join(ExprKind::Binary { op, left, right }, span, &children);
        Node { failed: node.failed || chained, ..node }
    }

    /// Reports `a < b < c` and `a..b..c`, which mean nothing, once in an expression; says whether it is one.
    fn check_chain(&self, left: &Node, op: BinaryOp, op_span: Span, right: &Node) -> bool {
        let ExprKind::Binary { op: first, right: middle, .. } = &left.expr.kind else { return false };
        if left.closed || left.failed {
            return false;
        }
        if is_comparison(*first) && is_comparison(op) {
            let whole = left.expr.span.to(right.expr.span);
            let spans = [left.expr.span, middle.span, right.expr.span];
            let [start, middle, end] = spans.map(|span| &self.scan.text[span.start as usize..span.end as usize]);
            let help = if whole.end - whole.start < 60 {
                format!("write `{start} and {middle} {} {end}`", op.symbol())
            } else {
                "compare twice, and join the two with `and`".to_string()
            };
            self.error(
                Diagnostic::error(Code::SYNTAX, "comparisons can't be chained")
                    .label(op_span, "a second comparison")
                    .label(left.expr.span, "this is already `true` or `false`")
                    .help(help),
            );
            return true;
        }
        if *first == BinaryOp::Range && op == BinaryOp::Range {
            self.error(
                Diagnostic::error(Code::SYNTAX, "a range has two ends")
                    .label(op_span, "a third end")
                    .label(left.expr.span, "this is already a range")
                    .help("write `start..end`; a range has no step: multiply the loop variable instead"),
            );
            return true;
        }
        false
    }

    fn number(&self, text: &str, span: Span) -> ExprKind {
        let digits = text.replace('_', "");
        if digits.contains(['.', 'e', 'E']) {
            let value: f64 = digits.parse().unwrap_or(f64::INFINITY);
            if value.is_finite() {
                return ExprKind::Float(value);
            }
            self.error(
                Diagnostic::error(Code::NUMBER, format!("`{text}` is too large for a number"))
                    .label(span, "too large")
                    .help("the largest number is about 1.8e308"),
            );
            return ExprKind::Float(0.0);
        }
        digits.parse().map_or_else(
            |_| {
                self.error(
                    Diagnostic::error(Code::NUMBER, format!("`{text}` is too large for a whole number"))
                        .label(span, "too large")
                        .help("the largest whole number is 9_223_372_036_854_775_807; `1e30` is a number with a point"),
                );
                ExprKind::Int(0)
            },
            ExprKind::Int,
        )
    }

    /// An expression over `children`, or a stand-in where the tree gets too deep.
    fn join(&self, kind: ExprKind, span: Span, children: &[Summary]) -> Node {
        let depth = 1 + children.iter().map(|child| child.depth).max().unwrap_or(0);
        let failed = children.iter().any(|child| child.failed);
        if depth <= MAX_DEPTH {
            return Node { expr: ast::Expr { kind, span }, depth, closed: false, failed };
        }
        if !failed {
            let last = self.scan.code_before(span.end as usize);
            let at = last.map_or(span, |token| Span { start: token.start, end: token.end, ..span });
            let message = format!("this expression is more than {MAX_DEPTH} operators deep");
            self.error(
                Diagnostic::error(Code::TOO_DEEP, message)
                    .label(at, "goes beyond the limit")
                    .help("split it with `let` or `const`; `sum([...])` adds up a list of any length"),
            );
        }
        Node { expr: ast::Expr { kind: ExprKind::Int(0), span }, depth: 1, closed: true, failed: true }
    }
}

/// What a parent needs to know of a child.
#[derive(Clone, Copy)]
struct Summary {
    depth: usize,
    failed: bool,
}

impl Node {
    fn summary(&self) -> Summary {
        Summary { depth: self.depth, failed: self.failed }
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => true,
        BinaryOp::Range
        | BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Remainder
        | BinaryOp::Power => false,
    }
}
