//! How long the engine works on a whole platform: Code Ocean VPC v3.7.0 created, the change set to v3.8.2 made and
//! described in both modes, the update carried out, the stack deleted. In process, at AWS's pace in virtual time and
//! instantly. Prints medians.
//!
//! `cargo bench --package localcloud --bench code_ocean`

#[expect(dead_code, reason = "this is about the engine alone: no socket")]
mod common;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/cloudformation/support.rs"]
mod support;

use std::time::Duration;

use common::{code_ocean, code_ocean_parameters, measures, median, milliseconds, timed};
use localcloud::{Config, Speed};
use serde_json::json;
use support::{CAPABILITIES, Cloud, parameters};

const RUNS: usize = 15;

fn main() {
    let (Some(old), Some(new)) = (code_ocean("v3.7.0"), code_ocean("v3.8.2")) else { return };
    let runs = if measures() { RUNS } else { 1 };
    println!("{:<14} {:>10} {:>11} {:>10} {:>10}", "", "create", "change set", "update", "delete");
    for (name, speed) in [("virtual time", Speed::Times(1.0)), ("instant", Speed::Instant)] {
        let all: Vec<[Duration; 4]> = (0..runs).map(|_| run(&old, &new, speed)).collect();
        let middle = |place: usize| milliseconds(median(all.iter().map(|one| one[place]).collect()));
        println!("{name:<14} {:>10} {:>11} {:>10} {:>10}", middle(0), middle(1), middle(2), middle(3));
    }
}

fn run(old: &str, new: &str, speed: Speed) -> [Duration; 4] {
    let values = code_ocean_parameters();
    let mut cloud = Cloud::with(Config { speed, ..Config::default() });
    let (from, to) = (cloud.url("from.yaml", old), cloud.url("to.yaml", new));
    let (before, after) = (parameters(old, &values), parameters(new, &values));
    let ((), created) = timed(|| {
        cloud.get(
            "CreateStack",
            json!({"StackName": "co", "TemplateURL": from, "Parameters": before, "Capabilities": CAPABILITIES}),
        );
        cloud.settle();
    });
    assert_eq!(cloud.status("co"), "CREATE_COMPLETE");
    let named = json!({"StackName": "co", "ChangeSetName": "next"});
    let ((), changed) = timed(|| {
        let mut request = named.clone();
        request["TemplateURL"] = json!(to);
        request["Parameters"] = after.clone();
        request["Capabilities"] = json!(CAPABILITIES);
        cloud.get("CreateChangeSet", request);
        cloud.pass(60);
        cloud.all("DescribeChangeSet", "Changes", named.clone());
        let mut with_values = named.clone();
        with_values["IncludePropertyValues"] = json!(true);
        cloud.all("DescribeChangeSet", "Changes", with_values);
    });
    let ((), updated) = timed(|| {
        cloud.get("ExecuteChangeSet", named.clone());
        cloud.settle();
    });
    assert_eq!(cloud.status("co"), "UPDATE_COMPLETE");
    let id = cloud.stack("co")["StackId"].as_str().unwrap_or_default().to_owned();
    let ((), deleted) = timed(|| {
        cloud.get("DeleteStack", json!({"StackName": "co"}));
        cloud.settle();
    });
    assert_eq!(cloud.status(&id), "DELETE_COMPLETE");
    [created, changed, updated, deleted]
}
