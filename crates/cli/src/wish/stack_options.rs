//! Settings of the stack operation: what the command line says, beside what the stack has.

use std::collections::BTreeMap;

use upgrade::{UnfitOption, UpdateOptions};

use super::WishError;
use crate::arguments::StackOptions;
use crate::error::CliError;
use crate::site::Site;

/// The word that takes every topic or alarm away.
const NONE: &str = "none";

/// What is asked of CloudFormation. Tags are added to those that the stack has.
pub(super) async fn update_options(site: &Site, given: &StackOptions) -> Result<UpdateOptions, CliError> {
    let StackOptions {
        role_arn,
        tags,
        removed_tags,
        notification_topics,
        rollback_alarms,
        monitoring_minutes,
    } = given;
    let changes_tags = !tags.is_empty() || !removed_tags.is_empty();
    let tags = if changes_tags {
        let now = site.ports.clouds.primary.stack_settings(&site.settings.stack).await?.tags;
        Some(changed_tags(now, tags, removed_tags)?)
    } else {
        None
    };
    let options = UpdateOptions {
        role_arn: role_arn.clone(),
        tags,
        notification_arns: list(notification_topics),
        rollback_triggers: list(rollback_alarms),
        monitoring_minutes: *monitoring_minutes,
    };
    options.check().map_err(|unfit| {
        let option = match unfit {
            UnfitOption::Role => "--role-arn",
            UnfitOption::NotificationArns => "--notification-topic",
            UnfitOption::RollbackTriggers => "--rollback-alarm",
            UnfitOption::MonitoringMinutes => "--monitoring-time",
            UnfitOption::Tags => "--tag",
        };
        WishError::StackOption { option, unfit }
    })?;
    Ok(options)
}

fn list(given: &[String]) -> Option<Vec<String>> {
    match given {
        [] => None,
        [only] if only == NONE => Some(Vec::new()),
        several => Some(several.to_vec()),
    }
}

/// The stack's tags without what is taken away, and with what is added or changed.
fn changed_tags(
    mut now: BTreeMap<String, String>,
    added: &[(String, String)],
    removed: &[String],
) -> Result<Vec<(String, String)>, WishError> {
    for key in removed {
        if added.iter().any(|(other, _)| other == key) {
            return Err(WishError::TagBothWays(key.clone()));
        }
        if now.remove(key).is_none() {
            return Err(WishError::Unknown {
                option: "--remove-tag",
                name: key.clone(),
                what: "tag on the stack",
                nearest: upgrade::nearest(key, now.keys().map(String::as_str)),
            });
        }
    }
    now.extend(added.iter().cloned());
    Ok(now.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::changed_tags;

    #[test]
    fn tags_are_added_changed_and_taken_away_and_the_others_stay() {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        for (added, removed, expected) in [
            (&[("env", "test")][..], &[][..], "env=test team=lab"),
            (&[("team", "ops"), ("a", "b")], &[], "a=b env=prod team=ops"),
            (&[], &["team"], "env=prod"),
            (&[("x", "")], &["env", "team"], "x="),
            (&[], &["tame"], "--remove-tag tame: there is no such tag on the stack; the nearest: team"),
            (&[("env", "x")], &["env"], "--tag env and --remove-tag env: which of the two?"),
        ] {
            let now = [("env", "prod"), ("team", "lab")].map(pair).into();
            let added: Vec<_> = added.iter().copied().map(pair).collect();
            let removed: Vec<String> = removed.iter().map(|one| (*one).to_owned()).collect();
            let found = match changed_tags(now, &added, &removed) {
                Ok(tags) => {
                    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected);
        }
    }
}
