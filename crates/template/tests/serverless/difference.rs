//! Where two expanded templates differ. The order of keys is free, and that of some lists.

use serde_json::Value as Json;

/// The first difference, with the way to it; nothing if they mean the same.
pub fn first(ours: &Json, theirs: &Json) -> Option<String> {
    at("", ours, theirs)
}

/// Whether a list is a set on AWS, too: its program goes over one whose order is another each time.
fn is_set(path: &str) -> bool {
    path.ends_with("/DependsOn")
        || (path.contains("/ServerlessCodeDeployCondition") && path.ends_with("/Fn::Or"))
}

fn at(path: &str, ours: &Json, theirs: &Json) -> Option<String> {
    match (ours, theirs) {
        (Json::Object(left), Json::Object(right)) => {
            let missing = right.keys().find(|key| !left.contains_key(*key));
            if let Some(key) = missing {
                return Some(format!("{path}/{key} is missing here; AWS has {}", right[key]));
            }
            let more = left.keys().find(|key| !right.contains_key(*key));
            if let Some(key) = more {
                return Some(format!("{path}/{key} is here alone: {}", left[key]));
            }
            left.iter().find_map(|(key, value)| at(&format!("{path}/{key}"), value, &right[key]))
        }
        (Json::Array(left), Json::Array(right)) if is_set(path) => {
            let sorted = |list: &[Json]| {
                let mut list = list.to_vec();
                list.sort_by_key(Json::to_string);
                list
            };
            (sorted(left) != sorted(right)).then(|| format!("{path}: {ours} here, {theirs} on AWS"))
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| at(&format!("{path}/{index}"), left, right)),
        _ if ours == theirs => None,
        (Json::Number(left), Json::Number(right)) if left.as_f64() == right.as_f64() => None,
        _ => Some(format!("{path}: {ours} here, {theirs} on AWS")),
    }
}
