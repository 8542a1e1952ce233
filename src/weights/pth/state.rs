//! The weights among the objects of a checkpoint, and where their values lie.

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Id, Machine, Node, Storage, Tensor};
use crate::weights::entry::Entry;
use crate::weights::file::{Broken, Contents, check_name};

/// Where checkpoints of trainings keep the weights, the best first: averaged ones are what is published.
const INNER: [&str; 7] =
    ["state_dict_ema", "model_ema", "ema_state_dict", "state_dict", "model_state_dict", "model", "net"];

/// How many entries of a dictionary without weights a message shows.
const SHOWN: usize = 8;

/// The most elements that a tensor may have beyond those of its storage, by repeating them.
const MAX_REPEATED: u64 = 1 << 26;

/// The tensors of the checkpoint `root`, at the places that `locate` gives for whole storages.
pub fn read(
    root: Id,
    machine: &Machine<'_>,
    locate: impl Fn(&Storage<'_>) -> Result<Range<usize>, Broken>,
) -> Result<Contents, Broken> {
    let mut notes = Vec::new();
    let mut dict = root;
    while let Some((key, inner)) = inner(dict, machine) {
        let others: Vec<_> = entries(dict, machine).filter_map(|(name, _)| (name != key).then_some(name)).collect();
        let rest = match others.as_slice() {
            [] => String::new(),
            _ => format!("; beside it {}", listed(&others)),
        };
        notes.push(format!("the weights are those of `{key}` in the checkpoint{rest}"));
        dict = inner;
        if notes.len() == 3 {
            break;
        }
    }
    // A key that comes again replaces the value, as in Python.
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(&str, &Tensor)> = Vec::new();
    for (name, id) in entries(dict, machine) {
        let Node::Tensor(tensor) = machine.node(id) else { continue };
        match places.get(name) {
            Some(place) => found[*place].1 = tensor,
            None => {
                check_name(name)?;
                places.insert(name, found.len());
                found.push((name, tensor));
            }
        }
    }
    let mut tensors = Vec::with_capacity(found.len());
    for (name, tensor) in found {
        tensors.push((name.to_string(), place(name, tensor, machine, &locate)?));
    }
    if tensors.is_empty() {
        let names: Vec<_> = entries(dict, machine).map(|(name, _)| name).collect();
        let what = match (machine.node(dict), names.as_slice()) {
            (Node::Dict(_), []) => "an empty dictionary".to_string(),
            (Node::Dict(_), names) => format!("a dictionary of {}", listed(names)),
            (Node::Tensor(_), _) => "a single tensor without a name".to_string(),
            (Node::List(_) | Node::Tuple(_), _) => "a list".to_string(),
            _ => "something else".to_string(),
        };
        return Err(Broken::from(format!("it holds {what}, and no named tensors"))
            .help("save what `model.state_dict()` gives, alone or as `state_dict` of a dictionary"));
    }
    Ok(Contents { tensors, notes })
}

/// The dictionary of tensors inside one that describes a training.
fn inner<'a>(dict: Id, machine: &Machine<'a>) -> Option<(&'a str, Id)> {
    INNER.into_iter().find_map(|wanted| {
        let (key, id) = entries(dict, machine).find(|(name, _)| *name == wanted)?;
        let holds = |(_, id): (&str, Id)| matches!(machine.node(id), Node::Tensor(_) | Node::Dict(_));
        entries(id, machine).any(holds).then_some((key, id))
    })
}

/// The entries of a dictionary that have texts for keys; none for anything else.
fn entries<'m, 'a>(dict: Id, machine: &'m Machine<'a>) -> impl Iterator<Item = (&'a str, Id)> + use<'m, 'a> {
    let pairs: &[(Id, Id)] = match machine.node(dict) {
        Node::Dict(pairs) => pairs,
        _ => &[],
    };
    pairs.iter().filter_map(|(key, value)| Some((machine.text(*key)?, *value)))
}

fn listed(names: &[&str]) -> String {
    let shown = |name: &&str| format!("`{}`", name.chars().take(60).flat_map(char::escape_debug).collect::<String>());
    let shown: Vec<_> = names.iter().take(SHOWN).map(shown).collect();
    match names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}

/// Where a tensor's elements lie, all of them inside its storage.
fn place(
    name: &str,
    tensor: &Tensor,
    machine: &Machine<'_>,
    locate: &impl Fn(&Storage<'_>) -> Result<Range<usize>, Broken>,
) -> Result<Entry, Broken> {
    let Node::Storage(storage) = machine.node(tensor.storage) else {
        unreachable!("a tensor is made of a storage alone");
    };
    let shown = || format!("`{}` of {:?}", name.escape_debug(), tensor.shape);
    let row = locate(storage)?;
    let (own, size) = (storage.dtype.bitsize() as u64 / 8, tensor.dtype.bitsize() as u64 / 8);
    // Both stay below the length of the file: the view lies inside the row.
    let (start, held) = (storage.view.0 * own, storage.view.1 * own / size);
    let too_many = || format!("{} has more elements than can be counted", shown());
    let count = tensor.shape.iter().try_fold(1u64, |count, dim| count.checked_mul(*dim)).ok_or_else(too_many)?;
    let dims = || tensor.shape.iter().zip(&tensor.strides);
    let last = match count {
        0 => None,
        _ => {
            let reach =
                dims().try_fold(tensor.offset, |at, (dim, stride)| at.checked_add((dim - 1).checked_mul(*stride)?));
            Some(reach.filter(|last| *last < held).ok_or_else(|| {
                format!(
                    "{} from element {} with strides {:?} reaches beyond its storage of {held} elements",
                    shown(),
                    tensor.offset,
                    tensor.strides
                )
            })?)
        }
    };
    if count > held && count - held > MAX_REPEATED {
        return Err(format!("{} repeats the {held} elements of its storage too often", shown()).into());
    }
    let shape = tensor.shape.iter().map(|dim| usize::try_from(*dim)).collect::<Result<Vec<_>, _>>();
    let strides = tensor.strides.iter().map(|stride| usize::try_from(*stride)).collect::<Result<Vec<_>, _>>();
    let (Ok(shape), Ok(strides)) = (shape, strides) else { return Err(too_many().into()) };
    // Places inside the storage, which lies in memory: all fit a usize.
    let range = match last {
        None => row.start..row.start,
        Some(last) => {
            let from = row.start + start as usize;
            from + (tensor.offset * size) as usize..from + ((last + 1) * size) as usize
        }
    };
    let dense = count == 0 || is_dense(&shape, &strides);
    let strides = (!dense).then_some(strides);
    Ok(Entry { dtype: tensor.dtype, shape, range, strides })
}

/// Whether the elements follow one another row by row; there are some.
fn is_dense(shape: &[usize], strides: &[usize]) -> bool {
    let mut next = 1;
    shape.iter().zip(strides).rev().all(|(dim, stride)| {
        let fits = *dim == 1 || *stride == next;
        next *= dim;
        fits
    })
}
