//! Packed weights that are kept in a folder: the same results, whatever lies in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use archc::diagnostic::Diagnostic;
use archc::ir::Graph;
use archc::kernels::Level;
use archc::ops::WeightSpec;
use archc::plan::{Options, PackedCache, Plan};
use archc::weights::{Hashed, Identity, Names, Renamed, Values, WeightSource, WeightsFile};
use candle_core::{Device, Tensor};

use super::{bits, graph, images};

/// A kernel of each kind, with what joins them: Winograd's, direct, of groups, depthwise, of a flattened image, of a vector.
const BODY: &str = "
    input image[3, 24, 24]
    conv(16, 3, bias = false) -> bn -> relu
    bn -> conv(64, 3, pad = 0) -> relu
    conv(64, 3) -> relu -> conv(48, 1, 2) -> relu
    conv(48, 3, groups = 3) -> relu
    depthwise_conv(3, bias = false) -> bn -> relu6
    flatten -> linear(600) -> relu -> prelu -> linear(10)
    output y";

/// A folder with a weights file and a cache.
struct Kept {
    folder: tempfile::TempDir,
    graph: Graph,
    age: Duration,
}

impl Kept {
    fn new() -> Kept {
        let kept = Kept { folder: tempfile::tempdir().unwrap(), graph: graph(BODY), age: Duration::from_secs(3600) };
        kept.write_weights(1.0);
        kept
    }

    fn weights(&self) -> PathBuf {
        self.folder.path().join("net.safetensors")
    }

    /// Writes the weights, all of them multiplied by a number.
    fn write_weights(&self, factor: f32) {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (node, _) in self.graph.nodes() {
            for spec in self.graph.weights(node) {
                let name = self.graph.weight_name(node, &spec);
                let tensor = Hashed { norm_scale: 1.0 }.get(&name, &spec, &Device::Cpu).unwrap();
                let start = data.len();
                let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
                data.extend(values.iter().flat_map(|value| (value * factor).to_le_bytes()));
                let offsets = [start, data.len()];
                header.insert(name, serde_json::json!({"dtype": "F32", "shape": spec.shape, "data_offsets": offsets}));
            }
        }
        let header = serde_json::Value::Object(header).to_string();
        fs::write(self.weights(), crate::weights::file(&header, &data)).unwrap();
        File::options().write(true).open(self.weights()).unwrap().set_modified(SystemTime::now() - self.age).unwrap();
    }

    fn cache(&self) -> PackedCache {
        PackedCache::new(self.folder.path().join("cache").join("packed"))
    }

    /// Results, how often weights of more than one dimension were read, and what was said of the cache.
    fn run(&self, options: Options) -> (Vec<u32>, usize, Result<Option<String>, String>) {
        let source = Counting { inner: WeightsFile::open(&self.weights()).unwrap(), reads: AtomicUsize::new(0) };
        let result = self.graph.main_output().unwrap().node;
        let plan = Plan::cached(&self.graph, &[result], &source, options, &self.cache()).unwrap();
        let results = plan.run(&[images(&[2, 3, 24, 24])]).unwrap();
        (bits(&results[0]), source.reads.load(Ordering::Relaxed), plan.keep_packed())
    }

    fn plain(&self, options: Options) -> Vec<u32> {
        let source = WeightsFile::open(&self.weights()).unwrap();
        let result = self.graph.main_output().unwrap().node;
        let plan = Plan::new(&self.graph, &[result], &source, options).unwrap();
        bits(&plan.run(&[images(&[2, 3, 24, 24])]).unwrap()[0])
    }

    /// The files of the cache.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache().folder()).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// A source that counts.
struct Counting {
    inner: WeightsFile,
    reads: AtomicUsize,
}

struct Counted<'a>(Box<dyn Values + 'a>, &'a AtomicUsize);

impl Values for Counted<'_> {
    fn read(&self, start: usize, to: &mut [f32]) -> Result<(), Diagnostic> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(start, to)
    }
}

impl WeightSource for Counting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn shapes(&self) -> Option<std::collections::BTreeMap<String, Vec<usize>>> {
        self.inner.shapes()
    }

    fn identity(&self) -> Option<Identity> {
        self.inner.identity()
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        self.inner.get(name, spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        let inner = self.inner.reader(name, spec)?;
        Ok(if spec.shape.len() > 1 { Box::new(Counted(inner, &self.reads)) } else { inner })
    }
}

#[test]
fn the_second_plan_reads_no_weights_and_computes_the_same() {
    for level in Level::available() {
        let options = Options { threads: 2, level, exact: false };
        let kept = Kept::new();
        let expected = kept.plain(options);
        let (first, reads, said) = kept.run(options);
        assert!(reads > 0 && said == Ok(None) && first == expected);
        assert_eq!(kept.run(options), (expected, 0, Ok(None)), "{}", level.name());
        assert_eq!(kept.files().len(), 1);
    }
}

#[test]
fn whatever_is_in_place_of_the_file_results_are_right_and_it_is_written_again() {
    let kept = Kept::new();
    let options = Options { threads: 1, ..Options::default() };
    let (expected, ..) = kept.run(options);
    let [path] = kept.files().try_into().unwrap();
    let whole = fs::read(&path).unwrap();
    let header = u64::from_le_bytes(whole[16..24].try_into().unwrap()) as usize;
    let data = (24 + header).next_multiple_of(4096);
    let check = |bytes: &[u8], told: Option<&str>| {
        fs::write(&path, bytes).unwrap();
        let (results, reads, said) = kept.run(options);
        assert!(results == expected && reads > 0, "{told:?}");
        match told {
            Some(told) => assert!(said.clone().unwrap().unwrap().contains(told), "{told}: {said:?}"),
            None => assert_eq!(said, Ok(None)),
        }
        assert!(fs::read(&path).unwrap() == whole, "{told:?}: it is as it was at first");
    };
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    };
    for at in [data, data + 5000, whole.len() / 2, whole.len() - 1] {
        check(&flipped(at), Some("is damaged"));
    }
    for length in [0, 7, 16, 23, 100, data - 1, data, whole.len() / 2, whole.len() - 64, whole.len() - 1] {
        check(&whole[..length], Some("is cut off"));
    }
    check(&[&whole[..], &[0]].concat(), Some("is cut off"));
    let mut random: Vec<u8> = (0..10_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    check(&random, Some("is no file of packed weights"));
    random[..24].copy_from_slice(&whole[..24]);
    check(&random, Some("is damaged"));
    random[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    check(&random, Some("is cut off"));
    // Of a later archc.
    check(&[b"archc packed 2\n", &random[..]].concat(), None);
    for at in (0..24 + header).step_by(97) {
        fs::write(&path, flipped(at)).unwrap();
        let (results, _, said) = kept.run(options);
        assert!(results == expected && said.is_ok(), "{at}");
        assert!(fs::read(&path).unwrap() == whole, "{at}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let (results, _, said) = kept.run(options);
    assert!(results == expected && said.unwrap_err().contains("can't keep packed weights as"));
}

#[test]
fn other_weights_replace_the_file_and_other_plans_have_their_own() {
    let mut kept = Kept::new();
    let options = Options { threads: 1, ..Options::default() };
    let (first, ..) = kept.run(options);
    // As long as the others, and a moment older.
    kept.age += Duration::from_micros(10);
    kept.write_weights(1.01);
    let (other, reads, _) = kept.run(options);
    assert!(reads > 0 && other != first && other == kept.plain(options));
    assert_eq!(kept.run(options), (other, 0, Ok(None)));
    assert_eq!(kept.files().len(), 1);

    let exact = Options { exact: true, ..options };
    let (results, reads, _) = kept.run(exact);
    assert!(reads > 0 && results == kept.plain(exact));
    assert_eq!(kept.run(exact), (results, 0, Ok(None)));
    assert_eq!(kept.files().len(), 2);
    for level in Level::available() {
        let options = Options { level, ..options };
        assert_eq!(kept.run(options).0, kept.plain(options));
    }
    assert_eq!(kept.files().len(), 1 + Level::available().len());

    // Another architecture for the same file: a layer has another neighbour.
    kept.graph = graph(&BODY.replacen("-> relu6", "-> relu", 1));
    let (results, reads, _) = kept.run(options);
    assert!(reads > 0 && results == kept.plain(options));
}

#[test]
fn weights_that_were_just_written_or_are_of_no_file_are_not_kept() {
    let mut kept = Kept::new();
    kept.age = Duration::ZERO;
    kept.write_weights(1.0);
    assert_eq!(kept.run(Options::default()).2, Ok(None));

    let result = kept.graph.main_output().unwrap().node;
    let made_up = Hashed { norm_scale: 1.0 };
    let plan = Plan::cached(&kept.graph, &[result], &made_up, Options::default(), &kept.cache()).unwrap();
    assert_eq!(plan.keep_packed(), Ok(None));
    assert_eq!(kept.files(), Vec::<PathBuf>::new());
}

#[test]
fn the_same_file_under_other_names_is_other_weights() {
    let folder = tempfile::tempdir().unwrap();
    let net =
        graph("input image[16, 2, 2]; flatten -> a: linear(64, bias = false) -> b: linear(64, bias = false); output y");
    let header = r#"{"a.weight":{"dtype":"F32","shape":[64,64],"data_offsets":[0,16384]},"b.weight":{"dtype":"F32","shape":[64,64],"data_offsets":[16384,32768]}}"#;
    let values: Vec<u8> = (0..8192).flat_map(|n| (n as f32 / 8192.0).to_le_bytes()).collect();
    let path = folder.path().join("w.safetensors");
    fs::write(&path, crate::weights::file(header, &values)).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let mut swapped = Names::default();
    swapped.push("a.{x}", "b.{x}").unwrap();
    swapped.push("b.{x}", "a.{x}").unwrap();
    let cache = PackedCache::new(folder.path().join("cache"));
    let result = net.main_output().unwrap().node;
    for _ in 0..2 {
        let computed = [&Names::default(), &swapped].map(|names| {
            let source = Renamed::new(WeightsFile::open(&path).unwrap(), names).unwrap();
            let plan = Plan::cached(&net, &[result], &source, Options::default(), &cache).unwrap();
            assert_eq!(plan.keep_packed(), Ok(None));
            let plain = Plan::new(&net, &[result], &source, Options::default()).unwrap();
            let [kept, plain] = [plan, plain].map(|plan| bits(&plan.run(&[images(&[1, 16, 2, 2])]).unwrap()[0]));
            assert_eq!(kept, plain);
            kept
        });
        assert_ne!(computed[0], computed[1]);
    }
}

#[test]
fn what_a_stopped_process_left_behind_is_removed_in_time() {
    let kept = Kept::new();
    let folder = kept.cache().folder().to_path_buf();
    fs::create_dir_all(&folder).unwrap();
    let part = |name: &str, age: u64| {
        let path = folder.join(name);
        let file = File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    };
    let [old, new, other] =
        [part(".archc-packed-a.part", 600), part(".archc-packed-b.part", 0), part("notes.part", 600)];
    assert_eq!(kept.run(Options::default()).2, Ok(None));
    assert!(!old.exists() && new.exists() && other.exists());
    assert_eq!(kept.files().len(), 3);
}

#[cfg(unix)]
#[test]
fn a_kept_file_may_be_read_by_those_who_may_read_the_weights() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::new();
    fs::set_permissions(kept.weights(), PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(kept.run(Options::default()).2, Ok(None));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept.files()[0]), 0o600);
}
