//! One pass over images: read, prepared and computed batch by batch, with a progress bar, and errors told as they come.

use candle_core::Tensor;

use super::console::{Console, Failure};
use super::images::{Batches, WorkArgs};
use super::opened::tell_kept;
use super::progress::Progress;
use crate::classify::Classifier;
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;

/// What to go through, and how.
pub struct Pass<'a> {
    pub batches: Batches,
    pub work: &'a WorkArgs,
    pub sources: &'a SourceMap,
    /// Whether answers are printed to a terminal, where a progress bar would be in their way.
    pub answers_show: bool,
    /// What may have packed weights to keep, once the first answers are there.
    pub planned: Option<&'a Classifier>,
}

impl Pass<'_> {
    /// `compute` answers for a batch, each image with its name, in order; `each` is given an image's place in the list,
    /// its name, and its answer or what is wrong with it, which is then told. The number of images without an answer is
    /// returned.
    ///
    /// # Errors
    /// What `each` says; the system gives no threads.
    pub fn go<R: Send>(
        self,
        console: &mut Console,
        compute: impl Fn(&[(&str, &Tensor)]) -> Vec<Result<R, Diagnostic>> + Sync,
        mut each: impl FnMut(&mut Console, usize, &str, Result<R, &Diagnostic>) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let pool = self.work.pool()?;
        let progress = Progress::new(self.batches.count, self.answers_show);
        let (mut failed, mut planned) = (0, self.planned);
        for batch in self.batches.batches {
            let ready = batch.iter().filter_map(|photo| Some((photo.name.as_str(), photo.result.as_ref().ok()?)));
            let ready: Vec<(&str, &Tensor)> = ready.collect();
            let mut answers = pool.install(|| compute(&ready)).into_iter();
            for photo in batch {
                let answer = photo.result.and_then(|_| answers.next().expect("an answer for each image that is ready"));
                match answer {
                    Ok(answer) => each(console, photo.index, &photo.name, Ok(answer))?,
                    Err(error) => {
                        each(console, photo.index, &photo.name, Err(&error))?;
                        failed += 1;
                        progress.aside(|| console.report_one(error, self.sources));
                    }
                }
                progress.step();
            }
            if let Some(classifier) = planned.take() {
                let kept = classifier.keep_packed();
                progress.aside(|| tell_kept(&kept, console));
            }
        }
        Ok(failed)
    }
}
