//! Settings of the stack operation, as they are sent and given.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::UpdateOptions;

use crate::web::Failure;

/// Settings of the stack operation; what is left out stays as the stack has it.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Options {
    role_arn: Option<String>,
    #[schemars(extend("maxProperties" = MOST_TAGS))]
    tags: Option<BTreeMap<String, String>>,
    #[schemars(length(max = MOST_ARNS))]
    notification_arns: Option<Vec<String>>,
    #[schemars(length(max = MOST_ARNS))]
    rollback_triggers: Option<Vec<String>>,
}

/// CloudFormation's limits (API reference, CreateChangeSet and RollbackConfiguration).
const MOST_TAGS: usize = 50;
const MOST_ARNS: usize = 5;

impl From<UpdateOptions> for Options {
    fn from(options: UpdateOptions) -> Options {
        let UpdateOptions { role_arn, tags, notification_arns, rollback_triggers } = options;
        let tags = tags.map(|tags| tags.into_iter().collect());
        Options { role_arn, tags, notification_arns, rollback_triggers }
    }
}

impl Options {
    pub(super) fn checked(self) -> Result<UpdateOptions, Failure> {
        let Options { role_arn, tags, notification_arns, rollback_triggers } = self;
        let arn = |text: &str| text.starts_with("arn:") && text.split(':').count() >= 6 && text.len() <= 2048;
        let role_arn = role_arn.filter(|text| !text.is_empty());
        if role_arn.as_deref().is_some_and(|text| !arn(text)) {
            return Err(Failure::field("options.roleArn", "A role is named by its ARN."));
        }
        for (field, list, words) in [
            ("notificationArns", &notification_arns, "SNS topics are named by their ARNs, five at most."),
            ("rollbackTriggers", &rollback_triggers, "Alarms are named by their ARNs, five at most."),
        ] {
            if list.as_ref().is_some_and(|list| list.len() > MOST_ARNS || !list.iter().all(|text| arn(text)))
            {
                return Err(Failure::field(&format!("options.{field}"), words));
            }
        }
        let fits = |(key, value): (&String, &String)| {
            (1..=128).contains(&key.chars().count())
                && value.chars().count() <= 256
                && !key.starts_with("aws:")
        };
        if tags.as_ref().is_some_and(|tags| tags.len() > MOST_TAGS || !tags.iter().all(fits)) {
            return Err(Failure::field(
                "options.tags",
                "At most 50 tags; a key has 1 to 128 characters and doesn't begin with aws:, a value at most 256.",
            ));
        }
        let tags = tags.map(|tags| tags.into_iter().collect());
        Ok(UpdateOptions { role_arn, tags, notification_arns, rollback_triggers })
    }
}
