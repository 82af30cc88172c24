//! A bench for the services' tests: a world whose time is given in seconds since its beginning.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use crate::resource::{Desired, Owner, ProvisionError, Provisioned};
use crate::services::{Service, resource_type};
use crate::{Config, Input, Timestamp, World};

/// A world and the service under test.
pub(crate) struct Bench {
    pub(crate) world: World,
    service: Service,
    owner: Owner,
}

impl Bench {
    pub(crate) fn new(service: Service) -> Bench {
        Bench::with(service, Config::default())
    }

    pub(crate) fn with(service: Service, config: Config) -> Bench {
        let owner = Owner {
            stack_name: "Stack".to_owned(),
            stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/Stack/1".to_owned(),
            tags: vec![("team".to_owned(), "blue".to_owned())],
            role_arn: None,
        };
        Bench { world: World::new(config, Timestamp(0)), service, owner }
    }

    /// Ask at a second; the answer, or the code and message of the refusal.
    pub(crate) fn ask(
        &mut self,
        seconds: u64,
        operation: &str,
        input: Value,
    ) -> Result<Value, (String, String)> {
        let at = Timestamp(seconds * 1000);
        let answer = self.world.handle(at, self.service, operation, Input(&input));
        answer.map_err(|error| (error.code, error.message))
    }

    /// Ask for what must be answered.
    #[track_caller]
    pub(crate) fn ok(&mut self, seconds: u64, operation: &str, input: Value) -> Value {
        match self.ask(seconds, operation, input) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{operation}: {refusal:?}"),
        }
    }

    /// Ask for what must be refused, with a code and a part of the message.
    #[track_caller]
    pub(crate) fn refused(&mut self, seconds: u64, operation: &str, input: Value, code: &str, part: &str) {
        let input_shown = input.to_string();
        match self.ask(seconds, operation, input) {
            Ok(answer) => panic!("{operation} {input_shown}: {answer}"),
            Err((found, message)) => {
                assert_eq!(found, code, "{operation} {input_shown}: {message}");
                assert!(message.contains(part), "{operation} {input_shown}: {message} lacks {part}");
            }
        }
    }

    pub(crate) fn create(
        &mut self,
        type_name: &str,
        logical_id: &str,
        properties: Value,
    ) -> Result<Provisioned, ProvisionError> {
        let properties = self.properties(properties);
        (resource_type(type_name).create)(
            &mut self.world,
            &desired(&self.owner, type_name, logical_id, &properties, None),
        )
    }

    pub(crate) fn update(
        &mut self,
        type_name: &str,
        physical_id: &str,
        properties: Value,
    ) -> Result<Provisioned, ProvisionError> {
        let properties = self.properties(properties);
        let desired = desired(&self.owner, type_name, "Logical", &properties, Some(physical_id));
        (resource_type(type_name).update)(&mut self.world, &desired)
    }

    /// Update a resource whose properties were others before.
    pub(crate) fn change(
        &mut self,
        type_name: &str,
        physical_id: &str,
        before: Value,
        properties: Value,
    ) -> Result<Provisioned, ProvisionError> {
        let (before, properties) = (self.properties(before), self.properties(properties));
        let changed = desired(&self.owner, type_name, "Logical", &properties, Some(physical_id));
        (resource_type(type_name).update)(&mut self.world, &Desired { previous: Some(&before), ..changed })
    }

    /// Bring a resource back to what it was before an update to `failed` that didn't come to its end.
    pub(crate) fn undo(
        &mut self,
        type_name: &str,
        physical_id: &str,
        failed: Value,
        properties: Value,
    ) -> Result<Provisioned, ProvisionError> {
        let (failed, properties) = (self.properties(failed), self.properties(properties));
        let restored = desired(&self.owner, type_name, "Logical", &properties, Some(physical_id));
        let restored = Desired { previous: Some(&failed), undoes: true, ..restored };
        (resource_type(type_name).update)(&mut self.world, &restored)
    }

    pub(crate) fn delete(&mut self, type_name: &str, physical_id: &str) -> Result<Duration, ProvisionError> {
        let properties = IndexMap::new();
        let desired = desired(&self.owner, type_name, "Logical", &properties, Some(physical_id));
        (resource_type(type_name).delete)(&mut self.world, &desired)
    }

    pub(crate) fn leave_snapshot(&mut self, type_name: &str, physical_id: &str) -> Option<String> {
        let properties = IndexMap::new();
        let desired = desired(&self.owner, type_name, "Logical", &properties, Some(physical_id));
        (resource_type(type_name).leave_snapshot)(&mut self.world, &desired).expect("a snapshot")
    }

    pub(crate) fn finish_delete(&mut self, type_name: &str, physical_id: &str) {
        (resource_type(type_name).finish_delete)(&mut self.world, type_name, physical_id);
    }

    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    fn properties(&self, value: Value) -> IndexMap<String, template::Value> {
        let Value::Object(fields) = value else { panic!("properties are an object") };
        fields.into_iter().map(|(name, field)| (name, evaluated(field))).collect()
    }
}

/// A resource that is to be created, or is there with these properties.
pub(crate) fn desired<'a>(
    owner: &'a Owner,
    type_name: &'a str,
    logical_id: &'a str,
    properties: &'a IndexMap<String, template::Value>,
    physical_id: Option<&'a str>,
) -> Desired<'a> {
    let previous = physical_id.map(|_| properties);
    Desired { owner, logical_id, type_name, properties, previous, physical_id, undoes: false }
}

/// JSON as a template's evaluation would give it.
fn evaluated(value: Value) -> template::Value {
    match value {
        Value::Null => template::Value::Null,
        Value::Bool(flag) => template::Value::Bool(flag),
        Value::Number(number) => template::Value::Number(number.to_string()),
        Value::String(text) => template::Value::String(text),
        Value::Array(items) => template::Value::List(items.into_iter().map(evaluated).collect()),
        Value::Object(fields) => {
            template::Value::Map(fields.into_iter().map(|(name, field)| (name, evaluated(field))).collect())
        }
    }
}
