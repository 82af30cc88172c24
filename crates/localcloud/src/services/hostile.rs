//! Requests that nobody sane sends, to every operation of the services: none panics, and one that is refused
//! has changed nothing.

mod names;
mod operations;

use serde_json::{Map, Value, json};

use crate::provision::{self, Desired, Owner};
use crate::wire::Service;
use crate::{Config, Input, Speed, Timestamp, World};
use names::{GOOD, NAMES};
use operations::OPERATIONS;

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
        provision::create(&mut world, &desired).expect("created").physical_id
    };
    create("AWS::RDS::DBInstance", &database);
    let volume = create("AWS::EC2::Volume", &volume);
    let run = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1});
    let run = world.handle(Timestamp(0), Service::Ec2, "RunInstances", Input(&run)).expect("started");
    let instance = run["instancesSet"][0]["instanceId"].clone();
    let ids =
        vec![("VolumeId", json!(volume)), ("ResourceId", json!([volume])), ("InstanceId", json!([instance]))];
    (world, ids)
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

#[test]
fn nothing_panics_and_a_refusal_changes_nothing() {
    for (speed, seed) in [(Speed::Times(1.0), 0), (Speed::Instant, 1 << 32)] {
        let mut stream = Stream(seed);
        let config = Config { speed, ..Config::default() };
        let (mut world, mut ids) = furnished(config.clone());
        let mut answered = 0;
        for round in 0..6000_u64 {
            // Now and then begin again, so that the world stays small enough to be compared.
            if round % 150 == 0 {
                (world, ids) = furnished(config.clone());
            }
            let (service, operations) = OPERATIONS[stream.below(OPERATIONS.len())];
            let operation = operations[stream.below(operations.len())];
            let mut input = Map::new();
            for name in NAMES {
                // Half of the names that end in "Name" are good ones, or nothing would ever exist.
                match stream.below(4) {
                    0 => drop(input.insert((*name).to_owned(), stream.value(3))),
                    1 if ids.iter().any(|(id, _)| id == name) => {
                        let good = ids.iter().find(|(id, _)| id == name).map(|(_, good)| good.clone());
                        input.insert((*name).to_owned(), good.unwrap_or_default());
                    }
                    1 | 2 if GOOD.iter().any(|(good, _)| good == name) => {
                        let good = GOOD.iter().find(|(good, _)| good == name).map_or("", |(_, good)| good);
                        input.insert((*name).to_owned(), serde_json::from_str(good).expect("JSON"));
                    }
                    1 if name.ends_with("Identifier") || name.ends_with("Operator") => {
                        input.insert((*name).to_owned(), json!("group"));
                    }
                    1 if name.ends_with("Name") || matches!(*name, "jobQueue" | "type" | "Bucket") => {
                        input.insert((*name).to_owned(), json!("group"));
                    }
                    1 if name.ends_with("Size") => drop(input.insert((*name).to_owned(), json!("2"))),
                    _ => {}
                }
            }
            let input = Value::Object(input);
            let at = Timestamp(round % 150 * 7000);
            world.advance(at);
            let before = format!("{world:?}");
            match world.handle(at, service, operation, Input(&input)) {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert!(
                        before == format!("{world:?}"),
                        "{operation} {input}: {error} has changed something"
                    );
                }
            }
        }
        assert!(answered > 600, "only {answered} requests got beyond their checks");
    }
}
