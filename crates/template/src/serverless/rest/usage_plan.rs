//! `Auth.UsagePlan` of a REST API: a plan with a key, of the API's own or shared by all APIs that ask for that.

use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;
use crate::serverless::tree::{Map, list, map};

/// What APIs with a shared plan have in common so far.
#[derive(Debug, Default)]
pub(in crate::serverless) struct SharedPlan {
    apis: Vec<Node>,
    stages: Vec<Node>,
    keys: Vec<Node>,
    attributes: Map,
}

/// The plan, its key, and the tie between them.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    source: &Source,
    api: &Generated,
    stage: &Generated,
    auth: &Node,
) -> Expanded<Vec<Generated>> {
    let Some(plan) = auth.get("UsagePlan") else {
        return Ok(Vec::new());
    };
    const COPIED: [&str; 5] = ["UsagePlanName", "Description", "Quota", "Tags", "Throttle"];
    let is_known = |name: &str| name == "CreateUsagePlan" || COPIED.contains(&name);
    if plan.as_mapping().is_none() || plan.pairs().any(|(name, _)| !is_known(name)) {
        return source.wrong("Auth.UsagePlan is a map of CreateUsagePlan and what a usage plan has");
    }
    let id = source.logical_id.as_str();
    let api_stage = map! {"ApiId" => api.reference(), "Stage" => stage.reference()};
    let stage_key = map! {"RestApiId" => api.reference(), "StageName" => stage.reference()};
    let (prefix, attributes, apis, stages, keys) = match plan.get("CreateUsagePlan").and_then(Node::as_str) {
        Some("NONE") => return Ok(Vec::new()),
        Some("PER_API") => (id.to_owned(), source.handed_on(), list![id], list![api_stage], list![stage_key]),
        Some("SHARED") => {
            if source.attributes.contains_key("Condition") {
                return source.unknown("a shared usage plan of an API that exists under a condition");
            }
            let shared = &mut expansion.shared_plan;
            shared.note(source, id, api_stage, stage_key);
            let SharedPlan { apis, stages, keys, attributes } = shared;
            let lists = [apis, stages, keys].map(|list| Node::from(list.clone()));
            let [apis, stages, keys] = lists;
            ("Serverless".to_owned(), attributes.clone(), apis, stages, keys)
        }
        _ => return source.wrong("CreateUsagePlan is SHARED, PER_API or NONE"),
    };
    let mut made = Generated::new(format!("{prefix}UsagePlan"), "AWS::ApiGateway::UsagePlan", &attributes);
    made.depends_on = Some(apis);
    made.set("ApiStages", stages);
    for name in COPIED {
        made.set_some(name, plan.get(name).filter(|one| one.is_something()));
    }
    let mut key = Generated::new(format!("{prefix}ApiKey"), "AWS::ApiGateway::ApiKey", &attributes);
    key.depends_on = Some(list![made.logical_id.as_str()]);
    key.set("Enabled", true);
    key.set("StageKeys", keys);
    let mut tie =
        Generated::new(format!("{prefix}UsagePlanKey"), "AWS::ApiGateway::UsagePlanKey", &attributes);
    tie.depends_on = Some(list![key.logical_id.as_str()]);
    tie.set("KeyId", key.reference());
    tie.set("KeyType", "API_KEY");
    tie.set("UsagePlanId", made.reference());
    for (part, resource) in [("UsagePlan", &made), ("ApiKey", &key), ("UsagePlanKey", &tie)] {
        expansion.name_part(id, part, resource);
    }
    Ok(vec![made, key, tie])
}

impl SharedPlan {
    fn note(&mut self, source: &Source, id: &str, stage: Node, key: Node) {
        self.apis.push(Node::from(id));
        self.stages.push(stage);
        self.keys.push(key);
        // The policy that keeps most holds for all.
        for (name, ranks) in [
            ("DeletionPolicy", ["Retain"].as_slice()),
            ("UpdateReplacePolicy", ["Retain", "Snapshot"].as_slice()),
        ] {
            let Some(given) = source.attributes.get(name) else {
                continue;
            };
            let rank = |one: Option<&Node>| {
                let text = one.and_then(Node::as_str);
                ranks.iter().position(|rank| Some(*rank) == text).unwrap_or(ranks.len())
            };
            let is_first = !self.attributes.contains_key(name);
            if is_first || rank(Some(given)) < rank(self.attributes.get(name)) {
                self.attributes.insert(name.to_owned(), given.clone());
            }
        }
    }
}
