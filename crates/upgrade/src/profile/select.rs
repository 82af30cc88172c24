//! How a profile says which resources it means: by logical id, by tag, by type. What it names must be there.

use std::collections::BTreeSet;

use template::{Evaluation, Location, Resource};

use super::discover::of_type;
use super::error::{Misfit, MisfitKind, ProfileError};
use super::part::Part;
use super::properties::tags;
use crate::suggestions::nearest;

/// Which resources are a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// Those that the template's own structure shows.
    #[default]
    Discovered,
    /// Those that one of the selectors means; with no selector, none.
    Chosen(Vec<Selector>),
}

/// One way to mean resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    pub by: SelectBy,
    /// Where the profile says so; `None`: in this program.
    pub at: Option<Location>,
}

/// How resources are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectBy {
    /// By logical id; `*` stands for any characters.
    LogicalId(String),
    /// By a tag in the template.
    Tag {
        key: String,
        /// Its value; `None`: any.
        value: Option<String>,
    },
    /// Every resource of a type.
    Type(String),
}

/// Whether a name fits a pattern in which `*` stands for any characters.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter_map(|from| name.get(from..)).any(|name| fits(rest, name))
        }),
    }
}

impl Selector {
    /// The active resources that it means. A resource that is in the template and whose condition doesn't hold is
    /// left out: that is no error, the profile fits more than one deployment.
    pub(super) fn select(
        &self,
        evaluation: &Evaluation<'_>,
        profile: &str,
        part: Part,
    ) -> Result<Vec<String>, ProfileError> {
        let misfit = |kind, nearest| {
            ProfileError::from(Box::new(Misfit {
                at: self.at.clone(),
                profile: profile.to_owned(),
                key: part.key(),
                template: evaluation.template().name.clone(),
                kind,
                nearest,
            }))
        };
        match &self.by {
            SelectBy::LogicalId(id) => {
                by_id(evaluation, part, id).map_err(|(kind, nearest)| misfit(kind, nearest))
            }
            SelectBy::Tag { key, value } => {
                let has = |found: &(String, Option<String>)| {
                    found.0 == *key && (value.is_none() || found.1 == *value)
                };
                let meant = |one: &&Resource| tags(evaluation, one).iter().any(has);
                let found: Vec<String> =
                    of_type(evaluation, part).into_iter().filter(meant).map(id_of).collect();
                if found.is_empty() && !all_of_type(evaluation, part).any(|one| meant(&one)) {
                    let written = tag_words(key, value.as_deref());
                    let there: BTreeSet<String> = all_of_type(evaluation, part)
                        .flat_map(|one| tags(evaluation, one))
                        .map(|(key, value)| tag_words(&key, value.as_deref()))
                        .collect();
                    let near = nearest(&written, there.iter().map(String::as_str));
                    let wanted = format!("the tag {written}");
                    return Err(misfit(MisfitKind::NothingMatches { wanted }, near));
                }
                Ok(found)
            }
            SelectBy::Type(type_name) => {
                if !part.types().contains(&type_name.as_str()) {
                    let kind =
                        MisfitKind::TypeNotOfPart { type_name: type_name.clone(), wanted: part.types() };
                    return Err(misfit(kind, Vec::new()));
                }
                if !all_of_type(evaluation, part).any(|one| one.type_name == *type_name) {
                    let wanted = format!("the type {type_name}");
                    return Err(misfit(MisfitKind::NothingMatches { wanted }, Vec::new()));
                }
                let found = of_type(evaluation, part).into_iter();
                Ok(found.filter(|one| one.type_name == *type_name).map(id_of).collect())
            }
        }
    }
}

fn by_id(
    evaluation: &Evaluation<'_>,
    part: Part,
    id: &str,
) -> Result<Vec<String>, (MisfitKind, Vec<String>)> {
    let named: Vec<&Resource> =
        evaluation.template().resources.values().filter(|one| fits(id, &one.logical_id)).collect();
    let right: Vec<&Resource> =
        named.iter().copied().filter(|one| part.types().contains(&one.type_name.as_str())).collect();
    let kind = match (named.first(), right.is_empty()) {
        (None, _) => MisfitKind::UnknownResource { id: id.to_owned() },
        (Some(wrong), true) => MisfitKind::WrongType {
            id: wrong.logical_id.clone(),
            type_name: wrong.type_name.clone(),
            wanted: part.types(),
        },
        (Some(_), false) => {
            let active = right.into_iter().filter(|one| evaluation.is_active(&one.logical_id));
            return Ok(active.map(id_of).collect());
        }
    };
    let there = all_of_type(evaluation, part).map(|one| one.logical_id.as_str());
    Err((kind, nearest(id, there)))
}

/// Also those whose condition doesn't hold.
fn all_of_type<'a>(evaluation: &Evaluation<'a>, part: Part) -> impl Iterator<Item = &'a Resource> {
    evaluation
        .template()
        .resources
        .values()
        .filter(move |resource| part.types().contains(&resource.type_name.as_str()))
}

fn id_of(resource: &Resource) -> String {
    resource.logical_id.clone()
}

fn tag_words(key: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{key}={value}"),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("Workers", "Workers", true),
            ("Workers", "GpuWorkers", false),
            ("*Workers", "GpuWorkers", true),
            ("pDestinationBackup*", "pDestinationBackupVaultArn", true),
            ("p*Arn", "pDestinationBackupVaultArn", true),
            ("p*Arn", "pDestinationBackupS3KmsKey", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
