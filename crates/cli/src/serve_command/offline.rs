//! What is done with the panel's own file on its machine, without serving: whoever may write the file may do it.

use std::path::Path;
use std::process::ExitCode;

use conductor::Clock;
use panel::access::{Access, Act, Broken, Passwords, fresh_password};

use super::{PANEL_FILE, ServeError};
use crate::arguments::Serve;
use crate::error::{CliError, Exit};

/// Rows of the audit trail that are read at once.
const ROWS: u32 = 1000;

/// Do what was asked for instead of serving; `None`: nothing was.
pub(super) async fn instead(arguments: &Serve) -> Option<Result<ExitCode, CliError>> {
    let folder = &arguments.places.data.path;
    let done = match (&arguments.reset_password, arguments.verify_audit, arguments.export_audit) {
        (Some(name), ..) => reset_password(folder, name).await,
        (None, true, _) => verify(folder, arguments.against.as_deref()),
        (None, false, true) => export(folder),
        (None, false, false) => return None,
    };
    Some(done.map(|()| Exit::Done.into()).map_err(CliError::from))
}

/// The panel's file; one that isn't there is not made.
fn access(folder: &Path) -> Result<Access, ServeError> {
    let path = folder.join(PANEL_FILE);
    if !path.exists() {
        return Err(ServeError::NoPanel { path });
    }
    Ok(Access::open(&path)?)
}

async fn reset_password(folder: &Path, name: &str) -> Result<(), ServeError> {
    let (access, clock) = (access(folder)?, Clock::system());
    let fresh = fresh_password().map_err(panel::access::AccessError::from)?;
    let hash = Passwords::new()?.hash(name, fresh.text().to_owned()).await?;
    let act = Act { who: "", address: "this machine", act: "reset password", object: name };
    let number = access.begin_act(act, clock.now())?;
    let reset = access.reset_password(name, &hash, clock.now());
    let why = reset.as_ref().err().map(ToString::to_string).unwrap_or_default();
    access.end_act(number, reset.is_ok(), &why, clock.now())?;
    reset?;
    let person = access.people()?.into_iter().find(|person| person.name.eq_ignore_ascii_case(name));
    println!("The password of {name} is now, shown this once:");
    println!("  {}", fresh.text());
    println!(
        "Their sessions have ended and their tokens are revoked. They can change it on the page Your account."
    );
    if person.is_some_and(|person| person.disabled) {
        println!("They are shut out all the same: an administrator lets them in again on the page Access.");
    }
    Ok(())
}

fn verify(folder: &Path, against: Option<&Path>) -> Result<(), ServeError> {
    let access = access(folder)?;
    let whole = access.verify_trail()?.map_err(ServeError::Trail)?;
    let Some(head) = whole.head else {
        println!("The audit trail is empty.");
        return Ok(());
    };
    println!(
        "The audit trail is whole: {} acts in {} rows. The last row's hash is {head}.",
        whole.acts, whole.rows
    );
    if let Some(path) = against {
        let rows = begins_with(&access, path)?;
        println!("It begins with the {rows} rows of {}.", path.display());
    }
    Ok(())
}

/// How many rows of an earlier export the trail begins with: all of them, or it is another trail.
fn begins_with(access: &Access, path: &Path) -> Result<i64, ServeError> {
    let unreadable = |source| ServeError::Export { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let (mut lines, mut place) = (text.lines(), 0);
    loop {
        let rows = access.trail_rows(place, ROWS)?;
        if rows.is_empty() {
            return match lines.next() {
                Some(_) => Err(ServeError::OtherTrail { place: place + 1 }),
                None => Ok(place),
            };
        }
        for row in rows {
            let Some(line) = lines.next() else { return Ok(place) };
            place = row.place;
            let now = serde_json::json!(row).to_string();
            if line != now {
                return Err(ServeError::OtherTrail { place });
            }
        }
    }
}

fn export(folder: &Path) -> Result<(), ServeError> {
    let access = access(folder)?;
    let mut place = 0;
    loop {
        let rows = access.trail_rows(place, ROWS)?;
        let Some(last) = rows.last() else { return Ok(()) };
        place = last.place;
        for row in &rows {
            println!("{}", serde_json::json!(row));
        }
    }
}

/// As the trail's own words begin: a broken one is told with what to make of it.
pub(super) const BROKEN: &str = "the audit trail is not as it was written";

/// What a broken trail is, after [`BROKEN`].
pub(super) fn in_words(broken: &Broken) -> String {
    format!(
        "{broken}. Whoever may write the panel's file may have changed it: compare it with an earlier export"
    )
}
