//! The update that this project is about: Code Ocean v3.7.0 to v3.8.2.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Resolved, read_json, read_template, real_pseudo, texts};
use changeset::ChangeSet;
use changeset::change_set::{Action, PolicyAction, Replacement};
use changeset::expect::{Expectation, Expected, expectations};
use changeset::facts::RequiresRecreation;
use changeset::permissions::{Why, permissions};
use changeset::predict::{Deployed, Mode, predict};
use changeset::risks::{RiskKind, risks};
use template::Outside;

/// Both of AWS's answers and what is expected.
struct Update {
    before: Resolved,
    after: Resolved,
    plain: ChangeSet,
    values: ChangeSet,
    expected: Vec<Expectation>,
}

impl Update {
    fn expected(&self, logical_id: &str) -> &Expectation {
        self.expected
            .iter()
            .find(|one| one.logical_id == logical_id)
            .unwrap_or_else(|| panic!("nothing is expected of {logical_id}"))
    }
}

fn update(more: &[(&str, &str)]) -> Option<Update> {
    let mut given: BTreeMap<String, String> = texts(&read_json("templates/code-ocean/parameters.json")?);
    // A release that lacks one of them doesn't take it.
    given.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let before =
        Resolved::new(read_template("templates/code-ocean/v3.7.0.yaml"), &given, None, &BTreeMap::new());
    let after = Resolved::new(
        read_template("templates/code-ocean/v3.8.2.yaml"),
        &given,
        Some(&before.parameters),
        &BTreeMap::new(),
    );
    let (pseudo, outside, deployed) = (real_pseudo(), Outside::default(), Deployed::default());
    let (old, new) = (before.evaluation(&pseudo, &outside), after.evaluation(&pseudo, &outside));
    let plain = predict(Some(&old), &new, &deployed, Mode::Plain).expect("a prediction");
    let values = predict(Some(&old), &new, &deployed, Mode::Values).expect("a prediction");
    let expected = expectations(Some(&old), &new, &deployed, &plain, &values).expect("expectations");
    Some(Update { before, after, plain, values, expected })
}

fn active(side: &Resolved) -> usize {
    let (pseudo, outside) = (real_pseudo(), Outside::default());
    side.evaluation(&pseudo, &outside).active_resources().count()
}

#[test]
fn with_defaults_none_is_added_and_one_is_removed() {
    let Some(update) = update(&[]) else { return };
    assert_eq!((active(&update.before), active(&update.after)), (233, 232));
    for change_set in [&update.plain, &update.values] {
        assert_eq!(change_set.count(Action::Add), 0);
        assert_eq!(change_set.count(Action::Remove), 1);
        let removed =
            change_set.change("ServicesInstanceDedicatedMachinesAccess").expect("the policy that goes");
        assert_eq!((removed.action, removed.policy_action), (Action::Remove, Some(PolicyAction::Delete)));
    }
}

#[test]
fn with_roles_and_a_private_registry_two_are_added() {
    let more = [
        ("pAssumableRoles", "arn:aws:iam::111111111111:role/data"),
        ("pCustomUpstreamDockerRegistryEndpoint", "registry.example.com"),
        (
            "pCustomUpstreamDockerRegistrySecret",
            "arn:aws:secretsmanager:us-east-1:111111111111:secret:registry",
        ),
    ];
    let Some(update) = update(&more) else { return };
    let added: BTreeSet<&str> = update
        .plain
        .changes
        .iter()
        .filter(|one| one.action == Action::Add)
        .map(|one| one.logical_id.as_str())
        .collect();
    assert_eq!(added, BTreeSet::from(["CustomRegistrySecretAccessPolicy", "JobsAssumeRolePolicy"]));
    assert_eq!(update.values.count(Action::Add), 2);
}

/// The example to get right: AWS's plain answer calls the groups conditional, the one with values doesn't
/// list them, and they are replaced.
#[test]
fn worker_groups_are_replaced_with_their_pools_and_policies() {
    let Some(update) = update(&[]) else { return };
    let group_changes = [
        ("WorkersAutoScalingGroup", "WorkersLaunchTemplate"),
        ("GPUWorkersAutoScalingGroup", "GPUWorkersLaunchTemplate"),
    ];
    for (group, launch_template) in group_changes {
        let said = update.plain.change(group).expect("listed");
        assert_eq!(said.replacement, Some(Replacement::Conditional));
        let entity = format!("{launch_template}.LatestVersionNumber");
        let in_the_name = said
            .details
            .iter()
            .find(|detail| detail.target.name.as_deref() == Some("AutoScalingGroupName"))
            .expect("the name");
        assert_eq!(in_the_name.causing_entity.as_ref(), Some(&entity));
        assert_eq!(in_the_name.target.requires_recreation, Some(RequiresRecreation::Always));
        assert!(update.values.change(group).is_none(), "with property values AWS omits the reader");
        let expected = update.expected(group);
        assert_eq!(expected.expected, Expected::Replaced);
        assert!(expected.differs());
        assert!(expected.because[0].to_string().contains(&entity), "{:?}", expected.because);
    }
    let replaced = [
        "WorkersAutoScalingWarmPool",
        "GPUWorkersAutoScalingWarmPool",
        "IdleWorkersScaleInPolicy",
        "GPUIdleWorkersScaleInPolicy",
        "WorkersAvailableSlotsScaleOutPolicy",
        "GPUWorkersAvailableSlotsScaleOutPolicy",
    ];
    for logical_id in replaced {
        assert_eq!(update.expected(logical_id).expected, Expected::Replaced, "{logical_id}");
    }
    // Their alarms read the new policies; the services' alarms read a group that stays.
    assert_eq!(update.expected("IdleWorkersHighAlarm").expected, Expected::UpdatedInPlace);
    assert_eq!(update.expected("ServicesCpuUsageHighAlarm").expected, Expected::Unchanged);
    // One instance, rolling update.
    assert_eq!(update.expected("ServicesAutoScalingGroup").expected, Expected::InstancesReplaced);
}

#[test]
fn compute_environments_are_replaced_and_their_queues_stay() {
    let Some(update) = update(&[]) else { return };
    let environments: Vec<&Expectation> =
        update.expected.iter().filter(|one| one.resource_type == "AWS::Batch::ComputeEnvironment").collect();
    let queues: Vec<&Expectation> =
        update.expected.iter().filter(|one| one.resource_type == "AWS::Batch::JobQueue").collect();
    assert_eq!((environments.len(), queues.len()), (5, 5));
    assert!(environments.iter().all(|one| one.expected == Expected::Replaced));
    assert!(queues.iter().all(|one| one.expected == Expected::UpdatedInPlace));
}

#[test]
fn no_data_is_lost_and_the_operator_is_told_of_interruptions_and_capabilities() {
    let Some(update) = update(&[]) else { return };
    let (pseudo, outside) = (real_pseudo(), Outside::default());
    let risks = risks(&update.expected, &update.after.evaluation(&pseudo, &outside));
    let of = |kind| risks.iter().filter(|risk| risk.kind == kind).collect::<Vec<_>>();
    assert!(of(RiskKind::DataLost).is_empty(), "{:?}", of(RiskKind::DataLost));
    assert!(of(RiskKind::UpdateFails).is_empty(), "{:?}", of(RiskKind::UpdateFails));
    assert!(
        of(RiskKind::Interruption)
            .iter()
            .any(|risk| risk.logical_id.as_deref() == Some("ServicesAutoScalingGroup"))
    );
    assert_eq!(of(RiskKind::ResourceDeleted).len(), 1);
    assert!(of(RiskKind::CapabilityNeeded).iter().any(|risk| risk.because.starts_with("CAPABILITY_")));
}

#[test]
fn the_permissions_name_what_changes_and_nothing_else() {
    let Some(update) = update(&[]) else { return };
    let (pseudo, outside) = (real_pseudo(), Outside::default());
    let made = permissions(&update.expected, &update.after.evaluation(&pseudo, &outside));
    let actions = |why| made.groups.get(&why).map(|group| group.actions.clone()).unwrap_or_default();
    assert!(actions(Why::Update).contains("ec2:CreateLaunchTemplateVersion"));
    assert!(actions(Why::Create).contains("autoscaling:CreateAutoScalingGroup"));
    assert!(actions(Why::Delete).contains("iam:DeletePolicy"));
    assert!(actions(Why::PassRole).contains("iam:PassRole"));
    let all = made.actions();
    assert!(!all.iter().any(|action| action.starts_with("rds:")), "no database changes");
    assert!(made.unknown_types.is_empty(), "{:?}", made.unknown_types);
    let document = made.policy_document();
    assert_eq!(document["Version"], "2012-10-17");
    assert!(document["Statement"].as_array().is_some_and(|statements| statements.len() == made.groups.len()));
}
