//! A profile: what is what inside a platform's stack. Most of it is found in the template itself; a vendor's profile,
//! or a deployment's owner, says what the template doesn't show.
//!
//! Here are the parts and what a profile may say of each. How a profile's file is written is the program's; what a
//! template shows by itself is in `discover`.

mod discover;
mod error;
mod part;
pub(crate) mod properties;
mod select;

use std::collections::BTreeMap;

use template::{Evaluation, Location, Node, Template, VersionInfo};

pub use error::{Misfit, MisfitKind, ProfileError};
pub use part::{Part, is_work};
pub use select::{SelectBy, Selection, Selector};

use crate::suggestions::nearest;
use crate::version::{VersionSource, release_version};
use select::fits;

/// How to find a platform's parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// `code-ocean`, `elastic-ci`, `runs-on`, `generic`, or what its file calls it.
    pub name: String,
    /// Which resources are which part; a part that isn't here is discovered.
    pub parts: BTreeMap<Part, Selection>,
    /// The parameter that pins a database's storage, by the database's logical id; one that isn't here is the one
    /// that its `AllocatedStorage` refers to.
    pub storage_parameters: BTreeMap<String, ProfileWord>,
    /// Tags that a machine outside of every group carries, all of them. `${AWS::StackName}` in a value is the stack's
    /// name.
    pub dedicated_machine_tags: Vec<(String, Option<String>)>,
    /// Parameters that point at a backup stack, by name; `*` stands for any characters.
    pub backup_parameters: Vec<ProfileWord>,
    /// The entry of the template's `Metadata` that tells the version: a text, or a map with `Version`. `None`: the
    /// first whose key ends in `::VersionInfo`.
    pub version_metadata_key: Option<ProfileWord>,
    /// Where the version is told where no metadata does: mappings and parameters, the first that tells it.
    pub other_version_sources: Vec<VersionSource>,
    /// Its workers are agents that end by themselves when the job that they are at is done: they may be given the time.
    pub agents_finish: bool,
}

/// A word of a profile, and where it stands; `None`: in this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileWord {
    /// The word.
    pub text: String,
    pub at: Option<Location>,
}

/// The logical ids of a platform's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// The listeners, those that serve pages first. None: nobody comes through a load balancer of this stack.
    pub listeners: Vec<String>,
    /// Target groups that serve users' pages: their targets count for health.
    pub target_groups: Vec<String>,
    /// Batch job queues.
    pub job_queues: Vec<String>,
    /// Auto Scaling groups of workers.
    pub worker_groups: Vec<String>,
    /// Amazon ECS services that work.
    pub ecs_services: Vec<String>,
    /// Amazon ECS services that serve users' pages.
    pub serving_services: Vec<String>,
    /// CloudWatch alarms.
    pub alarms: Vec<String>,
    /// RDS database instances.
    pub databases: Vec<DatabaseRole>,
    /// EBS volumes that hold data.
    pub volumes: Vec<String>,
    /// Tags that a machine outside of every group carries: all of them, else another deployment's machines in the same
    /// account would be taken for this one's.
    pub dedicated_machine_tags: Vec<(String, Option<String>)>,
    /// Parameters that point at a backup stack.
    pub backup_parameters: Vec<String>,
}

/// A database and what pins its storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseRole {
    /// Its name in the template.
    pub logical_id: String,
    /// The parameter that says how large it is; `None`: the template itself does, or several parameters.
    pub storage_parameter: Option<String>,
}

/// What a profile finds in a template, for a person: also where something is amiss.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// The logical ids of each part.
    pub parts: BTreeMap<Part, Vec<String>>,
    /// The databases among them with what pins their storage.
    pub databases: Vec<DatabaseRole>,
    /// As in [`Roles`].
    pub dedicated_machine_tags: Vec<(String, Option<String>)>,
    /// As in [`Roles`].
    pub backup_parameters: Vec<String>,
    /// What doesn't fit. [`Profile::resolve`] fails with the first.
    pub problems: Vec<ProfileError>,
}

impl Profile {
    /// The profile for a template: a vendor's, when the template is known to be one of theirs, else `generic`.
    #[must_use]
    pub fn from_template(template: &Template) -> Profile {
        let takes = |names: &[&str]| names.iter().all(|name| template.parameters.contains_key(*name));
        if template.version_info().is_some_and(|version| version.vendor == "CodeOcean") {
            Profile::code_ocean()
        } else if takes(&["BuildkiteAgentToken"]) && template.resources.contains_key(AGENTS) {
            Profile::elastic_ci()
        } else if takes(&["GithubOrganization", "LicenseKey"]) {
            Profile::runs_on()
        } else {
            Profile::generic()
        }
    }

    /// A profile of this program; `None` when it has none of this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Profile> {
        match name {
            "code-ocean" => Some(Profile::code_ocean()),
            "elastic-ci" => Some(Profile::elastic_ci()),
            "runs-on" => Some(Profile::runs_on()),
            "generic" => Some(Profile::generic()),
            _ => None,
        }
    }

    /// The names that [`Profile::built_in`] takes.
    pub const BUILT_IN: [&str; 4] = ["code-ocean", "elastic-ci", "runs-on", "generic"];

    /// Everything is found in the template.
    #[must_use]
    pub fn generic() -> Profile {
        Profile { name: "generic".to_owned(), ..Profile::default() }
    }

    /// Code Ocean (v3.7.0, v3.8.2). What the template's structure shows, it shows here too: the HTTPS listener, the
    /// target group of its default action, five queues, `pRdsAllocatedStorage`, the data volume.
    #[must_use]
    pub fn code_ocean() -> Profile {
        let said = |text: &str| ProfileWord { text: text.to_owned(), at: None };
        // Workers and their GPU kin carry this tag; the services group doesn't.
        let workers = Selector {
            by: SelectBy::Tag { key: "codeocean:component".to_owned(), value: Some("workers".to_owned()) },
            at: None,
        };
        Profile {
            name: "code-ocean".to_owned(),
            parts: BTreeMap::from([(Part::WorkerGroups, Selection::Chosen(vec![workers]))]),
            storage_parameters: BTreeMap::new(),
            // The launch template of dedicated machines gives its instances both tags, and the platform may terminate
            // instances that have both (v3.8.2, the condition on ec2:TerminateInstances).
            dedicated_machine_tags: vec![
                ("Name".to_owned(), Some("codeocean-dedicated-worker".to_owned())),
                ("codeocean:deployment".to_owned(), Some(STACK_NAME.to_owned())),
            ],
            backup_parameters: vec![said("pDestinationBackup*")],
            version_metadata_key: Some(said("CodeOcean::VersionInfo")),
            other_version_sources: Vec::new(),
            agents_finish: false,
        }
    }

    /// Buildkite's Elastic CI Stack (v4.0.0 to v6.70.0): agents are instances of one group, which protects those that work from
    /// scale-in and has them finish their job in a termination hook where the release has one. Its templates tell no version.
    #[must_use]
    pub fn elastic_ci() -> Profile {
        let agents = Selector { by: SelectBy::LogicalId(AGENTS.to_owned()), at: None };
        Profile {
            name: "elastic-ci".to_owned(),
            parts: BTreeMap::from([(Part::WorkerGroups, Selection::Chosen(vec![agents]))]),
            agents_finish: true,
            ..Profile::default()
        }
    }

    /// RunsOn (v1.7.4 to v3.1.3): a runner is an instance of its own, started by the application; from v2.8.8 on its role may
    /// end instances of this tag alone (the condition on aws:ResourceTag). Earlier releases' runners can't be told apart.
    #[must_use]
    pub fn runs_on() -> Profile {
        Profile {
            name: "runs-on".to_owned(),
            dedicated_machine_tags: vec![("runs-on-stack-name".to_owned(), Some(STACK_NAME.to_owned()))],
            other_version_sources: ["App.Tags.AppTag", "App.Tags.ImageTag", "App.Image.Tag"]
                .into_iter()
                .filter_map(VersionSource::mapping)
                .collect(),
            agents_finish: true,
            ..Profile::default()
        }
    }

    /// Find the platform's parts among the active resources.
    ///
    /// # Errors
    /// The first thing that the profile names and the stack doesn't have.
    pub fn resolve(&self, evaluation: &Evaluation<'_>) -> Result<Roles, ProfileError> {
        let mut survey = self.survey(evaluation);
        if !survey.problems.is_empty() {
            return Err(survey.problems.swap_remove(0));
        }
        let mut take = |part: Part| survey.parts.remove(&part).unwrap_or_default();
        Ok(Roles {
            listeners: take(Part::Listeners),
            target_groups: take(Part::TargetGroups),
            job_queues: take(Part::JobQueues),
            worker_groups: take(Part::WorkerGroups),
            ecs_services: take(Part::EcsServices),
            serving_services: take(Part::ServingServices),
            alarms: take(Part::Alarms),
            volumes: take(Part::Volumes),
            databases: survey.databases,
            dedicated_machine_tags: survey.dedicated_machine_tags,
            backup_parameters: survey.backup_parameters,
        })
    }

    /// The same as [`Profile::resolve`].
    ///
    /// # Errors
    /// As there.
    pub fn roles(&self, evaluation: &Evaluation<'_>) -> Result<Roles, ProfileError> {
        self.resolve(evaluation)
    }

    /// What the profile finds, and everything that doesn't fit.
    #[must_use]
    pub fn survey(&self, evaluation: &Evaluation<'_>) -> Survey {
        let mut survey = Survey::default();
        // The listeners are first in `ALL`, for target groups hang on them.
        for part in Part::ALL {
            let found = self.find(evaluation, part, &mut survey);
            survey.parts.insert(part, found);
        }
        let databases = survey.parts.get(&Part::Databases).cloned().unwrap_or_default();
        survey.databases = databases
            .into_iter()
            .map(|logical_id| DatabaseRole {
                storage_parameter: self.storage_parameter(evaluation, &logical_id),
                logical_id,
            })
            .collect();
        self.check_storage_parameters(evaluation, &mut survey);
        survey.dedicated_machine_tags = self
            .dedicated_machine_tags
            .iter()
            .map(|(key, value)| {
                let value =
                    value.as_ref().map(|value| value.replace(STACK_NAME, &evaluation.pseudo().stack_name));
                (key.clone(), value)
            })
            .collect();
        for pattern in &self.backup_parameters {
            let parameters = &evaluation.template().parameters;
            let fitting = parameters.keys().filter(|name| fits(&pattern.text, name)).cloned();
            let before = survey.backup_parameters.len();
            survey.backup_parameters.extend(fitting);
            if survey.backup_parameters.len() == before && pattern.at.is_some() {
                let problem = self.unknown_parameter(evaluation.template(), "backup_parameters", pattern);
                survey.problems.push(problem);
            }
        }
        if let Err(problem) = self.version(evaluation.template()) {
            survey.problems.push(problem);
        }
        survey
    }

    /// Where templates of this profile tell their version; none: where any may ([`crate::release_version`]).
    #[must_use]
    pub fn version_sources(&self) -> Vec<VersionSource> {
        let key = self.version_metadata_key.iter().map(|key| VersionSource::Metadata(key.text.clone()));
        key.chain(self.other_version_sources.iter().cloned()).collect()
    }

    /// The release's version, and under which vendor's name its metadata stands.
    ///
    /// # Errors
    /// The key that the profile names isn't in the template, or tells no version.
    pub fn version(&self, template: &Template) -> Result<Option<VersionInfo>, ProfileError> {
        let Some(key) = &self.version_metadata_key else {
            let other = release_version(template, &self.other_version_sources, |_| None);
            let told = other.map(|version| VersionInfo { vendor: self.name.clone(), version, commit: None });
            return Ok(template.version_info().or(told));
        };
        let entries = template.metadata.as_ref().and_then(Node::as_mapping);
        let entry = entries.and_then(|entries| entries.get(&key.text)).map(|entry| &entry.value);
        let text = |node: Option<&Node>| node.and_then(Node::scalar_text).map(str::to_owned);
        match text(entry).or_else(|| text(entry?.get("Version"))) {
            Some(version) => Ok(Some(VersionInfo {
                vendor: key.text.split("::").next().unwrap_or(&key.text).to_owned(),
                version,
                commit: entry.and_then(|entry| text(entry.get("Commit"))),
            })),
            None => Err(self.misfit(
                template,
                "version_metadata_key",
                key,
                MisfitKind::UnknownMetadata { key: key.text.clone() },
                nearest(&key.text, entries.into_iter().flatten().map(|(key, _)| key.as_str())),
            )),
        }
    }

    fn find(&self, evaluation: &Evaluation<'_>, part: Part, survey: &mut Survey) -> Vec<String> {
        match self.parts.get(&part) {
            Some(Selection::Chosen(selectors)) => {
                let mut found: Vec<String> = Vec::new();
                for selector in selectors {
                    match selector.select(evaluation, &self.name, part) {
                        Ok(ids) => {
                            if part == Part::Listeners && ids.is_empty() {
                                survey.problems.extend(self.not_active(evaluation, part, selector));
                            }
                            for id in ids {
                                if !found.contains(&id) {
                                    found.push(id);
                                }
                            }
                        }
                        Err(problem) => survey.problems.push(problem),
                    }
                }
                found
            }
            Some(Selection::Discovered) | None => {
                let listeners = survey.parts.get(&Part::Listeners).map_or(&[] as &[String], Vec::as_slice);
                discover::discover(evaluation, part, listeners)
            }
        }
    }

    fn storage_parameter(&self, evaluation: &Evaluation<'_>, database: &str) -> Option<String> {
        if let Some(said) = self.storage_parameters.get(database) {
            return Some(said.text.clone());
        }
        let resource = evaluation.template().resources.get(database)?;
        let storage = properties::node(resource, "AllocatedStorage")?;
        match properties::parameters(evaluation, storage).as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    fn check_storage_parameters(&self, evaluation: &Evaluation<'_>, survey: &mut Survey) {
        const KEY: &str = "storage_parameters";
        let template = evaluation.template();
        for (database, parameter) in &self.storage_parameters {
            if !template.parameters.contains_key(&parameter.text) {
                survey.problems.push(self.unknown_parameter(template, KEY, parameter));
            }
            if !template.resources.contains_key(database) {
                let databases = survey.parts.get(&Part::Databases).into_iter().flatten();
                let near = nearest(database, databases.map(String::as_str));
                let kind = MisfitKind::UnknownResource { id: database.clone() };
                survey.problems.push(self.misfit(template, KEY, parameter, kind, near));
            }
        }
    }

    /// For a listener that was meant by its id and isn't active.
    fn not_active(
        &self,
        evaluation: &Evaluation<'_>,
        part: Part,
        selector: &Selector,
    ) -> Option<ProfileError> {
        let SelectBy::LogicalId(id) = &selector.by else { return None };
        let template = evaluation.template();
        let condition = template.resources.get(id)?.condition.clone()?;
        let active = discover::of_type(evaluation, part);
        Some(self.misfit(
            template,
            part.key(),
            &ProfileWord { text: id.clone(), at: selector.at.clone() },
            MisfitKind::NotActive { id: id.clone(), condition },
            nearest(id, active.iter().map(|one| one.logical_id.as_str())),
        ))
    }

    fn unknown_parameter(&self, template: &Template, key: &'static str, said: &ProfileWord) -> ProfileError {
        let near = nearest(&said.text, template.parameters.keys().map(String::as_str));
        self.misfit(template, key, said, MisfitKind::UnknownParameter { name: said.text.clone() }, near)
    }

    fn misfit(
        &self,
        template: &Template,
        key: &'static str,
        said: &ProfileWord,
        kind: MisfitKind,
        nearest: Vec<String>,
    ) -> ProfileError {
        Box::new(Misfit {
            at: said.at.clone(),
            profile: self.name.clone(),
            key,
            template: template.name.clone(),
            kind,
            nearest,
        })
        .into()
    }
}

/// The group of an Elastic CI Stack's agents.
const AGENTS: &str = "AgentAutoScaleGroup";

/// What stands for the stack's name in a tag's value.
const STACK_NAME: &str = "${AWS::StackName}";
