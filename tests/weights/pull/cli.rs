//! `archc weights pull`, and `archc run` with what it fetched.

use std::path::Path;
use std::process::{Command, Output};

use archc::weights::sha256_of_bytes;

use super::server::Server;
use super::{serve, weights};

const ARCH: &str = "arch net { input image[3, 8, 8]; global_avg_pool -> flatten -> linear(2); output logits }\n";

/// Runs archc in a folder whose cache is `cache`.
fn archc(folder: &Path, endpoint: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    command.current_dir(folder).args(args).env("ARCHC_CACHE", folder.join("cache")).env("HF_ENDPOINT", endpoint);
    command.output().unwrap()
}

/// Exit code, standard output, and standard error.
fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A folder with `net.arch` that has these items, and a photo.
fn folder(items: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.arch"), format!("{ARCH}{items}")).unwrap();
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/images/coffee.png");
    std::fs::copy(photo, folder.path().join("photo.png")).unwrap();
    folder
}

#[test]
fn what_is_pulled_is_found_by_run() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let (url, sum) = (server.address("/models/net-x.safetensors"), sha256_of_bytes(&weights()));
    let items = format!(
        "weights other for net {{ file \"none.safetensors\" }}\nweights w for net {{ url \"{url}\"; sha256 \"{}\"\n  \
         image resize [8, 8] bilinear\n  labels [\"cat\", \"dog\"] }}\n",
        &sum[..8]
    );
    let folder = folder(&items);
    let run = |args: &[&str]| said(&archc(folder.path(), "", args));

    let (code, out, err) = run(&["run", "net.arch", "photo.png"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("archc weights pull net.arch:net NAME") && err.contains("\n          w"), "{err}");

    let (code, out, err) = run(&["weights", "pull", "net.arch", "w"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.ends_with("the weights `w` of `net` are there, 168 B\n"), "{err}");
    let place = Path::new(out.trim_end());
    assert!(place.starts_with(folder.path().join("cache/url")) && place.ends_with("models/net-x.safetensors"), "{out}");
    assert_eq!(std::fs::read(place).unwrap(), weights());

    let (code, out, err) = run(&["run", "net.arch", "photo.png"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("cat") && out.contains("dog"), "{out}");

    let (code, again, err) = run(&["weights", "pull", "net.arch:net", "w"]);
    assert_eq!((code, Path::new(again.trim_end()), server.requests().len()), (0, place, 1));
    assert_eq!(err, "the weights `w` of `net` are there already, with the right SHA-256\n");

    std::fs::write(place, "nonsense").unwrap();
    let (code, out, err) = run(&["weights", "pull", "net.arch", "w"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("the SHA-256 of") && err.contains("remove the file"), "{err}");
}

#[test]
fn the_hub_is_asked_for_the_file_of_the_repository() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let folder = folder("weights w for net { hub \"timm/net.x\" file \"sub/model.safetensors\" }\n");
    let (code, out, err) = said(&archc(folder.path(), &server.address("/"), &["weights", "pull", "net.arch"]));
    assert_eq!(code, 0, "{err}");
    assert_eq!(server.requests()[0].path, "/timm/net.x/resolve/main/sub/model.safetensors");
    assert!(Path::new(out.trim_end()).ends_with("cache/hub/timm/net.x/sub/model.safetensors"), "{out}");
}

#[test]
fn the_second_origin_is_asked_where_the_first_fails() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let url = server.address("/w");
    let folder = folder(&format!("weights w for net {{ hub \"a/b\" file \"w\"; url \"{url}\" }}\n"));
    let (code, out, err) = said(&archc(folder.path(), &Server::gone(), &["weights", "pull", "net.arch"]));
    assert_eq!((code, out.is_empty()), (0, false), "{err}");
}

#[test]
fn without_a_network_the_message_says_what_to_do() {
    let folder = folder("weights w for net { url \"http://127.0.0.1:1/w.pth\" }\n");
    let (code, out, err) = said(&archc(folder.path(), "", &["weights", "pull", "net.arch"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("E0609") && err.contains("can't fetch http://127.0.0.1:1/w.pth"), "{err}");
    let joined = err.split_whitespace().collect::<String>();
    let place = folder.path().join("cache/url/127.0.0.1%3A1/w.pth");
    assert!(joined.contains(&format!("to{}", place.display())), "{err}");
}

#[test]
fn weights_that_come_with_archc_are_checked() {
    let folder = folder("");
    let (code, out, err) = said(&archc(folder.path(), "", &["weights", "pull", "zoo:efficientnet_lite0"]));
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(err, "the weights `imagenet` of `efficientnet_lite0` come with archc, with the right SHA-256\n");
}

#[test]
fn its_help_has_examples() {
    let (code, out, err) = said(&archc(Path::new("."), "", &["weights", "pull", "--help"]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("Examples:") && out.contains("ARCHC_CACHE"), "{out}");
}

#[test]
fn names_that_do_not_exist_are_told() {
    let folder = folder("");
    let (code, _, err) = said(&archc(folder.path(), "", &["weights", "pull", "zoo:resnet50", "imagenet1k_v3"]));
    assert_eq!(code, 2);
    assert!(err.contains("`resnet50` has no weights `imagenet1k_v3`") && err.contains("imagenet1k_v"), "{err}");
    let (code, _, err) = said(&archc(folder.path(), "", &["weights", "pull", "net.arch"]));
    assert_eq!(code, 2);
    assert!(err.contains("no `weights` item is for `net`"), "{err}");
}
