//! What the tests share: the vendors' templates with their parameters, and a small seeded generator of numbers.

use std::path::PathBuf;

use indexmap::IndexMap;
use template::{
    GivenParameter, Outside, ParameterInputs, Pseudo, ResolvedParameters, ResourceValues, Template, Unknown,
    Value, resolve_parameters,
};

/// A vendor's released template, with the values for its parameters.
pub struct VendorTemplate {
    /// `folder/file`.
    pub name: String,
    /// Its text.
    pub bytes: Vec<u8>,
    /// The folder's `parameters.json`.
    pub parameters: IndexMap<String, String>,
}

/// Every vendor's template. Empty, with a loud line, where the shared folder is absent; a panic in CI.
pub fn vendor_templates() -> Vec<VendorTemplate> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/templates");
    let Ok(vendors) = std::fs::read_dir(&folder) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "the shared templates are missing: put them at {}",
            folder.display()
        );
        println!("SKIPPED: no shared templates at {}", folder.display());
        return Vec::new();
    };
    let mut templates = Vec::new();
    for vendor in vendors.flatten().filter(|entry| entry.path().is_dir()) {
        let parameters = std::fs::read(vendor.path().join("parameters.json")).unwrap();
        let mut parameters: IndexMap<String, String> = serde_json::from_slice(&parameters).unwrap();
        if vendor.file_name() == "buildkite" {
            // These are the vendor's sources: the mapping of machine images is put in when they are released, so
            // without an image of one's own `Fn::FindInMap` finds nothing, on AWS as here.
            parameters.insert("ImageId".to_owned(), "ami-0123456789abcdef0".to_owned());
        }
        for file in std::fs::read_dir(vendor.path()).unwrap().flatten() {
            let path = file.path();
            if path.extension().is_some_and(|one| one != "json") {
                templates.push(VendorTemplate {
                    name: format!(
                        "{}/{}",
                        vendor.file_name().to_string_lossy(),
                        file.file_name().to_string_lossy()
                    ),
                    bytes: std::fs::read(&path).unwrap(),
                    parameters: parameters.clone(),
                });
            }
        }
    }
    templates.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(!templates.is_empty(), "the shared folder holds no templates");
    templates
}

/// A recording of what AWS answered, as JSON. Nothing, with a loud line, where the shared folder is absent; a panic
/// in CI.
pub fn recording(file: &str) -> Option<serde_json::Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/changesets").join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "a recording is missing: put it at {}",
            path.display()
        );
        println!("SKIPPED: no recording at {}", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Resolves a template's parameters, giving those it has.
pub fn resolve(template: &Template, values: &IndexMap<String, String>) -> ResolvedParameters {
    let given = values
        .iter()
        .filter(|(name, _)| template.parameters.contains_key(*name))
        .map(|(name, value)| (name.clone(), GivenParameter::Value(value.clone())))
        .collect();
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    resolve_parameters(template, &inputs).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Pseudo parameters of a stack in Virginia.
pub fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "111111111111".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:111111111111:stack/stack/1".to_owned(),
        notification_arns: Vec::new(),
    }
}

/// Nothing is known of the outside.
pub fn outside() -> Outside {
    Outside::default()
}

/// Answers every question about a resource with an unknown, as on the creation of a stack.
pub struct Unknowns;

impl ResourceValues for Unknowns {
    fn reference(&self, logical_id: &str) -> Value {
        Value::Unknown(Unknown {
            parts: vec![template::Part::Resource { logical_id: logical_id.to_owned(), attribute: None }],
        })
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        Value::Unknown(Unknown {
            parts: vec![template::Part::Resource {
                logical_id: logical_id.to_owned(),
                attribute: Some(attribute.to_owned()),
            }],
        })
    }
}

/// A small generator of pseudo-random numbers (xorshift64*), the same on every machine for the same seed.
pub struct Numbers(u64);

impl Numbers {
    /// The numbers of this seed.
    pub fn seeded(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        number as usize % end
    }

    /// One of several.
    pub fn pick<'list, T>(&mut self, list: &'list [T]) -> &'list T {
        &list[self.below(list.len())]
    }
}

/// Everything this crate does with a template, for tests that only ask whether it comes back.
///
/// # Errors
/// What is wrong with the template, if it is not sound to the end.
pub fn exercise(
    name: &str,
    bytes: &[u8],
    values: &IndexMap<String, String>,
) -> Result<(), Box<dyn std::error::Error>> {
    let template = Template::parse(name, bytes)?;
    let _ = (template.limits(), template.interface(), template.version_info());
    let given = values
        .iter()
        .filter(|(name, _)| template.parameters.contains_key(*name))
        .map(|(name, value)| (name.clone(), GivenParameter::Value(value.clone())))
        .collect();
    let inputs = ParameterInputs { given: &given, ..ParameterInputs::default() };
    let parameters = resolve_parameters(&template, &inputs).map_err(|errors| format!("{errors:?}"))?;
    let (pseudo, outside) = (pseudo(), outside());
    let template = template.expand(&parameters, &pseudo)?;
    let evaluation = template::Evaluation::new(&template, &parameters, &pseudo, &outside)?;
    let graph = evaluation.dependencies();
    for resource in evaluation.active_resources() {
        for node in resource.evaluated_nodes() {
            evaluation.evaluate(node, &Unknowns)?;
        }
    }
    evaluation.outputs(&Unknowns)?;
    evaluation.check_rules().map_err(|violations| format!("{violations:?}"))?;
    let graph = graph?;
    assert_eq!(graph.topological_order().len(), graph.resources().count());
    Ok(())
}
