//! The folder and the environment that a machine's process gets, whether it is an instance's or a job's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Place;
use crate::Input;

/// What a process keeps of this program's environment; everything else, keys above all, stays here.
const KEPT: &[&str] = &["LANG", "LC_ALL", "LOGNAME", "TMPDIR", "TZ", "USER"];

/// A folder for its owner alone, with those above it.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A file for its owner alone, to be added to.
pub(super) fn log(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// A line of this program's own in a machine's log.
pub(super) fn note(log: &mut File, words: &str) {
    // A log that can't be written to has nobody to be told.
    let _unwritten = io::Write::write_all(log, format!("slackwater: {words}\n").as_bytes());
}

/// The environment of a machine: how to reach this cloud, with the credentials that its role gives.
pub(super) fn environment(place: &Place, home: &Path, credentials: &Value) -> BTreeMap<String, OsString> {
    let mut all: BTreeMap<String, OsString> = BTreeMap::new();
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            all.insert((*name).to_owned(), value);
        }
    }
    all.insert("PATH".to_owned(), path());
    all.insert("HOME".to_owned(), home.as_os_str().to_owned());
    for (name, value) in [
        ("AWS_ENDPOINT_URL", place.endpoint_url.as_str()),
        ("AWS_REGION", place.region.as_str()),
        ("AWS_DEFAULT_REGION", place.region.as_str()),
    ] {
        all.insert(name.to_owned(), value.into());
    }
    let credentials = Input(credentials).object("Credentials");
    for (name, field) in [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ] {
        if let Some(value) = credentials.and_then(|credentials| credentials.string(field)) {
            all.insert(name.to_owned(), value.into());
        }
    }
    all
}

/// This program's `PATH`, this program's own folder first.
fn path() -> OsString {
    let own = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let given = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let all: Vec<PathBuf> = own.into_iter().chain(std::env::split_paths(&given)).collect();
    // A folder with a colon in its name can't be in a `PATH`.
    std::env::join_paths(all).unwrap_or(given)
}
