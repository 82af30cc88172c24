//! `state` and `state_owner`: where a deployment's claim and journals are, so that every machine knows of its runs.

use super::problem::ProblemKind;
use super::reader::Table;

/// Below this a bucket of templates holds the state, where the settings name no place of its own. Not beside the templates:
/// whoever may read those would read journals.
const BESIDE_TEMPLATES: &str = "slackwater-state/";

/// Each machine's own data directory, said in so many words: for somebody who works alone, though there is a template bucket.
const HERE: &str = "data-directory";

/// Where copies of templates are kept ([`crate::planning`]).
const TEMPLATES: &str = "slackwater/templates/";

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The bucket's name.
    pub bucket: String,
    /// What every key begins with; empty, or ends with `/`.
    pub prefix: String,
    /// The account that owns the bucket; `None`: the deployment's own.
    pub owner: Option<String>,
}

impl StateSettings {
    /// As people name it, and as notes carry it: `s3://bucket/prefix`.
    #[must_use]
    pub fn location(&self) -> String {
        let whole = format!("s3://{}/{}", self.bucket, self.prefix);
        whole.trim_end_matches('/').to_owned()
    }
}

/// What the settings say; else a folder of the template bucket; `None`: each machine's own data directory.
pub(super) fn read(table: &Table<'_>, template_bucket: Option<&str>) -> Option<StateSettings> {
    let owner = table.text("state_owner");
    if let Some(word) = &owner
        && (word.text.len() != 12 || !word.text.chars().all(|one| one.is_ascii_digit()))
    {
        table.unfit("state_owner", word, "an account's number of twelve digits is wanted");
    }
    let Some(state) = table.text("state") else {
        if let Some(word) = &owner
            && template_bucket.is_none()
        {
            let words = "state_owner says whose bucket the state is in: write state = \"s3://BUCKET/PREFIX\" beside it";
            table.problem(word.at.clone(), ProblemKind::Conflict(words.to_owned()));
        }
        return template_bucket.map(|bucket| StateSettings {
            bucket: bucket.to_owned(),
            prefix: BESIDE_TEMPLATES.to_owned(),
            owner: owner.map(|word| word.text),
        });
    };
    if state.text == HERE {
        return None;
    }
    let address = state.text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let Some((bucket, prefix)) = address.filter(|(bucket, _)| is_bucket_name(bucket)) else {
        table.unfit("state", &state, "a place in S3 is wanted: s3://BUCKET/PREFIX (or \"data-directory\")");
        return None;
    };
    let prefix = prefix.trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    if prefix.starts_with(TEMPLATES) {
        table.unfit(
            "state",
            &state,
            "whoever may read the templates would read journals: another prefix is wanted",
        );
    }
    let allowed = |one: char| one.is_ascii_alphanumeric() || "-_./=+".contains(one);
    if !prefix.chars().all(allowed) || prefix.contains("//") || prefix.starts_with('/') {
        table.unfit("state", &state, "a prefix is made of letters, digits and -_./=+");
    }
    Some(StateSettings { bucket: bucket.to_owned(), prefix, owner: owner.map(|word| word.text) })
}

/// S3 user guide, "General purpose bucket naming rules", as far as a slip of the pen goes.
pub(super) fn is_bucket_name(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text
            .chars()
            .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || matches!(one, '-' | '.'))
}
