//! `AWS::Serverless::Function`: the function of Lambda with its role, its versions and its events.

mod address;
mod code;
pub(super) mod invocation;
mod version;

use super::Expansion;
use super::deployment;
use super::events::{self, Called};
use super::generated::Generated;
use super::problem::Expanded;
use super::role::{Role, assumed_by, aws_policy_arn};
use super::source::{Declared, Form, Source};
use super::tree::{conditional, list, map};
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::Function";

/// Its properties that are known here. `CapacityProviderConfig` and `FunctionScalingConfig` are not.
const PROPERTIES: &[Declared] = &[
    ("FunctionName", Form::TextOrMap, false),
    ("Handler", Form::Any, false),
    ("Runtime", Form::Any, false),
    ("CodeUri", Form::Any, false),
    ("ImageUri", Form::Any, false),
    ("PackageType", Form::Any, false),
    ("InlineCode", Form::Any, false),
    ("DeadLetterQueue", Form::Map, false),
    ("Description", Form::Any, false),
    ("MemorySize", Form::Any, false),
    ("Timeout", Form::Any, false),
    ("VpcConfig", Form::Any, false),
    ("Role", Form::Text, false),
    ("AssumeRolePolicyDocument", Form::Map, false),
    ("Policies", Form::TextOrMapOrList, false),
    ("RolePath", Form::Any, false),
    ("PermissionsBoundary", Form::Text, false),
    ("Environment", Form::MapOfMaps, false),
    ("Events", Form::MapOfMaps, false),
    ("Tags", Form::Map, false),
    ("PropagateTags", Form::Bool, false),
    ("Tracing", Form::TextOrMap, false),
    ("KmsKeyArn", Form::Any, false),
    ("DeploymentPreference", Form::Map, false),
    ("ReservedConcurrentExecutions", Form::Any, false),
    ("Layers", Form::ListOfTextsOrMaps, false),
    ("EventInvokeConfig", Form::Map, false),
    ("EphemeralStorage", Form::Any, false),
    ("AutoPublishAlias", Form::Text, false),
    ("AutoPublishCodeSha256", Form::Text, false),
    ("AutoPublishAliasAllProperties", Form::Exactly(&Form::Bool), false),
    ("VersionDescription", Form::Any, false),
    ("ProvisionedConcurrencyConfig", Form::Any, false),
    ("FileSystemConfigs", Form::Any, false),
    ("ImageConfig", Form::Any, false),
    ("CodeSigningConfigArn", Form::Any, false),
    ("Architectures", Form::Any, false),
    ("SnapStart", Form::Map, false),
    ("FunctionUrlConfig", Form::Map, false),
    ("RuntimeManagementConfig", Form::Any, false),
    ("LoggingConfig", Form::Any, false),
    ("RecursiveLoop", Form::Any, false),
    ("SourceKMSKeyArn", Form::Any, false),
    ("VersionDeletionPolicy", Form::OneOf(&["Delete", "Retain"]), false),
    ("PublishToLatestPublished", Form::Any, false),
    ("TenancyConfig", Form::Any, false),
    ("DurableConfig", Form::Map, false),
];

/// What `function.property` stands for: the last generated resource of a type.
const NAMED_PARTS: [(&str, &str); 4] = [
    ("Alias", "AWS::Lambda::Alias"),
    ("Version", "AWS::Lambda::Version"),
    ("DestinationTopic", "AWS::SNS::Topic"),
    ("DestinationQueue", "AWS::SQS::Queue"),
];

/// Types that get the function's tags when `PropagateTags` is set.
const TAGGED: [&str; 6] = [
    "AWS::Lambda::Function",
    "AWS::IAM::Role",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::S3::Bucket",
    "AWS::IoT::TopicRule",
];

/// Writes out a function.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    logical_id: &str,
    node: &Node,
) -> Expanded<Vec<Generated>> {
    let source = Source::read(logical_id, TYPE, node, &[PROPERTIES])?;
    check_dead_letter_queue(&source)?;
    check_tenancy(&source)?;
    let tracing = tracing(expansion, &source)?;
    let mut function = lambda_function(&source, tracing.as_ref())?;
    let mut published = version::publish(expansion, &source, &mut function)?;
    deployment::note(expansion, &source, published.as_mut().map(|published| &mut published.alias))?;
    let alias = published.as_ref().map(|published| &published.alias);
    let address = address::address(&source, &function, alias)?;
    let invocation = invocation::invocation(expansion, &source, &function, alias)?;
    let mut role = role(expansion, &source, tracing.is_some(), invocation.allowed)?;
    let is_own_role = role_of(expansion, &source, &mut function, &mut role)?;
    let mut called = Called {
        function_id: logical_id,
        target: alias.unwrap_or(&function),
        arn: alias.map_or_else(|| function.attribute("Arn"), Generated::reference),
        role: &mut role,
        starts: None,
    };
    let of_events = events::expand(expansion, &mut called, source.get("Events"))?;
    let mut made = vec![function];
    made.extend(published.into_iter().flat_map(|published| [published.version, published.alias]));
    made.extend(address);
    made.extend(invocation.made);
    if is_own_role {
        made.push(role);
    }
    made.extend(of_events);
    for (property, type_name) in NAMED_PARTS {
        if let Some(part) = made.iter().rfind(|part| part.type_name == type_name) {
            expansion.name_part(logical_id, property, part);
        }
    }
    propagate_tags(&source, &mut made);
    Ok(made)
}

fn lambda_function(source: &Source, tracing: Option<&Node>) -> Expanded<Generated> {
    let mut function =
        Generated::new(source.logical_id.as_str(), "AWS::Lambda::Function", &source.attributes);
    function.depends_on = source.depends_on.clone();
    function.set("Code", code::code(source)?);
    code::check(source)?;
    function.set_some("FunctionName", source.something("FunctionName"));
    for name in code::PASSED_ON {
        function.set_some(name, source.get(name));
    }
    for name in ["Role", "DurableConfig", "PublishToLatestPublished"] {
        function.set_some(name, source.get(name));
    }
    function.set("Tags", source.tags(Vec::new())?);
    if let Some(mode) = tracing {
        function.set("TracingConfig", map! {"Mode" => mode});
    }
    if let Some(target) = source.something("DeadLetterQueue").and_then(|queue| queue.get("TargetArn")) {
        function.set("DeadLetterConfig", map! {"TargetArn" => target});
    }
    Ok(function)
}

/// The mode of tracing, if it isn't disabled.
fn tracing(expansion: &Expansion<'_>, source: &Source) -> Expanded<Option<Node>> {
    let Some(mode) = source.something("Tracing") else {
        return Ok(None);
    };
    let mut mode = mode.clone();
    let resolved = expansion.values.resolve(&source.logical_id, &mut mode)?;
    Ok((resolved.as_str() != Some("Disabled")).then_some(mode))
}

fn check_dead_letter_queue(source: &Source) -> Expanded<()> {
    let Some(queue) = source.something("DeadLetterQueue") else {
        return Ok(());
    };
    let has_target = queue.get("TargetArn").is_some_and(Node::is_something);
    match queue.get("Type").and_then(Node::as_str) {
        Some("SQS" | "SNS") if has_target => Ok(()),
        _ => source.wrong("DeadLetterQueue needs Type (SQS or SNS) and TargetArn"),
    }
}

fn check_tenancy(source: &Source) -> Expanded<()> {
    if source.something("TenancyConfig").is_none() {
        return Ok(());
    }
    for name in ["ProvisionedConcurrencyConfig", "FunctionUrlConfig", "SnapStart"] {
        if source.something(name).is_some() {
            return source.wrong(format!("a function with TenancyConfig can't have {name}"));
        }
    }
    let events = source.get("Events").into_iter().flat_map(Node::pairs);
    for (name, event) in events {
        if !matches!(event.get("Type").and_then(Node::as_str), Some("Api" | "HttpApi")) {
            return source.wrong(format!("a function with TenancyConfig can't have the event {name}"));
        }
    }
    Ok(())
}

fn role(expansion: &Expansion<'_>, source: &Source, is_traced: bool, more: Vec<Node>) -> Expanded<Generated> {
    let partition = expansion.partition;
    let execution = match source.something("DurableConfig") {
        Some(_) => "service-role/AWSLambdaBasicDurableExecutionRolePolicy",
        None => "service-role/AWSLambdaBasicExecutionRole",
    };
    let tracing = if partition == "aws" { "AWSXrayWriteOnlyAccess" } else { "AWSXRayDaemonWriteAccess" };
    let network = source.something("VpcConfig").map(|_| "service-role/AWSLambdaVPCAccessExecutionRole");
    let managed = [Some(execution), is_traced.then_some(tracing), network];
    let mut documents = Vec::new();
    if let Some(queue) = source.something("DeadLetterQueue") {
        let action = match queue.get("Type").and_then(Node::as_str) {
            Some("SNS") => "sns:Publish",
            _ => "sqs:SendMessage",
        };
        documents.push(map! {
            "PolicyName" => "DeadLetterQueuePolicy",
            "PolicyDocument" => map! {
                "Version" => "2012-10-17",
                "Statement" => list![map! {
                    "Action" => action,
                    "Resource" => queue.get("TargetArn").cloned().unwrap_or_else(|| Node::from("")),
                    "Effect" => "Allow",
                }],
            },
        });
    }
    documents.extend(more);
    Role {
        owner: &source.logical_id,
        attributes: &source.handed_on(),
        partition,
        assumed: source
            .get("AssumeRolePolicyDocument")
            .cloned()
            .unwrap_or_else(|| assumed_by("lambda.amazonaws.com")),
        policies: source.get("Policies"),
        managed_arns: managed
            .iter()
            .flatten()
            .map(|path| Node::from(aws_policy_arn(partition, path)))
            .collect(),
        documents,
        path: source.get("RolePath"),
        boundary: source.get("PermissionsBoundary"),
        tags: source.tags(Vec::new())?,
    }
    .generate()
}

/// Gives the function its role. Says whether the generated one is needed.
fn role_of(
    expansion: &mut Expansion<'_>,
    source: &Source,
    function: &mut Generated,
    role: &mut Generated,
) -> Expanded<bool> {
    let Some(given) = source.get("Role") else {
        function.set("Role", role.attribute("Arn"));
        return Ok(true);
    };
    if given.if_arguments().is_none() {
        return Ok(false);
    }
    let given = expansion.values.resolved(&source.logical_id, given)?;
    let Some([condition, yes, no]) = given.if_arguments().and_then(Node::as_sequence) else {
        return source.wrong("Fn::If takes a condition and two values");
    };
    let Some(name) = condition.as_str() else {
        return source.unknown("a Role that is chosen by more than the name of a condition");
    };
    match (yes.is_no_value(), no.is_no_value()) {
        (false, false) => {
            function.set("Role", &given);
            return Ok(false);
        }
        (true, true) => function.set("Role", role.attribute("Arn")),
        (true, false) => {
            function.set("Role", conditional(name, role.attribute("Arn"), Some(no.clone())));
            role.attributes.insert("Condition".to_owned(), Node::from(name));
        }
        (false, true) => {
            function.set("Role", conditional(name, yes.clone(), Some(role.attribute("Arn"))));
            let negated = format!("NOT{name}");
            role.attributes.insert("Condition".to_owned(), Node::from(negated.as_str()));
            expansion.add_condition(
                source,
                &negated,
                map! {"Fn::Not" => list![map! {"Condition" => name}]},
            )?;
        }
    }
    Ok(true)
}

/// Gives a function's tags to what was generated for it, if it asks for that.
fn propagate_tags(source: &Source, made: &mut [Generated]) {
    let Some(tags) = source.something("Tags").filter(|_| source.something("PropagateTags").is_some()) else {
        return;
    };
    let tags = super::generated::tag_list(tags.pairs());
    for resource in made.iter_mut().filter(|resource| TAGGED.contains(&resource.type_name)) {
        resource.set("Tags", tags.clone());
    }
}
