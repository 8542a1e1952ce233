//! Which images a user means, and how they come, broken ones in their places.

use std::path::{Path, PathBuf};

use archc::diagnostic::Diagnostic;
use archc::image::{Orientation, Photo, Pixels, Prepared, Stream, list};

use super::root;

/// A folder with copies of a small PNG under these names.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        copy(&folder.path().join(name));
    }
    folder
}

fn copy(to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(root().join("tests/image/decode/rgb.png"), to).unwrap();
}

/// The names of what arguments mean, below `folder`.
fn names(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let arguments: Vec<PathBuf> = arguments.iter().map(|argument| folder.join(argument)).collect();
    let below = |photo: &Photo| photo.name().replace(&format!("{}/", folder.display()), "");
    list(&arguments).iter().map(below).collect()
}

/// What is wrong with the only image that an argument means.
fn says(argument: &Path) -> String {
    let photos = list(&[argument.to_path_buf()]);
    assert_eq!(photos.len(), 1, "{photos:?}");
    photos[0].read(Orientation::Ignored).unwrap_err().message
}

#[test]
fn a_folder_is_all_images_below_it_sorted() {
    let folder = folder(&["b.png", "a/z.jpg", "a/y.JPEG", "c.PNG", "a/deep/er/x.png", "B.png", "notes.txt", "d.gif"]);
    let all = ["B.png", "a/deep/er/x.png", "a/y.JPEG", "a/z.jpg", "b.png", "c.PNG"];
    assert_eq!(names(folder.path(), &[""]), all);
    // A file that is named is itself, whatever its name; what is named twice is there twice.
    assert_eq!(names(folder.path(), &["notes.txt", "b.png", "b.png"]), ["notes.txt", "b.png", "b.png"]);
}

#[test]
fn a_pattern_that_no_shell_expanded_is_expanded() {
    let folder = folder(&["b1.png", "b2.png", "a/c.jpg", ".hidden.png", "[odd].png"]);
    assert_eq!(names(folder.path(), &["b?.png"]), ["b1.png", "b2.png"]);
    assert_eq!(names(folder.path(), &["*"]), ["[odd].png", "a/c.jpg", "b1.png", "b2.png"]);
    assert_eq!(names(folder.path(), &["**/*.jpg"]), ["a/c.jpg"]);
    // A path that is there is no pattern.
    assert_eq!(names(folder.path(), &["[odd].png"]), ["[odd].png"]);
    assert!(says(&folder.path().join("x*.png")).ends_with("no file is there, and the pattern matches none"));
    assert!(says(&folder.path().join("x***.png")).contains("the pattern is wrong at its character"));
}

#[test]
fn a_folder_without_images_says_so() {
    let folder = folder(&["notes.txt", "a/more.txt"]);
    assert!(says(folder.path()).ends_with("there are no images in this folder, or below it"));
}

#[test]
fn a_name_that_is_too_long_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(says(&folder.path().join("a".repeat(5000))).to_lowercase().contains("too long"));
    let many = "a/".repeat(5000);
    assert!(says(&folder.path().join(many).join("b.png")).to_lowercase().contains("too long"));
}

#[test]
fn standard_input_is_read_once() {
    let photos = list(&["-".into(), "-".into()]);
    assert_eq!(photos[0].name(), "-");
    let error = photos[1].read(Orientation::Ignored).unwrap_err();
    assert!(error.message.ends_with("standard input is read only once"), "{}", error.message);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_that_lead_back_end() {
        let folder = folder(&["a/1.png", "b/2.png"]);
        symlink("..", folder.path().join("a/up")).unwrap();
        symlink("../b", folder.path().join("a/b")).unwrap();
        symlink("itself", folder.path().join("itself")).unwrap();
        assert_eq!(names(folder.path(), &[""]), ["a/1.png", "a/b/2.png"]);
    }

    #[test]
    fn a_link_to_nothing_is_an_error_in_its_place() {
        let folder = folder(&["a.png", "c.png"]);
        symlink("none.png", folder.path().join("b.png")).unwrap();
        assert_eq!(names(folder.path(), &[""]), ["a.png", "b.png", "c.png"]);
        assert!(says(&folder.path().join("b.png")).ends_with("there is no such file"));
    }

    #[test]
    fn names_that_are_no_unicode_work() {
        let folder = folder(&["a.png"]);
        let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"b\xFF.png"));
        copy(&odd);
        let photos = list(&[folder.path().to_path_buf()]);
        assert_eq!(photos.len(), 2);
        assert!(photos[1].name().ends_with("b\u{FFFD}.png"));
        assert_eq!(photos[1].path(), Some(odd.as_path()));
        assert!(photos[1].read(Orientation::Ignored).is_ok());
        assert!(list(&[odd])[0].read(Orientation::Ignored).is_ok());
    }

    #[test]
    fn pipes_in_folders_are_no_images() {
        let folder = folder(&["a.png"]);
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("b.png")).status();
        if made.is_ok_and(|status| status.success()) {
            assert_eq!(names(folder.path(), &[""]), ["a.png"]);
        }
    }

    #[test]
    fn what_may_not_be_read_says_so() {
        let folder = folder(&["a.png", "sub/b.png"]);
        let lock = |path: &str, mode| {
            std::fs::set_permissions(folder.path().join(path), PermissionsExt::from_mode(mode)).unwrap();
        };
        lock("a.png", 0);
        lock("sub", 0);
        // Nothing is locked for root.
        if std::fs::File::open(folder.path().join("a.png")).is_err() {
            let photos = list(&[folder.path().to_path_buf()]);
            let messages = photos.iter().map(|photo| photo.read(Orientation::Ignored).unwrap_err().message);
            assert!(messages.eq([
                format!("can't read the image `{}`: permission denied", folder.path().join("a.png").display()),
                format!("can't read images from `{}`: permission denied", folder.path().join("sub").display()),
            ]));
        }
        lock("sub", 0o755);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_fails_while_it_is_read_is_an_error() {
        assert!(says(Path::new("/proc/self/mem")).contains("/proc/self/mem`: "));
        assert!(says(Path::new("/dev/zero")).contains("no image that is known here"));
        assert!(says(Path::new("/dev/null")).contains("an empty file"));
    }
}

#[test]
fn broken_images_stay_in_their_places() {
    let folder = folder(&["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png"]);
    for (broken, content) in [("1.png", &b"hello"[..]), ("4.png", b""), ("5.png", b"\x89PNG\r\n\x1a\n")] {
        std::fs::write(folder.path().join(broken), content).unwrap();
    }
    let prepare = |pixels: &Pixels, _: &str| Ok::<_, Diagnostic>(pixels.width);
    for (batch, threads) in [(1, 0), (3, 0), (3, 2), (100, 8)] {
        let stream = Stream { batch, threads, orientation: Orientation::Ignored };
        let batches: Vec<_> = stream.batches(list(&[folder.path().to_path_buf()]), prepare).collect();
        assert_eq!(batches.len(), 7usize.div_ceil(batch));
        let all: Vec<Prepared<usize>> = batches.into_iter().flatten().collect();
        let found: Vec<(usize, bool)> = all.iter().map(|photo| (photo.index, photo.result.is_ok())).collect();
        assert_eq!(found, [0, 1, 2, 3, 4, 5, 6].map(|index| (index, ![1, 4, 5].contains(&index))));
    }
}
