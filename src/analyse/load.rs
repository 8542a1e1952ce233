//! What nodes do to memory.

/// Bytes of memory, at float32 and for a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// What is live while a node runs; of several, the most.
    pub live: u64,
    /// What training keeps until the way back.
    pub saved: u64,
    /// What is read and written.
    pub moved: u64,
}

impl Load {
    /// That of two parts together.
    pub fn joined(&self, other: &Load) -> Load {
        Load {
            live: self.live.max(other.live),
            saved: self.saved.saturating_add(other.saved),
            moved: self.moved.saturating_add(other.moved),
        }
    }

    /// The name of the first figure that does not fit 64 bits.
    pub(super) fn too_large(&self) -> Option<&'static str> {
        let figures = [("peak_memory", self.live), ("saved_memory", self.saved), ("bytes_moved", self.moved)];
        figures.into_iter().find(|(_, bytes)| *bytes == u64::MAX).map(|(name, _)| name)
    }
}
