//! A small platform with everything around it, each part of which a case may spoil; and the checks made of it.

use std::collections::{BTreeMap, BTreeSet};

use template::Template;
use upgrade::Verdict::{Failed, Warning};
use upgrade::*;

pub const ACCOUNT: &str = "111122223333";

pub const RELEASE: &str = r#"
Metadata:
  Lab::VersionInfo: {Version: v1.0.0}
  AWS::CloudFormation::Interface:
    ParameterGroups:
      - {Label: {default: Database}, Parameters: [Storage, MaximumStorage, Password]}
    ParameterLabels: {Storage: {default: Storage of the database}}
Parameters:
  Storage: {Type: Number, Default: 20, MinValue: 20}
  MaximumStorage: {Type: Number, Default: 100}
  Password: {Type: String, NoEcho: true, Default: old-secret, MinLength: 8}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Image: {Type: String, Default: ami-1}
Resources:
  LoadBalancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internet-facing, Type: application, Subnets: [subnet-1, subnet-2]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: {Ref: LoadBalancer}
      Port: 443
      Protocol: HTTPS
      DefaultActions: [{Type: forward, TargetGroupArn: {Ref: Web}}]
  Web:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 80, Protocol: HTTP, VpcId: vpc-1}
  Queue:
    Type: AWS::Batch::JobQueue
    Properties: {Priority: 1, ComputeEnvironmentOrder: [{Order: 1, ComputeEnvironment: environment}]}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {ImageId: {Ref: Image}}}
  Workers:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: "0", MaxSize: "4", VPCZoneIdentifier: [subnet-1], LaunchTemplate: {LaunchTemplateId: {Ref: Template}, Version: "1"}}
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      AllocatedStorage: {Ref: Storage}
      MaxAllocatedStorage: {Ref: MaximumStorage}
      DBInstanceClass: db.t3.medium
      Engine: postgres
      EngineVersion: "15"
      MasterUsername: root
      MasterUserPassword: {Ref: Password}
      StorageType: gp3
  QueueAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: Runnable
      Namespace: Lab
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      Threshold: 1
      Dimensions: [{Name: Queue, Value: {Ref: Queue}}]
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: lab-events}
"#;

/// All that a case may spoil.
pub struct World {
    pub deployment: Deployment,
    pub around: Circumstances,
    pub new_template: String,
    pub given: BTreeMap<String, String>,
    pub options: UpdateOptions,
    pub profile: Profile,
    pub deployed_version: Option<String>,
    pub release: ReleaseFacts,
    pub planned_versions: BTreeMap<UpdateKind, String>,
    pub maintenance: MaintenancePolicy,
    pub window: (Timestamp, Timestamp),
    pub health: HealthPolicy,
    pub targets: Targets,
    pub found: Option<Maintenance>,
    pub new_targets: Result<BTreeSet<String>, String>,
    pub gateless: bool,
    pub door_words: BTreeMap<String, DoorWord>,
    pub new_priorities: BTreeMap<String, BTreeSet<i32>>,
    pub admitted: Vec<String>,
    pub storage_parameters: Vec<(String, String)>,
    pub template_reachable: Option<Result<(), String>>,
    pub accepted: Vec<Acceptance>,
    pub now: Timestamp,
}

pub const HOUR: u64 = 3_600_000;

pub fn resource(logical_id: &str) -> LogicalResource {
    LogicalResource { logical_id: logical_id.to_owned(), physical_id: format!("{logical_id}-1") }
}

pub fn deployment(stack_name: &str, template: &str) -> Deployment {
    Deployment {
        stack_name: stack_name.to_owned(),
        stack_id: format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{stack_name}/1"),
        status: "UPDATE_COMPLETE".to_owned(),
        last_updated: None,
        account_id: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        template: template.to_owned(),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        resources: Vec::new(),
    }
}

/// A linked stack of a version.
pub fn linked(name: &str, version: &str) -> LinkedStack {
    let template = format!(
        "Metadata: {{Lab::VersionInfo: {{Version: {version}}}}}\nResources: {{Vault: {{Type: AWS::Backup::BackupVault, Properties: {{BackupVaultName: vault}}}}}}"
    );
    LinkedStack { name: name.to_owned(), found: Ok(deployment(name, &template)) }
}

/// The public listener with these rules.
pub fn listener(rules: Vec<ListenerRule>) -> ListenerSeen {
    ListenerSeen {
        arn: "Listener-1".to_owned(),
        logical_id: Some("Listener".to_owned()),
        balancer: "web".to_owned(),
        kind: BalancerKind::Application,
        internal: false,
        protocol: "HTTPS".to_owned(),
        port: 443,
        leads_to: Vec::new(),
        rules,
        door: DoorSeen {
            listener_arn: "Listener-1".to_owned(),
            exists: true,
            rules: Vec::new(),
            others: Vec::new(),
        },
    }
}

/// Everything as it should be: nothing at work, nothing drifted, a fresh recovery point.
pub fn calm(now: Timestamp) -> Circumstances {
    Circumstances {
        caller_arn: Ok(format!("arn:aws:sts::{ACCOUNT}:assumed-role/operator/ada")),
        denied_to_caller: Ok(Vec::new()),
        denied_to_role: None,
        denied_to_linked: Vec::new(),
        state: SharedState { location: "s3://bucket/slackwater-state".to_owned(), bucket: Some(bucket()) },
        elsewhere: Ok(Vec::new()),
        stack: StackSettings { termination_protection: true, ..StackSettings::default() },
        drift: Ok(Vec::new()),
        backup: Some(linked("lab-backup", "v1.0.0")),
        newest_recovery_point: Ok(Some(Timestamp(now.0.saturating_sub(2 * HOUR)))),
        role_stack: None,
        databases: Ok(Vec::new()),
        pending_maintenance: Ok(Vec::new()),
        alarms: Ok(Vec::new()),
        listeners: Ok(vec![listener(vec![rule(Some(80), 1), rule(None, 0)])]),
        nested_work: Ok(Vec::new()),
        quotas: Ok(Vec::new()),
        unknown_quotas: Vec::new(),
        taken_names: Ok(BTreeMap::new()),
        unknown_names: Vec::new(),
        jobs: Ok(Vec::new()),
        worker_groups: Ok(Vec::new()),
        dedicated_machines: Ok(Vec::new()),
        obstacles: ObstaclesSeen::default(),
        platform: PlatformCapabilities {
            sessions: true,
            save: true,
            notices: true,
            computations: true,
            banner: true,
            status: true,
        },
        health: Vec::new(),
        health_unknown: None,
        platform_status: Some(Ok(PlatformStatus {
            version: Some("1.0.0".to_owned()),
            health: PlatformHealth::Ok,
            detail: None,
        })),
        sessions: Some(Ok(Vec::new())),
        computations: Some(Ok(Vec::new())),
    }
}

/// A bucket that keeps what a claim rests on.
pub fn bucket() -> BucketSeen {
    BucketSeen {
        trial: Ok(Trial::Holds),
        public: Ok(false),
        expired_by: Ok(None),
        locked_days: Ok(None),
        versions: Ok(Versions::NotKept),
    }
}

pub fn rule(priority: Option<i32>, condition_values: u32) -> ListenerRule {
    ListenerRule {
        listener_arn: "Listener-1".to_owned(),
        rule_arn: format!("rule-{priority:?}"),
        priority,
        condition_values,
        run_id: None,
        signs_in: false,
    }
}

impl Default for World {
    /// The small platform, going from v1.0.0 to v1.1.0, which only brings another image.
    fn default() -> World {
        let now = Timestamp(1_800_000_000_000);
        let mut stack = deployment("lab", RELEASE);
        let values = [
            ("Storage", "20"),
            ("MaximumStorage", "100"),
            ("Password", "****"),
            ("Size", "small"),
            ("Image", "ami-1"),
        ];
        stack.parameters = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        stack.resources = [
            "LoadBalancer",
            "Listener",
            "Web",
            "Queue",
            "Template",
            "Workers",
            "Database",
            "QueueAlarm",
            "Topic",
        ]
        .map(resource)
        .into();
        let targets = Targets {
            listeners: vec![resource("Listener")],
            target_groups: vec![resource("Web")],
            job_queues: vec![resource("Queue")],
            worker_groups: vec![resource("Workers")],
            ecs_services: Vec::new(),
            serving_services: Vec::new(),
            alarms: vec![resource("QueueAlarm")],
            databases: vec![resource("Database")],
            volumes: Vec::new(),
            dedicated_machine_tags: Vec::new(),
        };
        let mut around = calm(now);
        around.databases = Ok(vec![database(20, "gp3")]);
        around.alarms = Ok(vec![alarm()]);
        World {
            deployment: stack,
            around,
            new_template: RELEASE
                .replace("Version: v1.0.0}", "Version: v1.1.0}")
                .replace("{ImageId: {Ref: Image}}", "{ImageId: {Ref: Image}, InstanceType: t3.large}"),
            given: BTreeMap::new(),
            options: UpdateOptions::default(),
            profile: Profile::generic(),
            deployed_version: None,
            release: ReleaseFacts::default(),
            planned_versions: BTreeMap::new(),
            maintenance: MaintenancePolicy::default(),
            window: (now, Timestamp(now.0 + 2 * HOUR)),
            health: HealthPolicy::default(),
            new_targets: Ok(["Listener", "Web", "Queue", "Workers", "QueueAlarm", "Database"]
                .map(str::to_owned)
                .into()),
            found: None,
            targets,
            gateless: false,
            door_words: BTreeMap::new(),
            new_priorities: BTreeMap::new(),
            admitted: Vec::new(),
            storage_parameters: Vec::new(),
            template_reachable: Some(Ok(())),
            accepted: Vec::new(),
            now,
        }
    }
}

pub fn database(allocated_storage: u32, storage_type: &str) -> Database {
    Database {
        logical_id: "Database".to_owned(),
        identifier: "lab-database".to_owned(),
        allocated_storage,
        max_allocated_storage: Some(100),
        storage_type: storage_type.to_owned(),
        status: "available".to_owned(),
        engine_version: "15.4".to_owned(),
        maintenance_window: "sun:05:00-sun:05:30".to_owned(),
        waiting: Vec::new(),
    }
}

pub fn alarm() -> Alarm {
    Alarm {
        logical_id: "QueueAlarm".to_owned(),
        name: "queue-is-long".to_owned(),
        actions_enabled: true,
        state: "OK".to_owned(),
        metric: "Lab Runnable".to_owned(),
    }
}

impl World {
    /// Changes the new template's text, which must have what is changed.
    pub fn rewrite(&mut self, from: &str, to: &str) {
        assert!(self.new_template.contains(from), "the template has no {from}");
        self.new_template = self.new_template.replace(from, to);
    }

    /// The update drawn up.
    pub fn draft(&self) -> Result<DraftedUpdate, DraftError> {
        draft_update(&UpdateRequest {
            kind: UpdateKind::Primary,
            deployment: &self.deployment,
            template_name: "new release",
            template: self.new_template.as_bytes(),
            template_url: "https://bucket.s3.us-east-1.amazonaws.com/new.yaml",
            given: &self.given,
            options: &self.options,
            run_id: "run-1",
            profile: None,
        })
    }

    /// Makes every check.
    pub fn check(&self) -> Vec<CheckResult> {
        let before = ReleaseSide::deployed(&self.deployment).expect("the stack's own release");
        let foretold = self.draft();
        let as_read = read("new release", &self.new_template);
        let after = foretold.as_ref().map_or(&as_read, |drafted| &drafted.after.template);
        let release = self.release.clone().or(ReleaseFacts::from_template(after));
        check(&CheckInput {
            found: self.found.as_ref(),
            deployment: &self.deployment,
            circumstances: &self.around,
            before: &before,
            after,
            given: &self.given,
            foretold: foretold.as_ref(),
            profile: &self.profile,
            deployed_version: self.deployed_version.as_deref(),
            release: &release,
            planned_versions: &self.planned_versions,
            maintenance: &self.maintenance,
            window: self.window,
            health: &self.health,
            targets: &self.targets,
            new_targets: &self.new_targets,
            gateless: self.gateless,
            door_words: &self.door_words,
            new_priorities: &self.new_priorities,
            admitted: &self.admitted,
            storage_parameters: &self.storage_parameters,
            recovery_point_age_seconds: 24 * 3_600,
            template_reachable: self.template_reachable.as_ref(),
            accepted: &self.accepted,
            now: self.now,
        })
    }
}

/// A template, as the draft reads it.
pub fn read(name: &str, text: &str) -> Template {
    Template::parse(name, text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// One result.
pub fn of<'r>(results: &'r [CheckResult], id: &str) -> &'r CheckResult {
    results.iter().find(|result| result.id == id).unwrap_or_else(|| panic!("no check {id}"))
}

/// The results as a table, as a person would read them.
pub fn print(results: &[CheckResult]) {
    for result in results {
        println!("{:8} {:20} {}", format!("{:?}", result.verdict), result.id, result.title);
        for line in &result.evidence {
            println!("{:30}{line}", "");
        }
        if let Some(advice) = &result.advice {
            println!("{:28}> {advice}", "");
        }
        for fix in &result.fixes {
            println!("{:28}= {}={} ({})", "", fix.parameter, fix.value, fix.because);
        }
    }
}

/// What is spoiled, the check, its verdict, and words that its evidence or advice must have.
pub type Case = (&'static str, fn(&mut World), &'static str, Verdict, &'static str);

/// Runs a table of cases.
pub fn check_all(cases: &[Case]) {
    for (name, spoil, id, verdict, words) in cases {
        let mut world = World::default();
        spoil(&mut world);
        let results = world.check();
        let result = of(&results, id);
        let text =
            format!("{}\n{}", result.evidence.join("\n"), result.advice.as_deref().unwrap_or_default());
        assert_eq!(result.verdict, *verdict, "{name}: {result:#?}");
        assert!(text.contains(words), "{name}: {id} doesn't say {words:?}:\n{text}");
        assert!(!text.contains("old-secret") && !text.contains("****"), "{name}: a secret in {text}");
        let said = result.warnings.iter().all(|warning| result.evidence.contains(warning));
        assert!(said, "{name}: what is accepted is among what was seen: {result:#?}");
        assert!(*verdict != Warning || !result.warnings.is_empty(), "{name}: there is nothing to accept");
        if matches!(verdict, Warning | Failed) {
            assert!(result.advice.is_some(), "{name}: {id} leaves a person without advice");
        }
    }
}
