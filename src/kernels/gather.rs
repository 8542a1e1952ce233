//! Channels, rows and columns from elsewhere: parts of images, and images of several.

use super::{Arena, LANES, Pool, View};

/// Where every value of an image comes from.
#[derive(Clone, Debug)]
pub struct Gather {
    /// For each channel of the result a source and a channel of it; `fill` where there is none.
    pub channels: Vec<Option<(usize, usize)>>,
    /// For each row of the result one of the sources; `fill` where there is none.
    pub rows: Vec<Option<usize>>,
    /// For each column of the result one of the sources; `fill` where there is none.
    pub columns: Vec<Option<usize>>,
    pub fill: f32,
}

/// Where the lanes of a block come from.
enum Block {
    /// A block of a source, lane by lane.
    Whole { source: usize, block: usize },
    /// Each lane from a source at so many floats from its first pixel.
    Mixed(Box<[Option<(usize, usize)>; LANES]>),
}

impl Gather {
    /// Channels one behind the other, of images of one size with so many channels each.
    pub fn concat(channels: &[usize], [height, width]: [usize; 2]) -> Gather {
        let each = channels.iter().enumerate();
        Gather {
            channels: each.flat_map(|(source, count)| (0..*count).map(move |c| Some((source, c)))).collect(),
            rows: (0..height).map(Some).collect(),
            columns: (0..width).map(Some).collect(),
            fill: 0.0,
        }
    }

    /// Whether every pixel of the result comes from the same pixel of the sources.
    fn keeps_pixels(&self) -> bool {
        let same = |places: &[Option<usize>]| places.iter().copied().eq((0..places.len()).map(Some));
        same(&self.rows) && same(&self.columns)
    }

    /// Computes `dst`. A source may lie in it where its blocks of channels already are where they come to.
    pub fn run(&self, arena: &mut Arena, sources: &[View], dst: &View, batch: usize, pool: &mut Pool) {
        assert!(batch > 0 && dst.pixel == LANES && dst.end(batch) <= arena.len());
        assert_eq!([self.channels.len(), self.rows.len(), self.columns.len()], [dst.channels, dst.height, dst.width]);
        assert!(self.channels.iter().flatten().all(|(source, channel)| *channel < sources[*source].channels));
        let blocks: Vec<Block> = self.channels.chunks(LANES).map(|lanes| block(lanes, sources)).collect();
        let keeps = self.keeps_pixels();
        let in_place = |index: usize| match blocks[index] {
            Block::Whole { source, block } => {
                let from = &sources[source];
                keeps && apart_by(from, dst) && from.start + block * from.block == dst.start + index * dst.block
            }
            Block::Mixed(_) => false,
        };
        let written: Vec<bool> = (0..blocks.len()).map(|index| !in_place(index)).collect();
        let inside = |places: &[Option<usize>], size: usize| places.iter().flatten().all(|place| *place < size);
        for source in sources {
            assert!(source.pixel == LANES && source.end(batch) <= arena.len());
            assert!(inside(&self.rows, source.height) && inside(&self.columns, source.width));
            let lies_apart = source.is_apart(dst, batch);
            let lies_in = || {
                let first = source.start.checked_sub(dst.start).map(|offset| offset / dst.block);
                let stays = |first: usize| written[first..first + source.blocks()].iter().all(|written| !written);
                apart_by(source, dst) && first.is_some_and(stays)
            };
            assert!(lies_apart || lies_in(), "what is read is not written");
        }
        let memory = arena.memory();
        pool.run(batch * blocks.len() * dst.height, &|task| {
            let memory = &memory;
            let (image, index, y) =
                (task / dst.height / blocks.len(), task / dst.height % blocks.len(), task % dst.height);
            if !written[index] {
                return;
            }
            let to = dst.start + image * dst.image + index * dst.block + y * dst.row;
            // SAFETY: all views lie in the arena, and all channels, rows and columns in their views; tasks write
            // different rows, and no source where a task writes.
            unsafe {
                dst.clear_beside(memory, image, index, y..y + 1);
                let to = memory.0.add(to).cast::<[f32; LANES]>();
                let Some(row) = self.rows[y] else {
                    (0..dst.width).for_each(|x| to.add(x).write_unaligned([self.fill; LANES]));
                    return;
                };
                match &blocks[index] {
                    Block::Whole { source, block } => {
                        let view = &sources[*source];
                        let from = view.start + image * view.image + block * view.block + row * view.row;
                        let from = memory.0.add(from).cast::<[f32; LANES]>().cast_const();
                        for (x, column) in self.columns.iter().enumerate() {
                            let pixel = column.map_or([self.fill; LANES], |column| from.add(column).read_unaligned());
                            to.add(x).write_unaligned(pixel);
                        }
                    }
                    Block::Mixed(lanes) => {
                        let lanes = lanes.map(|lane| {
                            lane.map(|(source, offset)| {
                                let view = &sources[source];
                                memory.0.add(view.start + image * view.image + offset + row * view.row).cast_const()
                            })
                        });
                        for (x, column) in self.columns.iter().enumerate() {
                            let value = |lane: Option<*const f32>| match (lane, column) {
                                (Some(lane), Some(column)) => lane.add(column * LANES).read(),
                                (None, _) | (_, None) => self.fill,
                            };
                            to.add(x).write_unaligned(lanes.map(value));
                        }
                    }
                }
            }
        });
    }
}

/// Whether two views have the same distances.
fn apart_by(a: &View, b: &View) -> bool {
    (a.row, a.block, a.image) == (b.row, b.block, b.image)
}

fn block(lanes: &[Option<(usize, usize)>], sources: &[View]) -> Block {
    if let Some((source, first)) = lanes[0]
        && first.is_multiple_of(LANES)
        && (0..lanes.len()).all(|lane| lanes[lane] == Some((source, first + lane)))
    {
        return Block::Whole { source, block: first / LANES };
    }
    let place = |(source, channel): (usize, usize)| {
        let view: &View = &sources[source];
        (source, channel / LANES * view.block + channel % LANES)
    };
    Block::Mixed(Box::new(std::array::from_fn(|lane| lanes.get(lane).copied().flatten().map(place))))
}
