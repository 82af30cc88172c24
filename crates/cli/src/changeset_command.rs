//! `slackwater changeset`: what an update will do, without asking AWS.

mod stack_events;
mod update_time;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use changeset::estimate::{OwnEvents, estimate};
use changeset::expect::{Expectation, Expected, expectations};
use changeset::facts;
use changeset::permissions::permissions;
use changeset::risks::{Risk, RiskKind, risks};
use changeset::{Deployed, DeployedResource, Mode, wire};
use indexmap::IndexMap;
use serde_json::Value as Json;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, ParameterSource, Pseudo, ResolvedParameters,
    Template, carry_over, resolve_parameters,
};
use upgrade::ExpectedChange;

use crate::answers::{self, ChangedParameter, Changes, ValueSource};
use crate::arguments::{Changeset, Document, PredictMode};
use crate::change_table;
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::inputs::{InputError, Release, parameters_file};
use crate::terminal;

/// A template with the values it is evaluated with.
struct Side {
    template: Template,
    parameters: ResolvedParameters,
}

/// What templates ask of the world around their stack.
struct Surroundings {
    pseudo: Pseudo,
    outside: Outside,
}

pub(crate) fn run(arguments: &Changeset) -> Result<ExitCode, CliError> {
    let before_given = given(arguments.from_parameters_file.as_deref(), &arguments.from_parameters)?;
    let after_given = given(arguments.parameters_file.as_deref(), &arguments.parameters)?;
    let before_stored: BTreeMap<String, String> = arguments.from_ssm.iter().cloned().collect();
    let after_stored: BTreeMap<String, String> = arguments.ssm.iter().cloned().collect();
    let mut deployed = match &arguments.deployed {
        Some(path) => deployed_file(path)?,
        None => Deployed::default(),
    };
    let tags = |tags: &[(String, String)]| tags.iter().cloned().collect::<BTreeMap<_, _>>();
    deployed.stack_tags_change =
        !arguments.tags.is_empty() && tags(&arguments.tags) != tags(&arguments.from_tags);
    let own_events = match &arguments.events {
        Some(path) => stack_events::read(path)?,
        None => OwnEvents::default(),
    };
    let world = Surroundings { pseudo: pseudo(arguments), outside: outside(arguments)? };
    let Surroundings { pseudo, outside } = &world;

    let before = match arguments.from.to_str() {
        Some("-") => None,
        _ => {
            let inputs = ParameterInputs { given: &before_given, previous: None, ssm: &before_stored };
            Some(evaluable(Release::read(&arguments.from)?, &inputs, &world)?)
        }
    };
    let previous = before.as_ref().map(|side| &side.parameters);
    let release = Release::read(&arguments.to)?;
    let after_given = if arguments.use_previous {
        carry_over(&release.template, &after_given, previous)
    } else {
        after_given
    };
    let inputs = ParameterInputs { given: &after_given, previous, ssm: &after_stored };
    let displaced = displaced_keys(&release);
    let after = evaluable(release, &inputs, &world)?;

    let evaluation_before = match &before {
        Some(side) => Some(Evaluation::new(&side.template, &side.parameters, pseudo, outside)?),
        None => None,
    };
    let evaluation_after = Evaluation::new(&after.template, &after.parameters, pseudo, outside)?;
    evaluation_after.check_rules().map_err(|violations| {
        CliError::new(Exit::RefusedByAws, {
            violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })
    })?;
    let predict = |mode| changeset::predict(evaluation_before.as_ref(), &evaluation_after, &deployed, mode);
    let (plain, values) = (predict(Mode::Plain)?, predict(Mode::Values)?);
    let expected = expectations(evaluation_before.as_ref(), &evaluation_after, &deployed, &plain, &values)?;
    let found = risks(&expected, &evaluation_after);
    let needed = permissions(&expected, &evaluation_after);
    let estimated = estimate(evaluation_before.as_ref(), &evaluation_after, &expected, &own_events)
        .map_err(changeset::PredictError::Cycle)?;

    let shown = match arguments.mode {
        PredictMode::Plain => &plain,
        PredictMode::Values => &values,
    };
    match arguments.document {
        Document::Text => {
            let width = terminal::width();
            let text = table(&expected, &found, width) + &update_time::text(&estimated, width);
            print_styled!("{}", terminal::fold(&text, width));
            for line in &displaced {
                print_styled!("{line}\n");
            }
        }
        Document::Policy => println!("{:#}", needed.policy_document()),
        Document::Json => {
            answers::print(&Changes {
                changes: wire::changes(shown),
                expectations: expected.iter().map(expectation).collect(),
                risks: found.iter().map(answers::Risk::from).collect(),
                permissions: needed.policy_document(),
                estimate: answers::Estimate::from(&estimated),
                displaced_keys: displaced,
                parameters: parameters(previous, &after.parameters),
            });
        }
    }
    let data_at_risk =
        found.iter().any(|risk| risk.kind == RiskKind::DataLost) || expected.iter().any(replaces_stateful);
    let fails = expected.iter().any(|one| one.expected == Expected::Fails);
    let exit = match (fails, data_at_risk) {
        (true, _) => Exit::ForetoldToFail,
        (false, true) => Exit::DataAtRisk,
        (false, false) => Exit::Done,
    };
    Ok(exit.into())
}

/// Whether a resource that holds data is replaced, or may be; a copy that its policies keep is not the resource.
fn replaces_stateful(expectation: &Expectation) -> bool {
    matches!(expectation.expected, Expected::Replaced | Expected::MayBeReplaced)
        && facts::resource_type(&expectation.resource_type).is_some_and(|facts| facts.stateful.is_some())
}

fn evaluable(release: Release, inputs: &ParameterInputs<'_>, world: &Surroundings) -> Result<Side, CliError> {
    let Surroundings { pseudo, outside } = world;
    let parameters = resolve_parameters(&release.template, inputs).map_err(InputError::Parameters)?;
    // Expanding copies the whole tree, which a template without macros doesn't need.
    let template = if release.template.has_known_macro() || !outside.includes.is_empty() {
        release.template.expand_with(&parameters, pseudo, outside)?
    } else {
        release.template
    };
    if let Some(exceeded) = template
        .limits()
        .into_iter()
        .find(|used| used.is_exceeded() && used.limit != template::Limit::InlineBytes)
    {
        return Err(CliError::new(Exit::RefusedByAws, format!("{}: {exceeded}", release.name)));
    }
    Ok(Side { template, parameters })
}

fn outside(arguments: &Changeset) -> Result<Outside, CliError> {
    let mut outside = Outside { imports: arguments.exports.iter().cloned().collect(), ..Outside::default() };
    for (location, file) in &arguments.includes {
        let path = Path::new(file);
        let text = String::from_utf8(files::read(path)?)
            .map_err(|_| FileError::malformed(path, "an include is text in UTF-8".to_owned()))?;
        outside.includes.insert(location.clone(), text);
    }
    Ok(outside)
}

/// A sentence for each key that CloudFormation leaves out, since the same stands once more in its map.
fn displaced_keys(release: &Release) -> Vec<String> {
    let displaced = release.template.displaced_keys().into_iter();
    displaced
        .map(|key| {
            format!(
                "{}:{}:{}: the key {:?} stands twice in this map; the one at line {} doesn't count.",
                release.name, key.at.line, key.at.column, key.key, key.first_at.line
            )
        })
        .collect()
}

fn pseudo(arguments: &Changeset) -> Pseudo {
    let Changeset { account, region, partition, stack_name, .. } = arguments;
    Pseudo {
        account_id: account.clone(),
        region: region.clone(),
        partition: partition.clone(),
        url_suffix: if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }.to_owned(),
        stack_name: stack_name.clone(),
        stack_id: format!(
            "arn:{partition}:cloudformation:{region}:{account}:stack/{stack_name}/00000000-0000-0000-0000-000000000000"
        ),
        notification_arns: Vec::new(),
    }
}

/// A file's parameters, and over them those of the command line.
fn given(
    file: Option<&Path>,
    arguments: &[(String, String)],
) -> Result<IndexMap<String, GivenParameter>, CliError> {
    let mut given = match file {
        Some(path) => parameters_file(path)?,
        None => IndexMap::new(),
    };
    given.extend(arguments.iter().map(|(key, value)| (key.clone(), GivenParameter::Value(value.clone()))));
    Ok(given)
}

/// `{"LogicalId": {"physical_id": "…", "attributes": {…}}}`.
fn deployed_file(path: &Path) -> Result<Deployed, FileError> {
    let malformed = |reason: String| FileError::malformed(path, reason);
    let bytes = files::read(path)?;
    let json: Json = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let Json::Object(resources) = json else {
        return Err(malformed(
            "a map from logical id to {\"physical_id\": …, \"attributes\": {…}} is wanted".to_owned(),
        ));
    };
    let mut deployed = Deployed::default();
    for (logical_id, entry) in resources {
        let Json::Object(entry) = entry else {
            return Err(malformed(format!(
                "{logical_id}: {{\"physical_id\": …, \"attributes\": {{…}}}} is wanted"
            )));
        };
        let mut resource = DeployedResource::default();
        for (key, value) in entry {
            match (key.as_str(), value) {
                ("physical_id", Json::String(id)) => resource.physical_id = Some(id),
                ("physical_id", Json::Null) => {}
                ("attributes", Json::Object(attributes)) => {
                    resource.attributes =
                        attributes.iter().map(|(name, value)| (name.clone(), from_json(value))).collect();
                }
                (other, _) => return Err(malformed(format!("{logical_id}.{other} is not understood"))),
            }
        }
        deployed.resources.insert(logical_id, resource);
    }
    Ok(deployed)
}

fn from_json(json: &Json) -> template::Value {
    use template::Value;
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Number(number.to_string()),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(list) => Value::List(list.iter().map(from_json).collect()),
        Json::Object(map) => {
            Value::Map(map.iter().map(|(key, value)| (key.clone(), from_json(value))).collect())
        }
    }
}

fn table(expected: &[Expectation], found: &[Risk], width: usize) -> String {
    let expected: Vec<ExpectedChange> = expected.iter().map(ExpectedChange::from_expectation).collect();
    let mut text = String::new();
    if !found.is_empty() {
        text.push_str("Risks\n");
        for risk in found {
            let doubt = if risk.certain { "" } else { " (perhaps)" };
            let whose = risk.logical_id.as_deref().unwrap_or("the template");
            text.push_str(&format!("  {}{doubt}: {whose}\n", risk.kind.title()));
            change_table::wrap(&mut text, &risk.because, width);
        }
        text.push('\n');
    }
    text.push_str("What we expect\n");
    text.push_str(&change_table::render(&expected, width));
    text
}

fn expectation(expectation: &Expectation) -> answers::Expected {
    let changed_properties = expectation.changed_properties.iter().cloned().collect();
    let change = ExpectedChange::from_expectation(expectation);
    answers::Expected {
        logical_id: change.logical_id,
        resource_type: change.resource_type,
        expected: change.expected.word(),
        differs_from_aws: change.differs_from_aws,
        changed_properties,
        because: change.because,
    }
}

/// Each parameter of the new template: before, after, and where the value comes from. Secrets as AWS shows them.
fn parameters(before: Option<&ResolvedParameters>, after: &ResolvedParameters) -> Vec<ChangedParameter> {
    let shown = |parameter: &template::ResolvedParameter| {
        if parameter.no_echo { "****".to_owned() } else { parameter.text.clone() }
    };
    let changed = |(name, parameter): (&String, &template::ResolvedParameter)| {
        let earlier = before.and_then(|before| before.0.get(name));
        ChangedParameter {
            name: name.clone(),
            before: earlier.map(&shown),
            after: shown(parameter),
            source: match parameter.source {
                ParameterSource::Given => ValueSource::Given,
                ParameterSource::Previous => ValueSource::Previous,
                ParameterSource::Default => ValueSource::Default,
            },
            changed: earlier.is_none_or(|earlier| earlier.value != parameter.value),
        }
    };
    after.0.iter().map(changed).collect()
}
