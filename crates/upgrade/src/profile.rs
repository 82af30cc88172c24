//! A profile: what is what inside a platform's stack, found in the template itself.

use template::{Evaluation, Resource, ResourceValues, Template, Unknown, Value};

/// How to find a platform's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// `code-ocean` or `generic`.
    pub name: &'static str,
    workers: Workers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Workers {
    /// Groups whose instances carry this tag.
    Tagged { key: &'static str, value: &'static str },
    /// Groups that no load balancer sends users to. Assumption: a group behind a target group serves the
    /// platform's pages and belongs to the release; any other group does its work.
    NotBehindLoadBalancer,
}

/// The logical ids of a platform's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// The listener through which users come.
    pub listener: String,
    /// Batch job queues.
    pub job_queues: Vec<String>,
    /// Auto Scaling groups of workers.
    pub worker_groups: Vec<String>,
}

/// Why a profile doesn't fit a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is nothing to close.
    #[error(
        "profile {profile}: no listener of an application load balancer is active in {template}, so there is no gate to close; \
         slackwater can only take users off a platform that has one"
    )]
    NoListener {
        /// The profile.
        profile: &'static str,
        /// The template's file name.
        template: String,
    },
    /// More than one could be it.
    #[error("profile {profile}: {template} has several listeners that users may come through ({}); the profile must name one", candidates.join(", "))]
    SeveralListeners {
        /// The profile.
        profile: &'static str,
        /// The template's file name.
        template: String,
        /// Their logical ids.
        candidates: Vec<String>,
    },
}

impl Profile {
    /// The profile for a template: `code-ocean` when it says it is one, else `generic`.
    #[must_use]
    pub fn of(template: &Template) -> Profile {
        if template.version_info().is_some_and(|version| version.vendor == "CodeOcean") {
            // Workers and their GPU kin carry this tag; the services group doesn't (v3.7.0, v3.8.2).
            return Profile {
                name: "code-ocean",
                workers: Workers::Tagged { key: "codeocean:component", value: "workers" },
            };
        }
        Profile { name: "generic", workers: Workers::NotBehindLoadBalancer }
    }

    /// Find the platform's parts among the active resources.
    pub fn roles(&self, evaluation: &Evaluation<'_>) -> Result<Roles, ProfileError> {
        let of_type = |type_name: &'static str| {
            evaluation.active_resources().filter(move |resource| resource.type_name == type_name)
        };
        Ok(Roles {
            listener: self.listener(evaluation)?,
            job_queues: of_type("AWS::Batch::JobQueue").map(|queue| queue.logical_id.clone()).collect(),
            worker_groups: of_type("AWS::AutoScaling::AutoScalingGroup")
                .filter(|group| self.is_worker_group(evaluation, group))
                .map(|group| group.logical_id.clone())
                .collect(),
        })
    }

    /// The HTTPS listener; where there is none, the only listener.
    fn listener(&self, evaluation: &Evaluation<'_>) -> Result<String, ProfileError> {
        let listeners: Vec<&Resource> = evaluation
            .active_resources()
            .filter(|resource| resource.type_name == "AWS::ElasticLoadBalancingV2::Listener")
            .collect();
        let secure: Vec<&Resource> = listeners
            .iter()
            .copied()
            .filter(|listener| text_of(evaluation, listener, "Protocol").as_deref() == Some("HTTPS"))
            .collect();
        let candidates = if secure.is_empty() { listeners } else { secure };
        let template = evaluation.template().name.clone();
        match candidates.as_slice() {
            [] => Err(ProfileError::NoListener { profile: self.name, template }),
            [only] => Ok(only.logical_id.clone()),
            _ => Err(ProfileError::SeveralListeners {
                profile: self.name,
                template,
                candidates: candidates.iter().map(|listener| listener.logical_id.clone()).collect(),
            }),
        }
    }

    fn is_worker_group(&self, evaluation: &Evaluation<'_>, group: &Resource) -> bool {
        match self.workers {
            Workers::Tagged { key, value } => has_tag(evaluation, group, key, value),
            Workers::NotBehindLoadBalancer => {
                let behind = |name| match property(evaluation, group, name) {
                    Some(Value::List(list)) => !list.is_empty(),
                    Some(_) => true,
                    None => false,
                };
                !behind("TargetGroupARNs") && !behind("LoadBalancerNames")
            }
        }
    }
}

fn has_tag(evaluation: &Evaluation<'_>, resource: &Resource, key: &str, value: &str) -> bool {
    let Some(Value::List(tags)) = property(evaluation, resource, "Tags") else { return false };
    tags.iter().any(|tag| {
        let Value::Map(tag) = tag else { return false };
        tag.get("Key") == Some(&Value::String(key.to_owned()))
            && tag.get("Value") == Some(&Value::String(value.to_owned()))
    })
}

fn text_of(evaluation: &Evaluation<'_>, resource: &Resource, name: &str) -> Option<String> {
    match property(evaluation, resource, name)? {
        Value::String(text) => Some(text),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Unknown(_) => None,
    }
}

/// One property, evaluated with every resource unknown. What can't be evaluated counts as absent: whether
/// the template is sound is asked elsewhere.
fn property(evaluation: &Evaluation<'_>, resource: &Resource, name: &str) -> Option<Value> {
    evaluation.evaluate(resource.properties.as_ref()?.get(name)?, &NothingDeployed).ok()
}

/// Resources of which nothing is known.
struct NothingDeployed;

impl ResourceValues for NothingDeployed {
    fn reference(&self, logical_id: &str) -> Value {
        unknown(logical_id, None)
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        unknown(logical_id, Some(attribute))
    }
}

fn unknown(logical_id: &str, attribute: Option<&str>) -> Value {
    Value::Unknown(Unknown {
        parts: vec![template::Part::Resource {
            logical_id: logical_id.to_owned(),
            attribute: attribute.map(str::to_owned),
        }],
    })
}
