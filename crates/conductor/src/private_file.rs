//! Files that are their owner's alone, whatever folder they lie in: what users run, who may do what, plans.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// What SQLite keeps beside a file (sqlite.org/tempfiles.html). It makes them with the file's own mode.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Have a file that SQLite is about to open be its owner's alone, with what SQLite keeps beside it; made, empty, if it isn't
/// there. A file of another owner stays as they have it.
///
/// # Errors
/// It can't be made, or its mode not be set.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut options = options();
    options.append(true);
    match options.open(path) {
        Ok(_) => {}
        // What is there may be read without being written.
        Err(_) if path.exists() => {}
        Err(error) => return Err(error),
    }
    take_from_others(path)?;
    for suffix in BESIDE {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        take_from_others(Path::new(&beside))?;
    }
    Ok(())
}

/// Write a file that is its owner's alone, in the place of what was there.
///
/// # Errors
/// It can't be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = options();
    options.write(true);
    let mut file: File = options.open(path)?;
    // Before anything is in it.
    take_from_others(path)?;
    file.set_len(0)?;
    file.write_all(bytes)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn take_from_others(path: &Path) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    const OTHERS: u32 = 0o077;
    let Ok(found) = std::fs::metadata(path) else { return Ok(()) };
    if !found.is_file() || found.mode() & OTHERS == 0 {
        return Ok(());
    }
    match std::fs::set_permissions(path, Permissions::from_mode(found.mode() & 0o700)) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        // Another's file: who may read it is theirs to say.
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(not(unix))]
fn take_from_others(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::{make_private, write_private};
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn a_file_is_its_owners_alone_whether_it_was_there_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("ours");
        let path = folder.path().join("panel.sqlite");
        make_private(&path).expect("made");
        assert_eq!(mode(&path), 0o600);
        for name in ["panel.sqlite", "panel.sqlite-wal", "panel.sqlite-shm"] {
            let open = folder.path().join(name);
            std::fs::write(&open, name).expect("written");
            std::fs::set_permissions(&open, Permissions::from_mode(0o644)).expect("ours");
        }
        make_private(&path).expect("taken");
        for name in ["panel.sqlite", "panel.sqlite-wal", "panel.sqlite-shm"] {
            assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
            assert_eq!(std::fs::read(folder.path().join(name)).expect("ours"), name.as_bytes(), "as it was");
        }
        let plan = folder.path().join("plan.json");
        std::fs::write(&plan, "a longer one").expect("written");
        std::fs::set_permissions(&plan, Permissions::from_mode(0o664)).expect("ours");
        write_private(&plan, b"{}").expect("written");
        assert_eq!((mode(&plan), std::fs::read(&plan).expect("ours")), (0o600, b"{}".to_vec()));
        let fresh = folder.path().join("fresh.json");
        write_private(&fresh, b"{}").expect("written");
        assert_eq!(mode(&fresh), 0o600);
    }
}
