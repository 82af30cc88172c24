//! A described deployment: stacks and what goes on in them, written down in TOML, so that a local cloud can be brought
//! to where a real one is before a rehearsal. This file reads the format, which docs/seed.md tells; `plant` and `work` make
//! it so, through the wire like anybody (`caller`).

pub(crate) mod answer;
mod caller;
mod plant;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::error::{CliError, Exit};

pub use caller::{Caller, CallerError};
pub use plant::{StackSeen, create, plant};
pub(crate) use plant::{look, outputs};
pub use work::{AtWork, set_to_work};

/// Between two looks. Wherever the clock is paused this takes no time.
const LOOK: Duration = Duration::from_secs(1);

/// Why a seed can't be planted.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// It isn't one.
    #[error("{file}:{line}: {what}")]
    At {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A template that it names can't be read.
    #[error("{file}:{line}: cannot read the template {}: {source}", path.display())]
    Template {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The template.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The cloud refused something that no line is to blame for, or can't be reached.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// An answer that isn't one.
    #[error("the cloud's answer to {operation} can't be read: {reason}")]
    Answer {
        /// What was asked.
        operation: String,
        /// Why.
        reason: String,
    },
}

impl From<SeedError> for CliError {
    fn from(error: SeedError) -> CliError {
        let kind = match error {
            SeedError::At { .. } | SeedError::Template { .. } => Exit::BadInput,
            SeedError::Caller(_) | SeedError::Answer { .. } => Exit::Failed,
        };
        CliError::new(kind, error)
    }
}

/// A seed, with the text it was read from.
#[derive(Debug, Clone)]
pub struct Seed {
    file: String,
    text: String,
    /// Where the templates are that it names.
    folder: PathBuf,
    /// The stacks, in their order.
    pub stacks: Vec<StackSeed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    stack: Vec<StackSeed>,
}

/// A stack and what goes on in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "StackTable")]
pub struct StackSeed {
    /// Its name.
    pub name: Spanned<String>,
    /// Where its template is.
    pub template: Spanned<String>,
    /// The role that CloudFormation assumes.
    pub role_arn: Option<String>,
    /// Parameter values.
    pub parameters: BTreeMap<String, Spanned<String>>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What goes on in it.
    pub workload: Workload,
}

/// What goes on in a stack.
#[derive(Debug, Clone, Default)]
pub struct Workload {
    /// Jobs that run.
    pub jobs: Vec<Jobs>,
    /// Instances of groups.
    pub workers: Vec<Workers>,
    /// Instances outside of groups.
    pub dedicated: Vec<Dedicated>,
    /// Storage that grew by itself.
    pub storage: Vec<Storage>,
    /// What AWS Backup has saved.
    pub recovery_points: Vec<RecoveryPoints>,
    /// Rules added by hand.
    pub listener_rules: Vec<ListenerRule>,
}

impl StackSeed {
    /// A stack that no file describes, of a template's address.
    pub(crate) fn of(name: &str, template: &str) -> StackSeed {
        StackSeed {
            name: unwritten(name.to_owned()),
            template: unwritten(template.to_owned()),
            role_arn: None,
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            workload: Workload::default(),
        }
    }
}

impl Workload {
    fn logical_ids_mut(&mut self) -> impl Iterator<Item = &mut Spanned<String>> {
        let jobs = self.jobs.iter_mut().map(|jobs| &mut jobs.queue);
        let workers = self.workers.iter_mut().map(|workers| &mut workers.group);
        let storage = self.storage.iter_mut().map(|storage| &mut storage.database);
        let points =
            self.recovery_points.iter_mut().flat_map(|points| [&mut points.vault, &mut points.resource]);
        let rules = self.listener_rules.iter_mut();
        let rules = rules.flat_map(|rule| std::iter::once(&mut rule.listener).chain(&mut rule.forward_to));
        jobs.chain(workers).chain(storage).chain(points).chain(rules)
    }
}

/// A stack as it is written: its workload stands beside the rest. (`serde(flatten)` would lose the lines.)
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StackTable {
    name: Spanned<String>,
    template: Spanned<String>,
    role_arn: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    jobs: Vec<Jobs>,
    #[serde(default)]
    workers: Vec<Workers>,
    #[serde(default)]
    dedicated: Vec<Dedicated>,
    #[serde(default)]
    storage: Vec<Storage>,
    #[serde(default)]
    recovery_points: Vec<RecoveryPoints>,
    #[serde(default)]
    listener_rules: Vec<ListenerRule>,
}

impl From<StackTable> for StackSeed {
    fn from(table: StackTable) -> StackSeed {
        let StackTable { name, template, role_arn, parameters, tags, .. } = table;
        let StackTable { jobs, workers, dedicated, storage, recovery_points, listener_rules, .. } = table;
        let workload = Workload { jobs, workers, dedicated, storage, recovery_points, listener_rules };
        StackSeed { name, template, role_arn, parameters, tags, workload }
    }
}

/// Jobs that run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// The queue's logical id, or `*`.
    pub queue: Spanned<String>,
    /// How many in each queue.
    pub count: usize,
    /// How long they run, in AWS's seconds.
    #[serde(default = "an_hour")]
    pub seconds: u32,
    /// Their names, in turn.
    #[serde(default)]
    pub names: Vec<String>,
    /// Whose they are, in turn.
    #[serde(default)]
    pub owners: Vec<String>,
}

fn an_hour() -> u32 {
    3600
}

/// Instances of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// The group's logical id.
    pub group: Spanned<String>,
    /// How many.
    pub desired: usize,
    /// Whether they are protected from scale-in.
    pub protected: Option<bool>,
    /// The least size of the warm pool.
    pub warm_pool: Option<usize>,
}

/// Instances outside of groups.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dedicated {
    /// How many.
    pub count: usize,
    /// Their type.
    #[serde(default = "usual_type")]
    pub instance_type: String,
    /// Their image.
    #[serde(default = "usual_image")]
    pub image: String,
    /// Their tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn usual_type() -> String {
    "m5.large".to_owned()
}

fn usual_image() -> String {
    "ami-0123456789abcdef0".to_owned()
}

/// Storage that grew by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The database's logical id.
    pub database: Spanned<String>,
    /// To how much.
    pub gib: u64,
}

/// What AWS Backup has saved.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryPoints {
    /// The vault's logical id, or its name.
    pub vault: Spanned<String>,
    /// The logical id of what is saved.
    pub resource: Spanned<String>,
    /// How often.
    #[serde(default = "once")]
    pub count: usize,
}

fn once() -> usize {
    1
}

/// A rule added by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerRule {
    /// The listener's logical id.
    pub listener: Spanned<String>,
    /// Its priority.
    pub priority: u32,
    /// Path patterns.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Host names.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The logical id of the target group that it forwards to.
    pub forward_to: Option<Spanned<String>>,
    /// The status of a fixed response.
    pub status: Option<u16>,
    /// The text of a fixed response.
    pub body: Option<String>,
}

impl Seed {
    /// Read a seed; `given` stands for its placeholders.
    ///
    /// # Errors
    /// When it isn't one: the line, and what to do.
    pub fn parse(path: &Path, text: &str, given: &BTreeMap<String, String>) -> Result<Seed, SeedError> {
        let file = path.display().to_string();
        let text = text.to_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut seed = Seed { file, text, folder, stacks: Vec::new() };
        let document: Document = toml::from_str(&seed.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let what = error.message().trim().replace('\n', ", ");
            seed.at(at, format!("{what}; docs/seed.md has the form"))
        })?;
        for mut stack in document.stack {
            seed.fill_in(&mut stack, given)?;
            for rule in &stack.workload.listener_rules {
                seed.check_rule(rule)?;
            }
            seed.stacks.push(stack);
        }
        if seed.stacks.is_empty() {
            return Err(seed.at(0, "there is no [[stack]] in it: a seed has one at least"));
        }
        Ok(seed)
    }

    /// A seed that no file holds: what is wrong with it is told by its name alone.
    #[must_use]
    pub fn of(name: &str, stack: StackSeed) -> Seed {
        Seed { file: name.to_owned(), text: String::new(), folder: PathBuf::new(), stacks: vec![stack] }
    }

    fn fill_in(&self, stack: &mut StackSeed, given: &BTreeMap<String, String>) -> Result<(), SeedError> {
        let named_on_the_command_line =
            stack.template.get_ref().strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some();
        let parameters = stack.parameters.values_mut();
        let own = [&mut stack.name, &mut stack.template].into_iter();
        for text in own.chain(parameters).chain(stack.workload.logical_ids_mut()) {
            let filled = self.filled(text, given)?;
            *text.get_mut() = filled;
        }
        let template = stack.template.get_ref();
        // What was typed is meant from where it was typed; what is written is meant from where it is written.
        if !named_on_the_command_line && !template.starts_with("https://") && !template.starts_with("http://")
        {
            let path = self.folder.join(template);
            *stack.template.get_mut() = path.display().to_string();
        }
        Ok(())
    }

    fn filled(&self, text: &Spanned<String>, given: &BTreeMap<String, String>) -> Result<String, SeedError> {
        let mut filled = String::new();
        let mut rest = text.get_ref().as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            let value = given.get(name).ok_or_else(|| {
                self.wrong(text, format!("nothing was given for ${{{name}}}: add --set {name}=VALUE"))
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn check_rule(&self, rule: &ListenerRule) -> Result<(), SeedError> {
        let what = match (&rule.forward_to, rule.status) {
            (None, None) => "the rule does nothing: give forward_to, or status",
            (Some(_), Some(_)) => "the rule does two things: give forward_to or status, not both",
            _ if rule.paths.is_empty() && rule.hosts.is_empty() => {
                "the rule has no condition: give paths or hosts"
            }
            _ => return Ok(()),
        };
        Err(self.wrong(&rule.listener, what))
    }

    /// Something is wrong with a part of it.
    fn wrong<T>(&self, part: &Spanned<T>, what: impl Into<String>) -> SeedError {
        self.at(part.span().start, what)
    }

    fn at(&self, byte: usize, what: impl Into<String>) -> SeedError {
        SeedError::At { file: self.file.clone(), line: self.line(byte), what: what.into() }
    }

    fn line(&self, byte: usize) -> usize {
        1 + self.text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
    }
}

/// A part of a seed that no file holds.
#[must_use]
pub fn unwritten<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Seed, String> {
        let given = BTreeMap::from([("release".to_owned(), "v1.yaml".to_owned())]);
        Seed::parse(Path::new("seeds/s.toml"), text, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let stack = "[[stack]]\nname = \"a\"\ntemplate = \"t.yaml\"\n";
        for (text, said) in [
            (String::new(), "seeds/s.toml:1: there is no [[stack]]"),
            ("\n\n[[stack]\n".to_owned(), "seeds/s.toml:3: "),
            ("[[stack]]\nname = 3\ntemplate = \"t\"".to_owned(), "seeds/s.toml:2: invalid type"),
            ("[[stack]]\nname = \"a\"".to_owned(), "missing field `template`"),
            (format!("{stack}colour = 1\n"), "unknown field `colour`"),
            (format!("{stack}[[stack.jobs]]\nqueue = \"q\"\n"), "seeds/s.toml:4: missing field `count`"),
            (
                format!("{stack}parameters = {{ A = \"${{who}}\" }}"),
                "seeds/s.toml:4: nothing was given for ${who}: add --set who=VALUE",
            ),
            (
                format!("{stack}[[stack.listener_rules]]\nlistener = \"l\"\npriority = 1\n"),
                "seeds/s.toml:5: the rule does nothing",
            ),
        ] {
            let error = parse(&text).expect_err(&text);
            assert!(error.contains(said), "{error}\nlacks {said}");
        }
    }

    #[test]
    fn a_template_is_beside_the_seed_unless_it_was_typed() {
        for (template, expected) in [
            ("t.yaml", "seeds/t.yaml"),
            ("/t.yaml", "/t.yaml"),
            ("${release}", "v1.yaml"),
            ("old/${release}", "seeds/old/v1.yaml"),
            ("https://b.s3.amazonaws.com/${release}", "https://b.s3.amazonaws.com/v1.yaml"),
        ] {
            let seed = parse(&format!("[[stack]]\nname = \"a\"\ntemplate = \"{template}\"")).expect(template);
            assert_eq!(seed.stacks[0].template.get_ref(), expected);
        }
    }

    #[test]
    fn the_sample_is_one() {
        let text = include_str!("../../../deploy/seeds/code-ocean.toml");
        let given = BTreeMap::from([("release".to_owned(), "v3.7.0.yaml".to_owned())]);
        let seed = Seed::parse(Path::new("code-ocean.toml"), text, &given).expect("a seed");
        assert_eq!(seed.stacks.len(), 1);
    }
}
