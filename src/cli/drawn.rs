//! Where pictures go: `-o`, and the format by the file's ending or `--format`.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::console::{Console, Failure};
use super::whole::WholeFile;
use crate::picture::colour::Theme;
use crate::picture::png::png;

/// What pictures are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Svg,
    Png,
    Dot,
    Html,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Dot => "dot",
            Format::Html => "html",
        }
    }

    /// The failure of an option that says nothing of this format.
    pub fn meaningless(self, option: &str, help: &str) -> Failure {
        Failure::usage(format!("`{option}` has no meaning for {}", self.name())).help(help)
    }
}

/// A place for a picture, found before the picture is made.
pub struct Place {
    pub format: Format,
    /// Nothing for standard output.
    file: Option<WholeFile>,
}

impl Place {
    /// `-` and nothing mean standard output. A file's ending tells the format among the `known` ones where `format` does not;
    /// that is one of them.
    ///
    /// # Errors
    /// The format can't be told, or the file can't be written.
    pub fn find(output: Option<&Path>, format: Option<Format>, known: &[Format]) -> Result<Place, Failure> {
        let names: Vec<String> = known.iter().map(|format| format!(".{}", format.name())).collect();
        let names = match names.as_slice() {
            [several @ .., last] if !several.is_empty() => format!("{} or {last}", several.join(", ")),
            names => names.concat(),
        };
        let path = output.filter(|path| *path != Path::new("-"));
        let ending = path.and_then(|path| path.extension()).and_then(|ending| ending.to_str());
        let by_ending =
            ending.and_then(|ending| known.iter().find(|format| format.name().eq_ignore_ascii_case(ending)).copied());
        let format = match (format.or(by_ending), path) {
            (Some(format), _) => format,
            (None, Some(path)) => {
                let help = match known {
                    [_] => "give it this ending",
                    _ => "give it such an ending, or say `--format`",
                };
                return Err(Failure::usage(format!("`{}` does not end in {names}", path.display())).help(help));
            }
            (None, None) => {
                return Err(Failure::usage("it is not said what to write")
                    .help("name a file with `-o`, or a format for standard output with `--format`"));
            }
        };
        let file = path.map(WholeFile::create).transpose()?;
        Ok(Place { format, file })
    }

    /// Writes an SVG, as pixels where that is asked for, `scale` to a unit.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write_svg(self, svg: &str, scale: f32, console: &mut Console) -> Result<(), Failure> {
        if self.format != Format::Png {
            return self.write(svg.as_bytes(), console);
        }
        let (bytes, drawn) = png(svg, scale).map_err(|error| Failure::usage(format!("can't draw the PNG: {error}")))?;
        if drawn < scale {
            console.note(format!("note: the picture is large, so that its scale is {drawn:.2}; an SVG has no limit"));
        }
        self.write(&bytes, console)
    }

    /// # Errors
    /// It can't be written.
    pub fn write(self, bytes: &[u8], console: &mut Console) -> Result<(), Failure> {
        match self.file {
            None => console.out().write_all(bytes).map_err(Failure::Output),
            Some(mut file) => {
                file.write_all(bytes).map_err(|error| file.failure(&error))?;
                file.finish()
            }
        }
    }
}

/// `-o` and `--format`.
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    /// The file to write, `-` for standard output; its ending says the format
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The format, whatever the file is called
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What an SVG or PNG is drawn on; without it `auto`, which follows the viewer's system, and is light for a PNG
    #[arg(long, value_enum)]
    theme: Option<Theme>,
    /// Pixels of a PNG for each unit of the drawing (2)
    #[arg(long, value_name = "N", value_parser = scale)]
    scale: Option<f32>,
}

impl OutputArgs {
    /// The place for a picture that can be written in the `known` formats.
    ///
    /// # Errors
    /// There is no place, or an option says nothing of the format.
    pub fn place(&self, known: &[Format]) -> Result<Place, Failure> {
        let place = Place::find(self.output.as_deref(), self.format, known)?;
        if self.scale.is_some() && place.format != Format::Png {
            return Err(place.format.meaningless("--scale", "it is for PNGs"));
        }
        if self.theme.is_some() && !matches!(place.format, Format::Svg | Format::Png) {
            let help = match place.format {
                Format::Html => "it is for SVGs and PNGs; the page follows the viewer's system, and has a switch",
                Format::Svg | Format::Png | Format::Dot => "it is for SVGs and PNGs",
            };
            return Err(place.format.meaningless("--theme", help));
        }
        Ok(place)
    }

    /// What the picture is drawn on: a PNG does not know what its viewer's paper is.
    pub fn theme(&self, place: &Place) -> Theme {
        match self.theme.unwrap_or(Theme::Auto) {
            Theme::Auto if place.format == Format::Png => Theme::Light,
            theme => theme,
        }
    }

    /// Pixels for each unit of the drawing.
    pub fn scale(&self) -> f32 {
        self.scale.unwrap_or(2.0)
    }
}

fn scale(text: &str) -> Result<f32, String> {
    let scale = text.parse().ok().filter(|scale| (0.1..=10.0).contains(scale));
    scale.ok_or_else(|| "write a number from 0.1 to 10".to_string())
}
