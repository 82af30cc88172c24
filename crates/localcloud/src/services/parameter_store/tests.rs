//! The parameter store through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const TYPE: &str = "AWS::SSM::Parameter";

fn put(bench: &mut Bench, name: &str, value: &str, kind: &str) {
    let input = json!({"Name": name, "Value": value, "Type": kind, "Overwrite": true});
    bench.ok(0, "PutParameter", input);
}

fn bench() -> Bench {
    let mut bench = Bench::new(Service::ParameterStore);
    for (name, value, kind) in [
        ("/app/host", "h1", "String"),
        ("/app/host", "h2", "String"),
        ("/app/db/password", "very secret", "SecureString"),
        ("/app/db/hosts", "a,b", "StringList"),
        ("/apple", "fruit", "String"),
        ("plain", "p", "String"),
    ] {
        put(&mut bench, name, value, kind);
    }
    bench
}

fn names(answer: &Value) -> Vec<&str> {
    let list = answer["Parameters"].as_array().expect("parameters");
    list.iter().map(|parameter| parameter["Name"].as_str().expect("name")).collect()
}

#[test]
fn parameters_are_read_by_name_version_and_path() {
    let mut bench = bench();
    for (input, value, version) in [
        (json!({"Name": "/app/host"}), "h2", 2),
        (json!({"Name": "/app/host:1"}), "h1", 1),
        (json!({"Name": "plain"}), "p", 1),
        (json!({"Name": "arn:aws:ssm:us-east-1:000000000000:parameter/app/host"}), "h2", 2),
        (json!({"Name": "arn:aws:ssm:us-east-1:000000000000:parameter/plain"}), "p", 1),
        (json!({"Name": "/app/db/password", "WithDecryption": true}), "very secret", 1),
    ] {
        let found = bench.ok(0, "GetParameter", input.clone())["Parameter"].clone();
        assert_eq!((&found["Value"], &found["Version"]), (&json!(value), &json!(version)), "{input}");
    }
    let hidden = bench.ok(0, "GetParameter", json!({"Name": "/app/db/password"}));
    assert_ne!(hidden["Parameter"]["Value"], "very secret");
    let several = bench.ok(0, "GetParameters", json!({"Names": ["plain", "no", "/app/host"]}));
    assert_eq!(names(&several), ["plain", "/app/host"]);
    assert_eq!(several["InvalidParameters"], json!(["no"]));
    for (input, expected) in [
        (json!({"Path": "/app"}), &["/app/host"][..]),
        (json!({"Path": "/app/", "Recursive": true}), &["/app/db/hosts", "/app/db/password", "/app/host"]),
        (json!({"Path": "/"}), &["/apple"]),
        (json!({"Path": "/nothing"}), &[]),
    ] {
        assert_eq!(names(&bench.ok(0, "GetParametersByPath", input.clone())), expected, "{input}");
    }
    let first =
        bench.ok(0, "GetParametersByPath", json!({"Path": "/app", "Recursive": true, "MaxResults": 2}));
    let next = json!({"Path": "/app", "Recursive": true, "NextToken": first["NextToken"]});
    assert_eq!(names(&bench.ok(0, "GetParametersByPath", next)), ["/app/host"]);
    let history = bench.ok(0, "GetParameterHistory", json!({"Name": "/app/host"}));
    let values: Vec<&Value> =
        history["Parameters"].as_array().expect("list").iter().map(|one| &one["Value"]).collect();
    assert_eq!(values, ["h1", "h2"]);
    let public = bench.ok(0, "GetParameter", json!({"Name": "/aws/service/ami-amazon-linux-latest/al2023"}));
    assert!(public["Parameter"]["Value"].as_str().is_some_and(|value| value.starts_with("ami-")));
    assert!(!format!("{:?}", bench.world).contains("very secret"));
}

#[test]
fn parameters_are_described_by_filter() {
    let mut bench = bench();
    for (filter, expected) in [
        (json!({"Key": "Name", "Option": "BeginsWith", "Values": ["/app/"]}), 3),
        (json!({"Key": "Name", "Option": "Contains", "Values": ["pp"]}), 4),
        (json!({"Key": "Name", "Values": ["plain"]}), 1),
        (json!({"Key": "Type", "Values": ["SecureString", "StringList"]}), 2),
        (json!({"Key": "Path", "Option": "Recursive", "Values": ["/app"]}), 3),
        (json!({"Key": "Path", "Values": ["/app"]}), 1),
    ] {
        let found = bench.ok(0, "DescribeParameters", json!({"ParameterFilters": [filter]}));
        assert_eq!(names(&found).len(), expected, "{filter}");
        assert!(found["Parameters"][0].get("Value").is_none());
    }
    bench.refused(
        0,
        "DescribeParameters",
        json!({"ParameterFilters": [{"Key": "Colour"}]}),
        "InvalidFilterKey",
        "not valid",
    );
}

#[test]
fn refusals_are_in_its_words() {
    let mut bench = bench();
    let long = "x".repeat(4097);
    let deep = "/a".repeat(16);
    let eleven: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    for (operation, input, code, part) in [
        ("GetParameter", json!({"Name": "no"}), "ParameterNotFound", ""),
        ("GetParameter", json!({"Name": "plain:2"}), "ParameterVersionNotFound", "version 2 of plain"),
        ("GetParameter", json!({}), "ValidationException", "'name'"),
        ("GetParameters", json!({"Names": eleven}), "ValidationException", "less than or equal to 10"),
        ("GetParametersByPath", json!({"Path": "app"}), "ValidationException", "begin with a slash"),
        ("DeleteParameter", json!({"Name": "no"}), "ParameterNotFound", ""),
        (
            "PutParameter",
            json!({"Name": "plain", "Value": "x", "Type": "String"}),
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ),
        ("PutParameter", json!({"Name": "new", "Value": "x"}), "ValidationException", "type is required"),
        (
            "PutParameter",
            json!({"Name": "new", "Value": "x", "Type": "Text"}),
            "ValidationException",
            "'Text'",
        ),
        (
            "PutParameter",
            json!({"Name": "a/b", "Value": "x", "Type": "String"}),
            "ValidationException",
            "fully qualified",
        ),
        (
            "PutParameter",
            json!({"Name": "/aws/x", "Value": "x", "Type": "String"}),
            "AccessDeniedException",
            "reserved",
        ),
        (
            "PutParameter",
            json!({"Name": "a b", "Value": "x", "Type": "String"}),
            "ValidationException",
            "symbols",
        ),
        (
            "PutParameter",
            json!({"Name": deep, "Value": "x", "Type": "String"}),
            "HierarchyLevelLimitExceededException",
            "15 levels",
        ),
        (
            "PutParameter",
            json!({"Name": "n", "Value": long, "Type": "String"}),
            "ValidationException",
            "4096",
        ),
        ("DescribeParameters", json!({"NextToken": "%"}), "InvalidNextToken", "not valid"),
        ("Dance", json!({}), "UnknownOperationException", ""),
    ] {
        bench.refused(0, operation, input, code, part);
    }
    let gone = bench.ok(0, "DeleteParameters", json!({"Names": ["plain", "no"]}));
    assert_eq!(gone, json!({"DeletedParameters": ["plain"], "InvalidParameters": ["no"]}));
}

#[test]
fn stacks_and_the_api_see_the_same_parameters() {
    let mut bench = bench();
    assert_eq!(bench.world.parameter_store.value_for_stacks("/app/host").as_deref(), Some("h2"));
    assert_eq!(bench.world.parameter_store.value_for_stacks("/app/db/password"), None);
    let properties = json!({"Name": "/stack/x", "Type": "String", "Value": "1"});
    bench.create(TYPE, "Parameter", properties).expect("created");
    let found = bench.ok(0, "GetParameter", json!({"Name": "/stack/x"}));
    assert_eq!((&found["Parameter"]["Value"], &found["Parameter"]["Version"]), (&json!("1"), &json!(1)));
    let properties = json!({"Name": "/stack/x", "Type": "String", "Value": "2"});
    bench.update(TYPE, "/stack/x", properties).expect("updated");
    let found = bench.ok(0, "GetParameter", json!({"Name": "/stack/x"}));
    assert_eq!((&found["Parameter"]["Value"], &found["Parameter"]["Version"]), (&json!("2"), &json!(2)));
    bench.finish_delete(TYPE, "/stack/x");
    bench.refused(0, "GetParameter", json!({"Name": "/stack/x"}), "ParameterNotFound", "");
    let taken = json!({"Name": "plain", "Type": "String", "Value": "1"});
    let error = bench.create(TYPE, "Taken", taken).expect_err("taken");
    assert_eq!(error.reason, "plain already exists");
}
