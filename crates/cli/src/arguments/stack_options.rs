//! Settings of the stack operation, as the third page of CloudFormation's own wizard has them.

use clap::Args;

use super::key_value;

#[derive(Debug, Args)]
pub(crate) struct StackOptions {
    /// The role that CloudFormation assumes [default: the one the stack has].
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    /// A tag of the stack's, added or changed; may be repeated. The others stay. Every resource that takes tags is updated then.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
    /// A tag of the stack's, taken away; may be repeated.
    #[arg(long = "remove-tag", value_name = "KEY")]
    pub removed_tags: Vec<String>,
    /// An SNS topic for the stack's events; may be repeated, or "none" [default: those the stack has].
    #[arg(long = "notification-topic", value_name = "ARN")]
    pub notification_topics: Vec<String>,
    /// A CloudWatch alarm that rolls the update back; may be repeated, or "none" [default: those the stack has].
    #[arg(long = "rollback-alarm", value_name = "ARN")]
    pub rollback_alarms: Vec<String>,
    /// For how many minutes those alarms are watched after the update, 0 to 180; users stay out meanwhile [default: as the stack
    /// has it].
    #[arg(long = "monitoring-time", value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(..=180))]
    pub monitoring_minutes: Option<u64>,
}
