//! Public repositories' platforms that have a load balancer, groups, queues or services: for each, `init` looks at the stack
//! and proposes its settings, and each version is upgraded to the next on the local cloud.
//!
//! What ends otherwise is named with its reason, sorted by whose it is, and counted: `N of M`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cli::configuration::{Configuration, DeploymentSettings};
use cli::init::FoundBy;
use cli::propose_for_account;
use localcloud::Config;
use serde_json::json;
use template::{GivenParameter, ParameterInputs, Template, resolve_parameters};

use crate::common::{Rehearsal, shared, virtual_time};
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
    serde_json::from_slice(&read(&version.with_extension("params.json"))).expect("a map of texts")
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
    text.split("Fn::ImportValue': !Sub '")
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
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
    create_parents(&rehearsal, &(&imports(from) | &imports(to))).await?;
    create(&rehearsal, STACK, &read(from), &parameters(from)).await?;
    let settings = proposed(&rehearsal).await?;
    let (plan, outcome, records) =
        upgrade(&rehearsal, settings, &read(to), &new_parameters(from, to)).await?;
    judge(&plan, &outcome, &records)
}

/// How many pairs of a platform end well; fewer is a fault, and a platform that isn't named has none.
const LEAST: [(&str, usize); 6] = [
    ("airflow-stack", 2),
    ("amazon-couchbase", 2),
    ("empire", 4),
    ("kubernetes-heptio", 4),
    ("panther-bootstrap", 1),
    ("quickstart-consul", 1),
];

#[test]
fn platforms_in_the_wild_are_upgraded_from_each_version_to_the_next() {
    let Some(shared) = shared() else { return };
    let (mut well, mut pairs, mut short) = (0, 0, Vec::new());
    for folder in platforms(&shared.join("wild")) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (mut own_well, mut own_pairs) = (0, 0);
        for pair in versions(&folder).windows(2) {
            let [from, to] = pair else { continue };
            let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let said = match virtual_time().block_on(rehearse(&name, from, to)) {
                Ok(()) => {
                    own_well += 1;
                    own_pairs += 1;
                    continue;
                }
                Err(Short::ChangesNothing) => "changes nothing".to_owned(),
                Err(Short::Other(reason)) => {
                    own_pairs += 1;
                    reason.lines().next().unwrap_or_default().chars().take(300).collect()
                }
            };
            println!("  {name} {} -> {}: {said}", stem(from), stem(to));
        }
        println!("{own_well} of {own_pairs} upgrades of {name} ended well");
        let least = LEAST.iter().find(|(one, _)| *one == name).map_or(0, |(_, least)| *least);
        if own_well < least {
            short.push(name);
        }
        well += own_well;
        pairs += own_pairs;
    }
    println!("{well} of {pairs} upgrades of the wild's platforms ended well");
    assert!(short.is_empty(), "fewer than before: {short:?}");
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
