//! What the templates of real vendors bring in, told without a network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use template::Pseudo;
use upgrade::pieces::{included_snippets, nested_release, nested_templates, unaskable};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.join("wild").is_dir() {
        return Some(shared);
    }
    assert!(std::env::var_os("CI").is_none(), "shared/wild is missing: check it out beside the repository");
    eprintln!("SKIPPED: shared/wild is missing, so this test has tested nothing");
    None
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, into);
        } else if [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
            || (name.ends_with(".json") && !name.contains("param"))
        {
            into.push(path);
        }
    }
}

/// Values for the parameters of a template, as the folder has them.
fn parameters(path: &Path) -> BTreeMap<String, Option<String>> {
    let beside = path.with_extension("params.json");
    let path = if beside.is_file() { beside } else { path.with_file_name("parameters.json") };
    let Ok(text) = std::fs::read_to_string(path) else { return BTreeMap::new() };
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).expect("a map");
    let text = |value: serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
    values.into_iter().map(|(key, value)| (key, Some(text(value)))).collect()
}

#[test]
fn everything_that_real_templates_bring_in_is_listed() {
    let Some(shared) = shared() else { return };
    let mut paths = Vec::new();
    files(&shared.join("templates"), &mut paths);
    files(&shared.join("wild"), &mut paths);
    let pseudo = Pseudo {
        account_id: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "platform".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/platform/u".to_owned(),
        notification_arns: Vec::new(),
    };
    let (mut read, mut addresses, mut untold, mut certain, mut snippets, mut unasked) = (0, 0, 0, 0, 0, 0);
    let mut refused = Vec::new();
    for path in &paths {
        let bytes = std::fs::read(path).expect("readable");
        let mut given = parameters(path);
        if let Ok(template) = template::Template::parse("t", &bytes) {
            given.retain(|key, _| template.parameters.contains_key(key));
        }
        let name = path.strip_prefix(&shared).expect("below").display().to_string();
        let listed = nested_release(&name, &bytes, &given, &pseudo).map_err(|error| error.to_string());
        let listed = listed.and_then(|release| {
            let nested = nested_templates(&release, &pseudo, &BTreeMap::new());
            let includes = included_snippets(&release, &pseudo);
            match (nested, includes) {
                (Ok(nested), Ok(includes)) => Ok((nested, includes, unaskable(&release.template))),
                (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
            }
        });
        match listed {
            Err(error) => refused.push(format!("{name}: {error}")),
            Ok((nested, includes, foreign)) => {
                read += 1;
                addresses += nested.iter().filter(|one| one.url.is_ok()).count();
                untold += nested.iter().filter(|one| one.url.is_err()).count();
                certain += nested.iter().filter(|one| one.certain).count();
                snippets += includes.len();
                unasked += foreign.len();
            }
        }
    }
    let unevaluated: Vec<&String> = refused.iter().filter(|one| one.contains("address")).collect();
    assert!(unevaluated.is_empty(), "{unevaluated:#?}");
    // A template that can't be read (yet) brings nothing: the code of twelve serverless ones is still to be packaged.
    let found =
        format!("read {read}, addresses {addresses}, certain {certain}, unaskable {unasked}: {refused:#?}");
    assert!(read >= 204 && addresses >= 94 && certain == addresses && unasked >= 11, "{found}");
    assert_eq!((untold, snippets), (0, 0), "{found}");
}
