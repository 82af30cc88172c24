//! What the profiles find in every vendor's releases and in the sample platform, and what a profile that doesn't fit
//! says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use template::{
    Evaluation, GivenParameter, Location, Outside, ParameterInputs, Position, Pseudo, ResolvedParameters,
    Template, resolve_parameters,
};
use upgrade::{Part, Profile, ProfileWord, SelectBy, Selection, Selector, Survey};

/// What `found` prints, reviewed. Written anew with `SLACKWATER_WRITE=1`.
const FOUND: &str = include_str!("profiles.txt");

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Release {
    template: Template,
    parameters: ResolvedParameters,
    pseudo: Pseudo,
}

impl Release {
    fn read(name: &str, path: &Path, given: &BTreeMap<String, String>) -> Release {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Release::parse(name, &bytes, given)
    }

    fn parse(name: &str, bytes: &[u8], given: &BTreeMap<String, String>) -> Release {
        let template = Template::parse(name, bytes).unwrap_or_else(|error| panic!("{error}"));
        let given: IndexMap<String, GivenParameter> = given
            .iter()
            .filter(|(key, _)| template.parameters.contains_key(*key))
            .map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone())))
            .collect();
        let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
        let parameters =
            resolve_parameters(&template, &inputs).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let pseudo = Pseudo {
            account_id: "111111111111".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            stack_name: "platform".to_owned(),
            ..Pseudo::default()
        };
        let template = template.expand(&parameters, &pseudo).unwrap_or_else(|error| panic!("{error}"));
        Release { template, parameters, pseudo }
    }

    fn with<T>(&self, ask: impl FnOnce(&Evaluation<'_>) -> T) -> T {
        let outside = Outside::default();
        let evaluation = Evaluation::new(&self.template, &self.parameters, &self.pseudo, &outside)
            .unwrap_or_else(|error| panic!("{error}"));
        ask(&evaluation)
    }
}

fn shown(profile: &Profile, version: Option<&str>, survey: &Survey) -> String {
    let mut text = format!("  profile {}, version {}\n", profile.name, version.unwrap_or("not told"));
    for (part, ids) in survey.parts.iter().filter(|(_, ids)| !ids.is_empty()) {
        let _ = writeln!(text, "  {}: {}", part.title(), ids.join(", "));
    }
    for database in &survey.databases {
        let parameter = database.storage_parameter.as_deref().unwrap_or("no parameter");
        let _ = writeln!(text, "  storage of {}: {parameter}", database.logical_id);
    }
    for (key, value) in &survey.dedicated_machine_tags {
        let _ = writeln!(text, "  dedicated machine tag: {key}={}", value.as_deref().unwrap_or("(any)"));
    }
    if !survey.backup_parameters.is_empty() {
        let _ = writeln!(text, "  backup parameters: {}", survey.backup_parameters.len());
    }
    for problem in &survey.problems {
        let _ = writeln!(text, "  {problem}");
    }
    text
}

#[test]
fn what_each_profile_finds_in_every_release() {
    let shared = repository().join("../shared/templates");
    if !shared.is_dir() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "shared/templates is missing: check it out beside the repository"
        );
        eprintln!("SKIPPED: shared/templates is missing, so this test has tested nothing");
        return;
    }
    let mut found = String::new();
    let mut folders = vec![("sample", repository().join("deploy/sample"))];
    for vendor in ["code-ocean", "buildkite", "buildkite-service-role", "runs-on", "metaflow"] {
        folders.push((vendor, shared.join(vendor)));
    }
    for (vendor, folder) in folders {
        let given = std::fs::read_to_string(folder.join("parameters.json")).unwrap_or("{}".to_owned());
        let given: BTreeMap<String, String> = serde_json::from_str(&given).expect("a map of texts");
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|one| one == "yml" || one == "yaml"))
            .collect();
        files.sort();
        for file in files {
            let name = format!("{vendor}/{}", file.file_name().expect("a file").to_string_lossy());
            let release = Release::read(&name, &file, &given);
            let profile = Profile::from_template(&release.template);
            let version = profile.version(&release.template).expect("a built-in profile fits");
            let survey = release.with(|evaluation| profile.survey(evaluation));
            let version = version.map(|info| info.version);
            let _ = write!(found, "{name}\n{}", shown(&profile, version.as_deref(), &survey));
        }
    }
    print!("{found}");
    if std::env::var_os("SLACKWATER_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles.txt");
        std::fs::write(path, &found).expect("the golden file is writable");
        return;
    }
    assert_eq!(
        found, FOUND,
        "the profiles find something else now; SLACKWATER_WRITE=1 writes what they find"
    );
}

/// A stack in which nothing is as the generic profile takes it.
const ODD: &str = r#"
Metadata:
  Odd::Release: "7.1"
  Odd::Notes: { Text: none }
Parameters:
  Gpu: { Type: String, Default: "no" }
  Storage: { Type: Number, Default: 20 }
  BackupVaultArn: { Type: String, Default: "" }
Conditions:
  WithGpu: !Equals [!Ref Gpu, "yes"]
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
  PublicListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 443
      Protocol: HTTPS
      DefaultActions: [{ Type: fixed-response, FixedResponseConfig: { StatusCode: "404" } }]
  AdminListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 8443
      Protocol: HTTPS
      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Admin }]
  GpuListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Condition: WithGpu
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 9443
      Protocol: HTTPS
      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Admin }]
  PagesRule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref PublicListener
      Priority: 5
      Conditions: [{ Field: path-pattern, Values: ["/*"] }]
      Actions: [{ Type: forward, ForwardConfig: { TargetGroups: [{ TargetGroupArn: !Ref Pages }] } }]
  Pages: { Type: AWS::ElasticLoadBalancingV2::TargetGroup }
  Admin: { Type: AWS::ElasticLoadBalancingV2::TargetGroup }
  Crunchers:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "0"
      MaxSize: "2"
      TargetGroupARNs: [!Ref Admin]
      Tags: [{ Key: odd:does, Value: work, PropagateAtLaunch: true }]
  GpuCrunchers:
    Type: AWS::AutoScaling::AutoScalingGroup
    Condition: WithGpu
    Properties:
      MinSize: "0"
      MaxSize: "2"
      Tags: [{ Key: odd:gpu, Value: "yes", PropagateAtLaunch: true }]
  Pages2:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: { MinSize: "1", MaxSize: "1" }
  Slow: { Type: AWS::Batch::JobQueue, Properties: { Priority: 1, Tags: { odd:does: work } } }
  Quick: { Type: AWS::Batch::JobQueue, Properties: { Priority: 2 } }
  Store:
    Type: AWS::RDS::DBInstance
    Properties: { AllocatedStorage: "50" }
  ClusterMember:
    Type: AWS::RDS::DBInstance
    Properties: { DBClusterIdentifier: cluster }
"#;

fn at(line: u32) -> Option<Location> {
    Some(Location::new("odd.toml", Position { line, column: 3 }))
}

fn said(text: &str, line: u32) -> ProfileWord {
    ProfileWord { text: text.to_owned(), at: at(line) }
}

fn chosen(selectors: &[SelectBy]) -> Selection {
    let selectors = selectors.iter().zip(1..).map(|(by, line)| Selector { by: by.clone(), at: at(line) });
    Selection::Chosen(selectors.collect())
}

fn id(id: &str) -> SelectBy {
    SelectBy::LogicalId(id.to_owned())
}

fn tag(key: &str, value: Option<&str>) -> SelectBy {
    SelectBy::Tag { key: key.to_owned(), value: value.map(str::to_owned) }
}

fn odd_profile() -> Profile {
    Profile {
        name: "odd".to_owned(),
        parts: BTreeMap::from([
            (Part::Listeners, chosen(&[id("PublicListener")])),
            (Part::WorkerGroups, chosen(&[tag("odd:does", Some("work")), id("*Crunchers")])),
            (Part::JobQueues, chosen(&[tag("odd:does", None)])),
            (Part::Databases, chosen(&[id("Store")])),
            (Part::Volumes, chosen(&[])),
        ]),
        storage_parameters: BTreeMap::from([("Store".to_owned(), said("Storage", 9))]),
        dedicated_machine_tags: vec![("of".to_owned(), Some("${AWS::StackName}-x".to_owned()))],
        backup_parameters: vec![said("Backup*", 8)],
        version_metadata_key: Some(said("Odd::Release", 7)),
        other_version_sources: Vec::new(),
        agents_finish: false,
    }
}

#[test]
fn everything_can_be_said_in_a_profile() {
    let release = Release::parse("odd.yaml", ODD.as_bytes(), &BTreeMap::new());
    let profile = odd_profile();
    let roles = release.with(|evaluation| profile.resolve(evaluation)).expect("the profile fits");
    assert_eq!(roles.listeners, ["PublicListener"]);
    assert_eq!(roles.target_groups, ["Pages"], "those of the rules, for the default action forwards to none");
    assert_eq!(roles.worker_groups, ["Crunchers"], "GpuCrunchers isn't active");
    assert_eq!(roles.job_queues, ["Slow"]);
    assert_eq!(roles.databases.len(), 1);
    assert_eq!(roles.databases[0].storage_parameter.as_deref(), Some("Storage"));
    assert_eq!(roles.dedicated_machine_tags, [("of".to_owned(), Some("platform-x".to_owned()))]);
    assert_eq!(roles.backup_parameters, ["BackupVaultArn"]);
    let version = profile.version(&release.template).expect("told").expect("there");
    assert_eq!((version.vendor.as_str(), version.version.as_str()), ("Odd", "7.1"));

    let with_gpu = BTreeMap::from([("Gpu".to_owned(), "yes".to_owned())]);
    let release = Release::parse("odd.yaml", ODD.as_bytes(), &with_gpu);
    let roles = release.with(|evaluation| profile.resolve(evaluation)).expect("the profile fits");
    assert_eq!(roles.worker_groups, ["Crunchers", "GpuCrunchers"]);
}

#[test]
fn a_profile_that_names_what_is_not_there_says_where_and_what_is() {
    let part = |part: Part, by: SelectBy| {
        let mut profile = odd_profile();
        profile.parts.insert(part, chosen(&[by]));
        profile
    };
    let mut cases: Vec<(Profile, &str)> = vec![
        (
            part(Part::WorkerGroups, id("Cruncher")),
            "odd.toml:1:3: worker_groups: odd.yaml has no resource Cruncher; it has Crunchers, GpuCrunchers",
        ),
        (
            part(Part::JobQueues, id("Pages")),
            "odd.toml:1:3: job_queues: Pages of odd.yaml is an AWS::ElasticLoadBalancingV2::TargetGroup; \
             wanted is an AWS::Batch::JobQueue; it has Slow, Quick",
        ),
        (
            part(Part::WorkerGroups, tag("odd:do", Some("work"))),
            "odd.toml:1:3: worker_groups: no resource of odd.yaml has the tag odd:do=work; \
             it has odd:does=work",
        ),
        (
            part(Part::Alarms, SelectBy::Type("AWS::CloudWatch::Alarm".to_owned())),
            "odd.toml:1:3: alarms: no resource of odd.yaml has the type AWS::CloudWatch::Alarm",
        ),
        (
            part(Part::Databases, SelectBy::Type("AWS::RDS::DBCluster".to_owned())),
            "odd.toml:1:3: databases: wanted is an AWS::RDS::DBInstance, not an AWS::RDS::DBCluster",
        ),
        (
            part(Part::Listeners, id("GpuListener")),
            "odd.toml:1:3: listeners: GpuListener is in odd.yaml, but its condition WithGpu doesn't hold with the \
             stack's parameters; it has PublicListener, AdminListener",
        ),
    ];
    let mut other = odd_profile();
    other.storage_parameters = BTreeMap::from([("Store".to_owned(), said("Storag", 9))]);
    cases.push((other, "odd.toml:9:3: storage_parameters: odd.yaml has no parameter Storag; it has Storage"));
    let mut other = odd_profile();
    other.storage_parameters = BTreeMap::from([("Stor".to_owned(), said("Storage", 9))]);
    cases.push((other, "odd.toml:9:3: storage_parameters: odd.yaml has no resource Stor; it has Store"));
    let mut other = odd_profile();
    other.backup_parameters = vec![said("BackupVault", 8)];
    cases.push((
        other,
        "odd.toml:8:3: backup_parameters: odd.yaml has no parameter BackupVault; it has BackupVaultArn",
    ));
    let mut other = odd_profile();
    other.version_metadata_key = Some(said("Odd::Releas", 7));
    cases.push((
        other,
        "odd.toml:7:3: version_metadata_key: the Metadata of odd.yaml has no Odd::Releas that tells a version; \
         it has Odd::Release, Odd::Notes",
    ));
    let release = Release::parse("odd.yaml", ODD.as_bytes(), &BTreeMap::new());
    for (profile, expected) in cases {
        let error = release.with(|evaluation| profile.resolve(evaluation)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}
