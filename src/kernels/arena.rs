//! The memory that a plan computes in, and that its weights lie in.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fs::File;
use std::io;

use memmap2::{MmapMut, MmapOptions};

/// Floats, zeroed, aligned to 64 bytes.
#[derive(Debug)]
pub struct Arena {
    data: *mut f32,
    len: usize,
    /// Where they lie, if it is not the heap.
    map: Option<MmapMut>,
}

/// Memory of this many bytes is asked of the system in large pages: it then takes a few page faults rather than
/// thousands, and its addresses are found sooner.
const LARGE: usize = 1 << 20;

// SAFETY: an arena owns its memory alone, as a Vec does.
unsafe impl Send for Arena {}
// SAFETY: through a shared reference its floats can only be read.
unsafe impl Sync for Arena {}

impl Arena {
    pub fn new(len: usize) -> Arena {
        let layout = Arena::layout(len);
        if layout.size() >= LARGE
            && let Some(mut map) = map(layout.size())
        {
            return Arena { data: map.as_mut_ptr().cast(), len, map: Some(map) };
        }
        // SAFETY: the layout is not empty.
        let data = unsafe { alloc_zeroed(layout) }.cast::<f32>();
        if data.is_null() {
            handle_alloc_error(layout);
        }
        Arena { data, len, map: None }
    }

    /// `len` floats that a file has from the byte `at` on, as this machine holds floats in memory; `at` is a multiple of 64.
    /// Many are mapped rather than copied: they come from the file when they are first read, and who writes to the arena
    /// does not change the file.
    ///
    /// # Errors
    /// They can't be read, or the file does not have so many.
    pub fn of_file(file: &File, at: u64, len: usize) -> io::Result<Arena> {
        assert!(at.is_multiple_of(64), "floats of a file are aligned");
        let bytes = Arena::layout(len).size();
        if file.metadata()?.len().checked_sub(at).is_none_or(|rest| rest < 4 * len as u64) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        #[cfg(unix)]
        if bytes < LARGE {
            let mut arena = Arena::new(len);
            std::os::unix::fs::FileExt::read_exact_at(file, arena.bytes_mut(), at)?;
            return Ok(arena);
        }
        // SAFETY: the map is private to this process and lives no longer than the arena that owns it. As with weights that
        // are mapped, what remains is another process that writes to the file or cuts it meanwhile; files of packed weights
        // are replaced, never written again, and users are asked to do no other.
        let mut map = unsafe { MmapOptions::new().offset(at).len(bytes).map_copy(file)? };
        Ok(Arena { data: map.as_mut_ptr().cast(), len, map: Some(map) })
    }

    /// The floats as they lie in memory.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: floats are four bytes each, of any value.
        unsafe { std::slice::from_raw_parts(self.data.cast(), 4 * self.len) }
    }

    #[cfg(unix)]
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, any bytes are floats, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.data.cast(), 4 * self.len) }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn floats(&self) -> &[f32] {
        // SAFETY: `data` is valid and initialised for `len` floats as long as the arena lives.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }

    pub fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }

    /// The floats, for kernels that write disjoint places from several threads.
    pub(super) fn memory(&mut self) -> Memory {
        Memory(self.data)
    }

    fn layout(len: usize) -> Layout {
        let bytes = len.max(1).checked_mul(size_of::<f32>()).expect("plans are checked to fit memory");
        Layout::from_size_align(bytes, 64).expect("64 is a power of two and the size fits")
    }
}

/// Zeroed pages, large ones where the system has such.
fn map(bytes: usize) -> Option<MmapMut> {
    let map = MmapMut::map_anon(bytes).ok()?;
    #[cfg(target_os = "linux")]
    // A system without large pages gives small ones.
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map)
}

/// The address of an arena's first float, for tasks that write different places of it.
pub(super) struct Memory(pub *mut f32);

// SAFETY: tasks are given to threads such that none writes what another touches.
unsafe impl Sync for Memory {}

impl Drop for Arena {
    fn drop(&mut self) {
        if self.map.is_none() {
            // SAFETY: `data` came from `alloc_zeroed` with the same layout.
            unsafe { dealloc(self.data.cast(), Arena::layout(self.len)) }
        }
    }
}

impl From<&[f32]> for Arena {
    fn from(floats: &[f32]) -> Arena {
        let mut arena = Arena::new(floats.len());
        arena.floats_mut().copy_from_slice(floats);
        arena
    }
}
