//! Public repositories' platforms that have a load balancer, groups, queues or services: for each, `init` looks at the stack
//! and proposes its settings, and each version is upgraded to the next on the local cloud.
//!
//! What ends otherwise is named with its reason, sorted by whose it is, and counted: `N of M`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cli::configuration::{Configuration, DeploymentSettings};
use cli::init::FoundBy;
use cli::propose_for_account;
use localcloud::Config;
use template::Template;

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
    let is_concerned = |folder: &PathBuf| {
        versions(folder).iter().filter_map(|path| Template::parse("version", &read(path)).ok()).any(
            |template| template.resources.values().any(|one| CONCERNED.contains(&one.type_name.as_str())),
        )
    };
    let mut found: Vec<PathBuf> = folders.filter(|path| path.is_dir()).filter(is_concerned).collect();
    found.sort();
    found
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

/// What `init` proposes for the stack, with what it leaves to its owner: where copies of templates are kept, and what of the
/// doors that can't be closed.
async fn proposed(rehearsal: &Rehearsal) -> Result<DeploymentSettings, String> {
    let (_, proposal) = propose_for_account(&rehearsal.cloud, &FoundBy::default())
        .await
        .map_err(|error| format!("not looked into: {error}"))?;
    if proposal.toml.is_empty() {
        return Err(format!("init proposes nothing: {}", proposal.uncertain.join(" ")));
    }
    let settled = proposal
        .toml
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
    let (given, wanted) = (parameters(from), parameters(to));
    create(&rehearsal, &read(from), &given).await?;
    let settings = proposed(&rehearsal).await?;
    let new = wanted.into_iter().filter(|(key, value)| given.get(key) != Some(value)).collect();
    let (plan, outcome, records) = upgrade(&rehearsal, settings, &read(to), &new).await?;
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
