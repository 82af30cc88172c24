//! How long an update takes, by which path, and where it can't be taken back.

use changeset::durations::{Operation, Provenance};
use changeset::estimate::{Estimate, OwnEvents, TimedEvent, estimate};
use changeset::expect::expectations;
use changeset::predict::{Deployed, Mode, predict};
use template::{Outside, Template};

use crate::support::{Resolved, real_pseudo};

fn estimated(before: &str, after: &str, own: &OwnEvents) -> Estimate {
    let side = |resources: &str| {
        let text = format!("Resources:\n  {resources}\n");
        let template = Template::parse("t", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        Resolved::new(template, &Default::default(), None, &Default::default())
    };
    let (before, after) = (side(before), side(after));
    let (pseudo, outside, deployed) = (real_pseudo(), Outside::default(), Deployed::default());
    let (before, after) = (before.evaluation(&pseudo, &outside), after.evaluation(&pseudo, &outside));
    let said = |mode| predict(Some(&before), &after, &deployed, mode).expect("a prediction");
    let (plain, values) = (said(Mode::Plain), said(Mode::Values));
    let expected = expectations(Some(&before), &after, &deployed, &plain, &values).expect("expectations");
    estimate(Some(&before), &after, &expected, own).expect("no circle")
}

fn event(at_seconds: f64, logical_id: &str, resource_type: &str, status: &str) -> TimedEvent {
    let text = str::to_owned;
    TimedEvent {
        at_seconds,
        logical_id: text(logical_id),
        resource_type: text(resource_type),
        status: text(status),
    }
}

const BEFORE: &str =
    "D: {Type: 'AWS::RDS::DBInstance', Properties: {EngineVersion: '15.4', AllocatedStorage: '20'}}
  P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !GetAtt D.Endpoint.Address}}
  Q: {Type: 'AWS::SQS::Queue'}";

#[test]
fn the_path_follows_what_needs_what_and_the_clean_up_comes_last() {
    let after =
        "D: {Type: 'AWS::RDS::DBInstance', Properties: {EngineVersion: '15.7', AllocatedStorage: '20'}}
  P: {Type: 'AWS::SSM::Parameter', DependsOn: D, Properties: {Type: String, Value: changed}}";
    let found = estimated(BEFORE, after, &OwnEvents::default());
    let path: Vec<(&str, Operation)> =
        found.critical_path.iter().map(|one| (one.logical_id.as_str(), one.operation)).collect();
    assert_eq!(path, [("D", Operation::Update), ("P", Operation::Update), ("Q", Operation::Delete)]);
    let ends: Vec<u64> = found.critical_path.iter().map(|one| one.begins_seconds).collect();
    assert!(ends.is_sorted(), "{ends:?}");
    assert_eq!(found.update_seconds, found.critical_path[2].begins_seconds);
    assert!(found.clean_up_seconds > 0);
}

#[test]
fn a_later_engine_is_the_point_of_no_return_and_a_minor_change_is_none() {
    let point = |after: &str| {
        estimated(BEFORE, &BEFORE.replace("'15.4', AllocatedStorage: '20'", after), &OwnEvents::default())
            .point_of_no_return
    };
    let engine = point("'15.7', AllocatedStorage: '20'").expect("a point");
    assert_eq!((engine.logical_id.as_str(), engine.more), ("D", 0));
    assert!(engine.why.starts_with("EngineVersion changes"), "{}", engine.why);
    assert!(point("'15.4', AllocatedStorage: '40'").is_some());
    assert_eq!(point("'15.4', AllocatedStorage: '20', DeletionProtection: true"), None);
}

#[test]
fn own_events_of_the_stack_come_first() {
    let own = OwnEvents::of_events(vec![
        event(400.0, "D", "AWS::RDS::DBInstance", "UPDATE_COMPLETE"),
        event(100.0, "D", "AWS::RDS::DBInstance", "UPDATE_IN_PROGRESS"),
        event(110.0, "X", "AWS::SSM::Parameter", "UPDATE_IN_PROGRESS"),
        event(117.0, "X", "AWS::SSM::Parameter", "UPDATE_COMPLETE"),
        event(120.0, "Y", "AWS::SSM::Parameter", "UPDATE_IN_PROGRESS"),
        event(500.0, "Y", "AWS::SSM::Parameter", "UPDATE_FAILED"),
        event(600.0, "Z", "AWS::SSM::Parameter", "UPDATE_COMPLETE"),
    ]);
    assert_eq!(own.len(), 2);
    let database = own.figure("D", "AWS::RDS::DBInstance", Operation::Update);
    assert_eq!((database.seconds, database.provenance), (300, Provenance::OwnEvents));
    // Another resource of a type that has been seen.
    let parameter = own.figure("P", "AWS::SSM::Parameter", Operation::Update);
    assert_eq!((parameter.seconds, parameter.provenance), (7, Provenance::OwnEvents));
    assert_ne!(own.figure("P", "AWS::SSM::Parameter", Operation::Create).provenance, Provenance::OwnEvents);
}
