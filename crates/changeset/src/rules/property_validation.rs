//! Properties held against the schema of their type, as CloudFormation does when a change set is made ("pre-deployment validation",
//! user guide) and again before a resource is made or changed.
//!
//! What isn't known yet violates nothing. CloudFormation turns text into numbers and booleans and back, so those kinds are told apart
//! by whether the text can be read as such.

use std::fmt::{Display, Formatter};

use indexmap::IndexMap;
use template::Value;

use crate::facts::{self, Kind, Schema, Treatment, TypeSchema};
use crate::predict::property_tree::MASK;

/// One demand that a value doesn't meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, from the properties on, such as `/Rules/0/Id`; empty for the properties themselves.
    pub path: String,
    /// What is demanded.
    pub demand: Demand,
}

/// What a value doesn't meet. The value itself is never in here: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// A member is to be there.
    Required(String),
    /// A member isn't known.
    Unsupported(String),
    /// Another kind of value.
    Kind {
        /// In the words of CloudFormation's messages, such as `String`.
        expected: &'static str,
        /// The same.
        found: &'static str,
    },
    /// One of these values.
    OneOf(Vec<String>),
    /// No more, or no less, than this.
    Limit {
        /// Such as `maxLength`.
        keyword: &'static str,
        /// The limit, as the schema has it.
        limit: String,
    },
    /// A pattern.
    Pattern(String),
    /// At least one of so many alternatives; the members that each of them wants.
    Alternatives(Vec<Vec<String>>),
}

impl Display for Violation {
    /// In the words of a resource's handler, which are the most of what people know: `#/Tags/0: required key [Key] not found`.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "#{}: ", self.path)?;
        match &self.demand {
            Demand::Required(name) => write!(formatter, "required key [{name}] not found"),
            Demand::Unsupported(name) => write!(formatter, "extraneous key [{name}] is not permitted"),
            Demand::Kind { expected, found } => {
                write!(formatter, "expected type: {expected}, found: {found}")
            }
            // AWS's message begins with the value.
            Demand::OneOf(allowed) => write!(formatter, "not a valid enum value ({})", allowed.join(", ")),
            Demand::Limit { keyword, limit } => {
                write!(formatter, "failed validation constraint for keyword [{keyword}] ({limit})")
            }
            Demand::Pattern(pattern) => {
                write!(formatter, "failed validation constraint for keyword [pattern] ({pattern})")
            }
            Demand::Alternatives(wanted) => {
                write!(formatter, "no subschema matched out of the total {} subschemas", wanted.len())?;
                if wanted.iter().all(|names| !names.is_empty()) {
                    let each: Vec<String> = wanted.iter().map(|names| names.join(" and ")).collect();
                    write!(formatter, " (required: {})", each.join(", or "))?;
                }
                Ok(())
            }
        }
    }
}

impl Violation {
    /// In the words of a change set's validation: aws-cdk-cli PR 1463 has `Required property [PolicyDocument] not found`, and public
    /// deployments of 2026 have `Unsupported property [Priority]`. For the other demands none are published; a handler's are used.
    pub fn early_words(&self) -> String {
        match &self.demand {
            Demand::Required(name) => format!("Required property [{name}] not found"),
            Demand::Unsupported(name) => format!("Unsupported property [{name}]"),
            Demand::Kind { .. }
            | Demand::OneOf(_)
            | Demand::Limit { .. }
            | Demand::Pattern(_)
            | Demand::Alternatives(_) => self.to_string(),
        }
    }
}

/// What the properties that a resource is to have violate, and those that it (or its predecessor) has don't: what AWS once took is taken
/// to be taken again, as schemas are published after the services that they describe. A type without a schema demands nothing.
pub fn violations(
    type_name: &str,
    had: Option<&IndexMap<String, Value>>,
    wanted: &IndexMap<String, Value>,
) -> Vec<Violation> {
    // What a transform takes isn't what its published schema says (references in place of ARNs, events of newer services).
    if facts::treatment(type_name) == Treatment::Transformed {
        return Vec::new();
    }
    let Some(schema) = facts::schema(type_name) else { return Vec::new() };
    let mut found = look(schema, wanted);
    found.retain(|violation| match &violation.demand {
        Demand::Unsupported(name) => !TAKEN_ALL_THE_SAME.contains(&(type_name, name)),
        _ => true,
    });
    if let Some(had) = had.filter(|_| !found.is_empty()) {
        let had = look(schema, had);
        found.retain(|violation| !had.contains(violation));
    }
    found
}

fn look(schema: &TypeSchema, properties: &IndexMap<String, Value>) -> Vec<Violation> {
    let mut look = Look { definitions: schema, found: Vec::new() };
    look.members(&schema.top, properties, "", 0);
    look.alternatives(&schema.top, &Members::Top(properties), "", 0);
    look.found
}

/// What alternatives are held against: the properties of a resource, or a value in them.
enum Members<'a> {
    Top(&'a IndexMap<String, Value>),
    Inner(&'a Value),
}

struct Look<'s> {
    definitions: &'s TypeSchema,
    found: Vec<Violation>,
}

/// Where CloudFormation takes a single map for a list of one: rules of an `AWS::EC2::SecurityGroup`. Templates that are deployed have
/// it (awslabs' ecs-refarch and cf-templates-wordpress, Couchbase); newer types refuse it with `expected type: JSONArray`.
const ONE_FOR_A_LIST: [&str; 2] = ["/SecurityGroupIngress", "/SecurityGroupEgress"];

/// Properties that the service takes and the schema doesn't name, with their type: `MinAdjustmentStep` is "available for backward
/// compatibility" (Auto Scaling API reference, PutScalingPolicy), and widdix's templates ship it.
const TAKEN_ALL_THE_SAME: [(&str, &str); 1] = [("AWS::AutoScaling::ScalingPolicy", "MinAdjustmentStep")];

/// Deeper than a template may nest, references of schemas to themselves included.
const DEPTH: usize = 100;

impl Look<'_> {
    fn violate(&mut self, path: &str, demand: Demand) {
        self.found.push(Violation { path: path.to_owned(), demand });
    }

    fn value(&mut self, schema: &Schema, value: &Value, path: &str, depth: usize) {
        if depth > DEPTH || is_open(value) {
            return;
        }
        if let Some(referred) = schema.reference.as_ref().and_then(|name| self.definitions.definition(name)) {
            self.value(referred, value, path, depth + 1);
        }
        if ONE_FOR_A_LIST.contains(&path) && matches!(value, Value::Map(_)) && schema.items.is_some() {
            return self.items(schema, std::slice::from_ref(value), path, depth);
        }
        if !schema.kinds.is_empty() && !schema.kinds.iter().any(|kind| is_of_kind(*kind, value, schema)) {
            let expected = schema.kinds.first().map_or("", |kind| kind_word(*kind));
            return self.violate(path, Demand::Kind { expected, found: found_word(value) });
        }
        match value {
            Value::Map(entries) => self.members(schema, entries, path, depth),
            Value::List(items) => self.items(schema, items, path, depth),
            Value::String(_) | Value::Number(_) | Value::Bool(_) => self.scalar(schema, value, path),
            Value::Null | Value::Unknown(_) => {}
        }
        self.alternatives(schema, &Members::Inner(value), path, depth);
    }

    fn members(&mut self, schema: &Schema, entries: &IndexMap<String, Value>, path: &str, depth: usize) {
        for name in schema.required.iter().filter(|name| !entries.contains_key(*name)) {
            self.violate(path, Demand::Required(name.clone()));
        }
        for (name, value) in entries {
            let inner = format!("{path}/{name}");
            let patterned = || {
                schema.pattern_properties.iter().find_map(|(pattern, schema)| {
                    facts::pattern(pattern).is_none_or(|pattern| !pattern.refuses(name)).then_some(schema)
                })
            };
            match schema.properties.get(name).or_else(patterned).or(schema.others.as_deref()) {
                Some(schema) => self.value(schema, value, &inner, depth + 1),
                None if schema.closed => self.violate(path, Demand::Unsupported(name.clone())),
                None => {}
            }
        }
    }

    fn items(&mut self, schema: &Schema, items: &[Value], path: &str, depth: usize) {
        let count = items.len() as u64;
        if let Some(least) = schema.min_items.filter(|least| count < *least) {
            self.violate(path, Demand::Limit { keyword: "minItems", limit: least.to_string() });
        }
        if let Some(most) = schema.max_items.filter(|most| count > *most) {
            self.violate(path, Demand::Limit { keyword: "maxItems", limit: most.to_string() });
        }
        if let Some(each) = &schema.items {
            for (index, item) in items.iter().enumerate() {
                self.value(each, item, &format!("{path}/{index}"), depth + 1);
            }
        }
    }

    fn scalar(&mut self, schema: &Schema, value: &Value, path: &str) {
        let Some(text) = value.scalar_text() else { return };
        let allowed: Vec<String> =
            schema.allowed_values.iter().chain(&schema.constant).map(json_text).collect();
        if !allowed.is_empty() && !allowed.iter().any(|one| one == text) {
            self.violate(path, Demand::OneOf(allowed));
        }
        let is_number = schema.kinds.iter().any(|kind| matches!(kind, Kind::Integer | Kind::Number));
        if let Ok(number) = text.parse::<f64>()
            && (is_number || matches!(value, Value::Number(_)))
        {
            if let Some(least) = schema.minimum.filter(|least| number < *least) {
                self.violate(path, Demand::Limit { keyword: "minimum", limit: least.to_string() });
            }
            if let Some(most) = schema.maximum.filter(|most| number > *most) {
                self.violate(path, Demand::Limit { keyword: "maximum", limit: most.to_string() });
            }
        }
        let length = text.chars().count() as u64;
        if let Some(least) = schema.min_length.filter(|least| length < *least) {
            self.violate(path, Demand::Limit { keyword: "minLength", limit: least.to_string() });
        }
        if let Some(most) = schema.max_length.filter(|most| length > *most) {
            self.violate(path, Demand::Limit { keyword: "maxLength", limit: most.to_string() });
        }
        if let Some(pattern) = &schema.pattern
            && facts::pattern(pattern).is_some_and(|compiled| compiled.refuses(text))
        {
            self.violate(path, Demand::Pattern(pattern.clone()));
        }
    }

    /// Of alternatives, only that none is met is said: more than one is by the letter of some schemas where services take it.
    fn alternatives(&mut self, schema: &Schema, value: &Members<'_>, path: &str, depth: usize) {
        for choices in [&schema.one_of, &schema.any_of].into_iter().filter(|choices| !choices.is_empty()) {
            let is_met = choices.iter().any(|choice| {
                let mut look = Look { definitions: self.definitions, found: Vec::new() };
                look.choice(choice, value, path, depth);
                look.found.is_empty()
            });
            if !is_met {
                let wanted = choices.iter().map(|choice| choice.required.clone()).collect();
                self.violate(path, Demand::Alternatives(wanted));
            }
        }
        for choice in &schema.all_of {
            self.choice(choice, value, path, depth);
        }
    }

    fn choice(&mut self, choice: &Schema, value: &Members<'_>, path: &str, depth: usize) {
        match value {
            Members::Inner(value) => self.value(choice, value, path, depth + 1),
            Members::Top(properties) if depth <= DEPTH => {
                self.members(choice, properties, path, depth + 1);
                self.alternatives(choice, value, path, depth + 1);
            }
            Members::Top(_) => {}
        }
    }
}

/// Whether a value is known only later: what an operation brings about, or what a dynamic reference stands for.
fn is_open(value: &Value) -> bool {
    match value {
        Value::Unknown(_) => true,
        // `{{resolve:…}}`, `{{deployed:…}}` for what nobody has asked AWS for, and the stars of a secret that AWS keeps to itself.
        Value::String(text) => text.contains("{{") || text.contains(MASK),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => false,
    }
}

fn is_of_kind(kind: Kind, value: &Value, schema: &Schema) -> bool {
    let text = value.scalar_text();
    match kind {
        Kind::String => text.is_some(),
        Kind::Boolean => {
            text.is_some_and(|text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"))
        }
        Kind::Integer => {
            text.and_then(|text| text.trim().parse::<f64>().ok()).is_some_and(|number| number.fract() == 0.0)
        }
        Kind::Number => text.is_some_and(|text| text.trim().parse::<f64>().is_ok()),
        Kind::Array => matches!(value, Value::List(_)),
        // Any JSON may be given as its text.
        Kind::Object => match value {
            Value::Map(_) => true,
            Value::String(_) => schema.properties.is_empty(),
            _ => false,
        },
        Kind::Null => matches!(value, Value::Null),
    }
}

/// As CloudFormation's messages call it.
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "Boolean",
        Kind::Integer => "Integer",
        Kind::Number => "Number",
        Kind::String => "String",
        Kind::Array => "JSONArray",
        Kind::Object => "JSONObject",
        Kind::Null => "Null",
    }
}

fn found_word(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Integer",
        Value::String(_) | Value::Unknown(_) => "String",
        Value::List(_) => "JSONArray",
        Value::Map(_) => "JSONObject",
    }
}

fn json_text(json: &serde_json::Value) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}
