//! Reads AWS's answer, so that it can be compared with a prediction.

use serde_json::Value as Json;

use crate::change_set::{
    Action, Attribute, AttributeChangeType, ChangeSet, ChangeSource, Detail, Evaluation, PolicyAction,
    Replacement, ResourceChange, Target,
};
use crate::facts::RequiresRecreation;

/// Why AWS's answer can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A part that every change has is missing.
    #[error("change {index} of the change set has no {field}; describe the change set again")]
    Missing {
        /// Which change, from 0.
        index: usize,
        /// The field.
        field: &'static str,
    },
    /// A word that AWS has added since this program was made.
    #[error("change {index} of the change set has the unknown {field} {word:?}: this version can't judge it")]
    UnknownWord {
        /// Which change, from 0.
        index: usize,
        /// The field.
        field: &'static str,
        /// The word.
        word: String,
    },
}

/// Reads the list `Changes` of `DescribeChangeSet`, all pages of it in one list. The result is sorted, so that it
/// can be compared with a prediction. Changes of hooks and modules' own data are left out.
///
/// # Errors
/// A change without its parts, or with a word that this version doesn't know.
pub fn read(changes: &Json) -> Result<ChangeSet, WireError> {
    let mut made = Vec::new();
    for (index, change) in changes.as_array().into_iter().flatten().enumerate() {
        if let Some(change) = change.get("ResourceChange") {
            made.push(Reader { index, json: change }.resource_change()?);
        }
    }
    Ok(ChangeSet { changes: made }.sorted())
}

/// A map of the answer, with the number of the change it belongs to.
struct Reader<'j> {
    index: usize,
    json: &'j Json,
}

impl Reader<'_> {
    fn text(&self, field: &str) -> Option<String> {
        self.json.get(field).filter(|value| !value.is_null()).map(|value| match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    fn required(&self, field: &'static str) -> Result<String, WireError> {
        self.text(field).ok_or(WireError::Missing { index: self.index, field })
    }

    fn word<Word: Copy>(
        &self,
        field: &'static str,
        all: &[Word],
        word: impl Fn(Word) -> &'static str,
    ) -> Result<Option<Word>, WireError> {
        self.text(field).map(|text| self.known(field, &text, all, word)).transpose()
    }

    fn known<Word: Copy>(
        &self,
        field: &'static str,
        text: &str,
        all: &[Word],
        word: impl Fn(Word) -> &'static str,
    ) -> Result<Word, WireError> {
        let found = all.iter().copied().find(|each| word(*each) == text);
        found.ok_or_else(|| WireError::UnknownWord { index: self.index, field, word: text.to_owned() })
    }

    fn list(&self, field: &str) -> impl Iterator<Item = &Json> {
        self.json.get(field).and_then(Json::as_array).into_iter().flatten()
    }

    /// A context is JSON text.
    fn context(&self, field: &str) -> Option<Json> {
        let text = self.text(field)?;
        Some(serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    fn resource_change(&self) -> Result<ResourceChange, WireError> {
        let action = self.word("Action", Action::ALL, Action::word)?;
        let mut scope = Vec::new();
        for word in self.list("Scope").filter_map(Json::as_str) {
            scope.push(self.known("Scope", word, Attribute::ALL, Attribute::word)?);
        }
        let mut details = Vec::new();
        for detail in self.list("Details") {
            details.push(Reader { index: self.index, json: detail }.detail()?);
        }
        Ok(ResourceChange {
            action: action.ok_or(WireError::Missing { index: self.index, field: "Action" })?,
            logical_id: self.required("LogicalResourceId")?,
            physical_id: self.text("PhysicalResourceId"),
            resource_type: self.required("ResourceType")?,
            replacement: self.word("Replacement", Replacement::ALL, Replacement::word)?,
            policy_action: self.word("PolicyAction", PolicyAction::ALL, PolicyAction::word)?,
            scope,
            details,
            before_context: self.context("BeforeContext"),
            after_context: self.context("AfterContext"),
        })
    }

    fn detail(&self) -> Result<Detail, WireError> {
        let nothing = Json::Null;
        let target = Reader { index: self.index, json: self.json.get("Target").unwrap_or(&nothing) };
        let evaluation = self.word("Evaluation", Evaluation::ALL, Evaluation::word)?;
        let attribute = target.word("Attribute", Attribute::ALL, Attribute::word)?;
        let recreations =
            [RequiresRecreation::Never, RequiresRecreation::Conditionally, RequiresRecreation::Always];
        Ok(Detail {
            evaluation: evaluation.ok_or(WireError::Missing { index: self.index, field: "Evaluation" })?,
            change_source: self.word("ChangeSource", ChangeSource::ALL, ChangeSource::word)?,
            causing_entity: self.text("CausingEntity"),
            target: Target {
                attribute: attribute.ok_or(WireError::Missing { index: self.index, field: "Attribute" })?,
                name: target.text("Name"),
                path: target.text("Path"),
                requires_recreation: target.word(
                    "RequiresRecreation",
                    &recreations,
                    RequiresRecreation::word,
                )?,
                before_value: target.text("BeforeValue"),
                after_value: target.text("AfterValue"),
                attribute_change_type: target.word(
                    "AttributeChangeType",
                    AttributeChangeType::ALL,
                    AttributeChangeType::word,
                )?,
            },
        })
    }
}
