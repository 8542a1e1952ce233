//! A machine for pickles: protocols 2 to 5, of which PyTorch writes 2.
//!
//! Objects are kept in one list and refer to one another by their place in it, so that neither cycles nor deep nesting
//! matter. Every step takes a byte or more of the file and adds one object at most, and steps are limited.

use std::collections::HashMap;

use safetensors::Dtype;

use super::globals::Global;
use crate::weights::file::{Broken, MAX_NAME};

/// The most steps of a file: that many bytes at least, and more objects than any network has.
const MAX_STEPS: usize = 4_000_000;

/// A place in the list of objects.
pub type Id = u32;

/// An object.
#[derive(Debug)]
pub enum Node<'a> {
    /// What says nothing of weights.
    Inert,
    Int(i64),
    /// A whole number of more than 64 bits: its bytes, the lowest first.
    Long(&'a [u8]),
    Bool(bool),
    Text(&'a str),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Storage<'a>),
    Tensor(Tensor),
}

/// A row of elements that lies elsewhere in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage<'a> {
    pub dtype: Dtype,
    /// What the file calls it.
    pub key: &'a str,
    /// The number of elements of the whole row.
    pub elements: u64,
    /// The first element that belongs to this view of the row, and how many do.
    pub view: (u64, u64),
}

/// A view of a storage, in elements of `dtype`.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub storage: Id,
    pub dtype: Dtype,
    pub offset: u64,
    pub shape: Vec<u64>,
    pub strides: Vec<u64>,
}

/// The machine, and all objects of the pickles that it has read.
#[derive(Debug, Default)]
pub struct Machine<'a> {
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// The heights of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    steps: usize,
}

impl<'a> Machine<'a> {
    /// Reads the pickle that `bytes` start with: its object, and the bytes behind it.
    ///
    /// # Errors
    /// It is cut off or makes no sense, names what it may not, or is too large.
    pub fn read(&mut self, bytes: &'a [u8]) -> Result<(Id, &'a [u8]), Broken> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        let mut input = Input(bytes);
        loop {
            self.spend(1)?;
            let opcode = input.byte()?;
            if opcode == b'.' {
                return Ok((self.pop()?, input.0));
            }
            self.step(opcode, &mut input)?;
        }
    }

    pub fn node(&self, id: Id) -> &Node<'a> {
        &self.nodes[id as usize]
    }

    /// All objects, in the order in which they were made.
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    pub fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub fn text(&self, id: Id) -> Option<&'a str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self, id: Id) -> Option<u64> {
        match self.node(id) {
            Node::Int(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    pub fn add(&mut self, node: Node<'a>) -> Result<Id, Broken> {
        let id = Id::try_from(self.nodes.len()).map_err(|_| too_large())?;
        self.nodes.push(node);
        Ok(id)
    }

    /// Counts work against the limit.
    pub fn spend(&mut self, steps: usize) -> Result<(), Broken> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err(too_large()) } else { Ok(()) }
    }

    fn step(&mut self, opcode: u8, input: &mut Input<'a>) -> Result<(), Broken> {
        match opcode {
            b'\x80' => drop(input.byte()?),
            b'\x95' => drop(input.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' | b'\x8f' => self.push(Node::Inert)?,
            b'\x88' => self.push(Node::Bool(true))?,
            b'\x89' => self.push(Node::Bool(false))?,
            b'K' => {
                let value = input.byte()?;
                self.push(Node::Int(value.into()))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(input.array()?);
                self.push(Node::Int(value.into()))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(input.array()?);
                self.push(Node::Int(value.into()))?;
            }
            b'\x8a' => {
                let length = input.byte()?;
                self.push(long(input.take(length.into())?))?;
            }
            b'\x8b' => {
                let bytes = input.counted(4)?;
                self.push(long(bytes))?;
            }
            b'G' => {
                input.take(8)?;
                self.push(Node::Inert)?;
            }
            b'X' | b'T' => self.push_text(input.counted(4)?)?,
            b'\x8c' | b'U' => self.push_text(input.counted(1)?)?,
            b'\x8d' => self.push_text(input.counted(8)?)?,
            b'B' => {
                input.counted(4)?;
                self.push(Node::Inert)?;
            }
            b'C' => {
                input.counted(1)?;
                self.push(Node::Inert)?;
            }
            b'\x8e' | b'\x96' => {
                input.counted(8)?;
                self.push(Node::Inert)?;
            }
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b'\x85' => self.push_tuple(1)?,
            b'\x86' => self.push_tuple(2)?,
            b'\x87' => self.push_tuple(3)?,
            b't' => {
                let items = self.pop_mark()?;
                self.push(Node::Tuple(items))?;
            }
            b']' => self.push(Node::List(Vec::new()))?,
            b'l' => {
                let items = self.pop_mark()?;
                self.push(Node::List(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Node::Dict(Vec::new()))?,
            b'd' => {
                let items = self.pop_mark()?;
                self.push(Node::Dict(Vec::new()))?;
                self.set_items(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            // Sets hold no weights.
            b'\x90' => drop(self.pop_mark()?),
            b'\x91' => {
                self.pop_mark()?;
                self.push(Node::Inert)?;
            }
            b'c' => {
                let (module, name) = (input.line()?, input.line()?);
                self.push(Node::Global(Global::find(module, name)?))?;
            }
            b'\x93' => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(name), Some(module)) = (self.text(name), self.text(module)) else { return Err(nonsense()) };
                self.push(Node::Global(Global::find(module, name)?))?;
            }
            b'R' | b'\x81' => {
                let (args, callee) = (self.pop()?, self.pop()?);
                let Node::Global(global) = self.node(callee) else { return Err(nonsense()) };
                let result = global.call(args, self)?;
                self.stack.push(result);
            }
            // What is set on a dictionary or a parameter besides its contents is nothing to compute with.
            b'b' => {
                self.pop()?;
                self.top()?;
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push(Node::Storage(storage))?;
            }
            b'q' => {
                let at = input.byte()?;
                self.remember(at.into())?;
            }
            b'r' => {
                let at = u32::from_le_bytes(input.array()?);
                self.remember(at)?;
            }
            b'\x94' => self.remember(u32::try_from(self.memo.len()).map_err(|_| too_large())?)?,
            b'h' => {
                let at = input.byte()?;
                self.recall(at.into())?;
            }
            b'j' => {
                let at = u32::from_le_bytes(input.array()?);
                self.recall(at)?;
            }
            other => {
                return Err(format!("its pickle has the instruction {other:#04x}, which PyTorch writes none of").into());
            }
        }
        Ok(())
    }

    /// What a persistent id stands for: `('storage', torch.FloatStorage, key, location, elements)`, in old files with a
    /// view behind it, `(key, offset, elements)` or none.
    fn storage(&self, id: Id) -> Result<Storage<'a>, Broken> {
        let items = self.tuple(id).ok_or_else(nonsense)?;
        match items.first().and_then(|kind| self.text(*kind)) {
            Some("storage") => {}
            Some("module") => {
                return Err(Broken::from("it holds a whole model with its code, not weights alone")
                    .help("load it where it was made, and save what `model.state_dict()` gives"));
            }
            _ => return Err(nonsense()),
        }
        let [_, class, key, _, elements, view @ ..] = items else { return Err(nonsense()) };
        let Node::Global(Global::Storage(dtype)) = self.node(*class) else { return Err(nonsense()) };
        let elements = self.count(*elements).ok_or_else(nonsense)?;
        let view = match view {
            [] => (0, elements),
            [view, ..] => match self.node(*view) {
                Node::Inert => (0, elements),
                Node::Tuple(view) if view.len() == 3 => {
                    let (from, length) = (self.count(view[1]), self.count(view[2]));
                    (from.ok_or_else(nonsense)?, length.ok_or_else(nonsense)?)
                }
                _ => return Err(nonsense()),
            },
        };
        if view.0.checked_add(view.1).is_none_or(|end| end > elements) {
            return Err(format!("a view of its storage ends beyond the {elements} elements of that").into());
        }
        let key = self.text(*key).filter(|key| key.len() <= MAX_NAME).ok_or_else(nonsense)?;
        Ok(Storage { dtype: *dtype, key, elements, view })
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), Broken> {
        let id = self.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// A text; bytes that are none, which Python 2 could write, say nothing.
    fn push_text(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        self.push(std::str::from_utf8(bytes).map_or(Node::Inert, Node::Text))
    }

    fn push_tuple(&mut self, length: usize) -> Result<(), Broken> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let from = self.stack.len().checked_sub(length).filter(|from| *from >= bottom).ok_or_else(nonsense)?;
        let items = self.stack.split_off(from);
        self.push(Node::Tuple(items))
    }

    fn pop(&mut self) -> Result<Id, Broken> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= bottom {
            return Err(nonsense());
        }
        self.stack.pop().ok_or_else(nonsense)
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, Broken> {
        let mark = self.marks.pop().ok_or_else(nonsense)?;
        Ok(self.stack.split_off(mark))
    }

    fn top(&self) -> Result<Id, Broken> {
        self.stack.last().copied().ok_or_else(nonsense)
    }

    fn append(&mut self, mut items: Vec<Id>) -> Result<(), Broken> {
        let list = self.top()?;
        match &mut self.nodes[list as usize] {
            Node::List(list) => list.append(&mut items),
            Node::Inert => {}
            _ => return Err(nonsense()),
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), Broken> {
        let dict = self.top()?;
        if !items.len().is_multiple_of(2) {
            return Err(nonsense());
        }
        match &mut self.nodes[dict as usize] {
            Node::Dict(pairs) => pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            Node::Inert => {}
            _ => return Err(nonsense()),
        }
        Ok(())
    }

    fn remember(&mut self, at: u32) -> Result<(), Broken> {
        let top = self.top()?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, at: u32) -> Result<(), Broken> {
        let id = self.memo.get(&at).copied().ok_or_else(nonsense)?;
        self.stack.push(id);
        Ok(())
    }
}

/// A whole number of these bytes, the lowest first.
fn long(bytes: &[u8]) -> Node<'_> {
    if bytes.len() > 8 {
        return Node::Long(bytes);
    }
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xFF } else { 0 };
    let mut all = [fill; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Node::Int(i64::from_le_bytes(all))
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| {
            Broken::cut_off(format!("its pickle wants {length} bytes more, and {} are left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("N bytes were taken"))
    }

    /// Bytes with their number before them, itself of `width` bytes.
    fn counted(&mut self, width: usize) -> Result<&'a [u8], Broken> {
        let mut length = [0; 8];
        length[..width].copy_from_slice(self.take(width)?);
        let length = u64::from_le_bytes(length);
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<&'a str, Broken> {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| Broken::cut_off("its pickle ends inside a name"))?;
        let line = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| nonsense())
    }
}

fn nonsense() -> Broken {
    "its pickle does not describe a checkpoint".into()
}

fn too_large() -> Broken {
    format!("its pickle takes more than {MAX_STEPS} steps").into()
}

#[cfg(test)]
mod tests {
    use super::{Machine, Node};

    fn reason(bytes: &[u8]) -> String {
        Machine::default().read(bytes).map(|_| ()).unwrap_err().text
    }

    #[test]
    fn numbers_texts_and_dictionaries_are_read() {
        let mut machine = Machine::default();
        // {'a': (1, -1, 258, 2**64)}
        let bytes =
            b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01(K\x01J\xff\xff\xff\xffM\x02\x01\x8a\x09\0\0\0\0\0\0\0\0\x01ts.rest";
        let (id, rest) = machine.read(bytes).map_err(|broken| broken.text).unwrap();
        assert_eq!(rest, b"rest");
        let Node::Dict(pairs) = machine.node(id) else { panic!("{:?}", machine.node(id)) };
        assert_eq!(machine.text(pairs[0].0), Some("a"));
        let items = machine.tuple(pairs[0].1).unwrap();
        let values: Vec<_> = items.iter().map(|id| machine.count(*id)).collect();
        assert_eq!(values, [Some(1), None, Some(258), None]);
        assert!(matches!(machine.node(items[3]), Node::Long([.., 1])));
    }

    #[test]
    fn what_would_run_is_named() {
        let system = reason(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.");
        assert!(system.starts_with("it asks for `os.system`, and reading it"), "{system}");
        let by_stack = reason(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.");
        assert!(by_stack.starts_with("it asks for `builtins.eval`"), "{by_stack}");
        assert!(reason(b"\x80\x02ctorch\nload\n.").starts_with("it asks for `torch.load`"));
    }

    #[test]
    fn counts_that_lie_are_cut_off() {
        assert_eq!(reason(b"\x80\x02X\xff\xff\xff\xffa"), "its pickle wants 4294967295 bytes more, and 1 are left");
        assert_eq!(
            reason(b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffa"),
            format!("its pickle wants {} bytes more, and 1 are left", u64::MAX)
        );
        assert!(reason(b"\x80\x02(").starts_with("its pickle wants 1 bytes more"));
    }

    #[test]
    fn deep_cyclic_and_endless_pickles_end() {
        let deep: Vec<u8> = [&b"\x80\x02"[..], &b"]".repeat(500_000), &b"a".repeat(499_999), b"."].concat();
        assert!(Machine::default().read(&deep).is_ok());
        assert!(Machine::default().read(b"\x80\x02]q\x00h\x00a.").is_ok());
        let long = [&b"\x80\x02]"[..], &b"2".repeat(5_000_000), b"."].concat();
        assert_eq!(reason(&long), "its pickle takes more than 4000000 steps");
    }

    #[test]
    fn stacks_that_run_dry_are_nonsense() {
        for bytes in [
            &b"."[..],
            b"0.",
            b"t.",
            b"a.",
            b"s.",
            b"R.",
            b"(K\x01\x86.",
            b"q\x00.",
            b"h\x00.",
            b"Q.",
            b"b.",
            b"K\x01K\x02R.",
        ] {
            assert_eq!(reason(bytes), "its pickle does not describe a checkpoint", "{bytes:?}");
        }
    }
}
