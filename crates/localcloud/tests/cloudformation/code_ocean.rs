//! The platform whose upgrade this project is about: created, updated to the next release, deleted.

use serde_json::{Value, json};

use crate::support::{CAPABILITIES, Cloud, first_failure, parameters, read, read_json};

/// A cloud with the older release deployed as `co`, and the URL of the newer one.
pub fn deployed() -> Option<(Cloud, String, Value)> {
    let (old, new) = (read("templates/code-ocean/v3.7.0.yaml")?, read("templates/code-ocean/v3.8.2.yaml")?);
    let values = read_json("templates/code-ocean/parameters.json")?;
    let mut cloud = Cloud::new();
    let url = cloud.url("v3.7.0.yaml", &old);
    let newer = cloud.url("v3.8.2.yaml", &new);
    cloud.get(
        "CreateStack",
        json!({"StackName": "co", "TemplateURL": url, "Parameters": parameters(&old, &values), "Capabilities": CAPABILITIES}),
    );
    cloud.settle();
    Some((cloud, newer, parameters(&new, &values)))
}

fn physical_ids(cloud: &mut Cloud, stack: &str) -> std::collections::BTreeMap<String, String> {
    let text = |resource: &Value, name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    let resources = cloud.resources(stack);
    resources.iter().map(|one| (text(one, "LogicalResourceId"), text(one, "PhysicalResourceId"))).collect()
}

#[test]
fn the_platform_is_created_updated_and_deleted() {
    let Some((mut cloud, newer, parameters)) = deployed() else { return };
    assert_eq!(first_failure(&mut cloud, "co"), None);
    assert_eq!(cloud.status("co"), "CREATE_COMPLETE");
    let before = physical_ids(&mut cloud, "co");
    assert_eq!(before.len(), 233);

    cloud.get(
        "CreateChangeSet",
        json!({"StackName": "co", "ChangeSetName": "to-3-8-2", "TemplateURL": newer, "Parameters": parameters, "Capabilities": CAPABILITIES}),
    );
    cloud.pass(60);
    let named = json!({"StackName": "co", "ChangeSetName": "to-3-8-2"});
    let described = cloud.get("DescribeChangeSet", named.clone());
    assert_eq!(described["Status"], "CREATE_COMPLETE", "{}", described["StatusReason"]);
    assert_eq!(described["ExecutionStatus"], "AVAILABLE");
    cloud.get("ExecuteChangeSet", named);
    assert_eq!(cloud.status("co"), "UPDATE_IN_PROGRESS");
    cloud.settle();
    assert_eq!(first_failure(&mut cloud, "co"), None);
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE");
    let after = physical_ids(&mut cloud, "co");
    assert_eq!(after.len(), 232);
    for group in ["WorkersAutoScalingGroup", "GPUWorkersAutoScalingGroup"] {
        assert!(before.get(group).is_some_and(|id| id.ends_with("-1")), "{:?}", before.get(group));
        assert!(after.get(group).is_some_and(|id| id.ends_with("-2")), "{:?}", after.get(group));
    }

    let stack_id = cloud.stack("co")["StackId"].clone();
    cloud.get("DeleteStack", json!({"StackName": "co"}));
    cloud.settle();
    assert_eq!(cloud.status(stack_id.as_str().unwrap_or_default()), "DELETE_COMPLETE");
    let skipped = cloud.events(stack_id.as_str().unwrap_or_default());
    let skipped = skipped.iter().filter(|event| event["ResourceStatus"] == "DELETE_SKIPPED").count();
    assert!(skipped > 0, "what is to be retained is skipped");
    let left = cloud.world.generic.len();
    assert!(left <= skipped, "{left} resources are left over, {skipped} were to be retained");
    println!("code-ocean: {} resources, then {}; {skipped} retained at deletion", before.len(), after.len());
}

#[test]
fn the_same_requests_give_the_same_events() {
    let events = || {
        let (mut cloud, newer, parameters) = deployed()?;
        let request = json!({"StackName": "co", "TemplateURL": newer, "Parameters": parameters, "Capabilities": CAPABILITIES});
        cloud.get("UpdateStack", request);
        cloud.settle();
        Some(cloud.events("co"))
    };
    assert_eq!(events(), events());
}

#[test]
fn the_upgrade_in_virtual_time_is_quick() {
    let Some((mut cloud, newer, parameters)) = deployed() else { return };
    let named = json!({"StackName": "co", "ChangeSetName": "c"});
    let start = now();
    cloud.get(
        "CreateChangeSet",
        json!({"StackName": "co", "ChangeSetName": "c", "TemplateURL": newer, "Parameters": parameters, "Capabilities": CAPABILITIES}),
    );
    cloud.pass(60);
    let made = start.elapsed();
    cloud.get("ExecuteChangeSet", named);
    cloud.settle();
    let total = start.elapsed();
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE");
    println!("code-ocean's upgrade in virtual time: change set {made:?}, all {total:?}");
    // A debug build is several times slower; the promise is about what people run.
    assert!(cfg!(debug_assertions) || total.as_millis() < 300, "{total:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one thing that real time is for: the cost of virtual time"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn events_are_cheap_to_read_again() {
    let Some((mut cloud, _, _)) = deployed() else { return };
    let mut read = || {
        let start = now();
        let page = cloud.get("DescribeStackEvents", json!({"StackName": "co"}));
        (start.elapsed(), page)
    };
    let (first, page) = read();
    let (mut again, same) = read();
    assert_eq!(page, same);
    // The best of several: other tests run beside this one.
    for _ in 0..10 {
        again = again.min(read().0);
    }
    let bytes = page.to_string().len();
    println!("a page of 100 events, {bytes} bytes: first {first:?}, again {again:?}");
    assert_eq!(page["StackEvents"].as_array().map(Vec::len), Some(100));
    assert!(again < std::time::Duration::from_millis(50), "{again:?}");
}
