//! PyTorch's checkpoints: `tests/weights/pth/make.py` makes them, and says what is in each.

use std::path::PathBuf;

use archc::diagnostic::{Code, Diagnostic};
use archc::ops::{Init, WeightSpec};
use archc::weights::{Bytes, Format, WeightSource, WeightsFile};
use candle_core::Device;
use proptest::prelude::{any, prop_assert};
use proptest::{collection, proptest};

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/weights/pth")
}

fn open(name: &str) -> Result<WeightsFile, Diagnostic> {
    WeightsFile::new(Bytes::Owned(std::fs::read(folder().join(name)).unwrap()), name)
}

fn values(file: &WeightsFile, name: &str) -> Vec<f32> {
    file.values(name, &file.tensors()[name]).unwrap()
}

/// `count` numbers from `start`, a quarter apart.
fn counted(start: f32, count: usize) -> Vec<f32> {
    (0..count).map(|index| start + index as f32 * 0.25).collect()
}

/// What is said of a broken file, without the words that all such messages start with.
fn reason(name: &str) -> String {
    let error = open(name).unwrap_err();
    assert_eq!(error.code, Code::BAD_WEIGHTS);
    error.message.strip_prefix(&format!("can't read the weights `{name}`: ")).unwrap().to_string()
}

#[test]
fn every_format_that_pytorch_wrote_is_read() {
    for (name, format) in [
        ("zip.pth", Format::PyTorch),
        ("twenty_one_characters.pth", Format::PyTorch),
        ("legacy.pth", Format::OldPyTorch),
        ("protocol5.pth", Format::PyTorch),
    ] {
        let file = open(name).unwrap();
        assert_eq!(file.format(), format);
        assert_eq!(
            file.order(),
            [
                "conv.weight",
                "bn.weight",
                "bn.bias",
                "bn.running_mean",
                "bn.running_var",
                "bn.num_batches_tracked",
                "fc.weight",
                "fc.bias"
            ],
            "{name}"
        );
        assert_eq!(file.tensors()["conv.weight"].shape, [2, 3, 1, 1]);
        assert_eq!(values(&file, "conv.weight"), counted(0.0, 6), "{name}");
        assert_eq!(values(&file, "bn.running_var"), counted(4.0, 2), "{name}");
        assert_eq!(values(&file, "fc.weight"), counted(-1.0, 4), "{name}");
        let batches = &file.tensors()["bn.num_batches_tracked"];
        assert_eq!((batches.shape.len(), &*file.raw(batches)), (0, &7i64.to_le_bytes()[..]));
        assert!(file.notes().is_empty());
    }
}

#[test]
fn views_are_read_with_their_offsets_and_strides() {
    for name in ["views.pth", "views_legacy.pth"] {
        let file = open(name).unwrap();
        let base = counted(0.0, 12);
        let expect = |view: &str, shape: &[usize], places: &[usize]| {
            assert_eq!(file.tensors()[view].shape, shape, "{name} {view}");
            let expected: Vec<f32> = places.iter().map(|place| base[*place]).collect();
            assert_eq!(values(&file, view), expected, "{name} {view}");
        };
        expect("whole", &[4, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        expect("transposed", &[3, 4], &[0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        expect("row", &[3], &[6, 7, 8]);
        expect("column", &[4], &[1, 4, 7, 10]);
        expect("steps", &[2, 2], &[0, 2, 6, 8]);
        expect("repeated", &[3], &[0, 0, 0]);
        expect("empty", &[0, 3], &[]);
        expect("channels_last", &[1, 2, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(values(&file, "scalar"), [5.0]);
    }
}

#[test]
fn floats_of_every_size_are_read_and_other_types_are_kept() {
    let file = open("types.pth").unwrap();
    for name in ["half", "bfloat"] {
        assert_eq!(values(&file, name), [0.0, 0.25], "{name}");
    }
    assert_eq!(values(&file, "double"), [0.1f64 as f32, 0.35f64 as f32]);
    let types: Vec<String> = file.tensors().values().map(|entry| entry.dtype.to_string()).collect();
    assert_eq!(types, ["BF16", "BOOL", "U8", "F64", "F16", "I64", "U16"]);
    let error = file.values("long", &file.tensors()["long"]).unwrap_err();
    assert!(error.message.ends_with("`long` is stored as I64"), "{}", error.message);
    assert_eq!(file.notes(), ["`types.pth` has 1 tensor in float64, to be read as float32"]);
}

#[test]
fn the_weights_inside_a_training_are_found() {
    let nested = open("nested.pth").unwrap();
    assert_eq!(values(&nested, "conv.weight"), counted(0.0, 6));
    assert_eq!(
        nested.notes(),
        ["the weights are those of `state_dict` in the checkpoint; beside it `epoch`, `best`, `optimizer`"]
    );
    let averaged = open("averaged.pth").unwrap();
    assert_eq!(values(&averaged, "conv.weight"), counted(1.0, 6));
    assert_eq!(
        averaged.notes(),
        ["the weights are those of `state_dict_ema` in the checkpoint; beside it `state_dict`"]
    );
    assert_eq!(reason("optimizer.pth"), "it holds a dictionary of `lr`, `steps`, and no named tensors");
}

#[test]
fn code_is_named_and_never_run() {
    for name in ["runs.pth", "runs_legacy.pth"] {
        assert_eq!(
            reason(name).split(',').next(),
            Some("it asks for `posix.system`"),
            "a name of the system's own library"
        );
    }
    assert!(reason("model.pth").starts_with("it asks for `torch.nn.modules.linear.Linear`, and reading it"));
    assert!(open("model.pth").unwrap_err().help.unwrap().contains("`model.state_dict()`"));
    assert_eq!(reason("script.pth"), "it is a TorchScript program, not weights alone");
    assert_eq!(reason("pickle.pth"), "it is a pickle, but not one that `torch.save` wrote");
}

#[test]
fn files_that_lie_are_told() {
    let cases = [
        ("truncated.pth", "it starts as a zip archive, and its directory can't be read"),
        ("truncated_legacy.pth", "its storage `"),
        ("bomb.pth", "its entry `zip/data.pkl` is compressed ("),
        ("no_storage.pth", "it has no entry for the storage `0`"),
        ("big_endian.pth", "it was written on a machine that stores the highest byte first"),
        ("storage_lies.pth", "its storage `0` should hold 250 elements of 4 bytes, and has 24 bytes"),
        (
            "shape_lies.pth",
            "`conv.weight` of [250, 3, 1, 1] from element 0 with strides [3, 1, 1, 1] reaches beyond its storage of 6 elements",
        ),
        (
            "shape_overflows.pth",
            "`conv.weight` of [2147483647, 2147483647, 2147483647, 4] has more elements than can be counted",
        ),
    ];
    for (name, says) in cases {
        assert!(reason(name).starts_with(says), "{name}: {}", reason(name));
    }
    let count = reason("count_lies_legacy.pth");
    assert!(count.contains("should hold 1152921504606846976 elements of 4 bytes"), "{count}");
}

/// A checkpoint before 1.6 with this pickle of objects, and no storages.
fn legacy(objects: &[u8]) -> Vec<u8> {
    let start = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    [start, objects, b"\x80\x02]."].concat()
}

#[test]
fn bombs_end_in_bounded_time_and_memory() {
    let says = |objects: Vec<u8>| {
        let error = WeightsFile::new(Bytes::Owned(legacy(&objects)), "bomb").unwrap_err();
        error.message.split_once(": ").unwrap().1.to_string()
    };
    // A list that is made into a dictionary again and again.
    let items = b"(X\x01\0\0\0aNt".repeat(1000);
    let list = [&b"\x80\x02](".to_vec()[..], &items, b"e\x85q\x000"].concat();
    let again = b"ccollections\nOrderedDict\nh\x00R0".repeat(10_000);
    assert_eq!(says([list, again, b"N.".to_vec()].concat()), "its pickle takes more than 4000000 steps");
    // One object, taken from the memo for as long as there are steps, and a text that names nothing.
    let memo = [&b"\x80\x02}q\x00("[..], &b"h\x00".repeat(5_000_000), b"u."].concat();
    assert_eq!(says(memo), "its pickle takes more than 4000000 steps");
    let long = [&b"\x80\x02}X\x00\x00\x10\x00"[..], &vec![b'a'; 1 << 20], b"Ns."].concat();
    assert!(says(long).len() < 200);
    // A checkpoint inside a checkpoint inside itself.
    assert!(says(b"\x80\x02}q\x00X\x05\0\0\0modelh\x00s.".to_vec()).contains("no named tensors"));
}

#[test]
fn names_that_would_spoil_a_terminal_are_refused() {
    let header = "{\"a\\u001b[31m\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    let error = WeightsFile::new(Bytes::Owned(super::file(header, &[])), "w").unwrap_err();
    assert!(error.message.contains("has characters that do not print"), "{}", error.message);
}

/// Opens bytes and reads all that is in them; whatever they are, there is a result or an error.
fn read_all(bytes: Vec<u8>) -> bool {
    let Ok(file) = WeightsFile::new(Bytes::Owned(bytes), "mutant") else { return false };
    for (name, entry) in file.tensors() {
        assert_eq!(file.raw(entry).len(), entry.bytes(), "{name}");
        if let Err(error) = file.values(name, entry) {
            assert_eq!(error.code, Code::BAD_WEIGHTS);
        }
    }
    true
}

proptest! {
    /// Changed, cut and spliced checkpoints never panic, and what is read of them lies inside them.
    #[test]
    fn mutants_never_panic(
        which in 0usize..6,
        changes in collection::vec((any::<usize>(), any::<u8>()), 0..6),
        cut in any::<Option<usize>>(),
        copied in any::<Option<(usize, usize, usize)>>(),
    ) {
        let names = ["zip.pth", "legacy.pth", "views.pth", "views_legacy.pth", "types.pth", "nested.pth"];
        let mut bytes = std::fs::read(folder().join(names[which])).unwrap();
        prop_assert!(read_all(bytes.clone()));
        let length = bytes.len();
        if let Some((from, to, count)) = copied {
            let (from, to) = (from % length, to % length);
            let count = count % 64;
            let piece: Vec<u8> = bytes[from..(from + count).min(length)].to_vec();
            let end = (to + piece.len()).min(length);
            bytes[to..end].copy_from_slice(&piece[..end - to]);
        }
        for (at, value) in changes {
            bytes[at % length] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut % (2 * length));
        }
        read_all(bytes);
    }
}

#[test]
fn stretches_are_parts_of_the_whole() {
    let mut kinds = std::collections::BTreeSet::new();
    for name in ["types.pth", "views.pth", "views_legacy.pth", "round_half.pth", "legacy.pth"] {
        let file = open(name).unwrap();
        for (tensor, entry) in file.tensors() {
            let spec = WeightSpec::new("weight", entry.shape.clone(), Init::Zeros);
            let Ok(whole) = file.get(tensor, &spec, &Device::Cpu) else {
                assert!(file.reader(tensor, &spec).is_err_and(|error| error.message.contains("is stored as")));
                continue;
            };
            let whole: Vec<f32> = whole.flatten_all().unwrap().to_vec1().unwrap();
            let stretches = file.reader(tensor, &spec).unwrap();
            for start in 0..=whole.len() {
                let mut found = vec![f32::NAN; (whole.len() - start).div_ceil(2)];
                stretches.read(start, &mut found).unwrap();
                assert_eq!(found, whole[start..start + found.len()], "{name} {tensor} from {start}");
            }
            kinds.insert(format!("{:?}", entry.dtype));
        }
    }
    assert!(["BF16", "F16", "F32", "F64"].iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
}
