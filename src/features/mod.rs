//! Features of images, the results of one node, on their way to a file: a row an image, the rows in one array.
//!
//! The number of rows is known at the end only, since images may turn out to be broken: both formats leave room for it
//! in their header and fill it in then. Rows are written as they come; none is kept.

mod extract;
mod npy;
mod safetensors;

use std::io::{self, Seek, Write};

pub use extract::Extractor;

use crate::ir::{Graph, NodeId};
use crate::ops::Operands;

/// The formats of arrays that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NumPy's, version 1.0: the array alone.
    Npy,
    /// The array `features`, and the names of the images in the metadata.
    Safetensors,
}

/// What the array is about, for its metadata.
#[derive(Clone, Debug)]
pub struct About {
    pub arch: String,
    /// The path of the node, and whether its rows and columns are reduced to their mean.
    pub node: String,
    pub pooled: bool,
}

/// An array of float32 `[N, ...]` that grows row by row.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    format: Format,
    about: About,
    /// The shape of one row.
    row: Vec<usize>,
    /// The length of the header, which is kept free at the start.
    header: usize,
    names: Vec<String>,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts an array at the start of `out`. `names` are those of all images that may become rows.
    ///
    /// # Errors
    /// `out` can't be written; the names are too many for the format.
    pub fn new(mut out: W, format: Format, about: About, row: &[usize], names: &[String]) -> io::Result<Writer<W>> {
        let header = match format {
            Format::Npy => npy::header(row, None).len(),
            Format::Safetensors => safetensors::header(&about, row, names, usize::MAX).len().next_multiple_of(8),
        };
        if format == Format::Safetensors && header - 8 > safetensors::MAX_HEADER {
            let message = "the images' names don't fit the header of a safetensors file; a .npy has no such limit";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        io::copy(&mut io::Read::take(io::repeat(b' '), header as u64), &mut out)?;
        Ok(Writer { out, format, about, row: row.to_vec(), header, names: Vec::new() })
    }

    /// Adds the row of an image: as many values as the shape of a row has.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn push(&mut self, name: &str, values: &[f32]) -> io::Result<()> {
        debug_assert_eq!(values.len(), self.row.iter().product::<usize>());
        let mut bytes = Vec::with_capacity(values.len() * 4);
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.names.push(name.to_string());
        self.out.write_all(&bytes)
    }

    /// The names of the rows, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Fills in the header and gives the file back.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn finish(mut self) -> io::Result<W> {
        let rows = self.names.len();
        let mut header = match self.format {
            Format::Npy => npy::header(&self.row, Some(rows)),
            Format::Safetensors => safetensors::header(&self.about, &self.row, &self.names, rows),
        };
        if self.format == Format::Safetensors {
            header.resize(self.header, b' ');
            let length = (self.header - 8) as u64;
            header[..8].copy_from_slice(&length.to_le_bytes());
        }
        self.out.seek(io::SeekFrom::Start(0))?;
        self.out.write_all(&header)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The node whose result is taken where none is named: what the last linear layer on the way to the output reads, or
/// without one the last convolution. Nothing for a graph that has neither.
pub fn before_the_head(graph: &Graph) -> Option<NodeId> {
    let leads = graph.leads_to(graph.main_output()?.node);
    let last = |op: &str| {
        let found = graph.nodes().filter(|(id, node)| leads[id.index()] && node.op.def().name == op).last();
        found.map(|(id, _)| graph.inputs(id)[0])
    };
    let input = |id: &NodeId| graph.node(*id).op.def().operands != Operands::Input;
    last("linear").filter(input).or_else(|| last("conv").filter(input))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{About, Format, Writer};

    fn written(format: Format, row: &[usize], names: &[&str]) -> Vec<u8> {
        let all: Vec<String> = (0..40).map(|index| format!("image {index}.png")).collect();
        let about = About { arch: "net".to_string(), node: "pool".to_string(), pooled: false };
        let mut writer = Writer::new(Cursor::new(Vec::new()), format, about, row, &all).unwrap();
        for (index, name) in names.iter().enumerate() {
            let values: Vec<f32> = (0..row.iter().product()).map(|at: usize| (index * 10 + at) as f32).collect();
            writer.push(name, &values).unwrap();
        }
        assert_eq!(writer.names(), names);
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn an_npy_is_what_numpy_writes() {
        let bytes = written(Format::Npy, &[3], &["a", "b"]);
        assert_eq!(bytes, include_bytes!("../../tests/features/numpy.npy"));
        // One dimension has a comma of its own in Python.
        assert!(String::from_utf8_lossy(&written(Format::Npy, &[], &["a"])).contains("'shape': (1,), }"));
    }

    #[test]
    fn safetensors_hold_the_names() {
        let bytes = written(Format::Safetensors, &[1, 2], &["a \"b\".png", "c.png"]);
        let (_, meta) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let meta = meta.metadata().clone().unwrap();
        assert_eq!(meta["images"], r#"["a \"b\".png","c.png"]"#);
        assert_eq!([&*meta["arch"], &*meta["node"], &*meta["pooled"]], ["net", "pool", "false"]);
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let features = file.tensor("features").unwrap();
        assert_eq!(features.shape(), [2, 1, 2]);
        assert_eq!(features.data()[4..12], [1f32.to_le_bytes(), 10f32.to_le_bytes()].concat());
    }

    #[test]
    fn no_rows_are_an_array_too() {
        let bytes = written(Format::Safetensors, &[2, 2], &[]);
        assert_eq!(
            safetensors::SafeTensors::deserialize(&bytes).unwrap().tensor("features").unwrap().shape(),
            [0, 2, 2]
        );
        assert!(String::from_utf8_lossy(&written(Format::Npy, &[4], &[])).contains("'shape': (0, 4), }"));
    }
}
