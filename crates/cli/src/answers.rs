//! What every command prints for programs, `--output json`: a struct for each answer, here or beside what it tells of, and the
//! types of the panel's API where that tells of the same thing. Inner types are not printed: what a run, a look or a check is
//! inside may change, and these may not (`docs/json.md`).
//!
//! This knows no command. A command makes its answer and prints it with [`print`]; `schema_command` lists them all.

mod changes;
mod checked;
mod found;
mod listening;
pub(crate) mod release;
mod run;
mod standing;
mod told;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) use changes::{ChangedParameter, Changes, Estimate, Expected, PointOfNoReturn, Risk, ValueSource};
pub(crate) use checked::{Checked, Drift, StackDrift};
pub(crate) use found::{ProposedSettings, SnapshotTaken, TestOfWay, Way, Ways};
pub(crate) use listening::{LoadBalancerReady, LocalCloudReady, PanelReady};
pub(crate) use run::{
    Accepted, AlreadyInMaintenance, Approval, LeftRun, ListedRun, RunAsked, RunEnded, RunLine, RunReport,
    RunRequested, Runs, Stopped, StoppedInstance, StoppedTask, TakenSnapshot, UsersSeenBy,
};
pub(crate) use standing::{BannerShown, Standing, Status, Unreached};
pub(crate) use told::{PlanDrawn, Problem, Remark};

/// What is printed as one document, or as a line of several.
pub(crate) trait Answer: Serialize + JsonSchema {
    /// What it is, in its schema's name.
    const NAME: &'static str;
    /// Goes up when a member goes away, or comes to mean something else.
    const VERSION: u32 = 1;
}

/// Such as `slackwater/status/1`: the member `schema` of every answer.
fn id<A: Answer>() -> String {
    format!("slackwater/{}/{}", A::NAME, A::VERSION)
}

/// The answer as it is printed: its schema's name first.
pub(crate) fn document<A: Answer>(answer: &A) -> Value {
    let mut document = Map::from_iter([("schema".to_owned(), id::<A>().into())]);
    // An answer is plain data, with members.
    if let Value::Object(members) = json!(answer) {
        document.extend(members);
    }
    Value::Object(document)
}

/// Print an answer as a document of its own.
pub(crate) fn print<A: Answer>(answer: &A) {
    println!("{:#}", document(answer));
}

/// Print an answer as a line, where more follow.
pub(crate) fn print_line<A: Answer>(answer: &A) {
    println!("{}", document(answer));
}

/// An answer's schema, and its name.
pub(crate) struct Described {
    pub id: String,
    pub schema: fn() -> Schema,
}

impl Described {
    pub(crate) fn of<A: Answer>() -> Described {
        Described { id: id::<A>(), schema: schema::<A> }
    }
}

fn schema<A: Answer>() -> Schema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<A>();
    let id = id::<A>();
    let object = schema.ensure_object();
    object.insert("title".to_owned(), id.as_str().into());
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.shift_insert(0, "schema".to_owned(), json!({"const": id}));
    }
    let required = object.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, "schema".into());
    }
    schema
}
