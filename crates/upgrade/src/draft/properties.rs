//! What becomes of each property that an update changes: its value before and after, for whoever reviews it.

use std::collections::BTreeSet;

use changeset::change_set::{Attribute, Detail, ResourceChange};
use serde::{Deserialize, Serialize};

use super::update::ReleaseSide;
use crate::plan::UpdateKind;

/// A value that is longer is cut: a script of 16 KB isn't read on a page.
const MOST_CHARACTERS: usize = 2_000;

/// What stands for a secret, as AWS shows it.
const HIDDEN: &str = "****";

/// A property of a resource that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangedProperty {
    pub update: UpdateKind,
    /// The resource's name in the template.
    pub logical_id: String,
    /// Such as `Environment/Variables/NAME`; of an attribute that is no property its name, such as `DeletionPolicy`.
    pub path: String,
    /// The value, as text; `None`: there is none. Secrets are `****`.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl ChangedProperty {
    /// Whether it is a tag.
    #[must_use]
    pub fn is_tag(&self) -> bool {
        self.path == "Tags" || self.path.starts_with("Tags/")
    }
}

/// Of a change set with property values; each property once, whatever its causes.
pub(super) fn changed_properties(
    update: UpdateKind,
    changes: &[ResourceChange],
    before: &ReleaseSide,
    after: &ReleaseSide,
) -> Vec<ChangedProperty> {
    let secrets = secrets([before, after]);
    let all: BTreeSet<ChangedProperty> = changes
        .iter()
        .flat_map(|change| change.details.iter().map(move |detail| (change, detail)))
        .map(|(change, detail)| ChangedProperty {
            update,
            logical_id: change.logical_id.clone(),
            path: path(detail),
            before: detail.target.before_value.as_deref().map(|text| shown(text, &secrets)),
            after: detail.target.after_value.as_deref().map(|text| shown(text, &secrets)),
        })
        .collect();
    all.into_iter().collect()
}

fn path(detail: &Detail) -> String {
    let target = &detail.target;
    let whole = target.path.as_deref().map(|path| path.trim_start_matches('/'));
    let inside = whole.map(|path| path.strip_prefix("Properties/").unwrap_or(path).to_owned());
    inside.or_else(|| target.name.clone()).unwrap_or_else(|| match target.attribute {
        Attribute::Tags => "Tags".to_owned(),
        other => other.word().to_owned(),
    })
}

/// Every value of a parameter marked NoEcho that anybody knows here, defaults included.
fn secrets(sides: [&ReleaseSide; 2]) -> Vec<String> {
    let mut found = Vec::new();
    for side in sides {
        for (key, parameter) in side.template.parameters.iter().filter(|(_, parameter)| parameter.no_echo) {
            found.extend(side.parameters.0.get(key).map(|value| value.text.clone()));
            found.extend(parameter.default.clone());
        }
    }
    found.retain(|text| !text.is_empty() && text != HIDDEN);
    found
}

/// As it may be shown: without secrets, and not longer than anybody reads.
fn shown(text: &str, secrets: &[String]) -> String {
    if secrets.iter().any(|secret| text.contains(secret.as_str())) {
        return HIDDEN.to_owned();
    }
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_CHARACTERS, shown};

    #[test]
    fn a_secret_is_not_shown_and_a_long_value_is_cut() {
        let secrets = vec!["hunter2".to_owned()];
        assert_eq!(shown("postgres://admin:hunter2@db", &secrets), "****");
        assert_eq!(shown("t3.large", &secrets), "t3.large");
        assert_eq!(shown(&"é".repeat(MOST_CHARACTERS + 1), &secrets).chars().count(), MOST_CHARACTERS + 1);
    }
}
