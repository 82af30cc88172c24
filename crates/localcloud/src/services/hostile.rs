//! Requests that nobody sane sends, to every operation of the services: none panics, and one that is refused
//! has changed nothing.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::resource::{Desired, Owner};
use crate::services::{Service, resource_type};
use crate::{Config, Input, Speed, Timestamp, World};
use names::{GOOD, NAMES};

/// A world with what no request can make, or whose id no request can guess; and those ids by the names they go by.
fn furnished(config: Config) -> (World, Vec<(&'static str, Value)>) {
    let mut world = World::new(config, Timestamp(0));
    let owner =
        Owner { stack_name: "s".to_owned(), stack_id: "s".to_owned(), tags: Vec::new(), role_arn: None };
    let text = |text: &str| template::Value::String(text.to_owned());
    let database =
        [("DBInstanceIdentifier", "group"), ("AllocatedStorage", "100"), ("MaxAllocatedStorage", "200")];
    let volume = [("Size", "10")];
    let mut create = |type_name: &str, properties: &[(&str, &str)]| {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let (logical_id, previous, physical_id) = ("L", None, None);
        let desired = Desired {
            owner: &owner,
            logical_id,
            type_name,
            properties: &properties,
            previous,
            physical_id,
            undoes: false,
        };
        (resource_type(type_name).create)(&mut world, &desired).expect("created").physical_id
    };
    create("AWS::RDS::DBInstance", &database);
    let volume = create("AWS::EC2::Volume", &volume);
    let run = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1});
    let run = world.handle(Timestamp(0), Service::Ec2, "RunInstances", Input(&run)).expect("started");
    let instance = run["instancesSet"][0]["instanceId"].clone();
    let ids =
        [("VolumeId", json!(volume)), ("ResourceId", json!([volume])), ("InstanceId", json!([instance]))];
    let ids = ids.into_iter().chain(with_containers(&mut world)).collect();
    (world, ids)
}

/// A cluster with a service that runs; gives the ids of its tasks.
fn with_containers(world: &mut World) -> [(&'static str, Value); 2] {
    let mut ask = |operation: &str, input: Value| {
        world.handle(Timestamp(0), Service::Ecs, operation, Input(&input)).expect("an answer")
    };
    let container = json!({"name": "a", "image": "i", "memory": 9});
    ask("CreateCluster", json!({"clusterName": "group"}));
    ask("RegisterTaskDefinition", json!({"family": "group", "containerDefinitions": [container]}));
    let service =
        json!({"cluster": "group", "serviceName": "group", "taskDefinition": "group", "desiredCount": 2});
    ask("CreateService", service);
    let tasks = ask("ListTasks", json!({"cluster": "group"}))["taskArns"].clone();
    [("task", tasks[0].clone()), ("tasks", tasks)]
}

/// Numbers that look random and are the same in every run.
struct Stream(u64);

impl Stream {
    /// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % bound
    }

    fn value(&mut self, depth: usize) -> Value {
        let plain = [
            json!("g"),
            json!("arn:aws:batch:us-east-1:000000000000:job-queue/g"),
            json!("arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/x"),
            json!(""),
            json!("\u{0}\u{10ffff}é"),
            json!("%"),
            json!("-1"),
            json!("3"),
            json!("9223372036854775807"),
            json!("true"),
            json!("DISABLED"),
            json!("CONTINUE"),
            json!("RUNNING"),
            json!(null),
            json!(false),
            json!(2),
            json!(-9_223_372_036_854_775_808_i64),
            json!(18_446_744_073_709_551_615_u64),
            json!(1e300),
        ];
        match self.below(if depth == 0 { 6 } else { 8 }) {
            6 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            7 => {
                let keys =
                    ["Key", "Value", "Values", "Type", "Field", "jobId", "name", "value", "LaunchTemplate"];
                let fields = (0..self.below(5))
                    .map(|_| (keys[self.below(keys.len())].to_owned(), self.value(depth - 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            _ => plain[self.below(plain.len())].clone(),
        }
    }
}

/// Every operation of a service.
fn operations(service: Service) -> impl Iterator<Item = (Service, &'static str)> {
    service.descriptor().operations.iter().map(move |operation| (service, operation.name))
}

/// How often, of so many times, a name stands for nonsense, and how often for what would be right.
struct Odds {
    nonsense: usize,
    right: usize,
    of: usize,
    /// What is right here, though elsewhere something else is.
    rather: &'static [(&'static str, &'static str)],
}

/// Ask so many times; gives how many requests were answered.
fn ask_nonsense(
    operations: &[(Service, &str)],
    config: &Config,
    seed: u64,
    rounds: u64,
    odds: &Odds,
) -> usize {
    let mut stream = Stream(seed);
    let (mut world, mut ids) = furnished(config.clone());
    let mut answered = 0;
    let (mut asked, mut changed) = (BTreeSet::new(), BTreeMap::new());
    for round in 0..rounds {
        // Now and then begin again, so that the world stays small enough to be compared.
        if round % 150 == 0 {
            (world, ids) = furnished(config.clone());
        }
        let (service, operation) = operations[stream.below(operations.len())];
        asked.insert((service, operation));
        let mut input = Map::new();
        for name in NAMES.split_whitespace() {
            let drawn = stream.below(odds.of);
            let value = if drawn < odds.nonsense {
                Some(stream.value(3))
            } else if drawn < odds.nonsense + odds.right {
                right(name, &ids, odds.rather)
            } else {
                None
            };
            if let Some(value) = value {
                input.insert(name.to_owned(), value);
            }
        }
        let input = Value::Object(input);
        let at = Timestamp(round % 150 * 7000);
        world.advance(at);
        let before = format!("{world:?}");
        match world.handle(at, service, operation, Input(&input)) {
            Ok(_) => answered += 1,
            Err(error) => {
                let after = format!("{world:?}");
                if before != after {
                    let place = before.bytes().zip(after.bytes()).position(|(was, is)| was != is);
                    let place = place.unwrap_or_default().saturating_sub(60);
                    let shown: String = after.chars().skip(place).take(160).collect();
                    changed.insert(operation, format!("{error} has changed {shown}, after {input}"));
                }
            }
        }
    }
    let unasked: Vec<_> = operations.iter().filter(|one| !asked.contains(one)).collect();
    assert!(unasked.is_empty(), "never asked: {unasked:?}");
    assert!(changed.is_empty(), "refusals that change something: {changed:#?}");
    answered
}

/// What a name stands for, where that is known.
fn right(name: &str, ids: &[(&'static str, Value)], rather: &[(&str, &str)]) -> Option<Value> {
    if let Some((_, id)) = ids.iter().find(|(known, _)| *known == name) {
        return Some(id.clone());
    }
    if let Some((_, good)) = rather.iter().chain(GOOD).find(|(known, _)| *known == name) {
        return Some(serde_json::from_str(good).expect("JSON"));
    }
    let is_name = ["Name", "Identifier", "Operator"].iter().any(|end| name.ends_with(end))
        || matches!(name, "jobQueue" | "type" | "Bucket");
    let is_size = name.ends_with("Size");
    is_name.then(|| json!("group")).or_else(|| is_size.then(|| json!("2")))
}

const SPEEDS: [(Speed, u64); 2] = [(Speed::Times(1.0), 0), (Speed::Instant, 1 << 32)];

#[test]
fn nothing_panics_and_a_refusal_changes_nothing() {
    for (speed, seed) in SPEEDS {
        let config = Config { speed, ..Config::default() };
        let odds = Odds { nonsense: 1, right: 1, of: 4, rather: &[] };
        let all: Vec<(Service, &str)> =
            Service::ALL.iter().flat_map(|service| operations(*service)).collect();
        let answered = ask_nonsense(&all, &config, seed, 9000, &odds);
        assert!(answered > 600, "only {answered} requests got beyond their checks");
    }
}

/// Its operations read many parameters, so that most of them have to be right before one that isn't is looked at.
#[test]
fn nothing_panics_in_ecs_when_little_is_wrong() {
    let often = std::iter::repeat_n((Service::Control, "SetServiceStatus"), 6);
    let operations: Vec<(Service, &str)> = operations(Service::Ecs).chain(often).collect();
    for (speed, seed) in SPEEDS {
        let config = Config { speed, ..Config::default() };
        let rather = &[("status", "\"FAILING\""), ("taskDefinition", "\"group:1\"")];
        let odds = Odds { nonsense: 1, right: 12, of: 20, rather };
        let answered = ask_nonsense(&operations, &config, seed, 6000, &odds);
        assert!(answered > 1200, "only {answered} requests got beyond their checks");
    }
}

/// Of each service alone, so that a request finds what another one has made.
#[test]
fn nothing_panics_in_any_service_when_little_is_wrong() {
    for (speed, seed) in SPEEDS {
        let config = Config { speed, ..Config::default() };
        for service in Service::ALL {
            let operations: Vec<(Service, &str)> = operations(*service).collect();
            let odds = Odds { nonsense: 1, right: 12, of: 20, rather: &[] };
            let answered = ask_nonsense(&operations, &config, seed, 600, &odds);
            println!("{service:?}: {answered} of 600 requests were answered");
            assert!(answered > 20, "{service:?}: only {answered} requests got beyond their checks");
        }
    }
}
