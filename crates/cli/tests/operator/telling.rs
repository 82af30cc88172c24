//! Who is told of a run.

use crate::cloud::Cloud;

#[test]
fn the_owners_program_is_told_and_what_fails_is_a_remark() {
    let cloud = Cloud::with_sample();
    cloud.write("tell", "#!/bin/sh\ncat >> told\n");
    cloud.write(
        "slackwater.toml",
        "[deployments.production]\nstack = \"sample\"\nregion = \"us-east-1\"\n\
         [deployments.production.health]\ntargets = false\nquiet = \"1s\"\n\
         [deployments.production.notifications]\ncommand = [\"sh\", \"tell\"]\nwebhook_url_env = \"HOOK\"\n",
    );
    let secret = "http://127.0.0.1:9/a-secret-path";
    let mut enable = cloud.command(&["maintenance", "enable", "--yes"]);
    let entered = crate::cloud::ended(enable.env("HOOK", secret));
    assert_eq!(entered.code, 0, "what can't be told stops nothing: {entered:?}");
    assert!(entered.out.contains("Remark: the webhook of HOOK was not told"), "{entered:?}");
    assert!(!format!("{entered:?}").contains("a-secret-path"), "{entered:?}");
    let told = std::fs::read_to_string(cloud.folder().join("told")).expect("told");
    let told: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let events: Vec<&str> = told.iter().filter_map(|one| one["event"].as_str()).collect();
    assert_eq!(events, ["began", "ended"]);
    assert_eq!(told[1]["users"], "kept out");
    assert!(told[1]["to_do"].as_str().is_some_and(|todo| todo.contains("maintenance disable")), "{told:?}");
}
