//! What a kernel does to its results last.

use std::ops::Range;

use super::arena::Memory;
use super::math::{Map, Mapped};
use super::{LANES, Level, View};

/// The range that results are kept in: an activation that only cuts off. A value that is not a number stays one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub low: f32,
    pub high: f32,
}

impl Limits {
    pub const NONE: Limits = Limits { low: f32::NEG_INFINITY, high: f32::INFINITY };
    pub const RELU: Limits = Limits { low: 0.0, high: f32::INFINITY };
    pub const RELU6: Limits = Limits { low: 0.0, high: 6.0 };
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Applied while results are in registers.
    Limits(Limits),
    /// Applied by each task to what it has just written, while that is in the nearest cache.
    Map(Map),
}

impl Activation {
    pub const NONE: Activation = Activation::Limits(Limits::NONE);

    /// What it is called, in words; `None` where nothing is done.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Activation::NONE => None,
            Activation::Limits(Limits::RELU) => Some("relu"),
            Activation::Limits(_) => Some("limits"),
            Activation::Map(map) => Some(map.name()),
        }
    }

    /// What is done in registers.
    pub(super) fn limits(self) -> Limits {
        match self {
            Activation::Limits(limits) => limits,
            Activation::Map(_) => Limits::NONE,
        }
    }

    /// Does what could not be done in registers, to some pixels of a block, which are counted row by row.
    ///
    /// # Safety
    /// `memory` is that of an arena that `view` lies in, nobody else touches these pixels, and the level is available.
    pub(super) unsafe fn finish(
        self,
        level: Level,
        memory: &Memory,
        view: &View,
        [image, block]: [usize; 2],
        pixels: Range<usize>,
    ) {
        let Activation::Map(map) = self else { return };
        let kernel = level.kernels().map;
        let mut first = pixels.start;
        while first < pixels.end {
            let (y, x) = (first / view.width, first % view.width);
            let length = (pixels.end - first).min(view.width - x);
            let at = view.start + image * view.image + block * view.block + y * view.row + x * LANES;
            // SAFETY: the caller's promises.
            unsafe {
                let at = memory.0.add(at);
                kernel(&Mapped { map, src: at, dst: at, length });
            }
            first += length;
        }
    }
}
