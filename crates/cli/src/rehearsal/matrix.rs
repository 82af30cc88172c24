//! A vendor's gate: every release to the next, or to one that isn't published yet, by every set of parameters that customers have.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::many::Spread;
use super::pictures::escaped;
use super::told::Told;
use crate::answers::Answer;
use crate::error::CliError;
use crate::files::{self, FileError};
use crate::words::duration;

/// What is rehearsed, as a file has it. Paths are from where the file is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// Templates of releases, the oldest first. Each is upgraded to the next; with `to`, each to that.
    releases: Vec<PathBuf>,
    /// The release that is to come.
    to: Option<PathBuf>,
    /// Sets of parameters by their names; without any, one that gives nothing.
    #[serde(default)]
    parameters: BTreeMap<String, SetDocument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetDocument {
    /// A file of values, as AWS's tools or a plain map have it.
    file: Option<PathBuf>,
    /// Values, over those of the file. One that a release doesn't take isn't given to it.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// One upgrade of the matrix.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    /// The name of the set of parameters.
    pub(crate) set: String,
    pub(crate) given: BTreeMap<String, String>,
}

impl Pair {
    /// Such as `v3.7.0 to v3.8.2, small`.
    pub(crate) fn title(&self) -> String {
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match self.set.as_str() {
            "" => format!("{} to {}", stem(&self.from), stem(&self.to)),
            set => format!("{} to {}, {set}", stem(&self.from), stem(&self.to)),
        }
    }
}

/// Read which upgrades are to be rehearsed.
pub(crate) fn read(path: &Path) -> Result<Vec<Pair>, CliError> {
    let text = files::read_text(path)?;
    let document: Document = toml::from_str(&text).map_err(|error| FileError::malformed(path, error))?;
    let beside = |named: &Path| path.parent().unwrap_or(Path::new("")).join(named);
    let mut sets: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for (name, set) in document.parameters {
        let mut given = BTreeMap::new();
        if let Some(file) = &set.file {
            for (key, value) in crate::inputs::parameters_file(&beside(file))? {
                if let template::GivenParameter::Value(value) = value {
                    given.insert(key, value);
                }
            }
        }
        given.extend(set.values);
        sets.push((name, given));
    }
    if sets.is_empty() {
        sets.push((String::new(), BTreeMap::new()));
    }
    let releases: Vec<PathBuf> = document.releases.iter().map(|one| beside(one)).collect();
    let upgrades: Vec<(PathBuf, PathBuf)> = match &document.to {
        Some(to) => releases.iter().map(|from| (from.clone(), beside(to))).collect(),
        None => {
            releases.windows(2).filter_map(|two| Some((two.first()?.clone(), two.last()?.clone()))).collect()
        }
    };
    if upgrades.is_empty() {
        return Err(FileError::malformed(
            path,
            "it names no upgrade: two releases at least, or one and `to`",
        )
        .into());
    }
    let mut pairs = Vec::new();
    for (from, to) in upgrades {
        for (set, given) in &sets {
            pairs.push(Pair { from: from.clone(), to: to.clone(), set: set.clone(), given: given.clone() });
        }
    }
    Ok(pairs)
}

/// Every upgrade of a matrix.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Matrix {
    pub(crate) upgrades: Vec<Row>,
}

impl Answer for Matrix {
    const NAME: &'static str = "rehearsal-matrix";
}

/// What came of one upgrade of the matrix.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RehearsedUpgrade")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) title: String,
    /// Nothing would change.
    pub(crate) changes_nothing: bool,
    /// Why it could not be rehearsed.
    pub(crate) refused: Option<String>,
    #[serde(rename = "rehearsal")]
    pub(crate) told: Option<Told>,
}

impl Row {
    /// Whether the release may go out, as far as this upgrade goes.
    pub(crate) fn is_well(&self) -> bool {
        self.changes_nothing || self.told.as_ref().is_some_and(Told::is_well)
    }

    /// How it went, in a few words; users out; how many failures need a person.
    fn cells(&self) -> [String; 3] {
        let none = || "".to_owned();
        let Some(told) = &self.told else {
            return match &self.refused {
                Some(reason) => [format!("not rehearsed: {reason}"), none(), none()],
                None => ["changes nothing".to_owned(), none(), none()],
            };
        };
        let distribution = &told.distribution;
        let ends: Vec<String> =
            distribution.ends.iter().map(|(end, count)| format!("{count} {}", end.title())).collect();
        let out = match distribution.downtime {
            Some(Spread { median, p95, .. }) => format!("{} ({} in 95 %)", duration(median), duration(p95)),
            None => none(),
        };
        let needing = told.failures.as_ref().map_or_else(none, |failures| {
            format!("{} of {}", failures.need_a_person(), failures.outcomes.len())
        });
        [ends.join(", "), out, needing]
    }
}

pub(crate) fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let [ends, out, needing] = row.cells();
        let mark = if row.is_well() { "ok  " } else { "FAIL" };
        let _ = writeln!(text, "  {mark} {:<40} {ends}", row.title);
        if !out.is_empty() {
            let _ = writeln!(text, "       {:<40} users out {out}", "");
        }
        if !needing.is_empty() {
            let _ = writeln!(text, "       {:<40} failures that need a person: {needing}", "");
        }
    }
    let well = rows.iter().filter(|row| row.is_well()).count();
    let _ = writeln!(text, "{well} of {} upgrades end well.", rows.len());
    text
}

/// The table for a pull request.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let well = rows.iter().filter(|row| row.is_well()).count();
    let mut text = format!("### Upgrades rehearsed: {well} of {} end well\n\n", rows.len());
    text.push_str("| | upgrade | ends | users out | failures that need a person |\n|---|---|---|---|---|\n");
    let cell = |text: &str| escaped(text).replace('|', "\\|").replace('\n', " ");
    for row in rows {
        let [ends, out, needing] = row.cells();
        let mark = if row.is_well() { "✅" } else { "❌" };
        let _ = writeln!(
            text,
            "| {mark} | {} | {} | {} | {} |",
            cell(&row.title),
            cell(&ends),
            cell(&out),
            cell(&needing)
        );
    }
    text
}

pub(crate) fn junit(rows: &[Row]) -> String {
    let failures = rows.iter().filter(|row| !row.is_well()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"slackwater rehearse\" tests=\"{}\" failures=\"{failures}\">\n",
        rows.len()
    );
    for row in rows {
        let _ = write!(text, r#"  <testcase classname="upgrade" name="{}""#, escaped(&row.title));
        match row.is_well() {
            true => text.push_str("/>\n"),
            false => {
                let _ = writeln!(text, r#"><failure>{}</failure></testcase>"#, escaped(&row.cells()[0]));
            }
        }
    }
    text.push_str("</testsuite>\n");
    text
}
