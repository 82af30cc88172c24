//! The table of parameters, and the check that reads it.

use upgrade::ParameterPlace::{Gone, Kept, New};
use upgrade::Verdict::{Failed, Passed, Warning};
use upgrade::*;

use crate::world::{RELEASE, World, of, read};

#[test]
fn three_ways_side_by_side() {
    let world = World::default();
    let new = RELEASE
        .replace("Size: {Type: String, Default: small", "Size: {Type: String, Default: large")
        .replace("Default: old-secret", "Default: new-secret")
        .replace("  Image: {Type: String, Default: ami-1}\n", "  Zone: {Type: String, Default: a}\n")
        .replace("{Ref: Image}", "ami-2");
    let before = ReleaseSide::deployed(&world.deployment).expect("the stack's own release");
    let after = read("new", &new);
    let given = [("Storage".to_owned(), "5".to_owned())].into();
    let table = parameter_table(&before, &after, &given);
    let row =
        |name: &str| table.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"));
    let three = |name: &str| {
        let row = row(name);
        (
            row.place,
            [&row.current, &row.old_default, &row.new_default, &row.will_be].map(|one| one.as_deref()),
        )
    };
    assert_eq!(three("Size"), (Kept, [Some("small"), Some("small"), Some("large"), Some("small")]));
    assert_eq!(three("Zone"), (New, [None, None, Some("a"), Some("a")]));
    assert_eq!(three("Image"), (Gone, [Some("ami-1"), Some("ami-1"), None, None]));
    assert_eq!(three("Password"), (Kept, [Some("****"); 4]));
    assert_eq!(three("Storage"), (Kept, [Some("20"), Some("20"), Some("20"), Some("5")]));
    assert!(
        row("Size").changed_default && row("Password").changed_default && !row("Storage").changed_default
    );
    assert!(row("Password").secret && row("Password").constraint_error.is_none());
    assert_eq!(row("Storage").group.as_deref(), Some("Database"));
    assert_eq!(row("Storage").label.as_deref(), Some("Storage of the database"));
    let error = row("Storage").constraint_error.as_deref().unwrap_or_default();
    assert!(error.contains("not less than 20"), "{error}");
    let names: Vec<&str> = table.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Storage", "MaximumStorage", "Password", "Size", "Zone", "Image"]);
    let text = serde_json::to_string(&table).expect("JSON");
    assert!(
        !text.contains("secret\":\"") && !text.contains("old-secret") && !text.contains("new-secret"),
        "{text}"
    );
}

#[test]
fn the_check_reads_it() {
    type Case = (&'static str, fn(&mut World), Verdict, &'static str);
    let cases: [Case; 9] = [
        ("as before", |_| {}, Passed, "In both releases: 5 parameters."),
        (
            "a default moved, and the stack stays behind",
            |w| w.rewrite("Default: small", "Default: large"),
            Warning,
            "Size: the default went from small to large, and the stack keeps small",
        ),
        (
            "a default moved, and the stack has its own value",
            |w| {
                w.rewrite("Default: small", "Default: large");
                w.deployment.parameters.insert("Size".into(), "large".into());
            },
            Passed,
            "the stack will have large",
        ),
        (
            "a default moved, and the operator has decided",
            |w| {
                w.rewrite("Default: small", "Default: large");
                w.given.insert("Size".into(), "small".into());
            },
            Passed,
            "the stack will have small",
        ),
        (
            "a secret's default moved",
            |w| w.rewrite("Default: old-secret", "Default: new-secret"),
            Passed,
            "Password: the default went from ****",
        ),
        (
            "a stored value that is no longer allowed",
            |w| w.rewrite("AllowedValues: [small, large]", "AllowedValues: [medium, large]"),
            Failed,
            "Size",
        ),
        (
            "a rule of the vendor's",
            |w| {
                w.rewrite(
                    "Resources:",
                    "Rules: {Sizes: {Assertions: [{Assert: {'Fn::Equals': [{Ref: Size}, large]}, AssertDescription: small is no longer sold}]}}\nResources:",
                );
            },
            Failed,
            "small is no longer sold",
        ),
        (
            "a secret in the plan",
            |w| {
                w.given.insert("Password".into(), "new-secret".into());
            },
            Failed,
            "keeps no secrets",
        ),
        (
            "not in the release",
            |w| {
                w.given.insert("Colour".into(), "blue".into());
            },
            Failed,
            "Colour",
        ),
    ];
    for (name, spoil, verdict, words) in cases {
        let mut world = World::default();
        spoil(&mut world);
        let results = world.check();
        let result = of(&results, "parameters");
        let text = result.evidence.join("\n");
        assert_eq!(result.verdict, verdict, "{name}: {result:#?}");
        assert!(text.contains(words), "{name}: {text}");
        assert!(!text.contains("old-secret") && !text.contains("new-secret"), "{name}: {text}");
    }
}

/// A secret that AWS shows as `****` is taken for its default where the stack's resources fit only that; its text is told nowhere.
#[test]
fn a_secret_known_by_the_resources_is_told_nowhere() {
    let mut world = World::default();
    let condition = "Conditions: {Own: !Not [!Equals [!Ref Password, old-secret]]}\nResources:\n";
    let with_condition = |text: &str| {
        text.replace("Resources:\n", condition)
            .replace("  Topic:\n", "  Hook: {Type: AWS::SNS::Topic, Condition: Own}\n  Topic:\n")
            .replace("TopicName: lab-events", "TopicName: lab-events, DisplayName: !Sub 'by ${Password}'")
    };
    world.deployment.template = with_condition(RELEASE);
    world.new_template = with_condition(&world.new_template).replace("'by ${", "'now by ${");
    let before = ReleaseSide::deployed(&world.deployment).expect("the stack's own release");
    assert_eq!(before.parameters.0.get("Password").map(|one| one.text.as_str()), Some("old-secret"));

    let drafted = world.draft().expect("an update");
    let update = serde_json::to_value(&drafted.update).expect("JSON");
    assert!(update.to_string().contains("DisplayName"), "the change is foretold: {update}");
    let checks = serde_json::to_value(world.check()).expect("JSON");
    for told in [
        update.to_string(),
        checks.to_string(),
        format!("{:?} {:?}", drafted.risks, drafted.before.parameters),
    ] {
        assert!(!told.contains("old-secret"), "{told}");
    }
}
