//! `archc embed`, `archc eval` and `archc gradcam`, the program itself.

use std::path::Path;
use std::process::Command;

use archc::image::{Filter, Orientation, read, resize, write_png};

use super::{fixture, largest};
use crate::run::{floats, relative_error, root, write};

/// Exit code, standard output and standard error of archc in the project's folder.
fn archc(args: &[&str]) -> (i32, String, String) {
    finish(Command::new(env!("CARGO_BIN_EXE_archc")).args(args))
}

fn finish(command: &mut Command) -> (i32, String, String) {
    let output = command.current_dir(root()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let words = text(output.stderr).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    (output.status.code().unwrap(), text(output.stdout), words)
}

/// What is in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn values(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

const IMAGES: [&str; 2] = ["examples/images/coffee.png", "examples/images/chelsea.png"];

#[test]
fn features_of_a_layer_are_written_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.npy");
    let [coffee, chelsea] = IMAGES;
    let args = ["embed", "zoo:squeezenet1_1", coffee, "Cargo.toml", chelsea, "--at", "features.12", "--pool", "-o"];
    let (code, printed, err) = archc(&[&args[..], &[out.to_str().unwrap(), "--batch", "2"]].concat());
    assert_eq!((code, printed.as_str()), (1, ""));
    assert!(err.contains("`Cargo.toml`: this is no image") && err.contains("1 of 3 images have no row"), "{err}");
    assert_eq!(names(folder.path()), ["f.npy", "f.txt"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("f.txt")).unwrap(), format!("{coffee}\n{chelsea}\n"));
    let bytes = std::fs::read(&out).unwrap();
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..data]).unwrap();
    assert!(header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 512), }"), "{header}");
    assert_eq!((data % 64, bytes.len()), (0, data + 2 * 512 * 4));
    for (row, case) in values(&bytes[data..]).chunks_exact(512).zip(fixture()) {
        let expected =
            case["features"].as_array().unwrap().iter().find(|entry| entry["node"] == "features.12").unwrap();
        let error = relative_error(row.iter().copied().take(16), &floats(&expected["pooled"]));
        assert!(error < 1e-4, "{error}");
    }
}

#[test]
fn safetensors_keep_the_shape_of_the_layer() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.safetensors");
    let (code, _, err) = archc(&["embed", "zoo:squeezenet1_1", IMAGES[0], "-o", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        err,
        "note: features are the result of `classifier.0`, dropout [512, 13, 13]; `--at PATH` names another"
    );
    let bytes = std::fs::read(&out).unwrap();
    let (_, meta) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let meta = meta.metadata().clone().unwrap();
    assert_eq!(meta["images"], format!("[\"{}\"]", IMAGES[0]));
    assert_eq!([&*meta["arch"], &*meta["node"], &*meta["pooled"]], ["squeezenet1_1", "classifier.0", "false"]);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let features = file.tensor("features").unwrap();
    assert_eq!(features.shape(), [1, 512, 13, 13]);
    let expected = &fixture()[0]["features"][1];
    let found = values(features.data());
    assert!(relative_error(largest(&found, expected), &floats(&expected["values"])) < 1e-4);
}

#[test]
fn what_can_t_be_embedded_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let says = |args: &[&str], output: &str| {
        let (code, out, err) = archc(&[&["embed", "zoo:squeezenet1_1"], args, &["-o", output]].concat());
        assert_eq!((out.as_str(), names(folder.path()).len()), ("", 0), "{err}");
        (code, err)
    };
    let (code, err) = says(&[IMAGES[0], "--at", "featurs.12"], &path("f.npy"));
    assert_eq!(code, 2);
    assert!(err.contains("did you mean `features.12`? `archc stats zoo:squeezenet1_1 --depth 3` lists all"), "{err}");
    let (code, err) = says(&[IMAGES[0], "--at", "classifier", "--pool"], &path("f.npy"));
    assert_eq!(code, 2);
    assert!(err.contains("`classifier.flatten1` is [1000], without rows and columns"), "{err}");
    let (code, err) = says(&[IMAGES[0]], &path("f.csv"));
    assert_eq!(code, 2);
    assert!(err.contains("let the name end in .npy or .safetensors"), "{err}");
    let (code, err) = says(&[IMAGES[0]], &path("none/f.npy"));
    assert_eq!(code, 2);
    assert!(err.contains("there is no folder"), "{err}");
    let (code, err) = says(&["Cargo.toml"], &path("f.npy"));
    assert_eq!(code, 1);
    assert!(err.contains("nothing is written: no image has features"), "{err}");
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_archc");
    let commands = [
        "embed zoo:squeezenet1_1 examples/images -o F/f.npy",
        "gradcam zoo:squeezenet1_1 examples/images/coffee.png -o F/f.png",
    ];
    for command in commands {
        let command = command.replace('F', folder.path().to_str().unwrap());
        let line = format!("trap '' XFSZ; ulimit -f 8; exec {program} {command}");
        let (code, _, err) = finish(Command::new("sh").args(["-c", &line]));
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("can't write `"), "{err}");
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

/// Two folders called by labels, one by its number, one by its WordNet id, and a file that is no image.
fn photos() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let images = [
        ("espresso", "coffee.png"),
        ("Tiger_Cat", "chelsea.png"),
        ("657", "rocket.jpg"),
        ("n02124075/deeper", "chelsea.png"),
    ];
    for (class, image) in images {
        std::fs::create_dir_all(folder.path().join(class)).unwrap();
        std::fs::copy(root().join("examples/images").join(image), folder.path().join(class).join(image)).unwrap();
    }
    write(folder.path(), "espresso/broken.png", "no image");
    write(folder.path(), "espresso/notes.txt", "not looked at");
    write(folder.path(), "notes.txt", "neither");
    folder
}

/// PyTorch's five best classes of the three photos have all of these; its best has the first two.
#[test]
fn folders_of_known_classes_are_evaluated() {
    let folder = photos();
    let dir = folder.path().to_str().unwrap();
    let (code, out, err) = archc(&["eval", "zoo:squeezenet1_1", dir, "--format", "json", "--batch", "3"]);
    assert_eq!(code, 1);
    assert!(err.contains("broken.png") && err.contains("1 of 5 images could not be classified"), "{err}");
    assert!(err.contains("beside the class folders lies what is not looked at: 1 file"), "{err}");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!([&found["images"], &found["failed"]].map(|count| count.as_u64()), [Some(4), Some(1)]);
    assert_eq!([&found["top1"], &found["top5"]].map(|part| part.as_f64()), [Some(0.5), Some(1.0)]);
    let labels: Vec<&str> = found["classes"].as_array().unwrap().iter().map(|c| c["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["tiger cat", "Egyptian cat", "missile", "espresso"]);

    let (_, out, _) = archc(&["eval", "zoo:squeezenet1_1", dir, "--threads", "1"]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("total 4 50.00 100.00") && words.contains("Egyptian cat tiger cat 1"), "{out}");

    let (_, out, _) = archc(&["eval", "zoo:squeezenet1_1", dir, "--format", "csv"]);
    let header = "class,label,images,top1,top5,tiger cat,Egyptian cat,missile,";
    assert!(out.starts_with(header) && out.contains("\n285,Egyptian cat,1,0,1,1,0,0,"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_evaluation_that_can_t_be_printed_is_an_error() {
    let folder = photos();
    let line =
        format!("exec {} eval zoo:squeezenet1_1 {} > /dev/full", env!("CARGO_BIN_EXE_archc"), folder.path().display());
    let (code, _, err) = finish(Command::new("sh").args(["-c", &line]));
    assert_eq!(code, 2);
    assert!(err.contains("can't write to standard output"), "{err}");
}

/// What Keras says of the four images is in `tests/run/mini_xception.json`.
#[test]
fn a_map_names_the_classes_of_folders() {
    let folder = tempfile::tempdir().unwrap();
    let cases = crate::run::json("mini_xception.json");
    let mut map = "folder,class\n".to_string();
    for (index, case) in cases["results"].as_array().unwrap().iter().enumerate() {
        let (image, class) = (case["image"].as_str().unwrap(), case["top1"].as_str().unwrap());
        std::fs::create_dir(folder.path().join(format!("person {index}"))).unwrap();
        let to = folder.path().join(format!("person {index}")).join(image);
        std::fs::copy(root().join("tests/run/mini_xception").join(image), to).unwrap();
        map.push_str(&format!("person {index}, {class}\n"));
    }
    let dir = folder.path().to_str().unwrap();
    let (code, _, err) = archc(&["eval", "zoo:mini_xception", dir]);
    assert_eq!(code, 2);
    assert!(err.contains("mean no class: person 0: no class is called `person 0`;"), "{err}");
    let map = write(folder.path(), "map.csv", map);
    let (code, out, err) = archc(&["eval", "zoo:mini_xception", dir, "--map", &map, "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((found["images"].as_u64(), found["top1"].as_f64()), (Some(4), Some(1.0)));

    let wrong = write(folder.path(), "wrong.csv", "person 0,happy,2\n");
    let (code, _, err) = archc(&["eval", "zoo:mini_xception", dir, "--map", &wrong]);
    assert_eq!(code, 2);
    assert!(err.contains("row 1 has 3 columns"), "{err}");
}

#[test]
fn folders_that_mean_no_class_are_listed() {
    let folder = photos();
    for name in ["expresso", "1000", ".hidden"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let (code, out, err) = archc(&["eval", "zoo:squeezenet1_1", folder.path().to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("2 folders in") && err.contains("there is no class 1000: the last is 999"), "{err}");
    assert!(err.contains("expresso: no class is called `expresso`; did you mean `espresso`?"), "{err}");
    let (code, _, err) = archc(&["eval", "zoo:squeezenet1_1", folder.path().join("espresso").to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(err.contains("there are no folders in"), "{err}");
    let (code, _, err) = archc(&["eval", "zoo:squeezenet1_1", folder.path().join("none").to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(err.contains("can't read"), "{err}");
}

#[test]
fn a_picture_colours_what_the_network_saw() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("heat.png");
    let (code, printed, err) = archc(&["gradcam", "zoo:squeezenet1_1", IMAGES[0], "-o", out.to_str().unwrap()]);
    assert_eq!((code, printed.as_str()), (0, ""));
    assert_eq!(err, "espresso (class 967, 96.57 %) at `classifier.2`, relu [1000, 13, 13]");
    let [photo, heat] = [root().join(IMAGES[0]), out].map(|path| read(&path, Orientation::Ignored).unwrap());
    assert_eq!((heat.width, heat.height), (photo.width, photo.height));
    let pixel = |x: usize, y: usize| [&photo, &heat].map(|image| image.row(y)[3 * x..][..3].to_vec());
    // Outside the crop of 350x350 nothing changes.
    for (x, y) in [(0, 0), (120, 200), (480, 200), (300, 20), (300, 380)] {
        let [before, after] = pixel(x, y);
        assert_eq!(before, after, "{x} {y}");
    }
    // The coffee is red, the rim of the plate blue.
    let [_, coffee] = pixel(290, 160);
    let [_, plate] = pixel(190, 320);
    assert!(coffee[0] > 2 * coffee[2] && plate[2] > 2 * plate[0], "{coffee:?} {plate:?}");
}

/// `docs/pictures/gradcam.png` is what the first example of `docs/features.md` draws, at half its size.
/// `ARCHC_PICTURES=draw` draws it anew.
#[test]
fn the_picture_in_the_documentation_is_what_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("heat.png");
    archc(&["gradcam", "zoo:squeezenet1_1", IMAGES[0], "-o", out.to_str().unwrap()]);
    let drawn = read(&out, Orientation::Ignored).unwrap();
    let drawn = resize(&drawn, drawn.width / 2, drawn.height / 2, Filter::Lanczos);
    let kept = root().join("docs/pictures/gradcam.png");
    if std::env::var_os("ARCHC_PICTURES").is_some_and(|value| value == "draw") {
        write_png(&drawn, std::fs::File::create(&kept).unwrap()).unwrap();
    }
    let kept = read(&kept, Orientation::Ignored).unwrap();
    assert_eq!((kept.width, kept.height), (drawn.width, drawn.height));
    let differs = kept.data.iter().zip(&drawn.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(differs <= 4, "gradcam.png is out of date; run the tests with ARCHC_PICTURES=draw");
}

#[test]
fn what_can_t_be_pictured_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("heat.png");
    let says = |args: &[&str]| {
        let (code, printed, err) =
            archc(&[&["gradcam", "zoo:squeezenet1_1"], args, &["-o", out.to_str().unwrap()]].concat());
        assert_eq!((printed.as_str(), names(folder.path()).len()), ("", 0), "{err}");
        (code, err)
    };
    let cases: [(&[&str], i32, &str); 7] = [
        (&[IMAGES[0], "--class", "expresso"], 2, "did you mean `espresso`?"),
        (&[IMAGES[0], "--class", "1000"], 2, "there is no class 1000: the last is 999"),
        (
            &[IMAGES[0], "--at", "features.13"],
            2,
            "`squeezenet1_1` has no node `features.13` help: did you mean `features.1",
        ),
        (
            &[IMAGES[0], "--at", "classifier.3"],
            2,
            "`classifier.3`, global_avg_pool [1000, 1, 1] has no rows and columns",
        ),
        (&["Cargo.toml"], 1, "this is no image that is known here"),
        (&["examples/images/none.png"], 1, "no such file"),
        (&["examples/images"], 2, "`examples/images` is 3 images help: name one"),
    ];
    for (args, code, message) in cases {
        let (found, err) = says(args);
        assert_eq!(found, code, "{err}");
        assert!(err.contains(message), "{err}");
    }
}
