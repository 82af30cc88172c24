//! The document's schemas: what is sent and what comes back, as JSON Schema.

use serde_json::{Value, json};

use crate::access::LEAST_PASSWORD;
use crate::act::MOST_TEMPLATE_BYTES;

/// All of them, by name.
pub(super) fn all() -> Value {
    let mut all = runs();
    for more in [proposals(), people()] {
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
    }
    all
}

fn text() -> Value {
    json!({"type": "string"})
}

fn maybe() -> Value {
    json!({"type": ["string", "null"]})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn maybe_time() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn runs() -> Value {
    let summary = json!({"type": "object", "required": ["runId", "deployment", "kind", "standing", "ended"], "properties": {
        "runId": text(), "deployment": text(), "stack": text(), "kind": {"enum": ["upgrade", "enter-maintenance", "leave-maintenance"]},
        "fromVersion": maybe(), "toVersion": maybe(), "startedAt": time(), "lastAt": time(), "standing": text(),
        "ended": {"type": "boolean"}, "outcome": {"type": ["object", "null"]},
        "proposedBy": maybe(), "approvedBy": maybe(), "approvedAt": maybe_time(), "begunBy": maybe(),
    }});
    let maintenance = json!({"type": ["object", "null"], "properties": {"runId": text(), "since": maybe_time(), "by": maybe()}});
    let seen = json!({"type": ["object", "null"], "properties": {
        "at": time(), "stackStatus": text(), "version": maybe(), "gate": {"enum": ["open", "closed", "none"]},
        "doors": list(json!({"type": "object", "required": ["listenerArn", "closed"], "properties": {
            "listenerArn": text(), "closed": {"type": "boolean"}}})),
        "maintenance": maintenance.clone(), "stillToPutBack": list(text()),
        "notComeBack": list(text()), "notRunning": list(text())}});
    let mut run = summary.clone();
    if let Some(properties) = run.get_mut("properties").and_then(Value::as_object_mut) {
        let more = [
            ("found", maintenance),
            ("seen", seen),
            ("carriedOut", json!({"type": "boolean"})),
            (
                "carriedOutBy",
                json!({"type": ["object", "null"], "properties": {"holder": text(), "doing": text(), "at": time()}}),
            ),
            ("waitingOn", list(text())),
            ("until", json!({"type": ["object", "null"], "properties": {"at": time(), "then": text()}})),
            ("cameBack", list(text())),
            ("stillToPutBack", list(text())),
            ("leftBehind", list(text())),
        ];
        properties.extend(more.map(|(name, schema)| (name.to_owned(), schema)));
    }
    json!({
        "Problem": {"type": "object", "required": ["title", "status"], "properties": {
            "type": text(), "title": text(), "status": {"type": "integer"}, "detail": text(),
            "errors": list(json!({"type": "object", "required": ["field", "detail"], "properties": {"field": text(), "detail": text()}}))}},
        "Deployments": {"type": "object", "required": ["deployments"], "properties": {"deployments": list(json!({
            "type": "object", "required": ["name"], "properties": {"name": text(), "stack": text(), "region": text()}}))}},
        "Deployment": {"type": "object", "required": ["name", "at", "gate"], "properties": {
            "name": text(), "at": time(), "version": maybe(), "stackStatus": text(),
            "gate": {"enum": ["open", "closed", "none", "unknown"]}, "doors": list(text()), "gateRun": maybe(), "gateSince": maybe_time(), "gateBy": maybe(),
            "takenAway": {"type": "object"},
            "jobs": {"type": "object"}, "workers": {"type": "object"}, "services": {"type": "object"}, "sessions": {"type": ["object", "null"]}}},
        "Runs": {"type": "object", "required": ["runs"], "properties": {"runs": list(summary), "nextBefore": maybe()}},
        "Run": run,
        "Lines": {"type": "object", "required": ["lines"], "properties": {"lines": list(json!({
            "type": "object", "required": ["number", "at", "kind", "text"], "properties": {
                "number": {"type": "integer"}, "at": time(), "kind": text(), "text": text()}})),
            "nextBefore": {"type": ["integer", "null"]}}},
        "Answer": {"type": "object", "required": ["answer"], "additionalProperties": false, "properties": {
            "answer": {"enum": ["retry", "skip", "look-again", "go-back", "open", "stay-closed", "close-again", "go-on", "stop-here"]}, "skip": list(text())}},
        "Maintenance": {"type": "object", "additionalProperties": false, "properties": {
            "message": {"type": ["string", "null"], "minLength": 1, "maxLength": 500}, "noticeSeconds": {"type": ["integer", "null"], "minimum": 0, "maximum": u32::MAX},
            "graceSeconds": {"type": ["integer", "null"], "minimum": 0, "maximum": u32::MAX},
            "escalation": {"enum": ["wait", "stop", "force", null]}, "forceSessions": list(text())}},
        "Leaving": {"type": "object", "additionalProperties": false, "properties": {
            "stopRun": {"type": "boolean", "description": "A run that is carried out is asked to stop."},
            "whileUpdating": {"type": "boolean", "description": "Users are let in though the stack is being updated."},
            "althoughUnhealthy": {"type": "boolean", "description": "Users are let in though the platform isn't healthy."}}},
        "Started": {"type": "object", "required": ["runId"], "properties": {"runId": text()}},
        "Banner": {"type": "object", "required": ["text", "level"], "additionalProperties": false, "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": 500}, "level": {"enum": ["info", "warning", "critical"]},
            "from": maybe_time(), "until": maybe_time()}},
        "Audit": {"type": "object", "required": ["entries"], "properties": {"entries": list(json!({
            "type": "object", "required": ["number", "at", "who", "address", "act", "object", "endedAt", "done", "detail"], "properties": {
                "number": {"type": "integer"}, "at": time(), "who": text(), "address": text(), "act": text(), "object": text(),
                "endedAt": maybe_time(), "done": {"type": ["boolean", "null"]}, "detail": text()}})),
            "nextBefore": {"type": ["integer", "null"]}}},
    })
}

fn proposals() -> Value {
    let arns = json!({"type": ["array", "null"], "items": text(), "maxItems": 5});
    let tags = json!({"type": ["object", "null"], "additionalProperties": text(), "maxProperties": 50});
    let options = json!({"type": ["object", "null"], "additionalProperties": false, "properties": {
        "roleArn": maybe(), "tags": tags, "notificationArns": arns, "rollbackTriggers": arns}});
    let template = json!({"type": "object", "additionalProperties": false, "properties": {
        "url": maybe(), "release": maybe(), "fileName": maybe(),
        "file": {"type": ["string", "null"], "maxLength": MOST_TEMPLATE_BYTES}}});
    let proposal = json!({"type": "object", "required": ["proposalId", "deployment", "standing"], "properties": {
        "proposalId": text(), "deployment": text(), "proposedBy": text(), "authors": list(text()), "proposedAt": time(),
        "template": {"type": "object", "properties": {"kind": {"enum": ["url", "file", "release"]}, "text": text()}},
        "parameters": {"type": "object", "additionalProperties": text()}, "accepted": list(json!({"type": "object"})),
        "options": {"type": "object"}, "forceSessions": list(text()), "closesAt": maybe_time(),
        "standing": {"enum": ["not-looked-at", "looking", "look-failed", "looked-at", "approved", "begun", "discarded"]},
        "reason": maybe(), "approvedBy": maybe(), "approvedAt": maybe_time(), "approvedPlan": maybe(), "runId": maybe(),
        "begunBy": maybe(),
        "preparation": {"type": ["object", "null"], "properties": {
            "at": time(), "toVersion": maybe(), "checks": list(json!({"type": "object"})), "parameters": list(json!({"type": "object"})),
            "foretold": {"type": ["object", "null"]}, "atWork": {"type": "object"}, "expectation": text(),
            "capabilities": list(text()), "planSha256": maybe(), "inTheWay": list(text()), "noPlanBecause": maybe()}}}});
    json!({
        "Releases": {"type": "object", "required": ["releases"], "properties": {"releases": list(json!({
            "type": "object", "required": ["version"], "properties": {
                "version": text(), "fromAtLeast": maybe(), "requiredStop": {"type": "boolean"}, "notes": maybe()}}))}},
        "Template": template.clone(),
        "Proposals": {"type": "object", "required": ["proposals"], "properties": {
            "proposals": list(proposal.clone()), "nextBefore": maybe()}},
        "Proposal": proposal,
        "ProposalChange": {"type": "object", "additionalProperties": false, "properties": {
            "template": {"anyOf": [template, {"type": "null"}]},
            "parameters": {"type": "object", "additionalProperties": maybe()},
            "options": options, "forceSessions": {"type": ["array", "null"], "items": text()},
            "closesAt": maybe(), "accept": {"type": "object", "additionalProperties": text()}}},
        "Approval": {"type": "object", "required": ["planSha256"], "additionalProperties": false, "properties": {
            "planSha256": text(), "capabilities": list(text()), "losses": list(text())}},
        "Begin": {"type": "object", "additionalProperties": false, "properties": {"withoutNotice": {"type": "boolean"}}},
    })
}

fn people() -> Value {
    let role = json!({"enum": ["viewer", "operator", "admin"]});
    let password = json!({"type": "string", "minLength": LEAST_PASSWORD, "maxLength": 1024});
    // The asker's own password goes with each.
    let sent = |required: &[&str], properties: Value| {
        let mut properties = properties;
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("current".to_owned(), json!({"type": "string", "minLength": 1}));
        }
        let required = [required, &["current"]].concat();
        json!({"type": "object", "required": required, "additionalProperties": false, "properties": properties})
    };
    json!({
        "People": {"type": "object", "required": ["people"], "properties": {"people": list(json!({
            "type": "object", "required": ["name", "role", "disabled"], "properties": {
                "name": text(), "role": role, "disabled": {"type": "boolean"}, "createdAt": time(), "signedInAt": maybe_time()}}))}},
        "NewPerson": sent(&["name", "password", "role"], json!({
            "name": {"type": "string", "minLength": 1, "maxLength": 64}, "password": password, "role": role})),
        "PersonChange": sent(&["role"], json!({"role": role, "disabled": {"type": "boolean"}})),
        "NewPassword": sent(&["password"], json!({"password": password})),
        "OwnPassword": sent(&["new"], json!({"new": password})),
        "Confirmation": sent(&[], json!({})),
        "Tokens": {"type": "object", "required": ["tokens"], "properties": {"tokens": list(json!({
            "type": "object", "required": ["id", "name", "person", "role", "revoked"], "properties": {
                "id": {"type": "integer"}, "name": text(), "person": text(), "role": role, "revoked": {"type": "boolean"},
                "createdAt": time(), "expiresAt": time(), "usedAt": maybe_time()}}))}},
        "NewToken": sent(&["name", "role", "days"], json!({
            "name": {"type": "string", "minLength": 1, "maxLength": 64}, "role": role,
            "days": {"type": "integer", "minimum": 1, "maximum": 366}})),
        "MintedToken": {"type": "object", "required": ["name", "secret"], "properties": {"name": text(), "secret": text()}},
    })
}
