//! The texts of a stack's two templates, as whoever reviews compares them.

use std::collections::BTreeSet;

use template::Template;
use upgrade::{Deployment, UpdateKind};

use super::NewRelease;

/// A stack's templates, as they were sent.
#[derive(Debug, Clone)]
pub struct TemplateTexts {
    pub update: UpdateKind,
    pub stack_name: String,
    pub before: String,
    pub after: String,
    /// Parameters marked NoEcho in either, and their defaults: shown to nobody.
    pub secret_names: BTreeSet<String>,
    pub secret_defaults: BTreeSet<String>,
}

impl TemplateTexts {
    pub(super) fn new(update: UpdateKind, deployment: &Deployment, release: &NewRelease) -> TemplateTexts {
        let (before, after) =
            (deployment.template.clone(), String::from_utf8_lossy(&release.bytes).into_owned());
        let deployed = Template::parse(&deployment.stack_name, before.as_bytes()).ok();
        let templates = || deployed.iter().chain([&release.template]);
        let names = || templates().flat_map(|one| one.parameters.values()).filter(|one| one.no_echo);
        let secret_names: BTreeSet<String> = names().map(|one| one.name.clone()).collect();
        // One that is marked in one release alone is a secret in the other as well.
        let secrets = templates().flat_map(|one| one.parameters.values());
        let secrets = secrets.filter(|one| secret_names.contains(&one.name));
        let secret_defaults = secrets.filter_map(|one| one.default.clone()).collect();
        TemplateTexts {
            update,
            stack_name: deployment.stack_name.clone(),
            before,
            after,
            secret_names,
            secret_defaults,
        }
    }
}
