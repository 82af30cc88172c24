//! Templates with something changed at random, by a seed: what nobody thought of.

use serde_json::{Value as Json, json};
use template::{Aliases, node_to_json, read};

use crate::corpus::Case;

/// How many are made of each template; with `SLACKWATER_EVERYTHING` many more.
const EACH: u64 = 4;
const EACH_OF_EVERYTHING: u64 = 60;

/// A small generator of numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }
}

/// Templates made of others.
pub fn cases(of: &[Case]) -> Vec<Case> {
    let everything = std::env::var_os("SLACKWATER_EVERYTHING").is_some();
    let each = if everything { EACH_OF_EVERYTHING } else { EACH };
    let mut made = Vec::new();
    for (index, case) in of.iter().enumerate() {
        let node = read(&case.name, case.text.as_bytes(), Aliases::Refuse).expect("a tree");
        let whole: Json = serde_json::from_str(&node_to_json(&node)).expect("JSON");
        for number in 0..each {
            let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ ((index as u64) << 32) ^ (number + 1));
            for _ in 0..10 {
                random.below(2);
            }
            let mut changed = whole.clone();
            let what = change(&mut changed, &mut random);
            made.push(Case {
                name: format!("{} {number}: {what}", case.name),
                text: format!("{changed:#}"),
                parameters: case.parameters.clone(),
            });
        }
    }
    made
}

/// Changes one place of the resources or of `Globals`; says which, and how.
fn change(whole: &mut Json, random: &mut Random) -> String {
    let section =
        if whole.get("Globals").is_some() && random.below(5) == 0 { "Globals" } else { "Resources" };
    let mut paths = Vec::new();
    collect(&whole[section], &format!("/{section}"), &mut paths);
    let path = paths[random.below(paths.len())].clone();
    let (parent, key) = path.rsplit_once('/').expect("a path");
    let key = key.replace("~1", "/").replace("~0", "~");
    if random.below(3) == 0 {
        let parent = whole.pointer_mut(parent).expect("it is there");
        match parent {
            Json::Object(entries) => {
                entries.remove(&key);
            }
            Json::Array(elements) => {
                elements.remove(key.parse().expect("a place"));
            }
            _ => {}
        }
        return format!("{path} removed");
    }
    let others = [
        json!("text"),
        json!(""),
        json!(7),
        json!(true),
        json!(false),
        json!([]),
        json!(["text"]),
        json!({}),
        json!({"One": "text", "Two": {}}),
        json!({"Ref": "AWS::Region"}),
        json!({"Ref": "AWS::NoValue"}),
        json!({"Ref": "Unknown"}),
        json!({"Fn::If": ["A", "text", {"Ref": "AWS::NoValue"}]}),
        json!({"Fn::Sub": "${AWS::Region}-${AWS::AccountId}"}),
    ];
    let value = others[random.below(others.len())].clone();
    let what = format!("{path} = {value}");
    *whole.pointer_mut(&path).expect("it is there") = value;
    what
}

fn collect(node: &Json, path: &str, paths: &mut Vec<String>) {
    let mut add = |key: String, value: &Json| {
        let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
        paths.push(path.clone());
        collect(value, &path, paths);
    };
    match node {
        Json::Object(entries) => entries.iter().for_each(|(key, value)| add(key.clone(), value)),
        Json::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| add(index.to_string(), value));
        }
        _ => {}
    }
}
