//! The vendors' released templates: all of them parse, resolve, evaluate and order.

use crate::support::{Unknowns, VendorTemplate, outside, pseudo, resolve, vendor_templates};
use template::{Evaluation, Template, unchecked_patterns};

#[test]
fn every_template_evaluates_and_orders() {
    let (pseudo, outside) = (pseudo(), outside());
    for vendor in vendor_templates() {
        let VendorTemplate { name, bytes, parameters } = &vendor;
        let template = Template::parse(name, bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(unchecked_patterns(&template).count(), 0, "{name}");
        let parameters = resolve(&template, parameters);
        let template = template.expand(&parameters, &pseudo).unwrap_or_else(|error| panic!("{error}"));
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside)
            .unwrap_or_else(|error| panic!("{error}"));
        for resource in evaluation.active_resources() {
            evaluation.properties(resource, &Unknowns).unwrap_or_else(|error| panic!("{error}"));
        }
        let graph = evaluation.dependencies().unwrap_or_else(|error| panic!("{error}"));
        let count = evaluation.active_resources().count();
        assert_eq!(graph.topological_order().len(), count, "{name}");
        let outputs = evaluation.outputs(&Unknowns).unwrap_or_else(|error| panic!("{error}"));
        assert!(!outputs.is_empty() || template.outputs.is_empty(), "{name}");
        evaluation.check_rules().unwrap_or_else(|violations| panic!("{name}: {violations:#?}"));
        if name == "code-ocean/v3.7.0.yaml" {
            assert_eq!((template.resources.len(), count), (292, 233));
        }
        if name == "code-ocean/v3.8.2.yaml" {
            assert_eq!((template.resources.len(), count), (293, 232));
        }
    }
}

#[test]
fn a_mapping_that_is_put_in_at_release_time_is_missed_when_it_is_asked_for() {
    for vendor in vendor_templates().iter().filter(|one| one.name == "buildkite/000-v4.0.0.yml") {
        let template = Template::parse(&vendor.name, &vendor.bytes).unwrap();
        let mut values = vendor.parameters.clone();
        values.shift_remove("ImageId");
        let parameters = resolve(&template, &values);
        let (pseudo, outside) = (pseudo(), outside());
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).unwrap();
        let resource = &template.resources["AgentLaunchConfiguration"];
        let error = evaluation.properties(resource, &Unknowns).unwrap_err();
        assert_eq!(
            error.to_string(),
            "buildkite/000-v4.0.0.yml:633:39: unresolved mapping \"AWSRegion2AMI\"; declare it or correct the name"
        );
    }
}
