//! The modules of this crate know each other in one direction: no file needs, by whatever way, a file that needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// By module, such as `serve_command::door`: the modules that it names.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The source files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_stem().is_some_and(|name| name != "tests") {
            found.push(path);
        }
    }
}

/// The paths of a tree as `use` writes it, `a::{b, c::D}`, from behind `crate::` or `super::`.
fn paths(tree: &str, above: &str, found: &mut Vec<String>) {
    let end =
        tree.find(|one: char| !(one.is_alphanumeric() || one == '_' || one == ':')).unwrap_or(tree.len());
    let (path, rest) = tree.split_at(end);
    let whole = format!("{above}{path}");
    let Some(group) = rest.strip_prefix('{').filter(|_| path.is_empty() || path.ends_with("::")) else {
        found.push(whole);
        return;
    };
    let (mut depth, mut begin) = (0, 0);
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                paths(group[begin..at].trim_start(), &whole, found);
                begin = at + 1;
                if one == '}' {
                    return;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

/// What a file names of its own crate.
fn named(module: &str, text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        paths(rest, "", &mut found);
    }
    for rest in code.split("super::").skip(1) {
        let above = module.rsplit_once("::").map_or(String::new(), |(above, _)| format!("{above}::"));
        paths(rest, &above, &mut found);
    }
    found
}

fn graph(folder: &Path) -> Graph {
    let mut files = Vec::new();
    sources(folder, &mut files);
    let module = |file: &PathBuf| {
        let path = file.strip_prefix(folder).expect("below it").with_extension("");
        path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::")
    };
    let modules: BTreeMap<String, PathBuf> = files.into_iter().map(|file| (module(&file), file)).collect();
    let is_in = |path: &str, module: &str| path == module || path.starts_with(&format!("{module}::"));
    let mut graph = Graph::new();
    for (module, file) in modules.iter().filter(|(module, _)| !["lib", "main"].contains(&module.as_str())) {
        let text = std::fs::read_to_string(file).expect("readable");
        let known = graph.entry(module.clone()).or_default();
        for path in named(module, &text) {
            let named = modules.keys().filter(|one| is_in(&path, one)).max_by_key(|one| one.len());
            // A module and those below it are one thing.
            known.extend(named.filter(|named| !is_in(named, module)).cloned());
        }
    }
    graph
}

/// The modules that are left when, over and over, those that need none of the others are taken away.
fn circle(mut graph: Graph) -> Graph {
    loop {
        let free: Vec<String> =
            graph.iter().filter(|(_, known)| known.is_empty()).map(|(one, _)| one.clone()).collect();
        if free.is_empty() {
            return graph;
        }
        for one in free {
            graph.remove(&one);
            for known in graph.values_mut() {
                known.remove(&one);
            }
        }
    }
}

#[test]
fn no_module_needs_one_that_needs_it() {
    let files = graph(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let edges: usize = files.values().map(BTreeSet::len).sum();
    assert!(files.len() > 80 && edges > 300, "{} files, {edges} arrows were read", files.len());
    let top = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut tops = Graph::new();
    for (module, known) in &files {
        let known = known.iter().map(|one| top(one)).filter(|one| *one != top(module));
        tops.entry(top(module)).or_default().extend(known);
    }
    assert_eq!(circle(files), Graph::new(), "files in a circle");
    assert_eq!(circle(tops), Graph::new(), "modules at the top in a circle");
}

#[test]
fn a_circle_is_found_through_nested_uses() {
    let text = "use crate::a::{self, b::{C, d}};\nfn f() { super::g::h(); } // crate::no\n#[cfg(test)]\nuse crate::never;";
    assert_eq!(named("x::y", text), ["a::self", "a::b::C", "a::b::d", "x::g::h"]);
    let arrows = |pairs: &[(&str, &str)]| -> Graph {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*to).to_owned()).or_default();
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(circle(arrows(&[("a", "b"), ("b", "c"), ("a", "c")])), Graph::new());
    let left = circle(arrows(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]));
    assert_eq!(left, arrows(&[("a", "b"), ("b", "c"), ("c", "a")]));
}
