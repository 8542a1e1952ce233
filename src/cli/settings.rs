//! `--set` and `--input`: what a user changes about an architecture from outside.

use std::str::FromStr;

use crate::expand::Settings;

/// The arguments of every command that expands one architecture.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SettingsArgs {
    /// Set a parameter of the architecture, or a named size of its input, to an expression; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<Assignment>,
    /// The shape of the only input, without the batch, as in 3x320x320
    #[arg(long, value_name = "SHAPE")]
    input: Option<Shape>,
}

impl SettingsArgs {
    pub fn settings(&self) -> Settings {
        let set = self.set.iter().map(|Assignment(name, value)| (name.clone(), value.clone())).collect();
        Settings { set, input: self.input.as_ref().map(|Shape(dims)| dims.clone()), side: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Assignment(String, String);

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Assignment, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                Ok(Assignment(name.trim().to_string(), value.trim().to_string()))
            }
            _ => Err("write NAME=VALUE, as in classes=10".to_string()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape(Vec<usize>);

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Shape, String> {
        let dim = |part: &str| part.parse::<usize>().ok().filter(|dim| *dim > 0);
        let dims: Option<Vec<usize>> = text.split('x').map(dim).collect();
        dims.map(Shape).ok_or_else(|| "write whole numbers with `x` between them, as in 3x320x320".to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Assignment, Shape};

    #[test]
    fn shapes_and_assignments_are_read() {
        assert_eq!("3x320x256".parse(), Ok(Shape(vec![3, 320, 256])));
        assert!("3x0x2".parse::<Shape>().is_err() && "3,2".parse::<Shape>().is_err());
        assert_eq!("depths=[1, 2]".parse(), Ok(Assignment("depths".to_string(), "[1, 2]".to_string())));
        assert!("depths".parse::<Assignment>().is_err() && "=1".parse::<Assignment>().is_err());
    }
}
