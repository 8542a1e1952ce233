//! The steps of `image`: `resize 256 bilinear, crop 224, rgb, scale 1/255, mean [...], std [...]`.

use crate::diagnostic::{self, Code, Diagnostic, Diagnostics};
use crate::image::{Colour, Filter, Preprocess, Resize};
use crate::source::Span;
use crate::syntax::ast;
use crate::weights::values::{Value, evaluate};

/// The steps, in their order. The colour may also come first, which is when it is applied.
const STEPS: [&str; 8] = ["resize", "crop", "rgb", "bgr", "grey", "scale", "mean", "std"];

/// The largest side that an image is resized or cropped to.
const MAX_SIDE: f64 = 16384.0;

/// Reads the steps; with errors in them, there is no result.
pub fn read(steps: &[ast::ImageStep], diagnostics: &mut Diagnostics) -> Option<Preprocess> {
    let mut reader = Reader {
        rule: Preprocess::plain(Colour::Rgb),
        colour: None,
        mean: None,
        std: None,
        last: None,
        seen: Vec::new(),
        errors: Diagnostics::new(),
    };
    for step in steps {
        if let Err(diagnostic) = reader.step(step) {
            reader.errors.push(diagnostic);
        }
    }
    let rule = reader.finish();
    let fine = !rule.1.has_errors();
    diagnostics.append(rule.1);
    fine.then_some(rule.0)
}

struct Reader {
    rule: Preprocess,
    colour: Option<Colour>,
    mean: Option<(Vec<f64>, Span)>,
    std: Option<(Vec<f64>, Span)>,
    /// The furthest step so far, colours aside: its place in the order, its name and where it stands.
    last: Option<(usize, &'static str, Span)>,
    seen: Vec<(&'static str, Span)>,
    errors: Diagnostics,
}

impl Reader {
    fn step(&mut self, step: &ast::ImageStep) -> Result<(), Diagnostic> {
        let word = &step.word;
        let Some(name) = STEPS.into_iter().find(|name| **name == *word.name) else {
            let help = match &*word.name {
                "gray" => Some("it is written `grey` here".to_string()),
                "normalize" | "normalise" => Some("write `scale 1/255, mean [...], std [...]`".to_string()),
                other => diagnostic::did_you_mean(other, STEPS),
            };
            let help = help.unwrap_or_else(|| format!("the steps are {}", diagnostic::list(STEPS)));
            return Err(error(format!("`image` has no step `{}`", word.name)).label(word.span, "unknown").help(help));
        };
        self.check_order(name, word.span)?;
        if let (Some(mode), false) = (&step.mode, ["resize", "crop"].contains(&name)) {
            return Err(error(format!("`{name}` takes no word behind its value")).label(mode.span, "unexpected"));
        }
        match name {
            "rgb" | "bgr" | "grey" => {
                if let Some(value) = &step.value {
                    return Err(error(format!("`{name}` takes no value")).label(value.span, "unexpected"));
                }
                self.colour = Some(match name {
                    "bgr" => Colour::Bgr,
                    "grey" => Colour::Grey,
                    _ => Colour::Rgb,
                });
                return Ok(());
            }
            _ => {}
        }
        let Some(value) = &step.value else {
            return Err(error(format!("`{name}` needs a value"))
                .label(word.span, "nothing behind it")
                .help(example(name)));
        };
        let evaluated = evaluate(value)?;
        match name {
            "resize" => {
                let size = match evaluated {
                    Value::List(_) => Resize::Exact(pair(name, &evaluated, value.span)?),
                    other => Resize::Shorter(side(name, &other, value.span)?),
                };
                self.rule.resize = Some((size, filter(step.mode.as_ref(), value.span)?));
            }
            "crop" => match (evaluated, &step.mode) {
                (Value::Number(part), Some(mode)) if part > 0.0 && part <= 1.0 => self.part(part, mode, word.span)?,
                (_, Some(mode)) => {
                    return Err(error("a crop with a filter is a part of the image, above 0 and at most 1")
                        .label(value.span, "no such part")
                        .label(mode.span, "the filter")
                        .help("as in `crop 0.875 bicubic`; or write `resize 256 bicubic, crop 224`"));
                }
                (Value::Number(part), None) if part > 0.0 && part < 1.0 => {
                    return Err(error("a crop to a part of the image does not say how it is resized")
                        .label(value.span, "a filter is missing behind it")
                        .help(format!("as in `crop {part} bilinear`: the image is resized so that the network's input is this part of its shorter side")));
                }
                (list @ Value::List(_), None) => self.rule.crop = Some(pair(name, &list, value.span)?),
                (other, None) => self.rule.crop = Some([side(name, &other, value.span)?; 2]),
            },
            "scale" => match evaluated {
                Value::Number(number) if number != 0.0 => self.rule.scale = number,
                Value::Number(_) => {
                    return Err(error("a scale of zero makes every image black")
                        .label(value.span, "zero")
                        .help(example(name)));
                }
                other => return Err(wrong(name, "a number", &other, value.span)),
            },
            "mean" => self.mean = Some((numbers(name, &evaluated, value.span)?, value.span)),
            "std" => {
                let numbers = numbers(name, &evaluated, value.span)?;
                if numbers.contains(&0.0) {
                    return Err(error("`std` divides, so it can't be zero").label(value.span, "zero in it"));
                }
                self.std = Some((numbers, value.span));
            }
            _ => unreachable!("STEPS has no others"),
        }
        Ok(())
    }

    /// `crop 0.875 bicubic`, which says how to resize as well.
    fn part(&mut self, part: f64, mode: &ast::Ident, word: Span) -> Result<(), Diagnostic> {
        if let Some((_, at)) = self.seen.iter().find(|(name, _)| *name == "resize") {
            return Err(error("`crop` with a filter resizes, and `resize` does as well")
                .label(word, "this resizes, so that the crop is the network's input")
                .label(*at, "the other")
                .help("leave `resize` out, or give `crop` its size in pixels"));
        }
        self.rule.resize = Some((Resize::Part(part), filter(Some(mode), mode.span)?));
        Ok(())
    }

    /// Steps are written in the order in which they are done, each once.
    fn check_order(&mut self, name: &'static str, span: Span) -> Result<(), Diagnostic> {
        let is_colour = |name: &str| ["rgb", "bgr", "grey"].contains(&name);
        let same = |other: &&(&'static str, Span)| other.0 == name || (is_colour(other.0) && is_colour(name));
        if let Some((earlier, at)) = self.seen.iter().find(same) {
            let message = match *earlier == name {
                true => format!("the step `{name}` is given twice"),
                false => format!("an image is `{earlier}` or `{name}`, not both"),
            };
            return Err(error(message).label(span, "the second").label(*at, "the first"));
        }
        self.seen.push((name, span));
        let rank = STEPS.iter().position(|step| *step == name).expect("the name is one of STEPS");
        match self.last {
            // A colour is free to stand first, or among the sizes.
            Some((last, other, at)) if last > rank => {
                let order = diagnostic::list(["resize", "crop", "rgb", "scale", "mean", "std"]);
                return Err(error(format!("`{name}` comes before `{other}`"))
                    .label(span, "too late here")
                    .label(at, "this is done after it")
                    .help(format!("the order is {order}; leave out what is not needed")));
            }
            _ if is_colour(name) => {}
            _ => self.last = Some((rank, name, span)),
        }
        Ok(())
    }

    fn finish(mut self) -> (Preprocess, Diagnostics) {
        self.rule.colour = self.colour.unwrap_or(Colour::Rgb);
        let channels = self.rule.colour.channels();
        self.rule.mean = vec![0.0; channels];
        self.rule.std = vec![1.0; channels];
        for (name, given) in [("mean", self.mean), ("std", self.std)] {
            let Some((numbers, span)) = given else { continue };
            if numbers.len() != channels {
                let what = if channels == 1 { "a grey image has 1 channel" } else { "a colour image has 3 channels" };
                self.errors.push(
                    error(format!("`{name}` has {} numbers, and {what}", numbers.len()))
                        .label(span, "one number a channel"),
                );
            } else if name == "mean" {
                self.rule.mean = numbers;
            } else {
                self.rule.std = numbers;
            }
        }
        (self.rule, self.errors)
    }
}

fn filter(mode: Option<&ast::Ident>, value: Span) -> Result<Filter, Diagnostic> {
    let names = Filter::ALL.map(Filter::name);
    let Some(mode) = mode else {
        return Err(error("`resize` does not say how")
            .label(value, "a filter is missing behind it")
            .help(format!("the filters are {}; torchvision's default is `bilinear`", diagnostic::list(names))));
    };
    Filter::ALL.into_iter().find(|filter| filter.name() == &*mode.name).ok_or_else(|| {
        let help = diagnostic::did_you_mean(&mode.name, names);
        error(format!("there is no filter `{}`", mode.name))
            .label(mode.span, "unknown")
            .help(help.unwrap_or_else(|| format!("the filters are {}", diagnostic::list(names))))
    })
}

fn side(name: &str, value: &Value, span: Span) -> Result<usize, Diagnostic> {
    match value {
        Value::Number(number) if (1.0..=MAX_SIDE).contains(number) && number.fract() == 0.0 => Ok(*number as usize),
        Value::Number(number) => {
            Err(error(format!("`{name}` is {number}, and must be a whole number of 1 to {MAX_SIDE}"))
                .label(span, "pixels"))
        }
        other => Err(wrong(name, "a whole number or `[height, width]`", other, span)),
    }
}

fn pair(name: &str, value: &Value, span: Span) -> Result<[usize; 2], Diagnostic> {
    match value {
        Value::List(items) if items.len() == 2 => Ok([side(name, &items[0], span)?, side(name, &items[1], span)?]),
        other => Err(wrong(name, "a whole number or `[height, width]`", other, span)),
    }
}

fn numbers(name: &str, value: &Value, span: Span) -> Result<Vec<f64>, Diagnostic> {
    let Value::List(items) = value else {
        return match value {
            Value::Number(number) => Ok(vec![*number]),
            other => Err(wrong(name, "a list of numbers", other, span)),
        };
    };
    let number = |item: &Value| match item {
        Value::Number(number) => Ok(*number),
        other => Err(wrong(name, "a list of numbers", other, span)),
    };
    items.iter().map(number).collect()
}

fn wrong(name: &str, wanted: &str, value: &Value, span: Span) -> Diagnostic {
    error(format!("`{name}` takes {wanted}, and this is {}", value.what())).label(span, "here").help(example(name))
}

fn example(name: &str) -> String {
    let example = match name {
        "resize" => "resize 256 bilinear",
        "crop" => "crop 224",
        "scale" => "scale 1/255",
        "mean" => "mean [0.485, 0.456, 0.406]",
        _ => "std [0.229, 0.224, 0.225]",
    };
    format!("as in `{example}`")
}

fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::BAD_WEIGHTS_ITEM, message)
}
