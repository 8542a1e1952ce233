//! A convolution by the algorithm that takes the least time for it.

use super::conv::Placed;
use super::winograd::PlacedWinograd;
use super::{Activation, Arena, Conv, ConvShape, Level, Places, Pool, Reach, Unpacked, Winograd};

/// A convolution with its weights, packed for an algorithm and a level.
#[derive(Debug)]
pub enum Convolution {
    Direct(Conv),
    Winograd(Winograd),
}

/// A convolution between tensors at their places.
#[derive(Debug)]
pub enum PlacedConvolution {
    Direct(Placed),
    Winograd(PlacedWinograd),
}

impl Convolution {
    /// Packs weights and biases for results of a height and width. `exact` allows only what sums up the definition's
    /// products.
    ///
    /// # Errors
    /// They can't be read.
    pub fn new<U: Unpacked>(
        shape: ConvShape,
        unpacked: &U,
        activation: Activation,
        level: Level,
        size: [usize; 2],
        exact: bool,
    ) -> Result<Convolution, U::Error> {
        if !exact && let Some(way) = Winograd::pays(&shape, size, level) {
            return Ok(Convolution::Winograd(Winograd::new(shape, way, unpacked, activation, level)?));
        }
        Ok(Convolution::Direct(Conv::new(shape, unpacked, activation, level)?))
    }

    /// What the algorithm is called.
    pub fn name(&self) -> String {
        match self {
            Convolution::Direct(_) => "direct convolution".into(),
            Convolution::Winograd(layer) => layer.name(),
        }
    }

    pub fn activation(&self) -> Activation {
        match self {
            Convolution::Direct(layer) => layer.activation(),
            Convolution::Winograd(layer) => layer.activation(),
        }
    }

    /// How far windows reach.
    pub fn reach(&self) -> Reach {
        match self {
            Convolution::Direct(layer) => layer.reach(),
            Convolution::Winograd(layer) => layer.reach(),
        }
    }

    /// The weights and the biases as they are packed.
    pub fn packed(&self) -> [&Arena; 2] {
        match self {
            Convolution::Direct(layer) => layer.packed(),
            Convolution::Winograd(layer) => layer.packed(),
        }
    }

    /// The bytes of the packed weights.
    pub fn weight_bytes(&self) -> usize {
        match self {
            Convolution::Direct(layer) => layer.weight_bytes(),
            Convolution::Winograd(layer) => layer.weight_bytes(),
        }
    }

    /// Prepares to compute `batch` images on `threads` at such places.
    pub fn place(&self, places: &Places, batch: usize, threads: usize) -> PlacedConvolution {
        match self {
            Convolution::Direct(layer) => PlacedConvolution::Direct(layer.place(places, batch, threads)),
            Convolution::Winograd(layer) => PlacedConvolution::Winograd(layer.place(places, batch, threads)),
        }
    }

    /// Computes what was prepared, at places that may begin elsewhere, with scratch from `scratch` on in the arena.
    pub fn run(&self, arena: &mut Arena, placed: &PlacedConvolution, places: &Places, scratch: usize, pool: &mut Pool) {
        match (self, placed) {
            (Convolution::Direct(layer), PlacedConvolution::Direct(placed)) => layer.run(arena, placed, places, pool),
            (Convolution::Winograd(layer), PlacedConvolution::Winograd(placed)) => {
                layer.run(arena, placed, places, scratch, pool);
            }
            (Convolution::Direct(_), PlacedConvolution::Winograd(_))
            | (Convolution::Winograd(_), PlacedConvolution::Direct(_)) => panic!("prepared for another algorithm"),
        }
    }
}

impl PlacedConvolution {
    /// The floats of scratch that it needs.
    pub fn scratch(&self) -> usize {
        match self {
            PlacedConvolution::Direct(_) => 0,
            PlacedConvolution::Winograd(placed) => placed.scratch(),
        }
    }
}
