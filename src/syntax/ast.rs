//! The tree of a `.arch` file, as written: every node has its place, and comments and blank lines are kept.

use std::sync::Arc;

use crate::source::Span;

/// A whole file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The lines of `//!`, in order.
    pub docs: Vec<Doc>,
    /// The items that could be parsed.
    pub items: Vec<Item>,
    /// The names that the other items would have declared or brought, so that nobody calls them unknown.
    pub broken: Vec<Ident>,
    /// Comments and blank lines, in order of place; with the spans of the tree they say where each stands.
    pub trivia: Vec<Trivia>,
}

/// One line of documentation (`///` or `//!`), without the slashes and the blank after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    pub text: String,
    pub span: Span,
}

/// What stands between tokens and means nothing to the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trivia {
    pub kind: TriviaKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriviaKind {
    /// `// ...` to the end of the line.
    Comment,
    /// One or more blank lines.
    BlankLines,
    /// A `///` or `//!` that documents nothing.
    StrayDoc,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub docs: Vec<Doc>,
    pub kind: ItemKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `edition 1`; the parser has checked the number.
    Edition,
    Use(Use),
    Const(Const),
    Fn(Fn),
    Block(Block),
    Arch(Arch),
    Weights(Weights),
}

/// A name where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    pub name: Arc<str>,
    pub span: Span,
}

/// `use std.residual.{bottleneck, basic as plain}`, `use "stems.arch".{stem}`.
#[derive(Clone, Debug)]
pub struct Use {
    pub from: UseFrom,
    pub names: Vec<UseName>,
}

#[derive(Clone, Debug)]
pub enum UseFrom {
    /// The words before the names: `std.residual`. The resolver checks that they name a module.
    Module { path: Vec<Ident>, span: Span },
    /// A path in quotes, without inserts.
    File { path: String, span: Span },
}

#[derive(Clone, Debug)]
pub struct UseName {
    pub name: Ident,
    pub alias: Option<Ident>,
}

impl UseName {
    /// The name it has in this file.
    pub fn local(&self) -> &Ident {
        self.alias.as_ref().unwrap_or(&self.name)
    }
}

/// `const NAME = expr`
#[derive(Clone, Debug)]
pub struct Const {
    pub name: Ident,
    pub value: Expr,
}

/// `fn NAME(params) = expr`
#[derive(Clone, Debug)]
pub struct Fn {
    pub name: Ident,
    pub params: Vec<Param>,
    pub body: Expr,
}

/// `block NAME(params) { ... }`
#[derive(Clone, Debug)]
pub struct Block {
    pub name: Ident,
    pub params: Vec<Param>,
    pub body: Body,
}

/// `arch NAME(params) { ... }` or a variant.
#[derive(Clone, Debug)]
pub struct Arch {
    pub name: Ident,
    pub kind: ArchKind,
}

#[derive(Clone, Debug)]
pub enum ArchKind {
    Body {
        params: Vec<Param>,
        body: Body,
    },
    /// `arch NAME = BASE(args) { assert ... }`; the parser lets only asserts into the braces.
    Variant {
        base: Ident,
        args: Option<Args>,
        asserts: Vec<Assert>,
    },
}

#[derive(Clone, Debug)]
pub struct Param {
    pub docs: Vec<Doc>,
    pub name: Ident,
    pub ty: Option<Type>,
    pub default: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Int,
    Float,
    Bool,
    Str,
    Stage,
    Tensor,
    List(Box<Type>),
}

/// `weights NAME for ARCH { ... }`
#[derive(Clone, Debug)]
pub struct Weights {
    pub name: Ident,
    pub arch: Ident,
    /// The lines of the item in order; the weights room checks what they say.
    pub fields: Vec<WeightsField>,
}

#[derive(Clone, Debug)]
pub enum WeightsField {
    /// `file "..."`, `sha256 "..."`, `hub "..." file "..."`: words, each with a value, on one line.
    Pairs(Vec<(Ident, Expr)>),
    /// `names { "from" => "to" }`
    Names { pairs: Vec<NamePair>, span: Span },
    /// `image resize 256 bilinear, crop 224, rgb`
    Image { steps: Vec<ImageStep>, span: Span },
    /// `accuracy top1 80.858, top5 95.434`
    Accuracy { figures: Vec<(Ident, Expr)>, span: Span },
}

/// `"file's name" => "arch's path"`; braces in them are patterns (`{x}`), kept as written.
#[derive(Clone, Debug)]
pub struct NamePair {
    pub from: (String, Span),
    pub to: (String, Span),
}

/// `resize 256 bilinear`, `rgb`, `scale 1/255`.
#[derive(Clone, Debug)]
pub struct ImageStep {
    pub word: Ident,
    pub value: Option<Expr>,
    pub mode: Option<Ident>,
}

/// Statements in braces.
#[derive(Clone, Debug)]
pub struct Body {
    pub statements: Vec<Statement>,
    /// From `{` to `}`.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Statement {
    /// `let NAME = expr`
    Let {
        name: Ident,
        value: Expr,
    },
    /// `input image[3, H = 224, W = 224]`
    Input {
        name: Ident,
        dims: Vec<Dim>,
        span: Span,
    },
    /// `output logits`: names the flow.
    Output {
        name: Ident,
        span: Span,
    },
    /// `output aux: stage`: a side branch; the label of `stage` names the result.
    OutputStage {
        stage: Stage,
        span: Span,
    },
    /// `expect [512, 28, 28]`
    Expect {
        shape: Vec<Expr>,
        span: Span,
    },
    Assert(Assert),
    Pipeline(Pipeline),
}

/// `assert params == 25_557_032`
#[derive(Clone, Debug)]
pub struct Assert {
    pub condition: Expr,
    /// From the keyword to the end.
    pub span: Span,
}

/// One dimension of an input; a named one is a value of the body and settable.
#[derive(Clone, Debug)]
pub struct Dim {
    pub name: Option<Ident>,
    pub value: Expr,
}

/// `stage -> stage -> ...`; at least one.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub stages: Vec<Stage>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Stage {
    pub label: Option<Label>,
    pub kind: StageKind,
    /// With the label.
    pub span: Span,
}

/// `name:` or `"layer{i}":`
#[derive(Clone, Debug)]
pub struct Label {
    pub text: Str,
}

#[derive(Clone, Debug)]
pub enum StageKind {
    Apply(Apply),
    /// `if c { } else if d { } else { }`; at least one arm.
    If {
        arms: Vec<(Expr, Body)>,
        otherwise: Option<Body>,
    },
    For {
        pattern: Pattern,
        list: Expr,
        body: Body,
    },
    Repeat {
        count: Expr,
        index: Option<Ident>,
        body: Body,
    },
    Residual {
        body: Body,
        shortcut: Option<Body>,
    },
    Seq(Body),
    Braces(Body),
}

/// `conv(64, 3)`, `unit`, `units[i](64)`, `concat(axis = 2) { ... }`, `"label"`, `in`.
#[derive(Clone, Debug)]
pub struct Apply {
    pub callee: Callee,
    pub index: Vec<Expr>,
    pub args: Option<Args>,
    pub branches: Option<Body>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Callee {
    Name(Ident),
    /// A label in quotes.
    Quoted(Str),
    In(Span),
}

impl Callee {
    pub fn span(&self) -> Span {
        match self {
            Callee::Name(ident) => ident.span,
            Callee::Quoted(text) => text.span,
            Callee::In(span) => *span,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Pattern {
    Name(Ident),
    List { patterns: Vec<Pattern>, span: Span },
}

#[derive(Clone, Debug)]
pub struct Args {
    pub items: Vec<Arg>,
    /// From `(` to `)`.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Arg {
    pub name: Option<Ident>,
    pub value: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(Str),
    List(Vec<Expr>),
    /// A name, as yet unresolved.
    Name(Arc<str>),
    In,
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Field {
        base: Box<Expr>,
        field: Ident,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Call {
        callee: Box<Expr>,
        args: Args,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Negate,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Range,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl BinaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Range => "..",
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Remainder => "%",
            BinaryOp::Power => "**",
        }
    }
}

/// A string with its inserts; a label written as a bare word is one without.
#[derive(Clone, Debug)]
pub struct Str {
    pub parts: Vec<StrPart>,
    pub span: Span,
    pub quoted: bool,
}

#[derive(Clone, Debug)]
pub enum StrPart {
    Text(Arc<str>),
    Insert(Expr),
}

impl Str {
    /// The text, where it has no inserts.
    pub fn literal(&self) -> Option<Arc<str>> {
        match self.parts.as_slice() {
            [] => Some(Arc::from("")),
            [StrPart::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }
}
