//! `AWS::Serverless::Application`: a nested stack, of a template in S3 or of an application of the Serverless Application Repository.
//!
//! For the latter AWS asks the repository for the address of a template, which is another one each time. Here the address names the
//! application and its version ([`RepositoryApplication`]); its content isn't known.

use super::Expansion;
use super::generated::{Generated, tag_list};
use super::problem::Expanded;
use super::source::{Declared, Form, Source};
use super::values::find_in_map;
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::Application";

const PROPERTIES: &[Declared] = &[
    ("Location", Form::TextOrMap, true),
    ("Parameters", Form::Map, false),
    ("NotificationARNs", Form::ListOfTextsOrMaps, false),
    ("Tags", Form::Map, false),
    ("TimeoutInMinutes", Form::Number, false),
];

/// What stands before application and version in the address of a template that the repository would give.
const SCHEME: &str = "serverlessrepo:";

/// An application of the Serverless Application Repository, in the place of a template's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryApplication<'url> {
    /// Its ARN.
    pub application_id: &'url str,
    /// Its version.
    pub semantic_version: &'url str,
}

impl<'url> RepositoryApplication<'url> {
    /// The application that a `TemplateURL` names; nothing if it is an address.
    pub fn of(template_url: &'url str) -> Option<RepositoryApplication<'url>> {
        let (application_id, semantic_version) = template_url.strip_prefix(SCHEME)?.rsplit_once(':')?;
        Some(RepositoryApplication { application_id, semantic_version })
    }
}

/// Writes out an application.
pub(super) fn expand(expansion: &Expansion<'_>, logical_id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let source = Source::read(logical_id, TYPE, node, &[PROPERTIES])?;
    let mut stack = Generated::new(logical_id, "AWS::CloudFormation::Stack", &source.handed_on());
    stack.depends_on = source.depends_on.clone();
    let Some(location) = source.get("Location") else {
        return source.wrong("Location is missing");
    };
    let mut of_repository = Vec::new();
    if location.as_mapping().is_some() {
        let mut part = |key: &str, tag: &'static str| {
            let value =
                location.get(key).map(|value| expansion.values.resolved(logical_id, value)).transpose()?;
            let value = value.map(|value| find_in_map(expansion.mappings.as_ref(), &value));
            match value.filter(|value| value.as_str().is_some_and(|text| !text.is_empty())) {
                Some(value) => {
                    of_repository.push((tag, value.clone()));
                    Ok(value.as_str().unwrap_or_default().to_owned())
                }
                None => source.wrong(format!(
                    "Location.{key} must be a text, a Ref of a parameter or a Fn::FindInMap with texts"
                )),
            }
        };
        let application = part("ApplicationId", "serverlessrepo:applicationId")?;
        let version = part("SemanticVersion", "serverlessrepo:semanticVersion")?;
        if application.contains("{{resolve:ssm:") {
            return source.wrong("Location.ApplicationId can't hold a dynamic reference");
        }
        stack.set("TemplateURL", format!("{SCHEME}{application}:{version}"));
    } else {
        stack.set("TemplateURL", location);
    }
    for name in ["Parameters", "NotificationARNs", "TimeoutInMinutes"] {
        stack.set_some(name, source.get(name));
    }
    let of_repository = of_repository.iter().map(|(tag, value)| (*tag, value));
    stack.set("Tags", source.tags(tag_list(of_repository))?);
    Ok(vec![stack])
}
