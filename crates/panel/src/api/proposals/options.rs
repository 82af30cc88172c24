//! Settings of the stack operation, as they are sent and given.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::{MOST_ARNS, MOST_MONITORING_MINUTES, MOST_TAGS, UnfitOption, UpdateOptions};

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
    #[schemars(range(max = MOST_MONITORING_MINUTES))]
    monitoring_minutes: Option<u64>,
}

impl From<UpdateOptions> for Options {
    fn from(options: UpdateOptions) -> Options {
        let UpdateOptions { role_arn, tags, notification_arns, rollback_triggers, monitoring_minutes } =
            options;
        let tags = tags.map(|tags| tags.into_iter().collect());
        Options { role_arn, tags, notification_arns, rollback_triggers, monitoring_minutes }
    }
}

impl Options {
    pub(super) fn checked(self) -> Result<UpdateOptions, Failure> {
        let Options { role_arn, tags, notification_arns, rollback_triggers, monitoring_minutes } = self;
        let role_arn = role_arn.filter(|text| !text.is_empty());
        let tags = tags.map(|tags| tags.into_iter().collect());
        let options =
            UpdateOptions { role_arn, tags, notification_arns, rollback_triggers, monitoring_minutes };
        options.check().map_err(|unfit| {
            let field = match unfit {
                UnfitOption::Role => "options.roleArn",
                UnfitOption::NotificationArns => "options.notificationArns",
                UnfitOption::RollbackTriggers => "options.rollbackTriggers",
                UnfitOption::MonitoringMinutes => "options.monitoringMinutes",
                UnfitOption::Tags => "options.tags",
            };
            Failure::field(field, unfit.to_string())
        })?;
        Ok(options)
    }
}
