//! The vendor's two steps on the demo's lab, each by the program: maintenance is enabled, then the platform is upgraded.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::client::{Client, Sight, lab};
use crate::program::{Running, beside, demo, nowhere, public_port, texts, wait};

const PAGE: &[&str] = &["The lab is being looked after."];

/// What the administrator shows to users, before and after.
const BANNER: &str = "Cake at noon.";

/// What checks warn of in the lab, by id.
pub const ACCEPTED: [&str; 7] = [
    "identity",
    "permissions-role",
    "role-stack",
    "termination-protection",
    "parameters",
    "expected-changes",
    "workloads",
];

/// The deployment as `slackwater status` sees it.
pub fn status(data: &Path) -> Value {
    let (code, told) = beside(data, &["status", "--output", "json"]).end();
    assert_eq!(code, 0, "{told}");
    let all: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
    all["deployments"][0].clone()
}

fn items<'a>(standing: &'a Value, name: &str) -> &'a Vec<Value> {
    standing[name]["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{name} could not be looked at: {standing:#}"))
}

/// Nothing bears a note of maintenance, and nothing is as it leaves it.
pub fn is_put_back(standing: &Value, banner: Option<&str>) {
    assert_eq!(standing["gate"], "open", "{standing:#}");
    assert_eq!(*items(standing, "mutedAlarms"), Vec::<Value>::new());
    let (queues, groups) = (items(standing, "queues"), items(standing, "workers"));
    assert!(!queues.is_empty() && !groups.is_empty(), "{standing:#}");
    for queue in queues {
        assert!(queue["enabled"] == true && queue["noted"] == false, "{queue:#}");
    }
    for group in groups {
        let max = group["maxSize"].as_i64().expect("a size");
        assert!(max > 0 && group["noted"] == false, "{group:#}");
    }
    assert_eq!(items(standing, "banner").first().and_then(Value::as_str), banner);
    assert_eq!(*items(standing, "changeSets"), Vec::<Value>::new());
    assert_eq!(standing["attention"], Value::Array(Vec::new()));
}

#[test]
fn maintenance_is_enabled_and_the_upgrade_uses_and_ends_it() {
    let (_folder, data) = nowhere();
    let mut lab_runs = demo(&data, &["--stay"]);
    let client = Client::of(public_port(&mut lab_runs), PAGE);
    lab_runs.says("Ready.");
    // It keeps nothing, so it takes no data directory.
    let mut banner = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    banner.args(["banner", "set", BANNER]).stdin(Stdio::null());
    let (code, told) = Running::beside(&data, banner).end();
    assert_eq!(code, 0, "{told}");

    let (code, told) = beside(&data, &["maintenance", "enable", "--yes"]).end();
    assert_eq!(code, 0, "{told}");
    let entered = status(&data);
    assert_eq!(entered["gate"], "closed", "{entered:#}");
    assert!(entered["gateSince"].is_string(), "{entered:#}");

    // A second time it says since when and by whom, and changes nothing.
    let (code, told) = beside(&data, &["maintenance", "enable", "--yes"]).end();
    let by = entered["gateBy"].as_str().expect("a name");
    assert_eq!(code, 0, "{told}");
    assert!(told.starts_with("In maintenance since ") && told.contains("Nothing is changed."), "{told}");
    assert!(told.contains(&format!("by {by} ")), "{by}: {told}");
    let again = status(&data);
    for part in ["gate", "gateSince", "queues", "workers", "mutedAlarms", "banner", "lastRun"] {
        assert_eq!(again[part], entered[part], "{part}");
    }

    let release = data.join("releases/primary-1.1.0.yaml");
    let mut upgrade =
        vec!["upgrade", "--to", release.to_str().expect("text"), "--fix", "--yes", "--why", "as in the demo"];
    upgrade.extend(ACCEPTED.iter().flat_map(|check| ["--accept", check]));
    let (code, told) = beside(&data, &upgrade).end();
    assert_eq!(code, 0, "{told}");
    for text in ["The upgrade uses that maintenance", "Upgraded.\n", "Release 1.1.0 stands (UPDATE_COMPLETE)"]
    {
        assert!(told.contains(text), "{text:?} is missing in:\n{told}");
    }

    let after = status(&data);
    assert_eq!((&after["stackStatus"], &after["version"]), (&"UPDATE_COMPLETE".into(), &"1.1.0".into()));
    is_put_back(&after, Some(BANNER));
    wait("users to be let in", || (client.seen().len() == 3).then_some(()));
    assert_eq!(client.end(), [lab("1.0.0"), Sight::Maintenance, lab("1.1.0")], "what users saw");
    let kept = texts(&data.join("lab/sessions"));
    let kept = kept.iter().filter(|(_, text)| text.contains("typed and not saved")).count();
    assert_eq!(kept, 10, "files that were not saved are on disk");
    lab_runs.interrupt();
    assert_eq!(lab_runs.end().0, 0);
}
