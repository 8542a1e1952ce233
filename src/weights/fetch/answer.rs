//! What a server's answer says of the file.

use ureq::http::HeaderMap;
use ureq::http::uri::Uri;

/// A header as text.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The tag of the file, of a kind that stands for its very bytes.
pub fn strong_tag(headers: &HeaderMap) -> Option<&str> {
    text(headers, "etag").filter(|tag| tag.starts_with('"') && tag.len() > 2)
}

/// The checksum of the file, which the Hugging Face hub sends for large ones.
pub fn published_sha256(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, "x-linked-etag")?.trim_matches('"');
    (tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| tag.to_ascii_lowercase())
}

/// `Content-Range: bytes 100-199/200`: the first byte, where some follow, and the size of the whole.
pub fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let (range, size) = text(headers, "content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-').and_then(|(start, _)| start.parse().ok());
    Some((start, size.parse().ok()))
}

/// Where a redirect leads.
///
/// # Errors
/// In words: it leads nowhere, or from a safe address to an unsafe one.
pub fn target(from: &str, headers: &HeaderMap) -> Result<String, String> {
    let to = text(headers, "location").ok_or("the server sends to another address without saying which")?;
    let joined = match to {
        _ if to.starts_with("http://") || to.starts_with("https://") => to.to_string(),
        _ => {
            let base: Uri = from.parse().map_err(|_| format!("{from} is no address"))?;
            let (Some(scheme), Some(host)) = (base.scheme_str(), base.authority()) else {
                return Err(format!("{from} is no address"));
            };
            match to {
                _ if to.starts_with("//") => format!("{scheme}:{to}"),
                _ if to.starts_with('/') => format!("{scheme}://{host}{to}"),
                _ => {
                    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
                    format!("{scheme}://{host}{folder}/{to}")
                }
            }
        }
    };
    if from.starts_with("https://") && !joined.starts_with("https://") {
        return Err(format!("the server sends to {joined}, which is not encrypted"));
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use super::{content_range, published_sha256, strong_tag, target};

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let pair = (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        HeaderMap::from_iter([pair])
    }

    #[test]
    fn a_redirect_is_joined_and_never_leads_to_an_unsafe_address() {
        let to = |from: &str, to: &str| target(from, &headers("location", to));
        assert_eq!(to("http://a/b/c?d", "http://e/f").unwrap(), "http://e/f");
        assert_eq!(to("http://a:8/b/c?d", "/f?g").unwrap(), "http://a:8/f?g");
        assert_eq!(to("http://a/b/c", "f").unwrap(), "http://a/b/f");
        assert_eq!(to("https://a/b", "//e/f").unwrap(), "https://e/f");
        assert!(to("https://a/b", "http://e/f").unwrap_err().contains("not encrypted"));
        assert!(target("http://a", &HeaderMap::new()).is_err());
    }

    #[test]
    fn headers_are_read_with_care() {
        let range = |text: &str| content_range(&headers("content-range", text));
        assert_eq!(range("bytes 100-199/200"), Some((Some(100), Some(200))));
        assert_eq!(range("bytes */200"), Some((None, Some(200))));
        assert_eq!((range("bytes 1-2/*"), range("lines 1-2/3")), (Some((Some(1), None)), None));
        assert_eq!(strong_tag(&headers("etag", "\"a\"")), Some("\"a\""));
        assert_eq!(strong_tag(&headers("etag", "W/\"a\"")), None);
        let sum = "0".repeat(63) + "A";
        assert_eq!(published_sha256(&headers("x-linked-etag", &format!("\"{sum}\""))), Some("0".repeat(63) + "a"));
        assert_eq!(published_sha256(&headers("x-linked-etag", "\"0123\"")), None);
    }
}
