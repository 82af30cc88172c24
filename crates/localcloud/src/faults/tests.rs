//! The document, and the control endpoint through [`World::handle`](crate::World::handle). What the faults do to calls is
//! tested at the wire, in `tests/faults.rs`.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{FaultPhase, Faults, SlowResource};
use crate::cloudformation::provisioner;
use crate::services::testing::{Bench, desired};
use crate::wire::Service;

#[test]
fn what_is_no_document_is_said() {
    for (text, part) in [
        ("{", "these are no faults"),
        ("[1]", "these are no faults"),
        (r#"{"resource": []}"#, "unknown field `resource`"),
        (
            r#"{"calls": [{"service": "batch", "operation": "*", "answer": "shrug"}]}"#,
            "unknown variant `shrug`",
        ),
        (
            r#"{"calls": [{"service": "bitch", "operation": "*", "answer": "server_error"}]}"#,
            "calls[0]: no service",
        ),
        (
            r#"{"calls": [{"service": "slackwater", "operation": "*", "answer": "server_error"}]}"#,
            "slackwater",
        ),
        (
            r#"{"calls": [{"service": "sts", "operation": "*", "next": -1, "answer": "server_error"}]}"#,
            "no faults",
        ),
        (
            r#"{"calls": [{"service": "sts", "operation": "*", "answer": "conditional_request_conflict"}]}"#,
            "calls[0]: conditional_request_conflict is an answer of s3",
        ),
        (r#"{"slow": [{"stack": "s", "logical_id": "r", "times": 0.5}]}"#, "slow[0]: times"),
        (r#"{"slow": [{"stack": "s", "logical_id": "r", "times": 1e300}]}"#, "slow[0]: times"),
        (
            r#"{"throttle": [{"service": "sts", "operation": "*", "burst": 1, "per_second": -1}]}"#,
            "per_second",
        ),
        (r#"{"resources": [{"stack": "s", "logical_id": "r", "phase": "birth", "reason": "x"}]}"#, "birth"),
        (r#"{"hooks": [{"type": "Acme::Guard", "stack": "s"}]}"#, "hooks[0]: type must be"),
        (
            r#"{"hooks": [{"type": "Acme::Guard::Hook", "stack": "s", "mode": "STOP"}]}"#,
            "unknown variant `STOP`",
        ),
        (
            r#"{"hooks": [{"type": "Acme::Guard::Hook", "stack": "s", "logical_id": "r", "target": "CHANGE_SET"}]}"#,
            "hooks[0]: a hook of change sets",
        ),
    ] {
        let error = Faults::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    let many = json!({"slow": vec![json!({"stack": "s", "logical_id": "r", "times": 2}); 1001]});
    assert!(Faults::from_json(&many).is_err());
    assert_eq!(Faults::parse("{}").expect("empty"), Faults::default());
}

#[test]
fn a_document_is_set_shown_and_cleared() {
    let mut bench = Bench::new(Service::Control);
    let document = json!({
        "resources": [{"stack": "s", "logical_id": "r", "phase": "rollback", "reason": "no"}],
        "slow": [{"stack": "s", "logical_id": "r", "times": 3.0}],
        "hooks": [{
            "type": "Acme::Guard::Hook", "stack": "s", "target": "RESOURCE", "mode": "WARN", "fails": true, "reason": "no",
            "advice": "don't",
        }],
        "calls": [{"service": "batch", "operation": "*", "after": 1, "next": 2, "answer": "lose_response"}],
        "throttle": [],
        "throttling": false,
    });
    assert_eq!(bench.ok(0, "PutFaults", document.clone()), document);
    assert_eq!(bench.ok(0, "GetFaults", json!({})), document);
    let reason = |bench: &Bench| bench.world.faults.reason("s", "r", FaultPhase::Rollback);
    assert_eq!(reason(&bench), Some("no".to_owned()));
    let left = |bench: &mut Bench| {
        bench.ok(0, "UseFault", json!({"place": 0}));
        let fault = bench.ok(0, "GetFaults", json!({}))["calls"][0].clone();
        (fault["after"].clone(), fault["next"].clone())
    };
    let counts: Vec<(Value, Value)> = (0..4).map(|_| left(&mut bench)).collect();
    assert_eq!(counts, [(0, 2), (0, 1), (0, 0), (0, 0)].map(|(after, next)| (json!(after), json!(next))));
    assert!(bench.world.faults.call("batch", "ListJobs").is_none(), "used up");
    bench.refused(0, "PutFaults", json!({"x": 1}), "ValidationException", "unknown field `x`");
    assert_eq!(reason(&bench), Some("no".to_owned()), "a refusal changes nothing");
    bench.ok(0, "DeleteFaults", json!({}));
    assert_eq!(reason(&bench), None);
}

#[test]
fn a_slow_resource_takes_so_many_times_as_long() {
    let mut bench = Bench::new(Service::Control);
    let create = |bench: &mut Bench| {
        let (owner, properties) = (bench.owner().clone(), IndexMap::new());
        let topic = desired(&owner, "AWS::SNS::Topic", "Topic", &properties, None);
        provisioner::create(&mut bench.world, &topic).expect("topic").extra
    };
    assert_eq!(create(&mut bench), Duration::ZERO);
    let slow = json!({"slow": [{"stack": "Stack", "logical_id": "Topic", "times": 4}]});
    bench.ok(0, "PutFaults", slow);
    // A topic takes four seconds.
    assert_eq!(create(&mut bench), Duration::from_secs(12));
    assert_eq!(SlowResource::added(1.0, Duration::from_secs(7)), Duration::ZERO);
}
