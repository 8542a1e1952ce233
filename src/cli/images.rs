//! The images of a command: which, and how they are gone through. Shared by the commands that compute.

use std::path::{Path, PathBuf};

use candle_core::Tensor;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Failure, threads};
use crate::image::{self, ImageInput, Orientation, Photo, Prepared, Stream};

/// The arguments that name images.
#[derive(Debug, clap::Args)]
pub struct ImagesArgs {
    /// PNG and JPEG files, folders with all such files below them, patterns, or `-` for one image on standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    #[command(flatten)]
    pub work: WorkArgs,
}

/// The arguments that say how images are gone through.
#[derive(Debug, clap::Args)]
pub struct WorkArgs {
    /// Turn and mirror photos as the camera notes in their EXIF data; torchvision and timm do not
    #[arg(long)]
    pub exif: bool,
    /// How many images to compute at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// How many threads compute, and as many at most read images beside them; 1 does all on one [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl ImagesArgs {
    /// The images, in order.
    ///
    /// # Errors
    /// Standard input is both the architecture, `target`, and an image.
    pub fn list(&self, target: &str) -> Result<Vec<Photo>, Failure> {
        if target == "-" && self.images.iter().any(|image| image == Path::new("-")) {
            return Err(Failure::usage("standard input can't be both the architecture and an image")
                .help("save one of them as a file"));
        }
        Ok(image::list(&self.images))
    }
}

impl WorkArgs {
    pub fn orientation(&self) -> Orientation {
        if self.exif { Orientation::Applied } else { Orientation::Ignored }
    }

    /// Limits all threads that compute to `--threads`. To be called before anything is read or written.
    ///
    /// # Errors
    /// As [`threads::limit`].
    pub fn limit_threads(&self) -> Result<(), Failure> {
        self.threads.map_or(Ok(()), threads::limit)
    }

    /// The threads that compute: what runs inside [`ThreadPool::install`] uses these and no others.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn pool(&self) -> Result<ThreadPool, Failure> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| Failure::usage(format!("can't start threads: {error}")))
    }

    /// The images as they come to the network. Where there are threads for it, they begin to read and prepare at once.
    pub fn batches(&self, photos: Vec<Photo>, input: &ImageInput) -> Batches {
        let threads = match self.threads {
            Some(1) => 0,
            Some(_) | None => rayon::current_num_threads(),
        };
        let stream = Stream { batch: self.batch as usize, threads, orientation: self.orientation() };
        let (count, input) = (photos.len(), input.clone());
        Batches { count, batches: Box::new(stream.batches(photos, move |pixels, name| input.prepare(pixels, name))) }
    }
}

/// The images of a command, batch by batch.
pub struct Batches {
    /// How many images there are.
    pub count: usize,
    pub batches: Box<dyn Iterator<Item = Vec<Prepared<Tensor>>>>,
}
