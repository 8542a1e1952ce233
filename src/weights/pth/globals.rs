//! The names that a checkpoint may use, and what calling them gives.

use safetensors::Dtype;

use super::pickle::{Id, Machine, Node, Storage, Tensor};
use crate::weights::file::Broken;

/// The most dimensions of a tensor.
const MAX_RANK: usize = 64;

/// Something that a pickle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Global {
    /// `torch.FloatStorage`: a row of elements of this type.
    Storage(Dtype),
    /// `torch.float32`
    Dtype(Dtype),
    /// `_rebuild_tensor(storage, offset, size, stride)`; its second version adds arguments, its third a type.
    RebuildTensor {
        typed: bool,
    },
    /// `_rebuild_parameter(tensor, requires_grad, hooks)`, also as the class: the tensor.
    Parameter,
    OrderedDict,
    /// What harms nothing and holds no weights: devices, sizes, sets.
    Inert,
}

impl Global {
    /// What `module.name` means.
    ///
    /// # Errors
    /// It is none of those: the file would run code.
    pub fn find(module: &str, name: &str) -> Result<Global, Broken> {
        let found = match (module, name) {
            ("torch" | "torch.storage", storage) if storage.ends_with("Storage") => {
                storage_type(storage).map(Global::Storage)
            }
            ("torch", "Size" | "device") => Some(Global::Inert),
            ("torch", dtype) => dtype_called(dtype).map(Global::Dtype),
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Global::RebuildTensor { typed: false }),
            ("torch._utils", "_rebuild_tensor_v3") => Some(Global::RebuildTensor { typed: true }),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Some(Global::Parameter),
            ("torch.nn.parameter", "Parameter") => Some(Global::Parameter),
            ("collections", "OrderedDict") => Some(Global::OrderedDict),
            ("builtins" | "__builtin__", "set" | "frozenset" | "complex" | "bytearray") => Some(Global::Inert),
            ("_codecs", "encode") => Some(Global::Inert),
            _ => None,
        };
        found.ok_or_else(|| {
            let name = format!("{module}.{name}");
            let shown: String = name.chars().take(100).flat_map(char::escape_debug).collect();
            Broken::from(format!("it asks for `{shown}`, and reading it as PyTorch does would run that code")).help(
                "archc reads weights alone; in a place where you trust the file, load it and save what \
                 `model.state_dict()` gives",
            )
        })
    }

    /// What calling this gives.
    pub fn call(self, args: Id, machine: &mut Machine<'_>) -> Result<Id, Broken> {
        match self {
            Global::RebuildTensor { typed } => {
                let tensor = rebuild(args, typed, machine)?;
                machine.spend(tensor.shape.len())?;
                machine.add(Node::Tensor(tensor))
            }
            Global::Parameter => match machine.tuple(args) {
                Some([tensor, ..]) => Ok(*tensor),
                _ => Err("it makes a parameter of nothing".into()),
            },
            Global::OrderedDict => {
                let pairs = match machine.tuple(args) {
                    Some([]) => Vec::new(),
                    Some([list]) => pairs(*list, machine)?,
                    _ => return Err("it makes a dictionary of something else".into()),
                };
                machine.spend(pairs.len())?;
                machine.add(Node::Dict(pairs))
            }
            Global::Inert | Global::Storage(_) | Global::Dtype(_) => machine.add(Node::Inert),
        }
    }
}

/// The type of `torch.FloatStorage`.
fn storage_type(name: &str) -> Option<Dtype> {
    Some(match name {
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::BF16,
        "DoubleStorage" => Dtype::F64,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" | "UntypedStorage" => Dtype::U8,
        "BoolStorage" => Dtype::BOOL,
        "ComplexFloatStorage" => Dtype::C64,
        _ => return None,
    })
}

/// The type called `torch.float32`.
fn dtype_called(name: &str) -> Option<Dtype> {
    Some(match name {
        "float32" => Dtype::F32,
        "float16" => Dtype::F16,
        "bfloat16" => Dtype::BF16,
        "float64" => Dtype::F64,
        "int64" => Dtype::I64,
        "int32" => Dtype::I32,
        "int16" => Dtype::I16,
        "int8" => Dtype::I8,
        "uint64" => Dtype::U64,
        "uint32" => Dtype::U32,
        "uint16" => Dtype::U16,
        "uint8" => Dtype::U8,
        "bool" => Dtype::BOOL,
        "complex64" => Dtype::C64,
        "float8_e4m3fn" => Dtype::F8_E4M3,
        "float8_e5m2" => Dtype::F8_E5M2,
        _ => return None,
    })
}

fn rebuild(args: Id, typed: bool, machine: &Machine<'_>) -> Result<Tensor, Broken> {
    let wrong = || Broken::from("it makes a tensor of something that is none");
    let args = machine.tuple(args).ok_or_else(wrong)?;
    let [storage, offset, shape, strides, more @ ..] = args else { return Err(wrong()) };
    let Node::Storage(Storage { dtype, .. }) = machine.node(*storage) else { return Err(wrong()) };
    let dtype = match more {
        [_, _, dtype, ..] if typed => match machine.node(*dtype) {
            Node::Global(Global::Dtype(dtype)) => *dtype,
            _ => return Err(wrong()),
        },
        _ => *dtype,
    };
    let numbers = |id: Id| -> Result<Vec<u64>, Broken> {
        let ids = machine.tuple(id).ok_or_else(wrong)?;
        if ids.len() > MAX_RANK {
            return Err(format!("it has a tensor of {} dimensions", ids.len()).into());
        }
        ids.iter().map(|id| machine.count(*id).ok_or_else(wrong)).collect()
    };
    let (shape, strides) = (numbers(*shape)?, numbers(*strides)?);
    if shape.len() != strides.len() {
        return Err(wrong());
    }
    Ok(Tensor { storage: *storage, dtype, offset: machine.count(*offset).ok_or_else(wrong)?, shape, strides })
}

/// The pairs that an ordered dictionary is made of.
fn pairs(list: Id, machine: &Machine<'_>) -> Result<Vec<(Id, Id)>, Broken> {
    let wrong = || Broken::from("it makes a dictionary of something else");
    let Node::List(items) = machine.node(list) else { return Err(wrong()) };
    let pair = |item: &Id| match machine.node(*item) {
        Node::Tuple(pair) | Node::List(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
        _ => Err(wrong()),
    };
    items.iter().map(pair).collect()
}
