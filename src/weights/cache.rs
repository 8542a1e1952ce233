//! Where weights come from, and where those that were fetched lie on this machine.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Hub;

/// Where a file of weights is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Hub(Hub),
    Url(String),
}

/// The address of the Hugging Face hub, unless `HF_ENDPOINT` says another.
const HUB: &str = "https://huggingface.co";

impl Origin {
    /// The address that the file is fetched from.
    pub fn address(&self) -> String {
        match self {
            Origin::Hub(hub) => {
                let endpoint = env::var("HF_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
                let endpoint = endpoint.as_deref().unwrap_or(HUB).trim_end_matches('/');
                let parts: Vec<String> = hub.file.split('/').map(escaped).collect();
                format!("{endpoint}/{}/resolve/main/{}", hub.repo, parts.join("/"))
            }
            Origin::Url(url) => url.clone(),
        }
    }
}

/// `timm/resnet50.a1_in1k` of the hub, or the address.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Hub(hub) => write!(f, "{}", hub.repo),
            Origin::Url(url) => write!(f, "{url}"),
        }
    }
}

/// A folder of fetched weights. A file in it is whole, and had the right checksum when it was fetched.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    pub fn new(root: impl Into<PathBuf>) -> Cache {
        Cache { root: root.into() }
    }

    /// The user's: `ARCHC_CACHE`, or else `archc` in the folder where the system keeps what can be fetched again. Nothing
    /// where no home folder is known.
    pub fn of_user() -> Option<Cache> {
        let path = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(root) = env::var_os("ARCHC_CACHE").filter(|root| !root.is_empty()) {
            return Some(Cache::new(root));
        }
        let folder = if cfg!(windows) {
            path("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            path("HOME").map(|home| home.join("Library/Caches"))
        } else {
            path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")))
        };
        folder.map(|folder| Cache::new(folder.join("archc")))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file of `origin` lies, or will. No two origins share a place.
    pub fn place(&self, origin: &Origin) -> PathBuf {
        let (folder, parts): (&str, Vec<&str>) = match origin {
            Origin::Hub(hub) => ("hub", hub.repo.split('/').chain(hub.file.split('/')).collect()),
            Origin::Url(url) => {
                let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
                ("url", address.split('/').collect())
            }
        };
        let mut place = self.root.join(folder);
        place.extend(parts.into_iter().map(file_name));
        place
    }
}

/// A part of an address as a name that every file system takes, and that stays in its folder.
fn file_name(part: &str) -> String {
    match part {
        "" => "%".to_string(),
        "." | ".." => part.replace('.', "%2E"),
        _ => escaped(part),
    }
}

/// Letters, digits and `._-` as they are; other bytes as `%XX`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        match c.is_ascii_alphanumeric() || "._-".contains(c) {
            true => escaped.push(c),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Cache, Origin};
    use crate::weights::Hub;

    fn place(origin: &Origin) -> String {
        let place = Cache::new("c").place(origin);
        place.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_origin_has_a_place_of_its_own_in_the_cache() {
        let hub = |repo: &str, file: &str| Origin::Hub(Hub { repo: repo.to_string(), file: file.to_string() });
        let url = |url: &str| Origin::Url(url.to_string());
        assert_eq!(
            place(&hub("timm/vgg16.tv_in1k", "model.safetensors")),
            "c/hub/timm/vgg16.tv_in1k/model.safetensors"
        );
        assert_eq!(place(&url("https://a.org/models/x-0a.pth")), "c/url/a.org/models/x-0a.pth");
        assert_eq!(place(&url("http://a.org:80/x?y=1&z=ä%2F")), "c/url/a.org%3A80/x%3Fy%3D1%26z%3D%C3%A4%252F");
        assert_eq!(place(&url("https://../../etc/passwd")), "c/url/%2E%2E/%2E%2E/etc/passwd");
        assert_eq!(place(&hub("a/b", "..//./c\\d")), "c/hub/a/b/%2E%2E/%/%2E/c%5Cd");
        assert!(Cache::new("/c").place(&url("https://a//b")).starts_with(Path::new("/c/url/a")));
    }
}
