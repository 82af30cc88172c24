//! Stacks, updates and failures drawn by chance, the same every time: whatever happens, the stack comes to rest,
//! comes back where it should, and leaves nothing behind.

use std::collections::BTreeMap;

use localcloud::faults::FaultPhase;
use serde_json::{Map, Value, json};

use crate::support::{Cloud, line};

/// A small generator (Knuth's multiplier); quality doesn't matter here, sameness does.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A template of some of eight resources, each of a fixed type, needing some of those before it.
fn template(chance: &mut Chance, edition: &str) -> Value {
    let mut resources = Map::new();
    for number in 0..8u64 {
        if chance.below(4) == 0 {
            continue;
        }
        let needed: Vec<Value> = (0..number)
            .map(|other| format!("R{other}"))
            .filter(|other| resources.contains_key(other) && chance.below(3) == 0)
            .map(|other| json!({"Ref": other}))
            .collect();
        // A third of the resources stay as they are from one edition to the next.
        let value =
            if chance.below(3) == 0 { "same".to_owned() } else { format!("{edition}{}", chance.below(3)) };
        let parts: Vec<Value> = [json!(value)].into_iter().chain(needed).collect();
        let text = json!({"Fn::Join": ["-", parts]});
        let (type_name, properties) = match number % 4 {
            0 | 1 => ("AWS::SSM::Parameter", json!({"Type": "String", "Value": text})),
            2 => (
                "AWS::SNS::Topic",
                json!({"TopicName": {"Fn::Sub": format!("{value}-{number}")}, "DisplayName": text}),
            ),
            _ => (
                "AWS::EC2::SubnetRouteTableAssociation",
                json!({"SubnetId": format!("{value}-{number}"), "RouteTableId": text}),
            ),
        };
        resources.insert(format!("R{number}"), json!({"Type": type_name, "Properties": properties}));
    }
    resources
        .entry("Always".to_owned())
        .or_insert_with(|| json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": edition}}));
    json!({"Resources": resources})
}

type State = BTreeMap<String, (Option<String>, String)>;

/// What the stack holds. Physical ids of what must be deleted before it is made again don't count.
fn state(cloud: &Cloud) -> State {
    let stack = cloud.world.cloudformation.find("s").expect("the stack");
    let told = stack.resources.values().map(|one| {
        let id = one.physical_id.clone().filter(|_| !one.type_name.ends_with("Association"));
        let properties = format!("{:?}", one.properties).replace(char::is_whitespace, "");
        let properties = if one.type_name.ends_with("Association") { String::new() } else { properties };
        (one.logical_id.clone(), (id, properties))
    });
    told.collect()
}

fn run(seed: u64) -> Vec<String> {
    let mut chance = Chance(seed);
    let mut cloud = Cloud::new();
    cloud.create("s", &template(&mut chance, "a"));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "seed {seed}");
    let before = state(&cloud);
    let after = template(&mut chance, "b");
    for _ in 0..chance.below(6) {
        let phase = [FaultPhase::Create, FaultPhase::Update, FaultPhase::Rollback]
            [usize::try_from(chance.below(3)).unwrap_or(0)];
        cloud.world.faults.fail("s", &format!("R{}", chance.below(8)), phase, "by chance");
    }
    cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": after.to_string()}));
    if chance.below(5) == 0 {
        cloud.pass(chance.below(12));
        if cloud.status("s") == "UPDATE_IN_PROGRESS" {
            cloud.get("CancelUpdateStack", json!({"StackName": "s"}));
        }
    }
    cloud.settle();
    cloud.world.faults.resources.clear();
    if cloud.status("s") == "UPDATE_ROLLBACK_FAILED" && chance.below(2) == 0 {
        cloud.get("ContinueUpdateRollback", json!({"StackName": "s"}));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "seed {seed}");
    }
    let told: Vec<String> = cloud.events("s").iter().map(line).collect();
    let status = cloud.status("s");
    match status.as_str() {
        "UPDATE_COMPLETE" => {
            let wanted: Vec<&String> =
                after["Resources"].as_object().into_iter().flat_map(Map::keys).collect();
            assert_eq!(
                state(&cloud).keys().collect::<std::collections::BTreeSet<_>>(),
                wanted.into_iter().collect(),
                "seed {seed}"
            );
        }
        "UPDATE_ROLLBACK_COMPLETE" => assert_eq!(state(&cloud), before, "seed {seed}: {told:#?}"),
        "UPDATE_ROLLBACK_FAILED" => {}
        other => panic!("seed {seed} came to {other}: {told:#?}"),
    }
    if status != "UPDATE_ROLLBACK_FAILED" {
        let stack = cloud.world.cloudformation.find("s").expect("the stack");
        assert_eq!(cloud.world.generic.len(), stack.resources.len(), "seed {seed}: {told:#?}");
    }
    cloud.get("DeleteStack", json!({"StackName": "s"}));
    cloud.settle();
    assert!(cloud.world.cloudformation.find("s").is_none(), "seed {seed}: not deleted");
    let left = &cloud.world.generic;
    assert!(left.is_empty(), "seed {seed}: left over {left:?}\n{told:#?}");
    let mut told = told;
    told.push(status);
    told
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_is_left() {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..400 {
        let told = run(seed);
        *ends.entry(told.last().cloned().unwrap_or_default()).or_default() += 1;
        if seed % 40 == 0 {
            assert_eq!(told, run(seed), "seed {seed} gives the same twice");
        }
    }
    println!("by chance: {ends:?}");
    assert!(ends.len() == 3, "every ending is reached: {ends:?}");
}
