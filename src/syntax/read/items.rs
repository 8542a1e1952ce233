//! Items: `edition use const fn block arch weights`.

use pest::iterators::{Pair, Pairs};

use super::bodies::Place;
use super::{Parts, Reader, next, next_if, parts};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::grammar::Rule;

/// The types of parameters, as they are written.
const TYPES: &[(&str, ast::Type)] = &[
    ("int", ast::Type::Int),
    ("float", ast::Type::Float),
    ("bool", ast::Type::Bool),
    ("str", ast::Type::Str),
    ("stage", ast::Type::Stage),
    ("tensor", ast::Type::Tensor),
];

impl Reader<'_> {
    pub fn items(&self, pairs: Pairs<'_, Rule>) -> Vec<ast::Item> {
        pairs.filter(|pair| pair.as_rule() != Rule::EOI).map(|pair| self.item(pair)).collect()
    }

    fn item(&self, pair: Pair<'_, Rule>) -> ast::Item {
        let span = self.span(&pair);
        let docs = self.docs.above(span.start as usize);
        let rule = pair.as_rule();
        let mut parts = parts(pair);
        let kind = match rule {
            Rule::edition => self.edition(&next(&mut parts)),
            Rule::use_item => ast::ItemKind::Use(self.use_item(&mut parts)),
            Rule::const_item => {
                let name = self.ident(&next(&mut parts));
                ast::ItemKind::Const(ast::Const { name, value: self.expr(next(&mut parts)) })
            }
            Rule::fn_item => {
                let name = self.ident(&next(&mut parts));
                let params = self.params(next(&mut parts));
                ast::ItemKind::Fn(ast::Fn { name, params, body: self.expr(next(&mut parts)) })
            }
            Rule::block_item => {
                let name = self.ident(&next(&mut parts));
                let params = next_if(&mut parts, Rule::params).map_or(Vec::new(), |params| self.params(params));
                let body = self.body(next(&mut parts), Place::Block);
                self.not_empty(&body, &format!("block `{}`", name.name));
                ast::ItemKind::Block(ast::Block { name, params, body })
            }
            Rule::arch_item => ast::ItemKind::Arch(self.arch(&mut parts)),
            Rule::weights_item => {
                let name = self.ident(&next(&mut parts));
                let arch = self.ident(&next(&mut parts));
                ast::ItemKind::Weights(ast::Weights { name, arch, fields: self.weights_fields(next(&mut parts)) })
            }
            other => unreachable!("{other:?} is no item"),
        };
        ast::Item { docs, kind, span }
    }

    fn edition(&self, number: &Pair<'_, Rule>) -> ast::ItemKind {
        if number.as_str() != "1" {
            let message = format!("edition {} is not known to this archc: there is only edition 1", number.as_str());
            self.error(
                Diagnostic::error(Code::EDITION, message)
                    .label(self.span(number), "not known")
                    .help("write `edition 1`, or get a newer archc"),
            );
        }
        ast::ItemKind::Edition
    }

    fn use_item(&self, parts: &mut Parts<'_>) -> ast::Use {
        let first = next(parts);
        let from = if first.as_rule() == Rule::string {
            let span = self.span(&first);
            let path = self.string(first).literal().map(|path| path.to_string());
            if path.is_none() {
                self.error(
                    Diagnostic::error(Code::SYNTAX, "the path of a `use` can't compute")
                        .label(span, "has a `{ }`")
                        .help("write the path out; a brace that is part of it is written `\\{`"),
                );
            }
            ast::UseFrom::File { path: path.unwrap_or_default(), span }
        } else {
            let mut path = vec![self.ident(&first)];
            while let Some(word) = next_if(parts, Rule::word) {
                path.push(self.ident(&word));
            }
            let span = path.iter().skip(1).fold(path[0].span, |span, word| span.to(word.span));
            ast::UseFrom::Module { path, span }
        };
        let names = super::parts(next(parts)).map(|name| {
            let mut words = super::parts(name);
            let name = self.ident(&next(&mut words));
            ast::UseName { name, alias: words.next().map(|alias| self.ident(&alias)) }
        });
        ast::Use { from, names: names.collect() }
    }

    fn arch(&self, parts: &mut Parts<'_>) -> ast::Arch {
        let name = self.ident(&next(parts));
        let kind = if let Some(variant) = next_if(parts, Rule::variant) {
            let mut parts = super::parts(variant);
            let base = self.ident(&next(&mut parts));
            let args = next_if(&mut parts, Rule::args).map(|args| self.args(args));
            let asserts = parts.next().map_or(Vec::new(), |body| self.variant_asserts(body));
            ast::ArchKind::Variant { base, args, asserts }
        } else {
            let params = next_if(parts, Rule::params).map_or(Vec::new(), |params| self.params(params));
            let body = self.body(next(parts), Place::Arch);
            self.not_empty(&body, &format!("arch `{}`", name.name));
            ast::ArchKind::Body { params, body }
        };
        ast::Arch { name, kind }
    }

    fn variant_asserts(&self, body: Pair<'_, Rule>) -> Vec<ast::Assert> {
        let body = self.body(body, Place::Variant);
        let asserts = body.statements.into_iter().filter_map(|statement| match statement {
            ast::Statement::Assert(assert) => Some(assert),
            ast::Statement::Let { .. }
            | ast::Statement::Input { .. }
            | ast::Statement::Output { .. }
            | ast::Statement::OutputStage { .. }
            | ast::Statement::Expect { .. }
            | ast::Statement::Pipeline(_) => None,
        });
        asserts.collect()
    }

    fn params(&self, pair: Pair<'_, Rule>) -> Vec<ast::Param> {
        parts(pair).map(|param| self.param(param)).collect()
    }

    fn param(&self, pair: Pair<'_, Rule>) -> ast::Param {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.ident(&next(&mut parts));
        let ty = next_if(&mut parts, Rule::type_name).and_then(|ty| self.type_name(ty));
        let default = parts.next().map(|value| self.expr(value));
        ast::Param { docs: self.docs.above(span.start as usize), name, ty, default, span }
    }

    fn type_name(&self, pair: Pair<'_, Rule>) -> Option<ast::Type> {
        let inner = next(&mut parts(pair));
        if inner.as_rule() == Rule::type_name {
            return self.type_name(inner).map(|item| ast::Type::List(Box::new(item)));
        }
        let word = inner.as_str();
        let known = TYPES.iter().find(|(name, _)| *name == word).map(|(_, ty)| ty.clone());
        if known.is_none() {
            self.unknown_type(word, self.span(&inner));
        }
        known
    }

    fn unknown_type(&self, word: &str, span: Span) {
        let meant = match word {
            "string" | "text" | "String" => Some("`str` is the type of texts".to_string()),
            "integer" | "i32" | "i64" | "usize" | "uint" => Some("`int` is the type of whole numbers".to_string()),
            "number" | "f32" | "f64" | "double" | "real" => Some("`float` is the type of numbers".to_string()),
            "boolean" => Some("`bool` is the type of `true` and `false`".to_string()),
            "list" | "array" | "vec" => Some("a list is written with the type of what it holds: `[int]`".to_string()),
            "block" | "op" | "layer" | "module" | "function" => {
                Some("`stage` is the type of blocks and ops that are handed over".to_string())
            }
            _ => did_you_mean(word, TYPES.iter().map(|(name, _)| *name)),
        };
        let all = "the types are `int`, `float`, `bool`, `str`, `stage`, `tensor`, and lists of them as `[int]`";
        let help = match meant {
            Some(meant) if meant.ends_with('?') => format!("{meant} {}", all.replacen("the", "The", 1)),
            Some(meant) => format!("{meant}; {all}"),
            None => all.to_string(),
        };
        self.error(
            Diagnostic::error(Code::UNKNOWN_TYPE, format!("there is no type `{word}`"))
                .label(span, "unknown type")
                .help(help),
        );
    }

    fn weights_fields(&self, pair: Pair<'_, Rule>) -> Vec<ast::WeightsField> {
        let fields = parts(pair).map(|field| {
            let span = self.span(&field);
            match field.as_rule() {
                Rule::w_pairs => ast::WeightsField::Pairs(parts(field).map(|pair| self.weights_pair(pair)).collect()),
                Rule::w_names => {
                    let pairs = parts(field).map(|pair| {
                        let mut parts = parts(pair);
                        let (from, to) = (next(&mut parts), next(&mut parts));
                        ast::NamePair { from: self.pattern_text(&from), to: self.pattern_text(&to) }
                    });
                    ast::WeightsField::Names { pairs: pairs.collect(), span }
                }
                Rule::w_image => {
                    ast::WeightsField::Image { steps: parts(field).map(|step| self.image_step(step)).collect(), span }
                }
                Rule::w_accuracy => {
                    let figures = parts(field).map(|pair| self.weights_pair(pair)).collect();
                    ast::WeightsField::Accuracy { figures, span }
                }
                other => unreachable!("{other:?} is no field of weights"),
            }
        });
        fields.collect()
    }

    fn weights_pair(&self, pair: Pair<'_, Rule>) -> (ast::Ident, ast::Expr) {
        let mut parts = parts(pair);
        (self.ident(&next(&mut parts)), self.expr(next(&mut parts)))
    }

    fn image_step(&self, pair: Pair<'_, Rule>) -> ast::ImageStep {
        let mut parts = parts(pair);
        let word = self.ident(&next(&mut parts));
        let value = parts.next().map(|value| self.expr(value));
        ast::ImageStep { word, value, mode: parts.next().map(|mode| self.ident(&mode)) }
    }
}
