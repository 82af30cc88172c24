//! Seeds: a described deployment stands as it is described, in virtual time and through the program; what can't be is
//! said with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cli::seed::{Caller, Seed, plant};
use conductor::Cloud as _;
use serde_json::json;
use upgrade::{FleetQuery, Observation};

use crate::common::{Rehearsal, shared, virtual_time};

/// The repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Plant a seed in a cloud of virtual time.
fn planted(path: &Path, text: &str, given: &[(&str, &str)]) -> Result<(Rehearsal, Vec<String>), String> {
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let runtime = virtual_time();
    runtime.block_on(async {
        let seed = Seed::parse(path, text, &given).map_err(|error| error.to_string())?;
        let rehearsal = Rehearsal::new(1);
        let caller = Caller::in_process(rehearsal.local.clone(), rehearsal.clock);
        let mut told = Vec::new();
        plant(&caller, &seed, &mut |line| told.push(line)).await.map_err(|error| error.to_string())?;
        Ok((rehearsal, told))
    })
}

const SAMPLE: &str = r#"
[[stack]]
name = "platform"
template = "1.0.0.yaml"
parameters = { WorkersMaxSize = "6" }
tags = { team = "blue" }
"#;

const WORKLOAD: &str = r#"
[[stack.jobs]]
queue = "*"
count = 3
names = ["one", "two"]
owners = ["ada@example.com"]

[[stack.workers]]
group = "WorkerGroup"
desired = 2
protected = false
warm_pool = 1

[[stack.dedicated]]
count = 2
tags = { Name = "dedicated" }

[[stack.storage]]
database = "Database"
gib = 37

[[stack.listener_rules]]
listener = "HttpsListener"
priority = 7
paths = ["/old/*"]
hosts = ["a.example.com"]
status = 410
body = "gone"
"#;

#[test]
fn a_described_deployment_stands() {
    let (_, told) =
        planted(&root().join("deploy/sample/s.toml"), &format!("{SAMPLE}{WORKLOAD}"), &[]).expect("planted");
    assert_eq!(told.last().map(String::as_str), Some("  6 jobs and 4 instances at work"), "{told:#?}");
}

/// More jobs than Batch takes in a second: they are submitted as quickly as it takes them, and none is given up.
#[test]
fn thousands_of_jobs_are_planted_at_the_rate_that_the_cloud_allows() {
    let many = WORKLOAD.replace("count = 3\n", "count = 1000\nseconds = 36000\n");
    let path = root().join("deploy/sample/s.toml");
    let (rehearsal, told) = planted(&path, &format!("{SAMPLE}{many}"), &[]).expect("planted");
    assert_eq!(told.last().map(String::as_str), Some("  2000 jobs and 4 instances at work"), "{told:#?}");
    let took = rehearsal.clock.now().milliseconds_since(upgrade::Timestamp(crate::common::BEGINNING)) / 1000;
    println!("2000 jobs planted in {took} s of the cloud's time; Batch takes 50 a second");
}

#[test]
fn the_code_ocean_seed_stands() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(root().join("deploy/seeds/code-ocean.toml")).expect("the sample seed");
    let release = folder.join("templates/code-ocean/v3.7.0.yaml");
    let release = release.to_str().expect("a path of text");
    let (rehearsal, told) = planted(Path::new("s.toml"), &text, &[("release", release)]).expect("planted");
    assert_eq!(told.last().map(String::as_str), Some("  13 jobs and 5 instances at work"), "{told:#?}");
    let debug = rehearsal.local.inspect(|world| format!("{:?}", world.rds)).expect("a sound world");
    assert!(debug.contains("allocated_gib: 37"), "the database has grown");
    let debug = rehearsal.local.inspect(|world| format!("{:?}", world.backup)).expect("a sound world");
    assert!(debug.contains("RecoveryPoint"), "it has been saved");
}

#[test]
fn what_can_t_be_is_said_with_its_line() {
    for (workload, said) in [
        (
            "[[stack.jobs]]\nqueue = \"Queue\"\ncount = 1",
            "s.toml:8: the stack has no Queue; it has of AWS::Batch::JobQueue: PipelineQueue, SystemQueue",
        ),
        (
            "[[stack.workers]]\ngroup = \"SystemQueue\"\ndesired = 1",
            "s.toml:8: SystemQueue is an AWS::Batch::JobQueue; name an AWS::AutoScaling::AutoScalingGroup",
        ),
        (
            "[[stack.workers]]\ngroup = \"WorkerGroup\"\ndesired = 7",
            "s.toml:8: the cloud refused SetDesiredCapacity: ",
        ),
        (
            "[[stack.storage]]\ndatabase = \"Database\"\ngib = 19",
            "s.toml:8: the cloud refused storage autoscaling: ",
        ),
        (
            "[[stack.recovery_points]]\nvault = \"Nowhere\"\nresource = \"Database\"",
            "s.toml:8: the cloud refused StartBackupJob: Backup vault Nowhere does not exist.",
        ),
        (
            "[[stack]]\nname = \"platform\"\ntemplate = \"1.0.0.yaml\"",
            "s.toml:8: the cloud refused CreateStack: Stack [platform] already exists",
        ),
        ("[[stack]]\nname = \"b\"\ntemplate = \"no.yaml\"", "s.toml:9: cannot read the template"),
    ] {
        let seeded = planted(&root().join("deploy/sample/s.toml"), &format!("{SAMPLE}{workload}\n"), &[]);
        let error = seeded.err().unwrap_or_default();
        assert!(error.contains(said), "{error}\nlacks {said}");
    }
    let wrong = SAMPLE.replace("WorkersMaxSize = \"6\"", "WorkersMaxSize = \"60\"");
    let error = planted(&root().join("deploy/sample/s.toml"), &wrong, &[]).err().unwrap_or_default();
    assert!(error.contains("s.toml:3: the cloud refused CreateStack: "), "{error}");
}

/// The program itself: the cloud of a data directory that nobody holds, then the same while it runs.
#[test]
fn the_program_seeds_a_cloud_that_rests_and_one_that_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let seed = |name: &str, speed: &[&str]| {
        let text = SAMPLE
            .replace("platform", name)
            .replace("1.0.0.yaml", root().join("deploy/sample/1.0.0.yaml").to_str().expect("a path of text"));
        let file = folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, format!("{text}{}", WORKLOAD.replace("WorkerGroup", "${group}")))
            .expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args(["local", "seed"])
            .arg(&file)
            .args(["--set", "group=WorkerGroup", "--data-dir"])
            .arg(&data)
            .args(speed)
            .env_remove("SLACKWATER_DATA_DIR")
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (told, complaint) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{told}{complaint}");
        assert!(told.contains("6 jobs and 4 instances at work"), "{told}{complaint}");
        told
    };
    assert!(seed("first", &["--speed", "3000"]).contains("Nothing is running"));
    let mut running = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(["local", "--port", "0", "--data-dir"])
        .arg(&data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(running.stdout.take().expect("its output")));
    assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with("# ready"))), "it became ready");
    let told = std::panic::catch_unwind(|| seed("second", &[]));
    running.kill().expect("it is ended");
    running.wait().expect("it has ended");
    match told {
        Ok(told) => assert!(told.contains("The local cloud that runs there has it"), "{told}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[test]
fn a_stack_that_fails_before_its_first_resource_is_told_with_cloudformations_reason() {
    let runtime = virtual_time();
    runtime.block_on(async {
        let rehearsal = Rehearsal::new(1);
        let template = json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties":
            {"TopicName": {"Fn::ImportValue": "nobodys"}}}}});
        let failed = crate::next_release::create(
            &rehearsal,
            "platform",
            template.to_string().as_bytes(),
            &BTreeMap::new(),
        )
        .await
        .expect_err("nobody exports it");
        assert!(failed.contains("No export named nobodys found"), "{failed}");
    });
}

#[test]
fn a_platforms_groups_get_as_many_instances_as_their_sizes_allow() {
    let runtime = virtual_time();
    runtime.block_on(async {
        let rehearsal = Rehearsal::new(1);
        let group = |least: u32, most: u32| {
            json!({"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
                "MinSize": least.to_string(), "MaxSize": most.to_string(), "VPCZoneIdentifier": ["subnet-1"],
                "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"}, "Version": "1"}}})
        };
        let template = json!({"Resources": {
            "Template": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"ImageId": "ami-1"}}},
            "Large": group(5, 9), "Usual": group(0, 9), "Single": group(0, 1), "Empty": group(0, 0)}});
        crate::next_release::create(&rehearsal, "platform", template.to_string().as_bytes(), &BTreeMap::new())
            .await
            .expect("every group has what it can have");
        let deployment = rehearsal.cloud.deployment("platform").await.expect("it stands");
        let (_, targets) = upgrade::find_targets(&deployment).expect("four groups");
        let names = targets.worker_groups.iter().map(|group| group.physical_id.clone()).collect();
        let seen = rehearsal.cloud.observe(&FleetQuery::WorkerGroups { names }.into()).await.expect("seen");
        let Observation::WorkerGroups(seen) = seen else { panic!("{seen:?}") };
        let size = |group: &upgrade::LogicalResource| {
            let found = seen.iter().find(|one| one.name == group.physical_id);
            (group.logical_id.clone(), found.map(|one| one.desired_capacity))
        };
        let sizes: BTreeMap<String, Option<i32>> = targets.worker_groups.iter().map(size).collect();
        let expected = [("Large", 5), ("Usual", 2), ("Single", 1), ("Empty", 0)];
        assert_eq!(sizes, expected.map(|(name, size)| (name.to_owned(), Some(size))).into());
    });
}
