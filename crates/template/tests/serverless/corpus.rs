//! The templates that are compared.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

/// A template with the values for its parameters.
pub struct Case {
    pub name: String,
    pub text: String,
    pub parameters: IndexMap<String, String>,
}

/// Templates that were written for this test, each around one thing.
pub fn made() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serverless/templates");
    let cases = files(&folder).into_iter().map(|path| Case {
        name: name_of(&path),
        text: std::fs::read_to_string(&path).expect("a text"),
        parameters: IndexMap::new(),
    });
    cases.collect()
}

/// Templates that AWS refuses: the documents of `wrong.yaml`, each named by its first line.
pub fn wrong() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serverless/wrong.yaml");
    let text = std::fs::read_to_string(path).expect("a text");
    let documents = text.split("---\n").filter(|one| !one.trim().is_empty());
    let case = |resources: &str| Case {
        name: resources.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned(),
        text: format!("Transform: AWS::Serverless-2016-10-31\n{resources}"),
        parameters: IndexMap::new(),
    };
    documents.map(case).collect()
}

/// What packages bring along as samples and test data (`tools/serverless-samples.txt`): fetched, not kept.
pub fn packages() -> Vec<Case> {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let folder = venv.join("serverless");
    if std::env::var_os("SLACKWATER_EVERYTHING").is_none() {
        println!("SKIPPED: packages' samples are compared with SLACKWATER_EVERYTHING=1");
        return Vec::new();
    }
    assert!(
        folder.exists(),
        "{} is missing: run the tests with tools/test, which fetches it",
        folder.display()
    );
    let mut cases = Vec::new();
    let mut waiting = vec![folder.clone()];
    while let Some(one) = waiting.pop() {
        waiting.extend(folders(&one));
        for path in files(&one) {
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            if text.contains(template::SERVERLESS) {
                let name = path.strip_prefix(&folder).expect("below").display().to_string();
                cases.push(Case { name, text: packaged(&text), parameters: IndexMap::new() });
            }
        }
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    cases
}

/// Releases of real platforms. Their code is taken to be packaged: a folder of the repository becomes an address in S3.
pub fn platforms() -> Vec<Case> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if !shared.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", shared.display());
        println!("SKIPPED: no shared templates at {}", shared.display());
        return Vec::new();
    }
    let mut cases = Vec::new();
    for series in ["templates", "wild"].iter().flat_map(|name| folders(&shared.join(name))) {
        for path in files(&series) {
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            if !text.contains(template::SERVERLESS) {
                continue;
            }
            let mut parameters = map_in(&path.with_extension("params.json"));
            if parameters.is_empty() {
                parameters = map_in(&series.join("parameters.json"));
            }
            let name = format!("{}/{}", name_of(&series), name_of(&path));
            cases.push(Case { name, text: packaged(&text), parameters });
        }
    }
    cases
}

/// The text with its folders of code as addresses in S3.
fn packaged(text: &str) -> String {
    let line = |line: &str| {
        let (key, value) = line.split_once(": ")?;
        let is_code =
            ["CodeUri", "ContentUri", "DefinitionUri"].contains(&key.trim().trim_start_matches("- "));
        let value = value.trim().trim_matches(['"', '\'']);
        let is_folder = is_code && !value.starts_with(['{', '!', '&']) && !value.starts_with("s3:");
        is_folder.then(|| format!("{key}: s3://packaged/{}", value.trim_start_matches(['.', '/'])))
    };
    text.lines().map(|one| line(one).unwrap_or_else(|| one.to_owned()) + "\n").collect()
}

fn map_in(path: &Path) -> IndexMap<String, String> {
    std::fs::read(path)
        .map(|bytes| serde_json::from_slice(&bytes).expect("a map of texts"))
        .unwrap_or_default()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let is_template = |path: &PathBuf| {
        let extension = path.extension().and_then(|one| one.to_str()).unwrap_or_default();
        let is_data = path
            .to_str()
            .is_some_and(|name| name.ends_with(".params.json") || name.ends_with("parameters.json"));
        path.is_file() && ["yaml", "yml", "json"].contains(&extension) && !is_data
    };
    let mut found: Vec<PathBuf> = entries(folder).into_iter().filter(is_template).collect();
    found.sort();
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(folder).into_iter().filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.flatten().map(|entry| entry.path()).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
