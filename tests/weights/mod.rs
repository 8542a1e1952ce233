//! Weights: broken files, renamed and misfitting ones.

use archc::diagnostic::{Code, Diagnostic};
use archc::ops::{Init, WeightSpec};
use archc::weights::{Bytes, Names, Renamed, WeightSource, WeightsFile};
use candle_core::Device;

mod checkpoints;
mod items;
mod names;
#[cfg(feature = "pull")]
mod pull;

/// A safetensors file of this header and data.
pub fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn open(bytes: Vec<u8>) -> Result<WeightsFile, Diagnostic> {
    WeightsFile::new(Bytes::Owned(bytes), "w.safetensors")
}

/// What is said of a broken file, without the words that all such messages start with.
fn says(header: &str, data: &[u8]) -> String {
    reason(open(file(header, data)))
}

fn reason(result: Result<WeightsFile, Diagnostic>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code, Code::BAD_WEIGHTS);
    error.message.strip_prefix("can't read the weights `w.safetensors`: ").unwrap().to_string()
}

fn values(source: &dyn WeightSource, name: &str, shape: &[usize]) -> Result<Vec<f32>, Diagnostic> {
    let spec = WeightSpec::new("weight", shape, Init::Zeros);
    Ok(source.get(name, &spec, &Device::Cpu)?.flatten_all().unwrap().to_vec1().unwrap())
}

#[test]
fn every_float_type_is_read_as_float32() {
    let header = r#"{"__metadata__":{"format":"pt"},
        "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]},
        "c":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]},"d":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#;
    let data = [&1.5f32.to_le_bytes()[..], &[0x00, 0x3E], &[0xC0, 0x3F], &1.5f64.to_le_bytes()].concat();
    let weights = open(file(header, &data)).unwrap();
    for name in ["a", "b", "c", "d"] {
        assert_eq!(values(&weights, name, &[1]).unwrap(), [1.5], "{name}");
    }
}

#[test]
fn a_file_that_is_too_short_is_cut_off() {
    assert_eq!(reason(open(vec![1, 2])), "it has 2 bytes, and a safetensors file starts with 8 of length");
    assert_eq!(reason(open(Vec::new())), "it has 0 bytes, and a safetensors file starts with 8 of length");
    let mut lies = file("{}", &[]);
    lies[0] = 99;
    assert_eq!(reason(open(lies.clone())), "its header should be 99 bytes long, and 2 follow");
    lies[7] = 0xFF;
    assert!(reason(open(lies)).starts_with("its header would be 18374686479671623779 bytes long"));
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    assert_eq!(says(header, &[0; 6]), "`a` lies at 0 to 8 of its data, and there are 6 bytes of that");
}

#[test]
fn places_and_shapes_must_agree() {
    let one = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    assert_eq!(says(&one("[2]", 0, 4), &[0; 4]), "`a` of [2] in F32 takes 8 bytes, and its place is from 0 to 4");
    assert_eq!(says(&one("[2]", 8, 0), &[0; 8]), "`a` of [2] in F32 takes 8 bytes, and its place is from 8 to 0");
    assert_eq!(
        says(&one("[1]", 4, 8), &[0; 8]),
        "`a` leaves a gap before it: it starts at 4 of the data, and 0 is next"
    );
    assert_eq!(says(&one("[1]", 0, 4), &[0; 9]), "its tensors take 4 bytes, and 9 follow the header");
    let overflow = one("[4294967296, 4294967296, 2]", 0, 0);
    assert_eq!(says(&overflow, &[]), "`a` of [4294967296, 4294967296, 2] has more elements than can be counted");
    let overlap =
        r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#;
    assert!(says(overlap, &[0; 6]).starts_with("`b` overlaps another tensor"));
}

#[test]
fn doubled_names_and_unknown_types_are_errors() {
    let twice =
        r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;
    assert_eq!(says(twice, &[0; 2]), "its header has `a` twice");
    let unknown = r#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,1]}}"#;
    assert!(says(unknown, &[0]).contains("unknown variant `F99`"));
    assert!(says("[1, 2]", &[]).starts_with("its header is not what the format says"));
    assert!(says(&"[".repeat(100_000), &[]).starts_with("its header is not what the format says"));
}

#[test]
fn other_formats_are_recognised() {
    let says = |bytes: &[u8]| reason(open(bytes.to_vec()));
    assert_eq!(says(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"), "it is a PNG image");
    assert_eq!(says(b"\xFF\xD8\xFF\xE0\0\x10JFIF"), "it is a JPEG image");
    assert_eq!(says(b"\x89HDF\r\n\x1a\n........"), "it is an HDF5 file, as Keras writes them");
    assert_eq!(says(b"<!DOCTYPE html>"), "it is a web page, not the file that was to be downloaded");
    let pointer = open(b"version https://git-lfs.github.com/spec/v1".to_vec()).unwrap_err();
    assert_eq!(pointer.help.unwrap(), "`git lfs pull` gets the file itself");
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(says(&tar).starts_with("it is a tar archive, as PyTorch wrote checkpoints before"));
}

#[test]
fn a_folder_and_a_missing_file_are_told_apart() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = WeightsFile::open(&root.join("tests")).unwrap_err();
    assert!(folder.message.ends_with("it is a folder"), "{}", folder.message);
    let missing = WeightsFile::open(&root.join("none.safetensors")).unwrap_err();
    assert!(missing.message.ends_with("there is no such file"), "{}", missing.message);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    std::fs::write(&path, file("{}", &[])).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    // The superuser may read it.
    if std::fs::File::open(&path).is_err() {
        let error = WeightsFile::open(&path).unwrap_err();
        assert!(error.message.ends_with("permission denied"), "{}", error.message);
    }
}

#[test]
fn values_that_are_no_numbers_are_found() {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"n":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}"#;
    let data = [&0f32.to_le_bytes()[..], &f32::NAN.to_le_bytes(), &7i64.to_le_bytes()].concat();
    let weights = open(file(header, &data)).unwrap();
    let error = values(&weights, "a", &[2]).unwrap_err();
    assert!(error.message.ends_with("`a` holds NaN, as value 1 of 2"), "{}", error.message);
    let error = values(&weights, "n", &[]).unwrap_err();
    assert!(error.message.ends_with("`n` is stored as I64"), "{}", error.message);
}

#[test]
fn names_map_to_the_architecture() {
    let header = r#"{"head.fc.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut names = Names::default();
    names.push("head.fc.{x}", "fc.{x}").unwrap();
    let weights = Renamed::new(open(file(header, &2f32.to_le_bytes())).unwrap(), &names).unwrap();
    assert_eq!(weights.shapes().unwrap().into_keys().collect::<Vec<_>>(), ["fc.weight"]);
    assert_eq!(values(&weights, "fc.weight", &[1]).unwrap(), [2.0]);
    assert!(values(&weights, "head.fc.weight", &[1]).is_err());
}

#[test]
fn two_names_that_become_one_are_an_error() {
    let header =
        r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#;
    let mut names = Names::default();
    names.push("a", "b").unwrap();
    let error = Renamed::new(open(file(header, &[0; 2])).unwrap(), &names).err().unwrap();
    assert_eq!(error.message, "`a` and `b` of `w.safetensors` would both become `b`");
}
