//! What holds of every service: who knows whom, and that the table in `docs/local-cloud.md` is what the descriptors say.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use localcloud::descriptor::{Descriptor, Handler};
use localcloud::services::Service;
use localcloud::wire::Protocol;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The Rust files of a module: `name.rs` and everything in the folder `name`.
fn files(module: &str) -> Vec<PathBuf> {
    let file = source().join(format!("{module}.rs"));
    let mut found: Vec<PathBuf> = file.exists().then_some(file).into_iter().collect();
    let mut folders = vec![source().join(module)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    // The list of services is where all of them are known.
    found.retain(|path| !path.ends_with("src/services.rs"));
    assert!(!found.is_empty(), "there is no module {module}");
    found
}

/// The words of a file's code, with the `::` and `.` before and after them; comments and strings are left out.
fn code_words(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("readable");
    let mut words = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let code: String = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '.');
        words
            .extend(code.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words
}

/// Whether a path or a field access has this part.
fn has_part(word: &str, part: &str) -> bool {
    word.split(['.', ':']).any(|found| found == part)
}

#[test]
fn no_service_names_the_engine_and_the_ground_names_neither() {
    for module in ["services", "resource", "generic", "properties", "descriptor", "wire"] {
        for path in files(module) {
            for word in code_words(&path) {
                assert!(!has_part(&word, "cloudformation"), "{}: {word}", path.display());
                let names_service = has_part(&word, "services") && !matches!(module, "services" | "wire");
                assert!(!names_service, "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn the_engine_reaches_services_by_their_api_and_their_types_alone() {
    // A role's policies and the templates in buckets are read as they are, without a request.
    let known = ["Service", "resource_type", "iam", "object_storage"];
    for path in files("cloudformation") {
        for word in code_words(&path) {
            if let Some((_, named)) = word.split_once("services::") {
                let first = named.split("::").next().unwrap_or_default();
                assert!(known.contains(&first), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn names_versions_routes_and_types_are_unique() {
    let mut seen = BTreeSet::new();
    let mut once = |what: String| assert!(seen.insert(what.clone()), "twice: {what}");
    for service in Service::ALL {
        let Descriptor { signing_name, version, operations, resource_types, protocol, .. } =
            service.descriptor();
        once(format!("signed for {signing_name}"));
        version.iter().for_each(|version| once(format!("version {version}")));
        resource_types.iter().for_each(|kept| once(kept.name.to_owned()));
        for operation in *operations {
            once(format!("{signing_name}:{}", operation.name));
            operation.route.iter().for_each(|(method, path)| once(format!("{method} {path}")));
            assert!(operation.route.is_none() || *protocol == Protocol::RestJson, "{}", operation.name);
        }
    }
}

/// One line a service: what it is signed for, how it speaks, its operations (those that change nothing in italics), its
/// types.
fn table() -> String {
    let mut table =
        String::from("| service | signed for | operations | types of CloudFormation |\n|---|---|---|---|\n");
    for service in Service::ALL {
        let descriptor = service.descriptor();
        let operations: Vec<String> = descriptor
            .operations
            .iter()
            .map(|operation| match operation.handler {
                Handler::Changes(_) => operation.name.to_owned(),
                Handler::Reads(_) | Handler::Remembers(_) => format!("*{}*", operation.name),
            })
            .collect();
        let types: Vec<&str> = descriptor.resource_types.iter().map(|kept| kept.name).collect();
        let (title, signing_name) = (descriptor.title, descriptor.signing_name);
        let (operations, types) = (operations.join(", "), types.join(", "));
        writeln!(table, "| {title} | `{signing_name}` | {operations} | {types} |").expect("text");
    }
    table
}

#[test]
fn the_document_lists_every_operation() {
    let path = source().join("../../../docs/local-cloud.md");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text.contains(&table()), "docs/local-cloud.md must have this table:\n\n{}", table());
}
