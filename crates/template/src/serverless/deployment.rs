//! `DeploymentPreference`: CodeDeploy shifts calls to a new version of a function bit by bit. One application and one role for the
//! template, a deployment group for each function.

use super::Expansion;
use super::generated::{Generated, tag_list};
use super::implicit::any_of_these;
use super::problem::Expanded;
use super::role::{assumed_by, aws_policy_arn};
use super::source::Source;
use super::tree::{Map, attribute, list, map, reference};
use super::values::find_in_map;
use crate::node::Node;

const APPLICATION: &str = "ServerlessDeploymentApplication";
const ROLE: &str = "CodeDeployServiceRole";
/// The condition of both, where functions exist under several conditions.
const CONDITION: &str = "ServerlessCodeDeployCondition";

/// How CodeDeploy may shift calls, by names that the transform completes.
const PREDEFINED: [&str; 9] = [
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "AllAtOnce",
];

/// What a function asks of CodeDeploy.
#[derive(Debug, Clone)]
pub(super) struct Preference {
    function_id: String,
    kind: Node,
    alarms: Option<Node>,
    role: Option<Node>,
    triggers: Option<Node>,
    condition: Option<Node>,
    tags: Option<Node>,
}

/// Notes what a function asks of CodeDeploy, and lets its alias be updated so.
pub(super) fn note(
    expansion: &mut Expansion<'_>,
    source: &Source,
    alias: Option<&mut Generated>,
) -> Expanded<()> {
    let Some(given) = source.something("DeploymentPreference") else {
        return Ok(());
    };
    let resolved = |name: &str| -> Expanded<Option<Node>> {
        let value =
            given.get(name).map(|value| expansion.values.resolved(&source.logical_id, value)).transpose()?;
        Ok(value.map(|value| find_in_map(expansion.mappings.as_ref(), &value)))
    };
    let enabled = resolved("Enabled")?.unwrap_or_else(|| Node::from(true));
    let passes_condition = match resolved("PassthroughCondition")? {
        None => false,
        Some(given) => match (given.as_bool(), given.as_str()) {
            (Some(truth), _) => truth,
            (_, Some("true" | "True")) => true,
            (_, Some("false" | "False")) => false,
            _ => return source.wrong("DeploymentPreference.PassthroughCondition is true or false"),
        },
    };
    if !enabled.is_something() || matches!(enabled.as_str(), Some("false" | "False")) {
        return Ok(());
    }
    let Some(kind) = resolved("Type")? else {
        return source.wrong("DeploymentPreference needs Type");
    };
    let hooks = given.get("Hooks");
    if hooks.is_some_and(|hooks| hooks.as_mapping().is_none()) {
        return source.wrong("DeploymentPreference.Hooks is a map");
    }
    let Some(alias) = alias else {
        return source.wrong("DeploymentPreference needs AutoPublishAlias");
    };
    let mut update = map! {
        "ApplicationName" => reference(APPLICATION),
        "DeploymentGroupName" => reference(&group_id(&source.logical_id)),
    };
    for (hook, name) in [("PreTraffic", "BeforeAllowTrafficHook"), ("PostTraffic", "AfterAllowTrafficHook")] {
        if let Some(function) = hooks.and_then(|hooks| hooks.get(hook)) {
            update.put(name, function);
        }
    }
    alias.attributes.insert("UpdatePolicy".to_owned(), map! {"CodeDeployLambdaAliasUpdate" => update});
    let condition = source.attributes.get("Condition").filter(|_| passes_condition).cloned();
    let propagates = source.something("PropagateTags").is_some();
    expansion.preferences.push(Preference {
        function_id: source.logical_id.clone(),
        kind,
        alarms: alarms(source, given.get("Alarms"))?,
        role: given.get("Role").filter(|one| one.is_something()).cloned(),
        triggers: given.get("TriggerConfigurations").filter(|one| one.is_something()).cloned(),
        condition,
        tags: source.something("Tags").filter(|_| propagates).cloned(),
    });
    Ok(())
}

fn group_id(function: &str) -> String {
    format!("{function}DeploymentGroup")
}

/// Writes out what all functions together ask of CodeDeploy.
pub(super) fn expand(expansion: &mut Expansion<'_>) -> Expanded<Vec<Generated>> {
    let preferences = &expansion.preferences;
    if preferences.is_empty() {
        return Ok(Vec::new());
    }
    let mut attributes = Map::new();
    if preferences.iter().all(|one| one.condition.is_some()) {
        let conditions =
            preferences.iter().filter_map(|one| one.condition.as_ref()?.as_str().map(str::to_owned));
        let mut nowhere = Node::from(Map::new());
        let all = expansion.conditions.as_mut().unwrap_or(&mut nowhere);
        let name = any_of_these(all, &conditions.collect(), CONDITION);
        attributes.insert("Condition".to_owned(), Node::from(name));
    }
    let mut tags = Node::from(Map::new());
    for (key, value) in preferences.iter().filter_map(|one| one.tags.as_ref()).flat_map(Node::pairs) {
        tags.put(key, value);
    }
    let tags = tags.is_something().then(|| tag_list(tags.pairs()));
    let mut application = Generated::new(APPLICATION, "AWS::CodeDeploy::Application", &attributes);
    application.set("ComputePlatform", "Lambda");
    let mut made = Vec::new();
    if preferences.iter().any(|one| one.role.is_none()) {
        let mut role = Generated::new(ROLE, "AWS::IAM::Role", &attributes);
        role.set("AssumeRolePolicyDocument", assumed_by("codedeploy.amazonaws.com"));
        let policy = match expansion.partition {
            "aws-iso" | "aws-iso-b" => "service-role/AWSCodeDeployRoleForLambdaLimited",
            _ => "service-role/AWSCodeDeployRoleForLambda",
        };
        role.set("ManagedPolicyArns", list![aws_policy_arn(expansion.partition, policy)]);
        made.push(role);
    }
    made.push(application);
    if let Some(tags) = tags {
        made.iter_mut().for_each(|one| one.set("Tags", tags.clone()));
    }
    made.extend(preferences.iter().map(group));
    Ok(made)
}

fn group(preference: &Preference) -> Generated {
    let mut group =
        Generated::new(group_id(&preference.function_id), "AWS::CodeDeploy::DeploymentGroup", &Map::new());
    if let Some(condition) = &preference.condition {
        group.attributes.insert("Condition".to_owned(), condition.clone());
    }
    group.set_some("AlarmConfiguration", preference.alarms.as_ref());
    group.set("ApplicationName", reference(APPLICATION));
    group.set(
        "AutoRollbackConfiguration",
        map! {
            "Enabled" => true,
            "Events" => list!["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
        },
    );
    group.set("DeploymentConfigName", completed(&preference.kind, false));
    group.set(
        "DeploymentStyle",
        map! {
            "DeploymentType" => "BLUE_GREEN",
            "DeploymentOption" => "WITH_TRAFFIC_CONTROL",
        },
    );
    group.set("ServiceRoleArn", preference.role.clone().unwrap_or_else(|| attribute(ROLE, "Arn")));
    group.set_some("TriggerConfigurations", preference.triggers.as_ref());
    if let Some(tags) = &preference.tags {
        group.set("Tags", tag_list(tags.pairs()));
    }
    group
}

/// A way to shift calls with its predefined names completed, also inside functions.
fn completed(kind: &Node, in_sub: bool) -> Node {
    const NAME: &str = "CodeDeployDefault.Lambda${ConfigName}";
    if let Some(elements) = kind.as_sequence() {
        return Node::from(elements.iter().map(|one| completed(one, false)).collect::<Vec<_>>());
    }
    if kind.is_function() {
        return Node::from_pairs(
            kind.pairs().map(|(key, value)| (key.to_owned(), completed(value, key == "Fn::Sub"))),
        );
    }
    match kind.as_str() {
        Some(name) if PREDEFINED.contains(&name) => {
            let arguments = list![NAME, map! {"ConfigName" => name}];
            if in_sub {
                arguments
            } else {
                map! {"Fn::Sub" => arguments}
            }
        }
        _ => kind.clone(),
    }
}

fn alarms(source: &Source, given: Option<&Node>) -> Expanded<Option<Node>> {
    let Some(given) = given.filter(|given| given.is_something() && !given.is_no_value()) else {
        return Ok(None);
    };
    let Some(arguments) = given.if_arguments() else {
        return alarm_configuration(source, given).map(Some);
    };
    let Some([condition, yes, no]) = arguments.as_sequence() else {
        return source.wrong("Fn::If takes a condition and two values");
    };
    let (yes, no) = (alarm_configuration(source, yes)?, alarm_configuration(source, no)?);
    Ok(Some(map! {"Fn::If" => list![condition, yes, no]}))
}

fn alarm_configuration(source: &Source, given: &Node) -> Expanded<Node> {
    let Some(alarms) = given.as_sequence() else {
        return source.wrong("DeploymentPreference.Alarms is a list");
    };
    if alarms.first().is_none_or(Node::is_no_value) {
        return Ok(Node::from(Map::new()));
    }
    let alarms: Vec<Node> = alarms.iter().map(|alarm| map! {"Name" => alarm}).collect();
    Ok(map! {"Enabled" => true, "Alarms" => alarms})
}
