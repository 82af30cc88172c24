//! A world with short words for requests, and the shared test data.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use localcloud::wire::Service;
use localcloud::{AwsError, Config, Input, Timestamp, World};
use serde_json::{Value, json};

/// The shared data, or `None` with a loud word when it isn't there. CI must have it.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "shared test data is missing: {path}");
    println!("SKIPPED: shared test data is missing: {path}");
    None
}

/// A file of the shared data as text.
pub fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(shared(path)?).expect("shared test data is readable"))
}

/// A file of the shared data as JSON.
pub fn read_json(path: &str) -> Option<Value> {
    Some(serde_json::from_str(&read(path)?).expect("shared test data is JSON"))
}

/// A world with a bucket for templates.
pub struct Cloud {
    /// The world.
    pub world: World,
    /// The time of the next request.
    pub now: Timestamp,
}

impl Cloud {
    /// A world of the usual configuration.
    pub fn new() -> Cloud {
        Cloud::with(Config::default())
    }

    /// A world of this configuration.
    pub fn with(config: Config) -> Cloud {
        let now = Timestamp(1_767_225_600_000);
        let mut cloud = Cloud { world: World::new(config, now), now };
        cloud
            .service(Service::ObjectStorage, "CreateBucket", json!({"Bucket": "templates"}))
            .expect("a bucket");
        cloud
    }

    /// The values of the parameter store, in the order of their names.
    pub fn stored_parameters(&self) -> Vec<String> {
        self.world.parameter_store.plain_values().map(|(_, value)| value.to_owned()).collect()
    }

    /// Ask a service.
    pub fn service(&mut self, service: Service, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.world.handle(self.now, service, operation, Input(&input))
    }

    /// Ask CloudFormation.
    pub fn ask(&mut self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.service(Service::CloudFormation, operation, input)
    }

    /// Ask CloudFormation what it can't refuse.
    pub fn get(&mut self, operation: &str, input: Value) -> Value {
        self.ask(operation, input.clone()).unwrap_or_else(|error| panic!("{operation} {input}: {error}"))
    }

    /// Ask CloudFormation what it must refuse; gives code and words.
    pub fn refused(&mut self, operation: &str, input: Value) -> String {
        match self.ask(operation, input.clone()) {
            Ok(answer) => panic!("{operation} {input} was answered: {answer}"),
            Err(error) => format!("{} {}", error.code, error.message),
        }
    }

    /// Ask Auto Scaling what it can't refuse.
    pub fn auto_scaling(&mut self, operation: &str, input: Value) -> Value {
        self.service(Service::AutoScaling, operation, input).expect("an answer of Auto Scaling")
    }

    /// Ask CloudWatch what it can't refuse.
    pub fn cloudwatch(&mut self, operation: &str, input: Value) -> Value {
        self.service(Service::CloudWatch, operation, input).expect("an answer of CloudWatch")
    }

    /// Let the time pass.
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.world.advance(self.now);
    }

    /// Let whatever is going on come to its end.
    pub fn settle(&mut self) {
        self.pass(100_000);
    }

    /// Store a template and give its URL.
    pub fn url(&mut self, key: &str, body: &str) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        self.service(
            Service::ObjectStorage,
            "PutObject",
            json!({"Bucket": "templates", "Key": key, "Body": body}),
        )
        .expect("an object");
        format!("https://templates.s3.us-east-1.amazonaws.com/{key}")
    }

    /// Create a stack of a small template and wait.
    pub fn create(&mut self, name: &str, template: &Value) {
        self.get(
            "CreateStack",
            json!({"StackName": name, "TemplateBody": template.to_string(), "Capabilities": CAPABILITIES}),
        );
        self.settle();
    }

    /// The stack's description.
    pub fn stack(&mut self, name: &str) -> Value {
        self.get("DescribeStacks", json!({"StackName": name}))["Stacks"][0].clone()
    }

    /// The stack's status.
    pub fn status(&mut self, name: &str) -> String {
        self.stack(name)["StackStatus"].as_str().unwrap_or_default().to_owned()
    }

    /// Every page of a list.
    pub fn all(&mut self, operation: &str, list: &str, mut input: Value) -> Vec<Value> {
        let mut found = Vec::new();
        loop {
            let answer = self.get(operation, input.clone());
            found.extend(answer[list].as_array().cloned().unwrap_or_default());
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return found,
            }
        }
    }

    /// All events, oldest first.
    pub fn events(&mut self, stack: &str) -> Vec<Value> {
        let mut events = self.all("DescribeStackEvents", "StackEvents", json!({"StackName": stack}));
        events.reverse();
        events
    }

    /// All resources.
    pub fn resources(&mut self, stack: &str) -> Vec<Value> {
        self.all("ListStackResources", "StackResourceSummaries", json!({"StackName": stack}))
    }
}

/// Everything that may have to be acknowledged.
pub const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// `Resource STATUS reason` of an event, the physical id left out.
pub fn line(event: &Value) -> String {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{} {} {}", text("LogicalResourceId"), text("ResourceStatus"), text("ResourceStatusReason"))
        .trim_end()
        .to_owned()
}

/// The first thing that failed in a stack.
pub fn first_failure(cloud: &mut Cloud, stack: &str) -> Option<String> {
    cloud.events(stack).iter().map(line).find(|line| line.contains("FAILED") || line.contains("ROLLBACK"))
}

/// `Parameters` of a request, of those that the template takes.
pub fn parameters(template: &str, values: &Value) -> Value {
    let template = template::Template::parse("template", template.as_bytes()).expect("a template");
    let given = values
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, _)| template.parameters.contains_key(*name));
    given.map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value})).collect()
}

/// A parameter of the parameter store with this value.
pub fn parameter(value: &str) -> Value {
    json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}})
}

/// A template of these resources.
pub fn template(resources: Value) -> Value {
    json!({"Resources": resources})
}

/// A template of one parameter with this value.
pub fn one(value: &str) -> Value {
    template(json!({"P": parameter(value)}))
}

/// The events since the `skip`th, as lines.
pub fn lines(cloud: &mut Cloud, stack: &str, skip: usize) -> Vec<String> {
    cloud.events(stack).iter().skip(skip).map(line).collect()
}
