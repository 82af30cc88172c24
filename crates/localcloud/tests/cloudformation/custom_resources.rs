//! Custom resources: their functions aren't run; they answer success, or what the control document says.

use localcloud::wire::Service;
use localcloud::{Faults, Input};
use serde_json::{Value, json};

use crate::support::{Cloud, lines, template};

fn stack(word: &str) -> Value {
    template(json!({
        "C": {"Type": "Custom::Lookup", "Properties": {"ServiceToken": "arn:aws:lambda:::function:f", "Word": word}},
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Type": "String", "Value": {"Fn::Join": ["/", [{"Ref": "C"}, {"Fn::GetAtt": ["C", "Zone"]}]]},
        }},
    }))
}

fn order(cloud: &mut Cloud, document: Value) {
    Faults::from_json(&document).expect("a document");
    let answer = cloud.world.handle(cloud.now, Service::Control, "PutFaults", Input(&document));
    answer.expect("taken");
}

fn value(cloud: &Cloud) -> String {
    let resource = &cloud.world.cloudformation.find("s").expect("the stack").resources["P"];
    match resource.properties.get("Value") {
        Some(template::Value::String(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_custom_resource_answers_as_it_is_told() {
    let mut cloud = Cloud::new();
    cloud.create("s", &stack("one"));
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE");
    let made_up = value(&cloud);
    let (id, zone) = made_up.split_once('/').expect("both parts");
    assert!(id.starts_with("s-C-") && zone == "C-Zone", "nobody said anything: {made_up}");

    let update = |cloud: &mut Cloud, word: &str| -> Vec<String> {
        let before = cloud.events("s").len();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": stack(word).to_string()}));
        cloud.settle();
        lines(cloud, "s", before)
    };
    order(
        &mut cloud,
        json!({"custom_resources": [{"stack": "s", "logical_id": "C", "data": {"Zone": "z1"}}]}),
    );
    update(&mut cloud, "two");
    assert_eq!(value(&cloud), format!("{id}/z1"), "in place, with data");

    let other = json!({"stack": "s", "logical_id": "C", "physical_id": "c-2", "data": {"Zone": "z2"}});
    order(&mut cloud, json!({"custom_resources": [other]}));
    let told = update(&mut cloud, "three");
    assert_eq!(value(&cloud), "c-2/z2", "{told:#?}");
    assert!(
        told.iter().any(|line| line == "C DELETE_COMPLETE"),
        "the old one goes in the clean-up: {told:#?}"
    );

    // It fails like any other, and its old self is there again.
    let third = json!({"stack": "s", "logical_id": "C", "physical_id": "c-3", "data": {"Zone": "z3"}});
    let fault = json!({"stack": "s", "logical_id": "P", "phase": "update", "reason": "on purpose"});
    order(&mut cloud, json!({"custom_resources": [third], "resources": [fault]}));
    let told = update(&mut cloud, "four");
    assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{told:#?}");
    assert_eq!(value(&cloud), "c-2/z2");
    let generic = &cloud.world.generic;
    assert!(generic.exists("Custom::Lookup", "c-2") && !generic.exists("Custom::Lookup", "c-3"));
}

#[test]
fn a_custom_resource_answers_with_lists_that_templates_take_apart() {
    let mut cloud = Cloud::new();
    let data = json!({"Addresses": ["10.0.0.1", "10.0.0.2"]});
    order(&mut cloud, json!({"custom_resources": [{"stack": "s", "logical_id": "C", "data": data}]}));
    let addresses = json!({"Fn::GetAtt": ["C", "Addresses"]});
    let template = json!({"Resources": {
        "C": {"Type": "Custom::Lookup", "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:f"}},
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String",
            "Value": {"Fn::Join": ["/", [{"Fn::Select": [1, addresses]}, {"Fn::Join": ["+", addresses]}]]}}},
    }});
    cloud.create("s", &template);
    assert_eq!(cloud.status("s"), "CREATE_COMPLETE", "{:#?}", cloud.events("s"));
    assert_eq!(value(&cloud), "10.0.0.2/10.0.0.1+10.0.0.2");
}
