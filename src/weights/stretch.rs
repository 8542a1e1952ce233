//! The values of one weight, read a stretch at a time, so that none but the largest weights' packed form need be whole in
//! memory.

use crate::diagnostic::Diagnostic;

/// The values of one weight, row by row in float32. Several threads may read different stretches at once.
pub trait Values: Sync {
    /// Writes the values from `start` on over all of `to`.
    ///
    /// # Errors
    /// `E0602`: they can't be read, or are no numbers.
    fn read(&self, start: usize, to: &mut [f32]) -> Result<(), Diagnostic>;
}

/// Values that are in memory.
pub(super) struct Whole(pub Vec<f32>);

impl Values for Whole {
    fn read(&self, start: usize, to: &mut [f32]) -> Result<(), Diagnostic> {
        to.copy_from_slice(&self.0[start..start + to.len()]);
        Ok(())
    }
}

/// Values that are computed from their places.
pub(super) struct Computed<F>(pub F);

impl<F: Fn(usize) -> f32 + Sync> Values for Computed<F> {
    fn read(&self, start: usize, to: &mut [f32]) -> Result<(), Diagnostic> {
        to.iter_mut().enumerate().for_each(|(index, value)| *value = (self.0)(start + index));
        Ok(())
    }
}
