//! The fields of a `weights` item, one by one.

use std::collections::BTreeMap;

use super::{Hub, Labels, Preset};
use crate::diagnostic::{self, Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast;
use crate::weights::Names;
use crate::weights::values::{Value, evaluate};

/// What a line of an item can start with.
const FIELDS: [&str; 7] = ["file", "hub", "url", "sha256", "names", "image", "labels"];

/// Reads what can be read of an item; what can't is told and left out.
pub fn read(item: &ast::Weights, diagnostics: &mut Diagnostics) -> Preset {
    let preset = Preset {
        name: item.name.name.clone(),
        arch: item.arch.name.clone(),
        source: item.name.span.file,
        file: None,
        hub: None,
        url: None,
        sha256: None,
        names: Names::default(),
        image: None,
        labels: None,
    };
    let mut reader = Reader { preset, seen: BTreeMap::new(), diagnostics };
    for field in &item.fields {
        match field {
            ast::WeightsField::Pairs(pairs) => reader.pairs(pairs),
            ast::WeightsField::Names { pairs, span } => {
                if reader.first("names", *span) {
                    reader.names(pairs);
                }
            }
            ast::WeightsField::Image { steps, span } => {
                if reader.first("image", *span) {
                    reader.preset.image = super::image::read(steps, reader.diagnostics);
                }
            }
        }
    }
    reader.preset
}

struct Reader<'a> {
    preset: Preset,
    /// The fields so far, and where each stands.
    seen: BTreeMap<&'static str, Span>,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn pairs(&mut self, pairs: &[(ast::Ident, ast::Expr)]) {
        let Some(((word, value), rest)) = pairs.split_first() else { return };
        let Some(field) = FIELDS.into_iter().find(|field| **field == *word.name) else {
            let help = diagnostic::did_you_mean(&word.name, FIELDS);
            let help = help.unwrap_or_else(|| format!("a `weights` item has {}", diagnostic::list(FIELDS)));
            self.push(
                error(format!("a `weights` item has no field `{}`", word.name)).label(word.span, "unknown").help(help),
            );
            return;
        };
        if !self.first(field, word.span) {
            return;
        }
        match (field, rest) {
            ("hub", [(file, name)]) if &*file.name == "file" => {
                if let (Some(repo), Some(file)) = (self.text("hub", value), self.text("file", name)) {
                    self.preset.hub = self.hub(repo, value.span).map(|repo| Hub { repo, file });
                }
                return;
            }
            ("hub", []) => {
                self.push(
                    error("`hub` does not say which file of the repository")
                        .label(word.span, "here")
                        .help("write `hub \"owner/name\" file \"model.safetensors\"`"),
                );
                return;
            }
            (_, [(extra, _), ..]) => {
                self.push(
                    error(format!("`{}` can't stand behind `{field}`", extra.name))
                        .label(extra.span, "unexpected")
                        .help("write each field on a line of its own"),
                );
                return;
            }
            (_, []) => {}
        }
        match field {
            "file" => self.preset.file = self.text(field, value).map(|path| (path, value.span)),
            "url" => self.preset.url = self.text(field, value).and_then(|url| self.url(url, value.span)),
            "sha256" => self.preset.sha256 = self.text(field, value).and_then(|text| self.sha256(&text, value.span)),
            "labels" => self.preset.labels = self.labels(value),
            "names" => self.wants_braces(word, "names { \"file.{x}\" => \"arch.{x}\" }"),
            "image" => self.wants_braces(word, "image resize 256 bilinear, crop 224, rgb, scale 1/255"),
            _ => unreachable!("`hub` was handled, and FIELDS has no others"),
        }
    }

    fn names(&mut self, pairs: &[ast::NamePair]) {
        for ast::NamePair { from, to } in pairs {
            if let Err((message, first)) = self.preset.names.push(&from.0, &to.0) {
                let span = if first { from.1 } else { to.1 };
                self.push(error(message).label(span, "in this pattern"));
            }
        }
    }

    fn hub(&mut self, repo: String, span: Span) -> Option<String> {
        let parts: Vec<&str> = repo.split('/').collect();
        let fine = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && *part != ".."
        };
        if parts.len() == 2 && parts.iter().all(fine) {
            return Some(repo);
        }
        self.push(
            error(format!("`{repo}` is no repository of the hub"))
                .label(span, "not `owner/name`")
                .help("as in \"timm/resnet50.tv_in1k\""),
        );
        None
    }

    fn url(&mut self, url: String, span: Span) -> Option<String> {
        if url.starts_with("https://") || url.starts_with("http://") {
            return Some(url);
        }
        self.push(error(format!("`{url}` is no address")).label(span, "an address starts with https://"));
        None
    }

    fn sha256(&mut self, text: &str, span: Span) -> Option<String> {
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(text.to_ascii_lowercase());
        }
        self.push(
            error(format!("a SHA-256 has 64 hexadecimal digits, and this has {} characters", text.chars().count()))
                .label(span, "not a SHA-256")
                .help("`sha256sum FILE` prints it"),
        );
        None
    }

    fn labels(&mut self, expr: &ast::Expr) -> Option<Labels> {
        let wrong = |what: String| {
            error(format!("`labels` takes a text or a list of texts, and this is {what}"))
                .label(expr.span, "not labels")
                .help("\"imagenet1k\" is built in; otherwise name a text file beside this one, or list the classes")
        };
        match self.value(expr)? {
            Value::Text(text) if text == "imagenet1k" => Some(Labels::ImageNet1k),
            Value::Text(path) => Some(Labels::File(path, expr.span)),
            Value::List(items) => {
                let texts = items.into_iter().map(|item| match item {
                    Value::Text(text) => Ok(text),
                    other => Err(format!("a list with {} in it", other.what())),
                });
                match texts.collect() {
                    Ok(list) => Some(Labels::List(list)),
                    Err(what) => {
                        self.push(wrong(what));
                        None
                    }
                }
            }
            other @ Value::Number(_) => {
                self.push(wrong(other.what()));
                None
            }
        }
    }

    fn wants_braces(&mut self, word: &ast::Ident, example: &str) {
        self.push(
            error(format!("`{}` is written another way", word.name))
                .label(word.span, "here")
                .help(format!("as in `{example}`")),
        );
    }

    fn text(&mut self, field: &str, expr: &ast::Expr) -> Option<String> {
        match self.value(expr)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            Value::Text(_) => {
                self.push(error(format!("`{field}` is empty")).label(expr.span, "nothing in it"));
                None
            }
            other @ (Value::Number(_) | Value::List(_)) => {
                self.push(
                    error(format!("`{field}` takes a text, and this is {}", other.what()))
                        .label(expr.span, "not a text")
                        .help("write it in quotes"),
                );
                None
            }
        }
    }

    fn value(&mut self, expr: &ast::Expr) -> Option<Value> {
        evaluate(expr).map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Whether this is the first field of its name; another is told.
    fn first(&mut self, field: &'static str, span: Span) -> bool {
        match self.seen.get(field) {
            None => {
                self.seen.insert(field, span);
                true
            }
            Some(earlier) => {
                let error = error(format!("`{field}` is given twice"))
                    .label(span, "the second")
                    .label(*earlier, "the first")
                    .help("keep one; another set of weights is another `weights` item");
                self.push(error);
                false
            }
        }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::BAD_WEIGHTS_ITEM, message)
}
