//! The main action of a resource operation: the one IAM action without which the handler can't do its work, read from
//! the permissions that the type's schema publishes for it.
//!
//! Assumption: it is of the type's own service and its name is a verb of the operation with the type's name, such as
//! `batch:CreateJobQueue`. The type's name may be longer (`ManagedPolicy`, `CreatePolicy`) or shorter (`Alarm`,
//! `PutMetricAlarm`); of several, the closest counts, then the verb's place in the list. A handler that publishes no such
//! action, or several that are equally close, has none.

use std::cmp::Reverse;

use changeset::facts;

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceOperation {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed.
    Delete,
}

impl ResourceOperation {
    /// The verbs of the operation's actions, the most telling first.
    const fn verbs(self) -> &'static [&'static str] {
        match self {
            ResourceOperation::Create => {
                &["Create", "Put", "Register", "Run", "Allocate", "Request", "Publish", "Associate", "Attach"]
            }
            ResourceOperation::Update => &["Update", "Modify", "Put", "Set"],
            ResourceOperation::Delete => {
                &["Delete", "Deregister", "Terminate", "Release", "Disassociate", "Detach", "Schedule"]
            }
        }
    }
}

/// The main action, such as `rds:ModifyDBInstance`, if the type publishes one.
#[must_use]
pub fn main_action(type_name: &str, operation: ResourceOperation) -> Option<String> {
    let handlers = facts::resource_type(type_name)?.handlers.as_ref()?;
    let handler = match operation {
        ResourceOperation::Create => handlers.create.as_ref(),
        ResourceOperation::Update => handlers.update.as_ref(),
        ResourceOperation::Delete => handlers.delete.as_ref(),
    }?;
    let service = prefix(type_name)?;
    let noun = type_name.rsplit("::").next()?.to_lowercase();
    let mut found: Vec<((u8, Reverse<usize>), &str)> = handler
        .permissions
        .iter()
        .filter_map(|permission| {
            let (own, name) = permission.split_once(':')?;
            let place = operation.verbs().iter().position(|verb| name.starts_with(verb))?;
            let object = name.get(operation.verbs().get(place)?.len()..)?.to_lowercase();
            let near = nearness(&noun, &object)?;
            own.eq_ignore_ascii_case(&service).then_some(((near, Reverse(place)), name))
        })
        .collect();
    found.sort_by_key(|(near, _)| Reverse(*near));
    match found.as_slice() {
        [] => None,
        [(best, _), (next, _), ..] if best == next => None,
        // Some schemas write `Batch:`; IAM's prefixes are in lower case.
        [(_, name), ..] => Some(format!("{service}:{name}")),
    }
}

/// How near an action's object is to the type's name; `None`: it is another thing.
fn nearness(noun: &str, object: &str) -> Option<u8> {
    let one = object
        .strip_suffix("ies")
        .map_or_else(|| object.strip_suffix('s').unwrap_or(object).to_owned(), |stem| format!("{stem}y"));
    if object == noun || one == noun {
        Some(3)
    } else if one.is_empty() {
        None
    } else if one.ends_with(noun) || noun.ends_with(&one) {
        Some(2)
    } else if object.starts_with(noun) {
        // `CreateLaunchTemplateVersion`, `ScheduleKeyDeletion`, `SetTopicAttributes`.
        Some(1)
    } else {
        None
    }
}

/// The prefix of a type's own service in IAM.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
fn prefix(type_name: &str) -> Option<String> {
    let service = type_name.split("::").nth(1)?;
    Some(match service {
        "ElasticLoadBalancingV2" => "elasticloadbalancing".to_owned(),
        "CertificateManager" => "acm".to_owned(),
        "EFS" => "elasticfilesystem".to_owned(),
        "OpenSearchService" => "es".to_owned(),
        "StepFunctions" => "states".to_owned(),
        "KinesisFirehose" => "firehose".to_owned(),
        "ApplicationAutoScaling" => "application-autoscaling".to_owned(),
        other => other.to_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(type_name: &str, create: &str, update: &str, delete: &str) {
        use ResourceOperation::{Create, Delete, Update};
        let found =
            [Create, Update, Delete].map(|what| main_action(type_name, what).unwrap_or("-".to_owned()));
        assert_eq!(found, [create, update, delete], "{type_name}");
    }

    #[test]
    fn the_main_actions_of_what_vendors_deploy() {
        check("AWS::Batch::JobQueue", "batch:CreateJobQueue", "batch:UpdateJobQueue", "batch:DeleteJobQueue");
        check("AWS::ECS::Service", "ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService");
        check("AWS::RDS::DBInstance", "rds:CreateDBInstance", "rds:ModifyDBInstance", "rds:DeleteDBInstance");
        check(
            "AWS::AutoScaling::AutoScalingGroup",
            "autoscaling:CreateAutoScalingGroup",
            "autoscaling:UpdateAutoScalingGroup",
            "autoscaling:DeleteAutoScalingGroup",
        );
        check("AWS::IAM::Role", "iam:CreateRole", "iam:UpdateRole", "iam:DeleteRole");
        check("AWS::EC2::VPC", "ec2:CreateVpc", "-", "ec2:DeleteVpc");
        check("AWS::IAM::ManagedPolicy", "iam:CreatePolicy", "-", "iam:DeletePolicy");
        check(
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:DeleteRule",
        );
        check(
            "AWS::CloudWatch::Alarm",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:DeleteAlarms",
        );
        check("Custom::Anything", "-", "-", "-");
    }

    /// Prints of how many published handlers the main action is known.
    #[test]
    fn most_published_handlers_have_one() {
        use ResourceOperation::{Create, Delete, Update};
        for (operation, least) in [(Create, 65), (Update, 50), (Delete, 65)] {
            let published = |name: &&str| {
                let handlers = facts::resource_type(name).and_then(|facts| facts.handlers.as_ref());
                handlers.is_some_and(|handlers| match operation {
                    Create => handlers.create.is_some(),
                    Update => handlers.update.is_some(),
                    Delete => handlers.delete.is_some(),
                })
            };
            let all: Vec<&str> = facts::type_names().filter(published).collect();
            let known = all.iter().filter(|name| main_action(name, operation).is_some()).count();
            println!("{operation:?}: the main action of {known} of {} types", all.len());
            assert!(known * 100 >= all.len() * least, "{operation:?}: {known} of {}", all.len());
        }
    }
}
