//! An upgrade rehearsed in the panel, over a cloud as it is.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::{Cloud, sample};
use crate::panel::{Browser, Served};

fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {head}\n{body}"))
}

fn get(served: &Served, browser: &Browser, path: &str) -> String {
    served.ask("GET", path, &[("cookie", &browser.cookie)], "")
}

/// What the API says there, once it isn't this word any more. Other tests take their part of the machine: it is waited for long.
fn after(served: &Served, browser: &Browser, path: &str, word: &str) -> Value {
    for _ in 0..3_000 {
        let found = body(&get(served, browser, &format!("/api/v1{path}")));
        if found["standing"] != word {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{path} is {word} for ever");
}

#[test]
fn the_sample_is_rehearsed_in_the_panel_before_its_upgrade_is_approved() {
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let panel = "[panel]\nrehearsal_required = true\nrehearsal_runs = 3\n";
    cloud.write("slackwater.toml", &format!("{settings}{panel}"));
    let served = Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let release = std::fs::read_to_string(sample("1.1.0")).expect("the sample");
    let sent = json!({"fileName": "1.1.0.yaml", "file": release}).to_string();
    let made = served.send(&ada, "POST", "/deployments/production/proposals", "propose", &sent);
    let path = format!("/proposals/{}", body(&made)["proposalId"].as_str().expect("an id"));
    let looked = after(&served, &ada, &path, "looking");
    let open = looked["preparation"]["inTheWay"].as_array().expect("a list");
    let accept: serde_json::Map<String, Value> =
        open.iter().map(|id| (id.as_str().expect("an id").to_owned(), json!("it is a sample"))).collect();
    let changed = served.send(&ada, "PATCH", &path, "accept", &json!({"accept": accept}).to_string());
    assert!(changed.starts_with("HTTP/1.1 200"), "{changed}");
    let looked = after(&served, &ada, &path, "looking");
    let found = &looked["preparation"];
    let approval = json!({"planSha256": found["planSha256"], "capabilities": found["capabilities"], "losses": found["foretold"]["losses"]});
    let approve =
        |key: &str| served.send(&ada, "POST", &format!("{path}/approve"), key, &approval.to_string());
    let early = approve("approve early");
    assert!(early.starts_with("HTTP/1.1 409") && early.contains("A rehearsal is wanted"), "{early}");

    let begun = served.press(&ada, &format!("{path}/rehearse"), "rehearse");
    assert_eq!(body(&begun)["standing"], "under-way", "{begun}");
    let own = format!("{path}/rehearsal");
    let done = after(&served, &ada, &own, "under-way");
    assert_eq!(done["standing"], "done", "{done}");
    let rehearsal = &done["rehearsal"];
    assert_eq!((&rehearsal["runs"], &rehearsal["ends"][0]["end"]), (&json!(3), &json!("finished")));
    let sentence = rehearsal["summary"].as_str().expect("a sentence");
    assert!(sentence.starts_with("rehearsed 3 times: users out "), "{sentence}");
    let failures = &rehearsal["failures"];
    let grave = failures["needAPerson"].as_array().expect("a list");
    assert!(failures["tried"].as_u64().is_some_and(|tried| tried > grave.len() as u64), "{failures}");
    let rolled_back = grave.iter().find(|one| one["wayOut"]["answer"] == "skip").expect("a failed rollback");
    assert_eq!(rolled_back["wayOut"]["stackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    let unknown = rehearsal["notSimulated"].to_string();
    assert!(!unknown.contains("it is made up"), "the deployment was looked at: {unknown}");

    let review = get(&served, &ada, "/deployments/production/upgrade/review");
    assert!(review.contains(sentence) && review.contains("Approve this plan"), "{review}");
    let page = get(&served, &ada, &own);
    for told in [sentence, "What this is worth", "class=\"critical\"", "class=\"bin\"", "The way out"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("<style"), "the panel's own style has the pictures' colours");
    let approved = approve("approve");
    assert!(approved.starts_with("HTTP/1.1 200"), "{approved}");
    let events = body(&served.ask("GET", "/api/v1/runs", &[("cookie", &ada.cookie)], ""));
    assert_eq!(events["runs"], json!([]), "nothing of the deployment was touched");
}
