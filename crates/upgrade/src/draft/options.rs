//! Settings of the stack operation (the third page of CloudFormation's wizard), and its limits for them.

use serde::{Deserialize, Serialize};

use crate::circumstances::StackSettings;

/// Settings of a stack operation; what is `None` stays as the stack has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UpdateOptions {
    /// The role that CloudFormation assumes.
    pub role_arn: Option<String>,
    /// The stack's tags.
    pub tags: Option<Vec<(String, String)>>,
    /// SNS topics for the stack's events.
    pub notification_arns: Option<Vec<String>>,
    /// ARNs of CloudWatch alarms that roll the update back.
    pub rollback_triggers: Option<Vec<String>>,
    /// For how many minutes after the update those alarms are watched.
    #[serde(default)]
    pub monitoring_minutes: Option<u64>,
}

/// CloudFormation's limits (API reference, CreateChangeSet and RollbackConfiguration).
pub const MOST_TAGS: usize = 50;
pub const MOST_ARNS: usize = 5;
pub const MOST_MONITORING_MINUTES: u64 = 180;

/// A setting that CloudFormation would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitOption {
    #[error("A role is named by its ARN.")]
    Role,
    #[error("SNS topics are named by their ARNs, five at most.")]
    NotificationArns,
    #[error("Alarms are named by their ARNs, five at most.")]
    RollbackTriggers,
    #[error("Alarms are watched for 0 to 180 minutes after the update.")]
    MonitoringMinutes,
    #[error(
        "At most 50 tags; a key has 1 to 128 characters and doesn't begin with aws:, a value at most 256."
    )]
    Tags,
}

impl UpdateOptions {
    /// Whether CloudFormation takes them.
    ///
    /// # Errors
    /// The first setting that it would refuse.
    pub fn check(&self) -> Result<(), UnfitOption> {
        let UpdateOptions { role_arn, tags, notification_arns, rollback_triggers, monitoring_minutes } = self;
        let arn =
            |text: &String| text.starts_with("arn:") && text.split(':').count() >= 6 && text.len() <= 2048;
        let arns = |list: &Option<Vec<String>>| {
            list.as_ref().is_none_or(|list| list.len() <= MOST_ARNS && list.iter().all(arn))
        };
        let tag = |(key, value): &(String, String)| {
            (1..=128).contains(&key.chars().count())
                && value.chars().count() <= 256
                && !key.starts_with("aws:")
        };
        if !role_arn.as_ref().is_none_or(arn) {
            return Err(UnfitOption::Role);
        }
        if !arns(notification_arns) {
            return Err(UnfitOption::NotificationArns);
        }
        if !arns(rollback_triggers) {
            return Err(UnfitOption::RollbackTriggers);
        }
        if monitoring_minutes.is_some_and(|minutes| minutes > MOST_MONITORING_MINUTES) {
            return Err(UnfitOption::MonitoringMinutes);
        }
        if tags.as_ref().is_some_and(|tags| tags.len() > MOST_TAGS || !tags.iter().all(tag)) {
            return Err(UnfitOption::Tags);
        }
        Ok(())
    }

    /// Alarms and how long they are watched are one setting of the stack's: where one of the two is given, the other is as the
    /// stack has it, and said so.
    #[must_use]
    pub fn completed(mut self, now: &StackSettings) -> UpdateOptions {
        if self.rollback_triggers.is_some() || self.monitoring_minutes.is_some() {
            self.rollback_triggers.get_or_insert_with(|| now.rollback_triggers.clone());
            self.monitoring_minutes.get_or_insert(now.monitoring_minutes);
        }
        self
    }

    /// What only repeats the stack's own setting is not asked for.
    #[must_use]
    pub fn differing(self, now: &StackSettings) -> UpdateOptions {
        let tags: Vec<(String, String)> = now.tags.clone().into_iter().collect();
        UpdateOptions {
            role_arn: self.role_arn.filter(|role| Some(role) != now.role_arn.as_ref()),
            tags: self.tags.filter(|wished| *wished != tags),
            notification_arns: self.notification_arns.filter(|wished| *wished != now.notification_arns),
            rollback_triggers: self.rollback_triggers.filter(|wished| *wished != now.rollback_triggers),
            monitoring_minutes: self.monitoring_minutes.filter(|wished| *wished != now.monitoring_minutes),
        }
    }

    /// For how long alarms are watched after everything is done: the update lasts that much longer.
    pub(super) fn watched_seconds(&self) -> u64 {
        let watches = self.rollback_triggers.as_ref().is_some_and(|alarms| !alarms.is_empty());
        if watches { self.monitoring_minutes.unwrap_or(0) * 60 } else { 0 }
    }
}
