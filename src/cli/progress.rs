//! A progress bar on standard error, for people who wait for what goes to a file.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar with the images done, their number a second, and the time left; it goes away when dropped.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Nothing is shown where standard error is no terminal, where results show on one anyway, and for one image.
    pub fn new(count: usize, results_show: bool) -> Progress {
        if count < 2 || results_show || !io::stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
        let template = "{wide_bar} {pos} of {len} images, {rate}/s, {eta} left";
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let rate = |state: &ProgressState, text: &mut dyn Write| {
            // A text that can't be written is one that nobody sees.
            let _ = write!(text, "{:.1}", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
        Progress { bar }
    }

    /// An image is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Something else is written to standard error.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
