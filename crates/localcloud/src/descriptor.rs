//! What a service of this cloud is, told once: the router, the gate, IAM, throttling, provisioning, the hostile tests and
//! the table in `docs/local-cloud.md` read it here.

use serde_json::Value;

use crate::resource::ResourceType;
use crate::wire::{Protocol, query, xml};
use crate::{AwsError, Input, World};

/// A service. Constants such as [`QUERY`] hold what most services of a protocol share.
#[derive(Debug)]
pub struct Descriptor {
    /// As people call it, such as `Elastic Load Balancing`.
    pub title: &'static str,
    /// The service's name in a SigV4 credential scope, and in faults.
    pub signing_name: &'static str,
    /// The service's part of its ARNs and the prefix of its actions in IAM, where that isn't the signing name.
    pub arn_name: Option<&'static str>,
    /// The version that requests name in a form; `None` where they name none.
    pub version: Option<&'static str>,
    /// How it speaks, unless a header says otherwise.
    pub protocol: Protocol,
    /// Headers by which a client chooses another protocol.
    pub other_protocols: &'static [(&'static str, Protocol)],
    /// The XML namespace of its answers, as the API reference shows it.
    pub namespace: &'static str,
    /// How the lists of its requests are written in a form.
    pub lists: query::Lists,
    /// How the items of its lists are called in XML.
    pub items: xml::Items,
    /// The content type of its JSON, where the operation is in `X-Amz-Target`.
    pub json_type: &'static str,
    /// What its JSON calls the words of an error.
    pub error_words: &'static str,
    /// Whether it is one for all Regions, so that its requests are signed for the first of the partition.
    pub is_global: bool,
    /// What it answers to a call that the gate stops.
    pub errors: Errors,
    /// What it answers to an operation that isn't here.
    pub unknown_operation: fn(&str) -> AwsError,
    /// What it refuses whatever the operation is.
    pub precondition: fn(&World, Input<'_>) -> Result<(), AwsError>,
    /// What its calls act on, where an operation doesn't say otherwise.
    pub target: Target,
    /// What a call needs besides its own action on its target, by the operation and its parameters.
    pub besides: fn(&World, &str, Input<'_>) -> Vec<Permission>,
    /// The tags of a resource that conditions may ask about, by its ARN.
    pub tags: fn(&World, &str) -> Vec<(String, String)>,
    /// Everything that it can do.
    pub operations: &'static [Operation],
    /// The types of CloudFormation that it keeps in a record of its own.
    pub resource_types: &'static [ResourceType],
    /// How often it may be asked. The first that fits an operation counts.
    pub rates: &'static [Rate],
}

/// One operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Such as `DescribeJobs`.
    pub name: &'static str,
    /// What it does.
    pub handler: Handler,
    /// The action in IAM; `None`: it has the operation's name.
    pub action: Option<&'static str>,
    /// The action of a request that names a version, where that is one of its own.
    pub version_action: Option<&'static str>,
    /// What it acts on; `None`: as the service says.
    pub target: Option<Target>,
    /// Method and path, of a service whose requests name their operation so. `{name}` is a parameter, `{name+}` one that
    /// may contain slashes.
    pub route: Option<(&'static str, &'static str)>,
}

/// What answers an operation. What may change the world has to be in the request log.
#[derive(Debug, Clone, Copy)]
pub enum Handler {
    /// It changes nothing.
    Reads(fn(&World, Input<'_>) -> Result<Value, AwsError>),
    /// It changes nothing that anybody could see: it remembers what it has computed.
    Remembers(fn(&mut World, Input<'_>) -> Result<Value, AwsError>),
    /// It may change the world.
    Changes(fn(&mut World, Input<'_>) -> Result<Value, AwsError>),
}

/// The resource that a permission is checked on.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// None that could be named: `*`.
    Everything,
    /// All of a kind, such as `alarm:*`, whatever the parameters name.
    All(&'static str),
    /// Those of the first of these parameters that is given, with what stands before it in an ARN of the service. A
    /// parameter that is an ARN is taken as it is; so is every one whose prefix is empty.
    Named(&'static [(&'static str, &'static str)]),
    /// By the operation and its parameters; none: `*`.
    Computed(fn(&World, &str, Input<'_>) -> Vec<String>),
    /// No permission is needed.
    Unguarded,
}

/// A permission that a call needs besides its own: an action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Such as `iam:PassRole`.
    pub action: &'static str,
    /// An ARN.
    pub resource: String,
    /// A condition key of this permission alone, and its value.
    pub key: Option<(&'static str, String)>,
}

impl Permission {
    /// An action on a resource.
    #[must_use]
    pub fn new(action: &'static str, resource: String) -> Permission {
        Permission { action, resource, key: None }
    }

    /// With a condition key.
    #[must_use]
    pub fn with(self, key: &'static str, value: &str) -> Permission {
        Permission { key: Some((key, value.to_owned())), ..self }
    }
}

/// What a service answers to a call that the gate stops. Codes are those of its API reference's common errors.
#[derive(Debug, Clone, Copy)]
pub struct Errors {
    /// A call too many: status, code, message.
    pub throttled: (u16, &'static str, &'static str),
    /// A call that no policy allows: status, code, and what stands before AWS's usual words.
    pub denied: (u16, &'static str, &'static str),
    /// The code of an error of its own, whose status is 500.
    pub server_error: &'static str,
}

/// One class of operations, which share a token bucket.
#[derive(Debug)]
pub struct Rate {
    /// The bucket's name; `None`: every operation has its own.
    pub class: Option<&'static str>,
    /// Names, or beginnings with a `*`.
    pub operations: &'static [&'static str],
    /// Tokens of a full bucket.
    pub burst: u32,
    /// Tokens that come back.
    pub per_second: u32,
}

impl Rate {
    /// So many a second for all of these operations together.
    #[must_use]
    pub const fn shared(class: &'static str, operations: &'static [&'static str], per_second: u32) -> Rate {
        Rate { class: Some(class), operations, burst: per_second, per_second }
    }

    /// So many a second for each of these operations.
    #[must_use]
    pub const fn each(operations: &'static [&'static str], per_second: u32) -> Rate {
        Rate { class: None, operations, burst: per_second, per_second }
    }

    /// With a bucket that holds more than comes back in a second.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Rate {
        Rate { burst, ..self }
    }

    fn fits(&self, operation: &str) -> bool {
        self.operations.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => operation.starts_with(beginning),
            None => operation == *wanted,
        })
    }
}

/// "Throttling, 400: The request was denied due to request throttling", "AccessDenied" and "InternalFailure" are among
/// the common errors of most services that speak Query.
pub const QUERY_ERRORS: Errors = Errors {
    throttled: (400, "Throttling", "Rate exceeded"),
    denied: (403, "AccessDenied", ""),
    server_error: "InternalFailure",
};

/// Query/XML.
pub const QUERY: Descriptor = Descriptor {
    title: "",
    signing_name: "",
    arn_name: None,
    version: None,
    protocol: Protocol::Query,
    other_protocols: &[],
    namespace: "",
    lists: query::Lists::Member,
    items: xml::Items::Member,
    json_type: "application/x-amz-json-1.1",
    error_words: "message",
    is_global: false,
    errors: QUERY_ERRORS,
    unknown_operation: AwsError::invalid_action,
    precondition: |_, _| Ok(()),
    target: Target::Everything,
    besides: |_, _, _| Vec::new(),
    tags: |_, _| Vec::new(),
    operations: &[],
    resource_types: &[],
    rates: &[],
};

/// REST-JSON.
pub const REST_JSON: Descriptor = Descriptor {
    protocol: Protocol::RestJson,
    errors: Errors { denied: (403, "AccessDeniedException", ""), ..QUERY_ERRORS },
    ..QUERY
};

/// JSON 1.1, the operation in `X-Amz-Target`.
pub const TARGET_JSON: Descriptor = Descriptor {
    protocol: Protocol::TargetJson,
    errors: Errors {
        throttled: (400, "ThrottlingException", "Rate exceeded"),
        denied: (400, "AccessDeniedException", ""),
        ..QUERY_ERRORS
    },
    ..QUERY
};

/// `UnknownOperationException`, without words.
#[must_use]
pub fn unknown_operation(_operation: &str) -> AwsError {
    AwsError::new(400, "UnknownOperationException", "")
}

impl Descriptor {
    /// The service's part of its ARNs and the prefix of its actions in IAM.
    #[must_use]
    pub fn arn_name(&self) -> &'static str {
        self.arn_name.unwrap_or(self.signing_name)
    }

    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// Whether an operation may change the world, and so has to be in the request log.
    #[must_use]
    pub fn changes(&self, operation: &str) -> bool {
        self.operation(operation).is_some_and(|found| matches!(found.handler, Handler::Changes(_)))
    }

    /// Answer a request.
    ///
    /// # Errors
    /// In the service's words.
    pub fn call(&self, world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
        (self.precondition)(world, input)?;
        match self.operation(operation).map(|found| found.handler) {
            Some(Handler::Reads(handler)) => handler(world, input),
            Some(Handler::Remembers(handler) | Handler::Changes(handler)) => handler(world, input),
            None => Err((self.unknown_operation)(operation)),
        }
    }

    /// The rate of an operation, if it has one.
    #[must_use]
    pub fn rate(&self, operation: &str) -> Option<&'static Rate> {
        self.rates.iter().find(|rate| rate.fits(operation))
    }

    /// How it answers a call too many.
    #[must_use]
    pub fn throttled(&self) -> AwsError {
        let (status, code, message) = self.errors.throttled;
        AwsError::new(status, code, message)
    }

    /// How it answers a call that isn't allowed.
    #[must_use]
    pub fn denied(&self, who: &str, action: &str, resource: &str, why: &str) -> AwsError {
        let (status, code, before) = self.errors.denied;
        // S3 quotes the resource (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>).
        let quote = if self.signing_name == "s3" { "\"" } else { "" };
        let words = format!(
            "User: {who} is not authorized to perform: {action} on resource: {quote}{resource}{quote} {why}"
        );
        AwsError::new(status, code, format!("{before}{words}"))
    }
}

/// An operation that changes nothing.
#[must_use]
pub const fn reads(
    name: &'static str,
    handler: fn(&World, Input<'_>) -> Result<Value, AwsError>,
) -> Operation {
    operation(name, Handler::Reads(handler))
}

/// An operation that changes nothing, and is on all there is, whatever its parameters name.
#[must_use]
pub const fn surveys(
    name: &'static str,
    handler: fn(&World, Input<'_>) -> Result<Value, AwsError>,
) -> Operation {
    reads(name, handler).on(Target::Everything)
}

/// An operation that changes nothing that anybody could see, and remembers what it has computed.
#[must_use]
pub const fn remembers(
    name: &'static str,
    handler: fn(&mut World, Input<'_>) -> Result<Value, AwsError>,
) -> Operation {
    operation(name, Handler::Remembers(handler))
}

/// An operation that may change the world.
#[must_use]
pub const fn changes(
    name: &'static str,
    handler: fn(&mut World, Input<'_>) -> Result<Value, AwsError>,
) -> Operation {
    operation(name, Handler::Changes(handler))
}

const fn operation(name: &'static str, handler: Handler) -> Operation {
    Operation { name, handler, action: None, version_action: None, target: None, route: None }
}

impl Operation {
    /// Under this action in IAM.
    #[must_use]
    pub const fn action(self, action: &'static str) -> Operation {
        Operation { action: Some(action), ..self }
    }

    /// Under this action in IAM where the request names a version.
    #[must_use]
    pub const fn version_action(self, action: &'static str) -> Operation {
        Operation { version_action: Some(action), ..self }
    }

    /// On this.
    #[must_use]
    pub const fn on(self, target: Target) -> Operation {
        Operation { target: Some(target), ..self }
    }

    /// By this method and path.
    #[must_use]
    pub const fn at(self, method: &'static str, path: &'static str) -> Operation {
        Operation { route: Some((method, path)), ..self }
    }
}
