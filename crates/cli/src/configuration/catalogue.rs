//! A catalogue of releases: which there are, and which way leads from one to another.

use std::collections::BTreeSet;

use upgrade::CatalogueEntry;

use super::problem::Problems;
use super::reader::{Document, Table};

/// What `catalogue` is for.
pub(super) const WHAT: &str =
    "a file or URL on S3 with the list of releases, such as catalogue = \"releases.toml\"";

/// The releases that there are, in the order of the file: oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// The releases.
    pub releases: Vec<CatalogueEntry>,
}

/// Read a catalogue: `[[release]]` tables with `version`, `template`, `from_at_least`, `backup_at_least`,
/// `required_stop` and `notes`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_catalogue(file: &str, text: &str) -> Result<Catalogue, Problems> {
    Document::read(file, text, |root| {
        let mut known = BTreeSet::new();
        let releases = root.tables("release", |table| {
            let release = entry(table)?;
            let is_new = known.insert(release.version.clone());
            let why = "a release of this version stands above";
            table.check("version", table.text("version").as_ref(), |_| is_new, why);
            Some(release)
        });
        Some(Catalogue { releases })
    })
}

fn entry(table: &Table<'_>) -> Option<CatalogueEntry> {
    let version = table.needed_text("version", "the release's version, as its template tells it");
    let template = table.needed_text("template", "a file or URL");
    let text = |key| table.text(key).map(|word| word.text);
    let (from_at_least, backup_at_least, notes) =
        (text("from_at_least"), text("backup_at_least"), text("notes"));
    let required_stop = table.flag("required_stop").unwrap_or(false);
    Some(CatalogueEntry {
        version: version?.text,
        template: template?.text,
        from_at_least,
        backup_at_least,
        required_stop,
        notes,
    })
}
