//! PagerDuty's Events API v2 ("Send an Alert Event"): an alert is open while a run needs somebody. What needs nobody closes it;
//! a beginning is no alert.

use platform::Secret;
use serde_json::{Value, json};

use super::message::{Message, Urgency, shortened};
use crate::words::iso8601;

/// The most that each takes ("Parameters").
const SUMMARY_CHARACTERS: usize = 1024;
const KEY_CHARACTERS: usize = 255;
/// An event has at most 512 KB.
const DETAIL_CHARACTERS: usize = 20_000;

/// The events that a message is, in their order.
pub(super) fn bodies(message: &Message, routing_key: &Secret, panel_url: Option<&str>) -> Vec<Value> {
    let trigger = || triggered(message, routing_key, panel_url);
    match (message.event, message.urgency) {
        ("began", _) => Vec::new(),
        // A test wakes nobody for longer than it takes to see that it arrives.
        ("test", _) => vec![trigger(), resolved(message, routing_key)],
        (_, Urgency::Told) => vec![resolved(message, routing_key)],
        (_, Urgency::Look | Urgency::Act) => vec![trigger()],
    }
}

/// One alert a run.
fn dedup_key(message: &Message) -> String {
    shortened(&format!("slackwater/{}/{}", message.deployment, message.run_id), KEY_CHARACTERS)
}

fn triggered(message: &Message, routing_key: &Secret, panel_url: Option<&str>) -> Value {
    let Message { urgency, deployment, stack, run_id, subject, text, link, .. } = message;
    let severity = match urgency {
        Urgency::Told => "info",
        Urgency::Look => "warning",
        Urgency::Act => "critical",
    };
    let links = link.iter().map(|link| json!({"href": link, "text": "Open it in the Admin Panel"}));
    let mut event = json!({
        "routing_key": routing_key.expose(),
        "event_action": "trigger",
        "dedup_key": dedup_key(message),
        "client": "Slackwater",
        "links": links.collect::<Vec<_>>(),
        "payload": {
            "summary": shortened(subject, SUMMARY_CHARACTERS),
            "source": stack,
            "severity": severity,
            "timestamp": iso8601(message.at),
            "component": deployment,
            "class": message.event,
            "custom_details": {
                "text": shortened(text, DETAIL_CHARACTERS), "deployment": deployment, "stack": stack, "run": run_id,
            },
        },
    });
    if let Some(url) = panel_url {
        event["client_url"] = json!(url);
    }
    event
}

fn resolved(message: &Message, routing_key: &Secret) -> Value {
    json!({
        "routing_key": routing_key.expose(), "event_action": "resolve", "dedup_key": dedup_key(message),
    })
}
