//! The exchange with a server: redirects, going on where an earlier try stopped, and trying again.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::thread::sleep;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::answer::{content_range, published_sha256, strong_tag, target, text};
use super::part::Part;
use super::{Download, Patience};
use crate::source::io_reason;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;

/// Why a try did not bring the rest of the file.
enum Stop {
    /// Another try may: what went wrong.
    Again(String),
    /// No other try would.
    Never(String),
}

/// Fetches to `path` what is missing there, and gives the checksum where the server publishes one.
///
/// # Errors
/// The reason in words. What has come stays at `path`.
pub fn receive(
    download: &Download<'_>,
    path: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Option<String>, String> {
    let agent = agent(&download.patience);
    let mut part = Part::open(path).map_err(|error| io_reason(&error))?;
    let mut failures = 0;
    loop {
        let before = part.len();
        let reason = match try_once(&agent, download, &mut part, progress) {
            Ok(published) => return part.finish().map(|()| published).map_err(|error| io_reason(&error)),
            Err(Stop::Never(reason)) => {
                part.remove_if_empty();
                return Err(reason);
            }
            Err(Stop::Again(reason)) => reason,
        };
        failures = if part.len() > before { 1 } else { failures + 1 };
        if failures >= download.patience.tries {
            let kept = part.len();
            part.remove_if_empty();
            return Err(match kept {
                0 => reason,
                _ => format!("{reason}; {kept} bytes of it are kept, and the next try goes on from there"),
            });
        }
        sleep(download.patience.pause * failures);
    }
}

fn agent(patience: &Patience) -> Agent {
    let wait = Some(patience.wait);
    Agent::config_builder()
        .http_status_as_error(false)
        // They are followed here, since the hub says on the way what the file's checksum is.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("archc/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(wait)
        .timeout_connect(wait)
        .timeout_recv_response(wait)
        .timeout_per_read(wait)
        .timeout_per_write(wait)
        .build()
        .new_agent()
}

fn try_once(
    agent: &Agent,
    download: &Download<'_>,
    part: &mut Part,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Option<String>, Stop> {
    // Pieces of two files are told by the tag, or at the end by the checksum; without either, there is no going on.
    let from = if part.tag().is_some() || download.sha256.is_some() { part.len() } else { 0 };
    let mut address = download.address.to_string();
    let mut published = None;
    for _ in 0..=MAX_REDIRECTS {
        let mut request = agent.get(&address);
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
            if let Some(tag) = part.tag() {
                request = request.header("if-range", tag);
            }
        }
        let response = request.call().map_err(|error| broken(&error))?;
        published = published.or_else(|| published_sha256(response.headers()));
        match response.status().as_u16() {
            301 | 302 | 303 | 307 | 308 => {
                address = target(&address, response.headers()).map_err(Stop::Never)?;
            }
            200 | 206 => return take(response, download, part, progress).map(|()| published),
            416 => {
                if from > 0 && content_range(response.headers()).is_some_and(|(_, size)| size == Some(from)) {
                    return Ok(published);
                }
                part.restart(None).map_err(|error| Stop::Never(io_reason(&error)))?;
                return Err(Stop::Again("the server has less of the file than was fetched before".to_string()));
            }
            status => return Err(refused(response.status(), status)),
        }
    }
    Err(Stop::Never(format!("the server sends from address to address, more than {MAX_REDIRECTS} times")))
}

/// Writes the body of an answer to the file.
fn take(
    response: Response<Body>,
    download: &Download<'_>,
    part: &mut Part,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Stop> {
    let unwritten =
        |error: std::io::Error| Stop::Never(format!("can't write {}: {}", download.place.display(), io_reason(&error)));
    let headers = response.headers();
    if text(headers, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(Stop::Never("a web page came instead of a file; is there a sign-in page in between?".to_string()));
    }
    let length: Option<u64> = text(headers, "content-length").and_then(|length| length.parse().ok());
    let total = match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = content_range(headers);
            if range.and_then(|(start, _)| start) != Some(part.len()) {
                part.restart(None).map_err(unwritten)?;
                return Err(Stop::Again("the server sent another part of the file than the one asked for".to_string()));
            }
            range.and_then(|(_, size)| size).or(length.and_then(|length| length.checked_add(part.len())))
        }
        _ => {
            part.restart(strong_tag(headers)).map_err(unwritten)?;
            length
        }
    };
    let too_large = |bytes: u64| {
        let max = download.max_bytes;
        Stop::Never(format!("the file has {bytes} bytes or more, and at most {max} are fetched"))
    };
    if let Some(total) = total.filter(|total| *total > download.max_bytes) {
        return Err(too_large(total));
    }
    let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 1 << 16];
    progress(part.len(), total);
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(Stop::Again(cut(part.len(), total, &error.to_string()))),
        };
        if part.len() + count as u64 > total.unwrap_or(download.max_bytes) {
            part.restart(None).map_err(unwritten)?;
            return Err(too_large(total.unwrap_or(download.max_bytes) + 1));
        }
        part.write(&buffer[..count]).map_err(unwritten)?;
        progress(part.len(), total);
    }
    match total {
        Some(total) if part.len() < total => {
            Err(Stop::Again(cut(part.len(), Some(total), "the connection was closed")))
        }
        Some(_) | None => Ok(()),
    }
}

fn cut(have: u64, total: Option<u64>, reason: &str) -> String {
    match total {
        Some(total) => format!("it was cut off after {have} of {total} bytes ({reason})"),
        None => format!("it was cut off after {have} bytes ({reason})"),
    }
}

/// A connection that failed before there was an answer.
fn broken(error: &ureq::Error) -> Stop {
    match error {
        ureq::Error::HostNotFound => Stop::Never("its host is not found; is there a network?".to_string()),
        ureq::Error::Timeout(_) => Stop::Again(format!("the server does not answer ({error})")),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::TimedOut => Stop::Again(io_reason(error)),
            _ => Stop::Never(format!("{}; is there a network?", io_reason(error))),
        },
        other => Stop::Never(other.to_string()),
    }
}

/// An answer that brings nothing.
fn refused(status: StatusCode, number: u16) -> Stop {
    let reason = format!("the server answers {status}");
    match number {
        429 | 500..=599 => Stop::Again(reason),
        401 | 403 => Stop::Never(format!("{reason}: it wants to know who asks")),
        404 | 410 => Stop::Never(format!("{reason}: the file is no longer there")),
        _ => Stop::Never(reason),
    }
}
