//! All checks on real vendors' releases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, deployment, listener, of, print, read, resource, rule};

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
    let mut world = World { new_template: new, ..World::default() };
    world.deployment = deployment("platform", &old);
    world.deployment.parameters = given;
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    world.deployment.parameters.extend(more);
    // As DescribeStacks shows it: a value for every parameter, stars for secrets.
    let side = ReleaseSide::deployed(&world.deployment).expect("the vendor's defaults and parameters.json");
    let shown = side.parameters.0.iter().map(|(name, parameter)| {
        (name.clone(), if parameter.no_echo { "****".to_owned() } else { parameter.text.clone() })
    });
    world.deployment.parameters = shown.collect();
    Some(world)
}

const CODE_OCEAN_ANALYTICS: &str = "AnalyticsDBInstance";

/// Code Ocean, its analytics database scaled up by itself, without a backup stack, with a policy that protects it.
fn code_ocean() -> Option<World> {
    let mut world = pair("code-ocean", "v3.7.0.yaml", "v3.8.2.yaml", &[])?;
    let side = ReleaseSide::deployed(&world.deployment).expect("the release");
    world.deployment.resources = side.template.resources.keys().map(|id| resource(id)).collect();
    let (_, targets) = find_targets(&world.deployment).expect("the profile fits");
    world.targets = targets;
    let drafted = world.draft().expect("an update");
    world.new_targets = new_targets(&Profile::from_template(&drafted.after.template), &drafted);
    let public = world.targets.listeners[0].clone();
    let rules = [(Some(80), 1), (Some(81), 2), (None, 0)]
        .into_iter()
        .map(|(priority, values)| ListenerRule {
            listener_arn: public.physical_id.clone(),
            ..rule(priority, values)
        })
        .collect();
    let seen = listener(rules);
    world.around.listeners = Ok(vec![ListenerSeen {
        arn: public.physical_id.clone(),
        logical_id: Some(public.logical_id),
        ..seen
    }]);
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
        engine_version: String::new(),
        maintenance_window: String::new(),
        waiting: Vec::new(),
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
    world.profile = Profile::code_ocean();
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
    let alone = "Left alone, and at work while the stack is updated: ServicesAutoScalingGroup.";
    let targets = of(&results, "targets");
    assert!(targets.evidence.iter().any(|line| line.starts_with(alone)), "{targets:#?}");
    // The worker groups' names hold the launch template's version number, so they are replaced and AWS's preview
    // doesn't say so for certain.
    let expected = of(&results, "expected-changes");
    assert_eq!(
        expected.verdict, Passed,
        "maintenance has emptied them, and nobody can act on it: {expected:#?}"
    );
    assert!(
        expected.evidence.iter().any(|line| line.starts_with("Replaced though AWS's preview doesn't say so")),
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
    let pairs = [
        ("buildkite", "007-v6.48.0.yml", "008-v6.69.0.yml", true),
        ("buildkite", "003-v5.20.0.yml", "004-v6.11.0.yml", true),
        ("metaflow", "005-51a2d90.yml", "006-ca0c071.yml", false),
        ("metaflow", "006-ca0c071.yml", "007-b769863.yml", false),
    ];
    for (vendor, old, new, needs_image) in pairs {
        // The releases of buildkite here are sources, whose mapping of images is filled in when they are published.
        let image = [("ImageId", "ami-00000000000000000")];
        let more: &[(&str, &str)] = if needs_image { &image } else { &[] };
        let Some(world) = pair(vendor, old, new, more) else { return };
        let before = ReleaseSide::deployed(&world.deployment).expect("the release");
        let after = read(new, &world.new_template);
        let table = parameter_table(&before, &after, &BTreeMap::new());
        let count = |wanted: fn(&ParameterRow) -> bool| table.iter().filter(|row| wanted(row)).count();
        println!(
            "{vendor} {old} to {new}: {} parameters, {} new, {} gone, {} defaults moved, {} refused",
            table.len(),
            count(|row| row.place == ParameterPlace::New),
            count(|row| row.place == ParameterPlace::Gone),
            count(|row| row.changed_default),
            count(|row| row.constraint_error.is_some())
        );
        let before = before.template;
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
        assert_eq!(ReleaseFacts::from_template(&after), ReleaseFacts::default());
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
