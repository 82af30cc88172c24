//! The files of a session: where they may lie, and how text gets to disk for certain.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path};

/// A path within a session's folder: no step up, no root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativePath(String);

/// A path that leads out of the folder, or nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file's path is relative, without \"..\", and at most 255 bytes long")]
pub struct NotAPath;

impl RelativePath {
    /// # Errors
    /// When it may lead out of the folder.
    pub fn new(text: &str) -> Result<RelativePath, NotAPath> {
        let plain = Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
        let good = plain && !text.is_empty() && text.len() <= 255 && !text.contains(char::is_control);
        if good { Ok(RelativePath(text.to_owned())) } else { Err(NotAPath) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Within the folder.
    pub path: String,
    pub bytes: u64,
}

/// The most files that are listed, and the deepest folder that is looked into.
const MOST_LISTED: usize = 500;
const DEEPEST: usize = 8;

/// Regular files of a folder and the folders in it, in order of their paths. Links aren't followed.
///
/// # Errors
/// When the folder can't be read.
pub fn list(folder: &Path) -> io::Result<Vec<FileEntry>> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = waiting.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEEPEST {
                waiting.push((entry.path(), depth + 1));
            } else if kind.is_file() && found.len() < MOST_LISTED {
                let path = entry.path();
                let path = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                found.push(FileEntry { path, bytes: entry.metadata().map_or(0, |metadata| metadata.len()) });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// A file's text; `None` when there is no such file.
pub(super) fn read(folder: &Path, path: &RelativePath) -> io::Result<Option<String>> {
    match fs::read(folder.join(&path.0)) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What came of writing each of several texts.
pub(super) type Written = Vec<(String, String, io::Result<()>)>;

pub(super) fn write_all(folder: &Path, texts: BTreeMap<String, String>) -> Written {
    texts
        .into_iter()
        .map(|(path, text)| {
            let outcome = write(folder, &path, &text);
            (path, text, outcome)
        })
        .collect()
}

/// Write a text beside its file, flush it, put it in the file's place, and read it back: only then is it saved.
fn write(folder: &Path, path: &str, text: &str) -> io::Result<()> {
    let target = folder.join(path);
    let parent = target.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = parent.join(format!(".{name}.saving"));
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &target).inspect_err(|_| {
        let _left_behind = fs::remove_file(&beside);
    })?;
    File::open(parent)?.sync_all()?;
    if fs::read(&target)? == text.as_bytes() {
        Ok(())
    } else {
        Err(io::Error::other("what was read back is not what was written"))
    }
}

#[cfg(test)]
mod tests {
    use super::{RelativePath, write};

    #[test]
    fn a_path_stays_in_its_folder() {
        for good in ["a", "a/b.txt", "ä ö.md", ".profile"] {
            assert!(RelativePath::new(good).is_ok(), "{good}");
        }
        for bad in ["", "/etc/passwd", "..", "a/../../b", "../a", "a\nb", &"x".repeat(256)] {
            assert!(RelativePath::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "notes/day.txt", "one").expect("saved");
        write(folder.path(), "notes/day.txt", "two").expect("saved again");
        assert_eq!(std::fs::read_to_string(folder.path().join("notes/day.txt")).expect("text"), "two");
        assert!(write(folder.path(), "notes", "a folder is in the way").is_err());
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(left.len(), 1, "nothing is left behind");
    }
}
