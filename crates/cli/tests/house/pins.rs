//! A plan is held to the contents of its templates, whatever becomes of where they came from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws::AwsClouds;
use cli::configuration::{Configuration, DeploymentSettings};
use cli::planning::{NewRelease, NoPlan, Prepared, UpgradeRequest, prepare};
use cli::ports::Ports;
use cli::site::Site;
use cli::{Scenario, accepted};
use platform::{Adapter, PlatformConfig, Secret};
use upgrade::{Plan, UpdateKind, UpgradeChoices, sha256_of};

use crate::common::{Rehearsal, local_cloud, sample, sdk, virtual_time};

const BUCKET: &str = "slackwater-demo-templates";

fn settings(lines: &str) -> DeploymentSettings {
    let text = format!(
        "[deployments.demo]\nstack = \"platform\"\nregion = \"us-east-1\"\n{lines}\n\
         [deployments.demo.health]\ntargets = false\nquiet = \"1s\"\n"
    );
    let read = Configuration::parse("pins.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    read.deployment(None).expect("the only one").clone()
}

fn with_bucket() -> DeploymentSettings {
    settings(&format!("template_bucket = \"{BUCKET}\""))
}

/// The sample's newer release with more resources.
fn newer(resources: &str) -> String {
    let text = String::from_utf8(sample().to).expect("UTF-8");
    text.replacen("\nResources:\n", &format!("\nResources:\n{resources}"), 1)
}

/// The sample platform in a cloud of its own.
async fn deployed() -> Rehearsal {
    let rehearsal = Rehearsal::new(7);
    let releases = sample();
    let scenario = Scenario {
        stack_name: "platform",
        from: ("from.yaml", &releases.from),
        parameters: &releases.parameters,
    };
    let caller = cli::seed::Caller::in_process(rehearsal.local.clone(), rehearsal.clock);
    cli::populate(&rehearsal.cloud, &caller, &scenario, &mut |_| ()).await.expect("created");
    rehearsal
}

async fn look(site: &Site, release: NewRelease) -> Result<Prepared, String> {
    let request = UpgradeRequest {
        inherited: upgrade::Before::default(),
        release,
        choices: UpgradeChoices { accepted: accepted(), ..UpgradeChoices::default() },
        take_fixes: true,
        run_id: "run-1".to_owned(),
    };
    prepare(site, &request).await.map_err(|error| error.to_string())
}

async fn put(rehearsal: &Rehearsal, key: &str, text: &str) -> String {
    rehearsal.cloud.upload_template(BUCKET, key, text.as_bytes()).await.expect("put")
}

async fn planned(rehearsal: &Rehearsal, named: &str) -> Plan {
    let site = rehearsal.site(with_bucket());
    let release = NewRelease::read(&site, &rehearsal.cloud, named).await.expect("a release");
    let prepared = look(&site, release).await.expect("looked at");
    prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}: {:#?}", prepared.checks))
}

#[test]
fn a_template_that_is_written_over_after_approval_is_not_what_is_deployed() {
    virtual_time().block_on(async {
        let rehearsal = deployed().await;
        let approved = newer("");
        let url = put(&rehearsal, "newer.yaml", &approved).await;
        for named in [url.clone(), format!("s3://{BUCKET}/newer.yaml")] {
            let plan = planned(&rehearsal, &named).await;
            put(&rehearsal, "newer.yaml", "Resources: {}").await;
            let proposals: Vec<_> =
                plan.updates.iter().chain(&plan.way_back).map(|update| &update.proposal).collect();
            assert_eq!(proposals.len(), 2, "the update and its way back");
            for proposal in proposals {
                let key = format!("/slackwater/templates/{}.template", proposal.template_sha256);
                assert!(proposal.template_url.ends_with(&key), "{}", proposal.template_url);
                let there = rehearsal.cloud.get_template(&proposal.template_url).await.expect("there");
                assert_eq!(sha256_of(&there), proposal.template_sha256);
            }
            let primary = plan.primary().expect("an update");
            assert_eq!(primary.proposal.template_sha256, sha256_of(approved.as_bytes()));
            put(&rehearsal, "newer.yaml", &approved).await;
        }
    });
}

#[test]
fn without_a_bucket_only_a_version_of_an_object_is_held_to() {
    virtual_time().block_on(async {
        let rehearsal = deployed().await;
        let site = rehearsal.site(settings(""));
        let url = put(&rehearsal, "newer.yaml", &newer("")).await;
        let named = |name: &str, url: Option<&str>| {
            let bytes = newer("").into_bytes();
            NewRelease::of(name, bytes, url.map(str::to_owned)).expect("a template")
        };
        for release in [named("to.yaml", None), named(&url, Some(&url))] {
            let name = release.name.clone();
            let error = look(&site, release).await.expect_err("nothing to hold it to");
            assert!(error.contains(&name) && error.contains("names no template_bucket"), "{error}");
        }
        let versioned = format!("s3://{BUCKET}/newer.yaml?versionId=v1");
        let prepared = look(&site, named(&versioned, Some(&versioned))).await.expect("looked at");
        let plan = prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}"));
        let primary = plan.primary().expect("an update");
        assert_eq!(primary.proposal.template_url, format!("{url}?versionId=v1"));
        assert_eq!(plan.way_back, None);
    });
}

const INNER: &str = "Resources: {Topic: {Type: AWS::SNS::Topic}}";

#[test]
fn what_the_templates_bring_in_is_part_of_the_plan() {
    virtual_time().block_on(async {
        let rehearsal = deployed().await;
        let inner = put(&rehearsal, "inner.yaml", INNER).await;
        let outer_text = format!(
            "Parameters: {{Where: {{Type: String}}, Late: {{Type: String}}}}\n\
             Conditions: {{Lately: !Equals [!Ref Late, x]}}\n\
             Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: !Ref Where}}\n  \
             Perhaps:\n    Type: AWS::CloudFormation::Stack\n    Condition: Lately\n    Properties: {{TemplateURL: \"https://{BUCKET}.s3.amazonaws.com/perhaps.yaml\"}}\n"
        );
        let outer = put(&rehearsal, "outer.yaml", &outer_text).await;
        let snippet = put(&rehearsal, "snippet.yaml", "DisplayName: ours").await;
        let release = newer(&format!(
            "  Outer:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: {outer}\n      Parameters: {{Where: {inner}, Late: !GetAtt Snippet.TopicArn}}\n  \
             Snippet:\n    Type: AWS::SNS::Topic\n    Properties:\n      Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: {snippet}}}}}\n"
        ));
        let url = put(&rehearsal, "newer.yaml", &release).await;
        let plan = planned(&rehearsal, &url).await;
        let pieces: BTreeSet<(&str, &str, String)> = plan
            .pieces
            .iter()
            .map(|piece| (piece.what.as_str(), piece.url.as_str(), piece.sha256.clone()))
            .collect();
        assert_eq!(
            pieces,
            BTreeSet::from([
                ("included snippet", snippet.as_str(), sha256_of(b"DisplayName: ours")),
                ("nested stack Outer", outer.as_str(), sha256_of(outer_text.as_bytes())),
                ("nested stack Outer, nested stack Inner", inner.as_str(), sha256_of(INNER.as_bytes())),
            ])
        );
        assert!(plan.pieces.iter().all(|piece| piece.update == UpdateKind::Primary));
        let unpinned: Vec<&str> = plan.unpinned.iter().map(|piece| piece.what.as_str()).collect();
        assert_eq!(unpinned, ["nested stack Outer, nested stack Perhaps"], "{:?}", plan.unpinned);
        // Other contents are another plan, and are found before anything is executed.
        put(&rehearsal, "inner.yaml", "Resources: {}").await;
        let clouds = AwsClouds::one(rehearsal.cloud.clone());
        let seen = clouds.verify_contents(plan.primary().expect("an update"), &plan.pieces).await;
        let differ: Vec<&str> = seen.differences.iter().map(|one| one.what.as_str()).collect();
        assert_eq!((differ, seen.unread), (vec!["nested stack Outer, nested stack Inner"], vec![]));
        assert_ne!(planned(&rehearsal, &url).await.sha256(), plan.sha256());
    });
}

#[test]
fn there_is_no_plan_with_a_nested_template_that_nobody_can_read() {
    virtual_time().block_on(async {
        let rehearsal = deployed().await;
        let gone = format!("https://{BUCKET}.s3.us-east-1.amazonaws.com/gone.yaml");
        let release = newer(&format!(
            "  Outer:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: \"{gone}\"}}\n"
        ));
        let release = NewRelease::of("to.yaml", release.into_bytes(), None).expect("a template");
        let prepared = look(&rehearsal.site(with_bucket()), release).await.expect("looked at");
        assert!(
            matches!(&prepared.plan, Err(NoPlan::Blocked(checks)) if checks.iter().any(|one| one == "template-reachable")),
            "{:?}",
            prepared.plan
        );
        let check = prepared.checks.iter().find(|check| check.id == "template-reachable").expect("checked");
        let evidence = check.evidence.join(" ");
        assert!(evidence.contains("nested stack Outer") && evidence.contains(&gone), "{evidence}");
    });
}

#[test]
fn a_linked_stack_needs_a_copy_that_its_own_rights_can_read() {
    virtual_time().block_on(async {
        // Both clouds' clocks begin at the same time.
        let elsewhere = local_cloud(localcloud::Config {
            account_id: "111111111111".to_owned(),
            region: "eu-central-1".to_owned(),
            ..localcloud::Config::default()
        });
        let rehearsal = deployed().await;
        let backup = sdk(&elsewhere, rehearsal.clock);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let old = std::fs::read(root.join("deploy/lab/backup-1.0.0.yaml")).expect("the lab's");
        let url = backup.upload_template("theirs", "backup.yaml", &old).await.expect("put");
        let stack = aws::NewStack {
            stack_name: "backup",
            template_url: &url,
            parameters: &BTreeMap::new(),
            capabilities: &["CAPABILITY_NAMED_IAM".to_owned()],
        };
        let id = backup.create_stack(&stack).await.expect("created");
        backup.wait_until_created(&id, &rehearsal.clock).await.expect("complete");
        for (own_bucket, words) in
            [("", Some("can't be read by Region eu-central-1")), ("template_bucket = \"theirs\"", None)]
        {
            let settings = settings(&format!(
                "template_bucket = \"{BUCKET}\"\n[deployments.demo.backup_stack]\nstack = \"backup\"\n\
                 region = \"eu-central-1\"\ntemplate = \"deploy/lab/backup-1.1.0.yaml\"\n{own_bucket}"
            ));
            let nobody = PlatformConfig {
                adapter: &platform::NONE,
                url: String::new(),
                token: Secret::new(String::new()),
                ca_file: None,
                timeout: std::time::Duration::from_secs(30),
            };
            let clouds =
                AwsClouds { backup: Some(backup.clone()), ..AwsClouds::one(rehearsal.cloud.clone()) };
            let ports = Ports { clouds, platform: Adapter::new(nobody).expect("no platform needs nothing") };
            let site = Site::around(settings, &root, ports, rehearsal.clock).expect("a profile");
            let release = NewRelease::of("to.yaml", newer("").into_bytes(), None).expect("a template");
            match (look(&site, release).await, words) {
                (Err(error), Some(words)) => assert!(error.contains(words), "{error}"),
                (Ok(prepared), None) => {
                    let plan = prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}"));
                    let linked = plan.update(UpdateKind::BackupStack).expect("an update");
                    assert!(linked.proposal.template_url.starts_with("https://theirs.s3.eu-central-1."));
                }
                (other, _) => panic!("{own_bucket}: {other:?}"),
            }
        }
    });
}
