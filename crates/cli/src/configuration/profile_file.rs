//! A profile's file: what `upgrade::Profile` can say, in TOML. Each name keeps its place, for whether a stack has it is
//! seen only when a stack is looked at.

use std::collections::BTreeMap;
use std::path::Path;

use upgrade::{Part, Profile, ProfileWord, SelectBy, Selection, Selector, VersionSource};

use super::problem::Problems;
use super::reader::{Document, Table, Word};
use super::{ConfigurationError, DeploymentSettings};

/// The profile that a deployment names; `None`: it names none, so the template tells.
///
/// # Errors
/// The file can't be read, or isn't as it should be.
pub fn load_profile(
    settings: &DeploymentSettings,
    directory: &Path,
) -> Result<Option<Profile>, ConfigurationError> {
    let Some(word) = &settings.profile else { return Ok(None) };
    if let Some(profile) = Profile::built_in(&word.text) {
        return Ok(Some(profile));
    }
    let path = directory.join(&word.text);
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ConfigurationError::Unreadable { path: path.clone(), source })?;
    Ok(Some(parse_profile(&path.display().to_string(), &text)?))
}

/// Read a profile's file. `base` is the profile that it goes out from, `generic` unless it says otherwise.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_profile(file: &str, text: &str) -> Result<Profile, Problems> {
    Document::read(file, text, |root| {
        let name = root.needed_text("name", "what to call the profile");
        let base = root.text("base");
        if let Some(base) = &base
            && Profile::built_in(&base.text).is_none()
        {
            root.unfit("base", base, format!("one of {} is wanted", Profile::BUILT_IN.join(", ")));
        }
        let base = base.and_then(|base| Profile::built_in(&base.text));
        let mut profile = base.unwrap_or_else(Profile::generic);
        for part in Part::ALL {
            let chosen = root.texts_or_tables(
                part.key(),
                |word| Selector { by: SelectBy::LogicalId(word.text), at: Some(word.at) },
                selector,
            );
            if let Some(selectors) = chosen {
                profile.parts.insert(part, Selection::Chosen(selectors));
            }
        }
        let storage: BTreeMap<String, ProfileWord> = root
            .named_texts("storage_parameters")
            .into_iter()
            .map(|(database, parameter)| (database, said(parameter)))
            .collect();
        profile.storage_parameters.extend(storage);
        if root.has("dedicated_machine_tags") {
            profile.dedicated_machine_tags = root.tables("dedicated_machine_tags", |table| {
                let key = table.needed_text("key", "the tag's key");
                let value = table.text("value").map(|word| word.text);
                Some((key?.text, value))
            });
        }
        if root.has("backup_parameters") {
            profile.backup_parameters = root.texts("backup_parameters").into_iter().map(said).collect();
        }
        if let Some(key) = root.text("version_metadata_key") {
            profile.version_metadata_key = Some(said(key));
        }
        let mut sources = Vec::new();
        for word in root.texts("version_mappings") {
            match VersionSource::mapping(&word.text) {
                Some(source) => sources.push(source),
                None => root.unfit(
                    "version_mappings",
                    &word,
                    "MAPPING.KEY.KEY is wanted, such as App.Tags.AppTag".to_owned(),
                ),
            }
        }
        let parameters = root.texts("version_parameters");
        sources.extend(parameters.into_iter().map(|word| VersionSource::Parameter(word.text)));
        if !sources.is_empty() {
            profile.other_version_sources = sources;
        }
        profile.name = name?.text;
        Some(profile)
    })
}

/// `{ tag = "KEY", value = "VALUE" }`, `{ type = "AWS::…" }` or `{ id = "LogicalId" }`.
fn selector(table: &Table<'_>) -> Option<Selector> {
    let (tag, value) = (table.text("tag"), table.text("value"));
    let (type_name, id) = (table.text("type"), table.text("id"));
    let at = Some(table.at());
    let by = match (tag, type_name, id) {
        (Some(tag), None, None) => SelectBy::Tag { key: tag.text, value: value.map(|value| value.text) },
        (None, Some(type_name), None) if value.is_none() => SelectBy::Type(type_name.text),
        (None, None, Some(id)) if value.is_none() => SelectBy::LogicalId(id.text),
        _ => {
            let words = "a part is chosen by one of: a logical id in quotes, { tag = \"KEY\", value = \"VALUE\" }, \
                         { type = \"AWS::…\" }";
            table.problem(table.at(), super::ProblemKind::Conflict(words.to_owned()));
            return None;
        }
    };
    Some(Selector { by, at })
}

fn said(word: Word) -> ProfileWord {
    ProfileWord { text: word.text, at: Some(word.at) }
}
