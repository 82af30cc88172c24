//! Public repositories' platforms that have a load balancer, groups, queues or services: for each, `init` looks at the stack
//! and proposes its settings, and each version is upgraded to the next on the local cloud.
//!
//! What ends otherwise is named with its reason, sorted by whose it is, and counted: `N of M`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cli::configuration::{Configuration, DeploymentSettings};
use cli::init::FoundBy;
use cli::propose_for_account;
use indexmap::IndexMap;
use localcloud::{Config, Faults};
use serde_json::json;
use template::{GivenParameter, ParameterInputs, Template, resolve_parameters};

use crate::common::{Rehearsal, shared, virtual_time};
use crate::full::everything;
use crate::next_release::{STACK, Short, create, judge, upgrade};

/// What makes a platform one whose upgrade has something to stop or to close.
const CONCERNED: [&str; 6] = [
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancing::LoadBalancer",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::Batch::JobQueue",
    "AWS::ECS::Service",
];

/// What the functions behind a platform's custom resources answer, where its template takes it apart.
const ANSWERS: [(&str, &str); 1] = [(
    "parallelcluster-ad",
    r#"{"custom_resources": [{"stack": "platform", "logical_id": "Prep", "data":
        {"DnsIpAddresses": ["10.0.0.1", "10.0.0.2"], "DomainShortName": "corp"}}]}"#,
)];

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a version")
}

/// The platforms' folders, by what their versions have.
fn platforms(wild: &Path) -> Vec<PathBuf> {
    let folders =
        std::fs::read_dir(wild).expect("the platforms").map(|entry| entry.expect("an entry").path());
    let is_concerned = |folder: &PathBuf| versions(folder).iter().any(|path| has_concerned(&read(path)));
    let mut found: Vec<PathBuf> = folders.filter(|path| path.is_dir()).filter(is_concerned).collect();
    found.sort();
    found
}

/// Also of a version that can't be read.
fn has_concerned(version: &[u8]) -> bool {
    match Template::parse("version", version) {
        Ok(template) => template.resources.values().any(|one| CONCERNED.contains(&one.type_name.as_str())),
        Err(_) => {
            let text = String::from_utf8_lossy(version);
            let ends = |rest: &str| rest.starts_with(['"', '\'', '\n', ' ', '\r']);
            CONCERNED.iter().any(|one| text.split(one).skip(1).any(ends))
        }
    }
}

fn versions(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a platform").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    found.sort();
    found
}

/// The values that were guessed for a version.
fn parameters(version: &Path) -> BTreeMap<String, String> {
    let guessed = read(&version.with_extension("params.json"));
    let mut guessed: BTreeMap<String, String> = serde_json::from_slice(&guessed).expect("a map of texts");
    // Keys that later versions have patterns for.
    for (name, digits) in [("DatadogAPIKey", 32), ("DatadogAPPKey", 40)] {
        guessed.entry(name.to_owned()).and_modify(|value| *value = "0".repeat(digits));
    }
    guessed
}

/// What a version imports from stacks of others, named as its own values have it.
fn imports(version: &Path) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&read(version)).into_owned();
    let Ok(template) = Template::parse("version", text.as_bytes()) else { return BTreeSet::new() };
    let mut values: BTreeMap<String, String> = template
        .parameters
        .iter()
        .filter_map(|(name, parameter)| Some((name.clone(), parameter.default.clone()?)))
        .collect();
    values.extend(parameters(version));
    // The name stands behind the function, or on the next line.
    let named = text
        .split("Fn::ImportValue':")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix("!Sub '").and_then(|rest| rest.split('\'').next()));
    named
        .map(|name| {
            values
                .iter()
                .fold(name.to_owned(), |name, (key, value)| name.replace(&format!("${{{key}}}"), value))
        })
        // Of a parent that wasn't named.
        .filter(|name| !name.starts_with('-'))
        .collect()
}

/// The stack of others that a version imports from, guessed as its parameters are.
async fn create_parents(rehearsal: &Rehearsal, names: &BTreeSet<String>) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let value = |name: &str| match name.rsplit('-').next().unwrap_or_default() {
        "VPC" => "vpc-0123456789abcdef0",
        "HostedZoneId" => "Z0123456789ABCDEFGHIJ",
        "HostedZoneName" => "example.com",
        one if one.starts_with("Subnets") => "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
        one if one.starts_with("SubnetA") => "subnet-0123456789abcdef0",
        one if one.starts_with("SubnetB") => "subnet-0123456789abcdef1",
        _ => "subnet-0123456789abcdef2",
    };
    let outputs = names.iter().zip(1..).map(|(name, place)| {
        (format!("Out{place}"), json!({"Value": value(name), "Export": {"Name": name}}))
    });
    let template = json!({
        "Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": outputs.collect::<serde_json::Map<_, _>>(),
    });
    create(rehearsal, "parents", template.to_string().as_bytes(), &BTreeMap::new()).await
}

/// What an owner gives for the new version: what it guesses anew, and where it refuses what the stack has, its own default.
fn new_parameters(from: &Path, to: &Path) -> BTreeMap<String, String> {
    let (given, wanted) = (parameters(from), parameters(to));
    let mut new: BTreeMap<String, String> =
        wanted.into_iter().filter(|(key, value)| given.get(key) != Some(value)).collect();
    let (Ok(before), Ok(after)) = (Template::parse("from", &read(from)), Template::parse("to", &read(to)))
    else {
        return new;
    };
    let defaults =
        before.parameters.iter().filter_map(|(key, one)| Some((key.clone(), one.default.clone()?)));
    let mut stands: BTreeMap<String, String> = defaults.collect();
    stands.extend(given);
    stands.extend(new.clone());
    // A new parameter that may be empty is left so: the platform stays where it is.
    for (key, parameter) in after.parameters.iter().filter(|(key, _)| !before.parameters.contains_key(*key)) {
        let empty = IndexMap::from([(key.clone(), GivenParameter::Value(String::new()))]);
        let inputs = ParameterInputs { given: &empty, ..ParameterInputs::default() };
        let refused = resolve_parameters(&after, &inputs).err().unwrap_or_default();
        if parameter.allowed_pattern.is_some() && !refused.iter().any(|one| one.parameter == *key) {
            stands.insert(key.clone(), String::new());
            new.insert(key.clone(), String::new());
        }
    }
    let values = stands.into_iter().filter(|(key, _)| after.parameters.contains_key(key));
    let values = values.map(|(key, value)| (key, GivenParameter::Value(value))).collect();
    let inputs = ParameterInputs { given: &values, ..ParameterInputs::default() };
    for refused in resolve_parameters(&after, &inputs).err().unwrap_or_default() {
        let default = after.parameters.get(&refused.parameter).and_then(|one| one.default.clone());
        new.extend(default.map(|value| (refused.parameter, value)));
    }
    new
}

/// What `init` proposes for the stack, with what it leaves to its owner: where copies of templates are kept, and what of the
/// doors that can't be closed.
async fn proposed(rehearsal: &Rehearsal) -> Result<DeploymentSettings, String> {
    let (_, proposal) = propose_for_account(&rehearsal.cloud, &FoundBy::default())
        .await
        .map_err(|error| format!("not looked into: {error}"))?;
    // Nothing that maintenance is about: its owner names it all the same, as `init` says.
    let own = format!(
        "[deployments.{STACK}]\nstack = \"{STACK}\"\nregion = \"{}\"\ngate = \"none\"\n# template_bucket = \"…\"\n",
        rehearsal.local.region()
    );
    let text = if proposal.toml.is_empty() { own } else { proposal.toml };
    let settled = text
        .replace("# template_bucket = \"…\"", "template_bucket = \"slackwater-demo-templates\"")
        .replace("# doors = {", "doors = {")
        .replace("\"not-for-users: …\"", "\"stays-open: a rehearsal\"");
    let read = Configuration::parse("slackwater.toml", &settled).map_err(|problems| format!("{problems}"))?;
    let settings = read.deployment(Some(STACK)).map_err(|error| error.to_string())?;
    Ok(settings.clone())
}

async fn rehearse(folder: &str, from: &Path, to: &Path) -> Result<(), Short> {
    let config = Config {
        seed: 7,
        region: if folder == "cfn-vpn" { "ap-northeast-1" } else { "us-east-1" }.to_owned(),
        ..Config::default()
    };
    let rehearsal = Rehearsal::on(config);
    if let Some((_, faults)) = ANSWERS.iter().find(|(one, _)| *one == folder) {
        let faults = Faults::parse(faults).map_err(|error| error.to_string())?;
        rehearsal.local.set_faults(&faults).map_err(|error| error.message)?;
    }
    create_parents(&rehearsal, &(&imports(from) | &imports(to))).await?;
    create(&rehearsal, STACK, &read(from), &parameters(from)).await?;
    let settings = proposed(&rehearsal).await?;
    let (plan, outcome, records) =
        upgrade(&rehearsal, settings, &read(to), &new_parameters(from, to)).await?;
    judge(&plan, &outcome, &records)
}

/// Why a pair doesn't end well, by whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// AWS refuses it as well.
    Aws,
    /// A nested template isn't at hand.
    Nested,
    /// A person decides at the end, as a run is meant to ask.
    Person,
}

/// The pairs that don't end well, by the older version.
const SHORT: [(&str, &str, Whose, &str); 15] = [
    // AWS's refusals: "already exists in stack" (differences, 5), the others by the wild's own README.
    ("airflow-stack", "001", Whose::Aws, "subnets are renamed in the template and keep their address blocks"),
    ("amimoto-enterprise", "000", Whose::Aws, "subnets are replaced and keep their address blocks"),
    (
        "parallelcluster-ad",
        "000",
        Whose::Aws,
        "the function behind a custom resource is replaced, and its token changes",
    ),
    ("airflow-stack", "002", Whose::Aws, "a group is renamed in the template and keeps its name"),
    (
        "airflow-stack",
        "003",
        Whose::Nested,
        "the next version's schedulers and workers are templates of their own",
    ),
    ("airflow-stack", "004", Whose::Nested, "its schedulers and workers are templates of their own"),
    ("amimoto-enterprise", "002", Whose::Aws, "the next version depends on a resource that it hasn't"),
    ("amimoto-enterprise", "003", Whose::Aws, "it depends on a resource that it hasn't"),
    (
        "cf-templates-wordpress",
        "000",
        Whose::Aws,
        "a classic load balancer becomes an application load balancer under its name",
    ),
    ("cfn-vpn", "000", Whose::Nested, "its templates are files beside it, to be packaged"),
    ("cfn-vpn", "001", Whose::Nested, "its templates are files beside it, to be packaged"),
    ("cfn-vpn", "002", Whose::Aws, "JSON that ends before its last brace"),
    ("cfn-vpn", "003", Whose::Nested, "its templates are files beside it, to be packaged"),
    ("cfn-vpn", "004", Whose::Nested, "its templates are files beside it, to be packaged"),
    (
        "panther-bootstrap",
        "001",
        Whose::Person,
        "its only listener goes, so whether users get in is asked at the end",
    ),
];

/// How many pairs of a platform end well; fewer is a fault, and a platform that isn't named has none.
const LEAST: [(&str, usize); 15] = [
    ("airflow-stack", 1),
    ("amazon-couchbase", 5),
    ("amazon-neo4j", 5),
    ("amimoto-enterprise", 2),
    ("cf-templates-ecs", 5),
    ("cf-templates-jenkins", 5),
    ("cf-templates-wordpress", 4),
    ("datadog-agentless", 5),
    ("ecs-refarch", 5),
    ("empire", 5),
    ("kong-dist", 4),
    ("kubernetes-heptio", 5),
    ("panther-bootstrap", 4),
    ("parallelcluster-ad", 5),
    ("quickstart-consul", 5),
];

/// What is counted, of one platform or of all.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    well: usize,
    pairs: usize,
}

#[test]
fn platforms_in_the_wild_are_upgraded_from_each_version_to_the_next() {
    let Some(shared) = shared() else { return };
    let (mut all, mut amiss) = (Count::default(), Vec::new());
    let mut by_kind: BTreeMap<Whose, usize> = BTreeMap::new();
    for folder in platforms(&shared.join("wild")) {
        let name = stem(&folder);
        let mut own = Count::default();
        for pair in sampled(versions(&folder)) {
            let [from, to] = &pair;
            let told = virtual_time().block_on(rehearse(&name, from, to));
            let known = SHORT.iter().find(|(one, version, ..)| *one == name && *version == stem(from));
            let what = format!("{name} {} -> {}", stem(from), stem(to));
            let reason = match told {
                Err(Short::ChangesNothing) => {
                    println!("  {what}: changes nothing");
                    continue;
                }
                Ok(()) => None,
                Err(Short::Other(reason)) => Some(reason),
            };
            own.pairs += 1;
            match (reason, known) {
                (None, None) => own.well += 1,
                (None, Some(_)) => {
                    own.well += 1;
                    println!("  {what}: ends well now");
                }
                (Some(reason), Some((_, _, whose, why))) => {
                    *by_kind.entry(*whose).or_default() += 1;
                    println!("  {what}: {whose:?}: {why} ({})", first_words(&reason));
                }
                (Some(reason), None) => amiss.push(format!("{what}: {}", first_words(&reason))),
            }
        }
        println!("{} of {} upgrades of {name} ended well", own.well, own.pairs);
        let least = LEAST.iter().find(|(one, _)| *one == name).map_or(0, |(_, least)| *least);
        if everything() && own.well < least {
            amiss.push(format!("{name}: {} are fewer than {least}", own.well));
        }
        (all.well, all.pairs) = (all.well + own.well, all.pairs + own.pairs);
    }
    println!(
        "{} of {} upgrades of the wild's platforms ended well; the rest: {by_kind:?}",
        all.well, all.pairs
    );
    assert!(amiss.is_empty(), "{amiss:#?}");
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a reader of one line needs of a reason.
fn first_words(reason: &str) -> String {
    reason.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Every pair; usually the first and the last one of a platform, for all of them take a minute and a half.
fn sampled(versions: Vec<PathBuf>) -> Vec<[PathBuf; 2]> {
    let pairs: Vec<[PathBuf; 2]> =
        versions.windows(2).filter_map(|pair| pair.to_vec().try_into().ok()).collect();
    match pairs.as_slice() {
        [first, .., last] if !everything() => vec![first.clone(), last.clone()],
        _ => pairs,
    }
}

/// A platform whose users come by a classic load balancer, with an API beside it.
const CLASSIC: &str = r#"
Resources:
  Old:
    Type: AWS::ElasticLoadBalancing::LoadBalancer
    Properties:
      Subnets: [subnet-1]
      Listeners: [{LoadBalancerPort: "443", InstancePort: "80", Protocol: TCP}]
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: one}}
"#;

#[test]
fn a_classic_load_balancer_is_a_way_in_that_cannot_be_closed_and_nobody_is_told_to_be_kept_out() {
    virtual_time().block_on(async {
        let rehearsal = Rehearsal::new(7);
        create(&rehearsal, STACK, CLASSIC.as_bytes(), &BTreeMap::new()).await.expect("it stands");
        let (_, proposal) =
            propose_for_account(&rehearsal.cloud, &FoundBy::default()).await.expect("looked at");
        assert!(proposal.toml.contains("gate = \"none\""), "{}", proposal.toml);
        let said = proposal.uncertain.join("\n");
        assert!(said.contains("can't be closed: whoever comes in by it"), "{said}");
        assert!(said.contains("by Api (API Gateway): such ways are not judged"), "{said}");
        let settings = proposed(&rehearsal).await.expect("sound settings");
        let to = CLASSIC.replace("one", "two");
        let gated = DeploymentSettings { gateless: false, ..settings.clone() };
        let refused = upgrade(&rehearsal, gated, to.as_bytes(), &BTreeMap::new()).await;
        let evidence = refused.expect_err("the door isn't settled").to_string();
        assert!(evidence.contains("Old (classic load balancer "), "{evidence}");
        assert!(
            evidence.contains("can't be closed: only listeners of an application load balancer have rules")
        );
        let (plan, outcome, records) =
            upgrade(&rehearsal, settings, to.as_bytes(), &BTreeMap::new()).await.expect("carried out");
        assert!(plan.gateless, "nothing closes");
        // Among others: users are at work at the end, and not let in.
        judge(&plan, &outcome, &records).expect("well");
    });
}
