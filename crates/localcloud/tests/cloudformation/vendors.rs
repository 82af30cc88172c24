//! Every vendor's templates, from each version to the next.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, parameters, read, read_json, shared};

/// Whose templates there are.
pub const VENDORS: [&str; 5] = ["buildkite", "buildkite-service-role", "code-ocean", "metaflow", "runs-on"];

/// What can't be deployed here, with the reason.
const NOT_POSSIBLE: [(&str, &str); 6] = [
    ("metaflow/002-d1a65d9.yml", "its compute environment has a fixed name and would have to be replaced"),
    ("metaflow/003-35d465a.yml", "the same, coming from the version before"),
    ("metaflow/007-b769863.yml", "PostgreSQL goes from 11 to 16.1 without AllowMajorVersionUpgrade"),
    (
        "runs-on/001-v1.7.4.yaml",
        "a subnet is replaced by one whose block overlaps the old one's, which lives until the clean-up",
    ),
    ("runs-on/006-v3.0.7.yaml", "two global secondary indexes are made and one deleted in one update"),
    ("runs-on/007-v3.1.3.yaml", "the same, coming from the version before"),
];

/// The versions of a vendor, oldest first.
pub fn versions(vendor: &str) -> Vec<String> {
    let Some(folder) = shared(&format!("templates/{vendor}")) else { return Vec::new() };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("shared test data is readable")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with("ml"))
        .collect();
    names.sort();
    names
}

/// The parameters with which a vendor's versions are deployed.
pub fn values_of(vendor: &str) -> Option<Value> {
    let mut values = read_json(&format!("templates/{vendor}/parameters.json"))?;
    if vendor == "buildkite" {
        // The published copies have no images in their mapping, so one must be given.
        values["ImageId"] = json!("ami-0123456789abcdef0");
    }
    Some(values)
}

/// Create the stack, or update it when it is there. Gives what went wrong.
fn deploy(
    cloud: &mut Cloud,
    vendor: &str,
    version: &str,
    values: &Value,
    exists: bool,
) -> Result<(), String> {
    let body = read(&format!("templates/{vendor}/{version}")).unwrap_or_default();
    let url = cloud.url(&format!("{vendor}/{version}"), &body);
    let (operation, wanted) =
        if exists { ("UpdateStack", "UPDATE_COMPLETE") } else { ("CreateStack", "CREATE_COMPLETE") };
    let request = json!({
        "StackName": vendor, "TemplateURL": url, "Parameters": parameters(&body, values), "Capabilities": CAPABILITIES,
    });
    match cloud.ask(operation, request) {
        Ok(_) => {}
        Err(error) if error.message == "No updates are to be performed." => {
            println!("{vendor}/{version}: with these parameters nothing changes, and CloudFormation says so");
            return Ok(());
        }
        Err(error) => return Err(error.to_string()),
    }
    let before = cloud.events(vendor).len();
    cloud.settle();
    let status = cloud.status(vendor);
    if status == wanted {
        return Ok(());
    }
    let first = cloud
        .events(vendor)
        .iter()
        .skip(before)
        .map(crate::support::line)
        .find(|line| line.contains("FAILED"));
    Err(format!("{status}: {}", first.or_else(|| first_failure(cloud, vendor)).unwrap_or_default()))
}

#[test]
fn every_vendors_versions_follow_one_another() {
    let (mut done, mut possible, mut wrong) = (0, 0, Vec::new());
    for vendor in VENDORS {
        let Some(values) = values_of(vendor) else { return };
        let mut cloud = Cloud::new();
        let mut exists = false;
        for version in versions(vendor) {
            possible += 1;
            let step = format!("{vendor}/{version}");
            if let Some((_, reason)) = NOT_POSSIBLE.iter().find(|(name, _)| *name == step) {
                println!("not possible: {step}: {reason}");
                continue;
            }
            match deploy(&mut cloud, vendor, &version, &values, exists) {
                Ok(()) => {
                    done += 1;
                    exists = true;
                }
                Err(error) => {
                    wrong.push(format!("{step}: {error}"));
                    if !exists {
                        cloud.get("DeleteStack", json!({"StackName": vendor}));
                        cloud.settle();
                    }
                }
            }
        }
        if exists {
            cloud.get("DeleteStack", json!({"StackName": vendor}));
            cloud.settle();
            if let Some(stack) = cloud.world.cloudformation.find(vendor) {
                wrong.push(format!("{vendor}: not deleted but {}", stack.status.name()));
            }
        }
    }
    println!("vendors' versions deployed in a chain: {done} of {possible}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
