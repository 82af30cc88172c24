//! All checks on real vendors' releases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use template::{Evaluation, Outside, Resource, Template};
use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, deployment, of, print, pseudo, read, resolve, rule};

/// The shared folder's file, or `None` with a loud line when it is missing (which CI doesn't allow).
fn shared(path: &str) -> Option<String> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/templates").join(path);
    match std::fs::read_to_string(&full) {
        Ok(text) => Some(text),
        Err(_) => {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "shared/templates/{path} is missing: check it out beside the repository"
            );
            eprintln!("SKIPPED: shared/templates/{path} is missing, so this test has tested nothing");
            None
        }
    }
}

/// A vendor's release as deployed with its defaults, and the next one.
fn pair(vendor: &str, old: &str, new: &str, more: &[(&str, &str)]) -> Option<World> {
    let (old, new) = (shared(&format!("{vendor}/{old}"))?, shared(&format!("{vendor}/{new}"))?);
    let given: BTreeMap<String, String> =
        serde_json::from_str(&shared(&format!("{vendor}/parameters.json"))?).expect("a map of texts");
    let before = read("deployed", &old);
    let mut world = World { new_template: new, ..World::default() };
    world.deployment = deployment("platform", &old);
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let given: BTreeMap<String, String> = given.into_iter().chain(more).collect();
    let given = given.into_iter().filter(|(name, _)| before.parameters.contains_key(name)).collect();
    let stored = resolve(&before, &given, None).expect("the vendor's defaults and parameters.json");
    world.deployment.parameters =
        stored.0.iter().map(|(name, parameter)| (name.clone(), parameter.text.clone())).collect();
    Some(world)
}

fn active(template: &Template, world: &World) -> BTreeMap<String, String> {
    let (pseudo, outside) = (pseudo(), Outside::default());
    let own: BTreeMap<String, String> = world
        .deployment
        .parameters
        .iter()
        .filter(|(name, _)| template.parameters.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let parameters = resolve(template, &own, None).expect("values");
    let evaluation = Evaluation::new(template, &parameters, &pseudo, &outside).expect("conditions");
    let id_and_type = |resource: &Resource| (resource.logical_id.clone(), resource.type_name.clone());
    evaluation.active_resources().map(id_and_type).collect()
}

const CODE_OCEAN_ANALYTICS: &str = "AnalyticsDBInstance";

/// Code Ocean, its analytics database scaled up by itself, without a backup stack, with a policy that protects it.
fn code_ocean() -> Option<World> {
    let mut world = pair("code-ocean", "v3.7.0.yaml", "v3.8.2.yaml", &[])?;
    let (before, after) = (read("v3.7.0", &world.deployment.template), read("v3.8.2", &world.new_template));
    let (old, new) = (active(&before, &world), active(&after, &world));
    let resource = |logical_id: &String| LogicalResource {
        logical_id: logical_id.clone(),
        physical_id: format!("{logical_id}-1"),
    };
    world.deployment.resources = old.keys().map(resource).collect();
    let of_type = |type_name: &str| -> Vec<LogicalResource> {
        old.iter().filter(|(_, of)| *of == type_name).map(|(id, _)| resource(id)).collect()
    };
    let listener = |id: &&LogicalResource| {
        let properties = before.resources.get(&id.logical_id).and_then(|one| one.properties.as_ref());
        properties.and_then(|all| all.get("Protocol")?.as_str()) == Some("HTTPS")
    };
    world.targets = Targets {
        listener: of_type("AWS::ElasticLoadBalancingV2::Listener")
            .iter()
            .find(listener)
            .expect("HTTPS")
            .clone(),
        target_groups: of_type("AWS::ElasticLoadBalancingV2::TargetGroup"),
        job_queues: of_type("AWS::Batch::JobQueue"),
        worker_groups: of_type("AWS::AutoScaling::AutoScalingGroup")
            .into_iter()
            .filter(|group| group.logical_id.contains("Workers"))
            .collect(),
        alarms: of_type("AWS::CloudWatch::Alarm"),
        databases: of_type("AWS::RDS::DBInstance"),
        volumes: of_type("AWS::EC2::Volume"),
        dedicated_machine_tags: vec![("codeocean-dedicated-worker".to_owned(), None)],
    };
    world.new_targets = Ok(new
        .iter()
        .filter(|(_, type_name)| {
            [
                "AWS::ElasticLoadBalancingV2::TargetGroup",
                "AWS::Batch::JobQueue",
                "AWS::CloudWatch::Alarm",
                "AWS::RDS::DBInstance",
                "AWS::EC2::Volume",
            ]
            .contains(&type_name.as_str())
        })
        .map(|(id, _)| id.clone())
        .chain(
            std::iter::once(&world.targets.listener)
                .chain(&world.targets.worker_groups)
                .map(|one| one.logical_id.clone()),
        )
        .filter(|id| new.contains_key(id))
        .collect::<BTreeSet<String>>());
    let listener = world.targets.listener.physical_id.clone();
    world.around.listener_rules = Ok([(Some(80), 1), (Some(81), 2), (None, 0)]
        .into_iter()
        .map(|(priority, values)| ListenerRule { listener_arn: listener.clone(), ..rule(priority, values) })
        .collect());
    world.around.alarms = Ok(world
        .targets
        .alarms
        .iter()
        .map(|alarm| Alarm {
            logical_id: alarm.logical_id.clone(),
            name: alarm.physical_id.clone(),
            actions_enabled: true,
            state: "OK".to_owned(),
            metric: "CodeOcean Idle".to_owned(),
        })
        .collect());
    world.around.databases = Ok(vec![Database {
        logical_id: CODE_OCEAN_ANALYTICS.to_owned(),
        identifier: "analytics".to_owned(),
        allocated_storage: 37,
        max_allocated_storage: Some(100),
        storage_type: "gp3".to_owned(),
        status: "available".to_owned(),
    }]);
    world.around.backup = None;
    world.around.stack.stack_policy = Some(
        r#"{"Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "Update:Replace", "Resource": "LogicalResourceId/AnalyticsDBInstance"}
        ]}"#
        .to_owned(),
    );
    if let Some(Ok(status)) = &mut world.around.platform_status {
        status.version = Some("3.7.0".to_owned());
    }
    world.admitted = vec!["192.0.2.0/24".to_owned(), "198.51.100.7/32".to_owned()];
    Some(world)
}

#[test]
fn code_ocean_to_the_next_release() {
    let Some(mut world) = code_ocean() else { return };
    let results = world.check();
    print(&results);
    let verdict = |id: &str| of(&results, id).verdict;
    for (id, wanted) in [
        ("stack-status", Passed),
        ("version-path", Passed),
        ("template-limits", Passed),
        ("backup-stack", Warning),
        ("database-storage", Warning),
        ("role-stack", Skipped),
        ("gate-space", Passed),
        // Nothing replaces the database in this release, so the policy has nothing to refuse.
        ("stack-policy", Passed),
        ("capabilities", Passed),
        ("alarms", Passed),
    ] {
        assert_eq!(verdict(id), wanted, "{id}: {:#?}", of(&results, id));
    }
    // The worker groups' names hold the launch template's version number, so they are replaced and AWS's preview
    // doesn't say so for certain.
    let expected = of(&results, "expected-changes");
    assert_eq!(expected.verdict, Warning, "{expected:#?}");
    assert!(
        expected.evidence.iter().any(|line| line.starts_with("WorkersAutoScalingGroup: is replaced")),
        "{expected:#?}"
    );
    let fixes = &of(&results, "database-storage").fixes;
    assert_eq!(fixes.len(), 1, "{fixes:?}");
    assert_eq!((fixes[0].parameter.as_str(), fixes[0].value.as_str()), ("pRdsAllocatedStorage", "37"));

    // With the offer taken the update says what RDS has.
    world.given.insert("pRdsAllocatedStorage".to_owned(), "37".to_owned());
    let results = world.check();
    assert_eq!(of(&results, "database-storage").verdict, Passed);
    world.given.clear();

    // A release that replaces the database: the policy refuses, and nobody has accepted the loss.
    world.rewrite("      MasterUsername: root\n", "      MasterUsername: admin\n");
    let results = world.check();
    let (policy, lost) = (of(&results, "stack-policy"), of(&results, "replacements"));
    assert_eq!(policy.verdict, Failed, "{policy:#?}");
    assert!(
        policy.evidence.iter().any(|line| line.starts_with("Update:Replace of AnalyticsDBInstance")),
        "{policy:#?}"
    );
    assert_eq!(lost.verdict, Failed, "{lost:#?}");
}

#[test]
fn parameters_and_versions_of_other_vendors() {
    let pairs: [(&str, &str, &str, &[(&str, &str)]); 4] = [
        ("buildkite", "007-v6.48.0.yml", "008-v6.69.0.yml", &[("ImageId", "ami-00000000000000000")]),
        ("buildkite", "003-v5.20.0.yml", "004-v6.11.0.yml", &[("ImageId", "ami-00000000000000000")]),
        ("metaflow", "005-51a2d90.yml", "006-ca0c071.yml", &[]),
        ("metaflow", "006-ca0c071.yml", "007-b769863.yml", &[]),
    ];
    for (vendor, old, new, more) in pairs {
        let Some(world) = pair(vendor, old, new, more) else { return };
        let (before, after) = (read(old, &world.deployment.template), read(new, &world.new_template));
        let stored = resolve(&before, &world.deployment.parameters, None).expect("values");
        let table = parameter_table(&before, &stored, &after, &BTreeMap::new());
        let count = |wanted: fn(&ParameterRow) -> bool| table.iter().filter(|row| wanted(row)).count();
        println!(
            "{vendor} {old} to {new}: {} parameters, {} new, {} gone, {} defaults moved, {} refused",
            table.len(),
            count(|row| row.place == ParameterPlace::New),
            count(|row| row.place == ParameterPlace::Gone),
            count(|row| row.changed_default),
            count(|row| row.constraint_error.is_some())
        );
        let union: BTreeSet<&String> = before.parameters.keys().chain(after.parameters.keys()).collect();
        assert_eq!(table.len(), union.len(), "every parameter has one row");
        for row in &table {
            let secret = [&before, &after]
                .into_iter()
                .filter_map(|one| one.parameters.get(&row.name))
                .any(|p| p.no_echo);
            assert_eq!(row.secret, secret, "{}", row.name);
            let shown = [&row.current, &row.old_default, &row.new_default, &row.will_be];
            assert!(
                !secret || shown.into_iter().flatten().all(|value| value == "****"),
                "{} is shown",
                row.name
            );
        }
        // Neither vendor writes its version into the template: the catalogue knows it.
        let mut world = world;
        assert_eq!(ReleaseFacts::of(&after), ReleaseFacts::default());
        let results = world.check();
        assert_eq!(of(&results, "version-path").verdict, Skipped);
        world.release.version = Some("v2.0.0".to_owned());
        assert_eq!(
            of(&world.check(), "version-path").verdict,
            Skipped,
            "the deployed version is not known either"
        );
        world.deployed_version = Some("v1.9.0".to_owned());
        assert_eq!(of(&world.check(), "version-path").verdict, Passed);
        world.release.required_stops = vec!["1.10".to_owned()];
        assert_eq!(of(&world.check(), "version-path").verdict, Failed);
    }
}
