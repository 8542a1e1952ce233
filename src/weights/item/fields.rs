//! The fields of a `weights` item, one by one.

use std::collections::BTreeMap;

use super::{Accuracy, Hub, Labels, Preset};
use crate::diagnostic::{self, Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast;
use crate::weights::Names;
use crate::weights::values::{Value, evaluate};

/// What a line of an item can start with.
const FIELDS: [&str; 8] = ["file", "hub", "url", "sha256", "names", "image", "labels", "accuracy"];

/// With fewer digits than this, a checksum proves little. It is what torchvision's file names have.
const SHORTEST_SHA256: usize = 8;

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
        accuracy: None,
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
            ast::WeightsField::Accuracy { figures, span } => {
                if reader.first("accuracy", *span) {
                    reader.accuracy(figures, *span);
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
            "accuracy" => self.wants_braces(word, "accuracy top1 80.858, top5 95.434"),
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

    fn accuracy(&mut self, figures: &[(ast::Ident, ast::Expr)], span: Span) {
        let [mut top1, mut top5] = [None, None];
        for (word, value) in figures {
            let figure = match &*word.name {
                "top1" => &mut top1,
                "top5" => &mut top5,
                other => {
                    let unknown = error(format!("`accuracy` has no figure `{other}`")).label(word.span, "unknown");
                    self.push(unknown.help("the figures are `top1` and `top5`, in per cent"));
                    return;
                }
            };
            if figure.is_some() {
                self.push(error(format!("`{}` is given twice", word.name)).label(word.span, "the second"));
                return;
            }
            match self.value(value) {
                Some(Value::Number(per_cent)) if (0.0..=100.0).contains(&per_cent) => *figure = Some(per_cent),
                Some(other) => {
                    let message = format!("`{}` is in per cent, 0 to 100, and this is {}", word.name, other.what());
                    self.push(error(message).label(value.span, "not a percentage"));
                    return;
                }
                None => return,
            }
        }
        match top1 {
            Some(top1) => self.preset.accuracy = Some(Accuracy { top1, top5 }),
            None => {
                let missing = error("`accuracy` lacks `top1`").label(span, "here");
                self.push(missing.help("as in `accuracy top1 80.858, top5 95.434`"));
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
        if (SHORTEST_SHA256..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(text.to_ascii_lowercase());
        }
        self.push(
            error(format!(
                "a SHA-256 is 64 hexadecimal digits, or the first {SHORTEST_SHA256} or more of them, and this has {} \
                 characters",
                text.chars().count()
            ))
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
