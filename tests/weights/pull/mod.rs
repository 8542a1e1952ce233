//! Fetching weights, from a server in this process.

mod cli;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use archc::diagnostic::{Code, Diagnostic};
use archc::weights::{Download, Patience, fetch, sha256_of_bytes};

use server::{Request, Server};

/// A weights file, for an arch with one linear layer `fc1` from 3 to 2.
pub fn weights() -> Vec<u8> {
    let header = r#"{"fc1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"fc1.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}"#;
    super::file(header, &[1; 32])
}

/// A folder to fetch to.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("new/folder").join(name)
    }

    /// What an earlier try left.
    fn leave(&self, bytes: &[u8], tag: Option<&str>) {
        std::fs::create_dir_all(self.file("")).unwrap();
        std::fs::write(self.file("w.safetensors.part"), bytes).unwrap();
        if let Some(tag) = tag {
            std::fs::write(self.file("w.safetensors.part.tag"), tag).unwrap();
        }
    }

    /// The names in the folder.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.file("")).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fetch(&self, address: &str, sha256: Option<&str>) -> Result<Vec<u8>, Diagnostic> {
        self.fetch_at_most(address, sha256, 1 << 20)
    }

    fn fetch_at_most(&self, address: &str, sha256: Option<&str>, max_bytes: u64) -> Result<Vec<u8>, Diagnostic> {
        let patience = Patience { wait: Duration::from_millis(500), tries: 3, pause: Duration::from_millis(1) };
        let place = self.file("w.safetensors");
        let mut last = None;
        let download = Download { address, place: &place, sha256, max_bytes, patience };
        fetch(&download, &mut |have, total| last = Some((have, total)))?;
        let bytes = std::fs::read(&place).unwrap();
        assert_eq!(last.map_or(bytes.len() as u64, |(have, _)| have), bytes.len() as u64);
        assert_eq!(self.names(), ["w.safetensors"]);
        Ok(bytes)
    }
}

/// A failed fetch's message, without the words that all start with.
fn reason(result: Result<Vec<u8>, Diagnostic>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code, Code::NOT_FETCHED, "{}", error.message);
    let (start, reason) = error.message.split_at(error.message.find(": ").unwrap());
    assert!(start.starts_with("can't fetch http"), "{start}");
    reason[2..].to_string()
}

/// Answers as a good server does: the whole, or the rest where that is asked for and its file has the tag.
fn serve(request: &Request, stream: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    let same = request.header("if-range").is_none_or(|tag| tag == "\"tag\"");
    let from = request
        .header("range")
        .filter(|_| same)
        .map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse::<usize>().unwrap());
    let len = bytes.len();
    match from {
        None => write!(stream, "HTTP/1.1 200 OK\r\nETag: \"tag\"\r\nContent-Length: {len}\r\n\r\n")?,
        Some(from) if from >= len => {
            return write!(stream, "HTTP/1.1 416 No\r\nContent-Range: bytes */{len}\r\nContent-Length: 0\r\n\r\n");
        }
        Some(from) => write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nETag: \"tag\"\r\nContent-Range: bytes {from}-{}/{len}\r\nContent-Length: {}\r\n\r\n",
            len - 1,
            len - from
        )?,
    }
    stream.write_all(&bytes[from.unwrap_or(0)..])
}

#[test]
fn a_file_is_fetched_whole() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let place = Place::new();
    assert_eq!(place.fetch(&server.address("/a/w.safetensors"), None).unwrap(), weights());
    let requests = server.requests();
    assert_eq!((requests.len(), &*requests[0].path), (1, "/a/w.safetensors"));
    assert_eq!(requests[0].header("user-agent"), Some(concat!("archc/", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_file_without_a_length_is_fetched_too() {
    let server = Server::new(|_, stream| {
        let bytes = weights();
        write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", bytes.len())?;
        stream.write_all(&bytes)?;
        stream.write_all(b"\r\n0\r\n\r\n")
    });
    assert_eq!(Place::new().fetch(&server.address("/w"), None).unwrap(), weights());
}

#[test]
fn a_fetch_goes_on_where_the_last_one_stopped() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let sum = sha256_of_bytes(&weights());
    for (tag, sha256) in [(Some("\"tag\""), None), (None, Some(&sum[..8])), (Some("\"tag\""), Some(&*sum))] {
        let place = Place::new();
        place.leave(&weights()[..50], tag);
        assert_eq!(place.fetch(&server.address("/w"), sha256).unwrap(), weights());
        let last = server.requests().pop().unwrap();
        assert_eq!((last.header("range"), last.header("if-range")), (Some("bytes=50-"), tag));
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let place = Place::new();
    place.leave(&[7; 50], Some("\"other\""));
    assert_eq!(place.fetch(&server.address("/w"), None).unwrap(), weights());
    // Without a tag and a checksum nothing tells whether the pieces are of one file.
    let place = Place::new();
    place.leave(&[7; 50], None);
    assert_eq!(place.fetch(&server.address("/w"), None).unwrap(), weights());
    assert_eq!(server.requests().pop().unwrap().header("range"), None);
    // More than there is.
    let place = Place::new();
    place.leave(&[7; 5000], Some("\"tag\""));
    assert_eq!(place.fetch(&server.address("/w"), None).unwrap(), weights());
}

#[test]
fn all_that_is_missing_may_be_the_last_step() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let place = Place::new();
    place.leave(&weights(), Some("\"tag\""));
    assert_eq!(place.fetch(&server.address("/w"), None).unwrap(), weights());
    assert_eq!(server.requests().len(), 1);
}

/// Answers with the first bytes only.
fn cut_off(request: &Request, stream: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    let mut answer = Vec::new();
    serve(request, &mut answer, bytes)?;
    answer.truncate(answer.len() - 30);
    stream.write_all(&answer)
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    let server = Server::new(|request, stream| match request.header("range") {
        None => cut_off(request, stream, &weights()),
        Some(_) => serve(request, stream, &weights()),
    });
    assert_eq!(Place::new().fetch(&server.address("/w"), None).unwrap(), weights());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_server_that_falls_silent_is_asked_again() {
    let server = Server::new(|request, stream| match request.header("range") {
        None => {
            cut_off(request, stream, &weights())?;
            stream.flush()?;
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        }
        Some(_) => serve(request, stream, &weights()),
    });
    assert_eq!(Place::new().fetch(&server.address("/w"), None).unwrap(), weights());
}

#[test]
fn what_has_come_is_kept_when_nothing_more_comes() {
    let server = Server::new(|request, stream| match request.header("range") {
        None => cut_off(request, stream, &weights()),
        Some(_) => Ok(()),
    });
    let (place, len) = (Place::new(), weights().len());
    let said = reason(place.fetch(&server.address("/w"), None));
    assert!(
        said.ends_with(&format!("{} bytes of it are kept, and the next try goes on from there", len - 30)),
        "{said}"
    );
    assert_eq!(place.names(), ["w.safetensors.part", "w.safetensors.part.tag"]);
    let well = Server::new(|request, stream| serve(request, stream, &weights()));
    assert_eq!(place.fetch(&well.address("/w"), None).unwrap(), weights());
}

#[test]
fn another_checksum_leaves_nothing() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let place = Place::new();
    let said = reason(place.fetch(&server.address("/w"), Some("0123abcd")));
    let sum = sha256_of_bytes(&weights());
    assert_eq!(said, format!("its SHA-256 is {sum}, and the `weights` item says 0123abcd"));
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_missing_file_is_told_once() {
    let server = Server::new(|_, stream| write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    let place = Place::new();
    let said = reason(place.fetch(&server.address("/w"), None));
    assert_eq!(said, "the server answers 404 Not Found: the file is no longer there");
    assert_eq!((place.names(), server.requests().len()), (Vec::new(), 1));
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::new(|_, stream| write!(stream, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
    let said = reason(Place::new().fetch(&server.address("/w"), None));
    assert_eq!((said.as_str(), server.requests().len()), ("the server answers 503 Service Unavailable", 3));
}

/// As the hub does: it says the checksum, and sends to another server.
fn redirect(sum: &str, to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nX-Linked-Etag: \"{sum}\"\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn a_redirect_is_followed_and_the_checksum_on_the_way_believed() {
    let server = Server::new(|request, stream| match &*request.path {
        "/good" => stream.write_all(redirect(&sha256_of_bytes(&weights()), "/w").as_bytes()),
        "/bad" => stream.write_all(redirect(&"0".repeat(64), "/w").as_bytes()),
        "/loop" => stream.write_all(redirect("", "loop").as_bytes()),
        _ => serve(request, stream, &weights()),
    });
    let place = Place::new();
    assert_eq!(place.fetch(&server.address("/good"), None).unwrap(), weights());
    let said = reason(Place::new().fetch(&server.address("/bad"), None));
    assert!(said.ends_with(&format!("and the server says {}", "0".repeat(64))), "{said}");
    let said = reason(Place::new().fetch(&server.address("/loop"), None));
    assert_eq!(said, "the server sends from address to address, more than 10 times");
}

#[test]
fn a_file_that_is_too_large_is_not_fetched() {
    let server = Server::new(|request, stream| match &*request.path {
        "/said" => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        "/hidden" => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            stream.write_all(&[0; 4000])
        }
        _ => unreachable!("the test asks for no other"),
    });
    for (path, bytes) in [("/said", 99_999_999_999_u64), ("/hidden", 1001)] {
        let place = Place::new();
        let said = reason(place.fetch_at_most(&server.address(path), None, 1000));
        assert_eq!(said, format!("the file has {bytes} bytes or more, and at most 1000 are fetched"));
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn what_is_no_weights_file_is_not_kept() {
    let server = Server::new(|request, stream| {
        let kind = if request.path == "/page" { "text/html" } else { "text/plain" };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 14\r\n\r\n<html>no</html>")
    });
    let place = Place::new();
    let said = reason(place.fetch(&server.address("/page"), None));
    assert!(said.starts_with("a web page came instead of a file"), "{said}");
    let error = place.fetch(&server.address("/other"), None).unwrap_err();
    assert_eq!((error.code, place.names()), (Code::BAD_WEIGHTS, Vec::new()), "{}", error.message);
}

#[test]
fn without_a_server_the_message_says_where_to_put_the_file() {
    let address = Server::gone();
    let place = Place::new();
    let error = place.fetch(&address, None).unwrap_err();
    assert_eq!(error.code, Code::NOT_FETCHED);
    let by_hand = format!("download {address} to {}", place.file("w.safetensors").display());
    assert!(error.help.as_ref().unwrap().ends_with(&by_hand), "{:?}", error.help);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let server = Server::new(|request, stream| serve(request, stream, &weights()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let place = file.join("w.safetensors");
    let address = server.address("/w");
    let patience = Patience::default();
    let download = Download { address: &address, place: &place, sha256: None, max_bytes: 1 << 20, patience };
    assert_eq!(fetch(&download, &mut |_, _| {}).unwrap_err().code, Code::NOT_FETCHED);
    assert!(Path::new(&file).is_file());
}
