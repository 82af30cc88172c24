//! What people read holds to the program: every key of the settings has its line, what is quoted is taken, and no help sends
//! anybody to a source file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::Exit;
use cli::configuration::{Configuration, parse_catalogue, parse_profile};
use localcloud::Faults;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The blocks of a language in a document.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Every key that a reader of settings asks for, from its own lines.
fn keys() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/configuration");
    let mut keys = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name == "reader.rs" || name == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("readable");
        for reads in
            ["text", "texts", "flag", "table", "tables", "named_texts", "needed_text", "seconds", "number"]
        {
            for rest in text.split(&format!(".{reads}(\"")).skip(1) {
                keys.insert(rest.split('"').next().unwrap_or_default().to_owned());
            }
        }
        for rest in text.split("secret(table, ").skip(1) {
            keys.extend(rest.split('"').skip(1).step_by(2).take(2).map(str::to_owned));
        }
        for rest in text.split(".one_of(").skip(1) {
            keys.extend(rest.split('"').nth(1).map(str::to_owned));
        }
    }
    keys
}

#[test]
fn every_key_of_the_settings_has_its_line() {
    let text = document("docs/settings.md") + &document("docs/catalogue.md");
    let keys = keys();
    assert!(keys.len() > 50, "the reader's own lines are found: {keys:?}");
    let parts = upgrade::Part::ALL.map(|part| part.key().to_owned());
    let missing: Vec<&String> =
        keys.iter().chain(&parts).filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new(), "docs/settings.md and docs/catalogue.md say nothing of them");
    for adapter in platform::ADAPTERS {
        assert!(text.contains(&format!("`\"{}\"`", adapter.word)), "docs/settings.md: {}", adapter.word);
    }
    for check in upgrade::standing_checks() {
        assert!(text.contains(&format!("`{check}`")), "docs/settings.md says nothing of {check}");
    }
}

#[test]
fn what_the_documents_quote_is_taken() {
    let documents =
        ["settings", "catalogue", "notices", "platform"].map(|name| document(&format!("docs/{name}.md")));
    for block in documents.iter().flat_map(|text| blocks(text, "toml")) {
        if block.starts_with("# A profile's file.") {
            parse_profile("profile.toml", block).unwrap_or_else(|problems| panic!("{problems}\n{block}"));
        } else if block.starts_with("# A catalogue.") {
            parse_catalogue("catalogue.toml", block).unwrap_or_else(|problems| panic!("{problems}\n{block}"));
        } else {
            Configuration::parse("slackwater.toml", block)
                .unwrap_or_else(|problems| panic!("{problems}\n{block}"));
        }
    }
    let faults = document("docs/faults.md");
    let [quoted] = blocks(&faults, "json").try_into().expect("one example");
    let read = Faults::parse(quoted).unwrap_or_else(|error| panic!("{error}"));
    let written = serde_json::to_value(&read).expect("JSON");
    for member in written.as_object().expect("an object").keys() {
        assert!(faults.contains(&format!("`{member}`")), "docs/faults.md says nothing of {member}");
    }
}

/// The command and the options of a line of a document; `None`: it isn't a call of this program.
fn call(line: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let words = line.split('#').next()?.split_whitespace().collect::<Vec<_>>();
    let (&"slackwater", words) = words.split_first()? else { return None };
    let is_command = |word: &&&str| word.chars().all(|one| one.is_ascii_lowercase() || one == '-');
    let commands: Vec<&str> = words
        .iter()
        .take_while(|word| !word.starts_with('-'))
        .take(2)
        .take_while(is_command)
        .copied()
        .collect();
    let options = words.iter().copied().filter(|word| word.starts_with("--") && word.len() > 2).collect();
    Some((commands, options))
}

fn help(commands: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(commands)
        .arg("--help")
        .output()
        .expect("the program starts");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn every_command_that_the_documents_show_is_one() {
    let mut names = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(repository().join("docs")).expect("the folder") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        // Pictures have a folder of their own.
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    let mut checked = 0;
    for name in names {
        let text = document(&name);
        let lines = blocks(&text, "").into_iter().chain(blocks(&text, "sh")).flat_map(str::lines);
        for (commands, options) in lines.filter_map(|line| call(line.trim_start_matches("$ "))) {
            // The second word may be an argument.
            let whole = help(&commands).or_else(|| help(&commands[..commands.len().min(1)]));
            let whole =
                whole.unwrap_or_else(|| panic!("{name}: slackwater {} is no command", commands.join(" ")));
            for option in options {
                let option = option.split('=').next().unwrap_or(option);
                assert!(whole.contains(option), "{name}: slackwater {} has no {option}", commands.join(" "));
            }
            checked += 1;
        }
    }
    assert!(checked > 15, "the documents show commands: {checked}");
}

#[test]
fn every_exit_code_is_told_by_help_and_document_alike() {
    let (text, document) = (help(&[]).expect("a help"), document("docs/exit-codes.md"));
    for (code, exit) in Exit::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(exit.code()), code, "each code has its row");
        let sentence = exit.sentence();
        assert!(text.contains(&format!("  {code}  {sentence}\n")), "--help: {code} {sentence}");
        assert!(
            document.contains(&format!("| {code} | {sentence} |\n")),
            "docs/exit-codes.md: {code} {sentence}"
        );
    }
    let rows = document.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, Exit::ALL.len() + 1, "with its head, and no row beside");
}

/// The requests that a document lists, `GET /path` at the beginning of a row.
fn requests(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect()
}

#[test]
fn the_contract_of_a_platform_is_told_whole() {
    let contract = document("crates/platform/openapi.yaml");
    let (mut asked, mut path) = (BTreeSet::new(), "");
    for line in contract.lines() {
        if let Some(found) = line.strip_prefix("  /").and_then(|rest| rest.strip_suffix(':')) {
            path = found;
        } else if let Some(method) = line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(':'))
            && ["get", "put", "post", "delete"].contains(&method)
        {
            asked.insert(format!("{} /{path}", method.to_uppercase()));
        }
    }
    assert!(asked.len() > 5, "{asked:?}");
    assert_eq!(requests(&document("docs/platform.md")), asked);
}

#[test]
fn every_request_of_the_api_that_is_shown_is_one() {
    let shown = requests(&document("docs/api.md"));
    assert!(shown.len() > 5, "{shown:?}");
    let operations = document("crates/panel/src/api/operations.rs");
    for request in shown {
        let (method, path) = request.split_once(" /api/v1").expect("a request");
        let listed = format!("{}(\"{path}\"", method.to_lowercase());
        assert!(operations.contains(&listed), "docs/api.md: {request}");
    }
}

/// The names of the subcommands that a help lists.
fn subcommands(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("Commands:\n") else { return Vec::new() };
    let listed = rest.lines().take_while(|line| line.starts_with("  "));
    let names =
        listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn no_help_sends_anybody_to_a_source_file() {
    let mut open = vec![Vec::new()];
    let mut read = 0;
    while let Some(commands) = open.pop() {
        let words: Vec<&str> = commands.iter().map(String::as_str).collect();
        let text = help(&words).unwrap_or_else(|| panic!("{words:?} has no help"));
        assert!(!text.contains("crates/") && !text.contains(".rs"), "{words:?}: {text}");
        read += 1;
        open.extend(subcommands(&text).into_iter().map(|name| [commands.clone(), vec![name]].concat()));
    }
    assert!(read > 20, "{read} helps were read");
}

#[test]
fn what_the_map_says_is_touched_to_add_something_is_there() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let map = std::fs::read_to_string(format!("{root}/ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let section = map.split("\n## ").find(|part| part.starts_with("To add something")).expect("the section");
    let named: Vec<&str> =
        section.split('`').filter(|word| word.starts_with("crates/") || word.starts_with("docs/")).collect();
    let missing: Vec<&&str> =
        named.iter().filter(|path| !std::path::Path::new(&format!("{root}/{path}")).exists()).collect();
    assert!(named.len() > 12, "{named:?}");
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}");
}
