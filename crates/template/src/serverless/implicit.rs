//! The APIs that functions' events make without naming one (`ServerlessRestApi`, `ServerlessHttpApi`), and the paths that events
//! bring to the APIs that they name. Found out before anything is written out.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::events::api_id;
use super::function;
use super::http;
use super::problem::{Expanded, wrong};
use super::rest::document::Word;
use super::rest::editor::{Editor, method_key};
use super::rest::key_order::KeyOrder;
use super::rest::{self, Described, editor};
use super::tree::{Map, map, reference};
use crate::node::Node;

/// The most conditions that one `Fn::Or` takes.
const MOST_ALTERNATIVES: usize = 10;

/// The order in which the transform goes over the resources and over the events of a function: that of the template, or that of
/// Python 2.7 where a REST API is part of it.
#[derive(Debug, Default)]
pub(super) struct Order {
    resources: Option<KeyOrder>,
    events: BTreeMap<String, KeyOrder>,
}

impl Order {
    /// The order for a template.
    pub(super) fn of(template: &Node) -> Order {
        let resources = template.get("Resources");
        let pairs = || resources.into_iter().flat_map(Node::pairs);
        let is = |resource: &Node, name: &str| resource.get("Type").and_then(Node::as_str) == Some(name);
        let has_event = |resource: &Node, kind: &str| {
            is(resource, function::TYPE) && events_of(resource).any(|(_, event)| is(event, kind))
        };
        let default_authorizer = |api: Option<&Node>| {
            api.and_then(|api| api.get("Auth")?.get("DefaultAuthorizer")).is_some_and(Node::is_something)
        };
        let for_all = default_authorizer(template.get("Globals").and_then(|globals| globals.get("HttpApi")));
        let is_old = pairs().any(|(_, one)| is(one, rest::TYPE) || has_event(one, "Api"))
            || pairs().any(|(_, one)| {
                is(one, http::TYPE) && (for_all || default_authorizer(one.get("Properties")))
            })
            || (for_all && pairs().any(|(_, one)| has_event(one, "HttpApi")));
        if !is_old {
            return Order::default();
        }
        let functions = pairs().filter(|(_, one)| is(one, function::TYPE));
        let events =
            functions.map(|(id, one)| (id.to_owned(), KeyOrder::of(events_of(one).map(|(name, _)| name))));
        Order { resources: Some(KeyOrder::of(pairs().map(|(id, _)| id))), events: events.collect() }
    }

    /// Whether the order is that of Python 2.7.
    pub(super) fn is_old(&self) -> bool {
        self.resources.is_some()
    }

    /// The logical ids in their order.
    pub(super) fn ids(&self, resources: &Node) -> Vec<String> {
        match &self.resources {
            Some(order) => order.keys().map(str::to_owned).collect(),
            None => resources.pairs().map(|(id, _)| id.to_owned()).collect(),
        }
    }

    fn add(&mut self, id: &str) {
        if let Some(order) = &mut self.resources {
            order.add(id);
        }
    }

    fn remove(&mut self, id: &str) {
        if let Some(order) = &mut self.resources {
            order.remove(id);
        }
    }

    /// The names of a function's events of a type, in the order in which the transform takes them up here.
    fn events(&self, id: &str, resource: &Node, kind: &str) -> Vec<String> {
        let names: Vec<&str> = match self.events.get(id) {
            Some(order) => order.keys().collect(),
            None => events_of(resource).map(|(name, _)| name).collect(),
        };
        let is = |name: &&str| {
            let event = events_of(resource).find(|(one, _)| one == name).map(|(_, event)| event);
            event.and_then(|event| event.get("Type")?.as_str()) == Some(kind)
        };
        KeyOrder::of(names.into_iter().filter(is)).keys().map(str::to_owned).collect()
    }

    /// Puts a function's events back, after those of a type have been changed.
    fn put_back(&mut self, id: &str, resource: &mut Node, names: &[String]) {
        let Some(order) = self.events.get_mut(id) else {
            return;
        };
        order.merge(names);
        let events = resource.get_mut("Properties").and_then(|properties| properties.get_mut("Events"));
        if let Some(events) = events.and_then(Node::entries_mut) {
            let places: BTreeMap<&str, usize> = order.keys().zip(0..).collect();
            events.sort_by_key(|name, _| places.get(name.as_str()).copied());
        }
    }
}

fn events_of(resource: &Node) -> impl Iterator<Item = (&str, &Node)> {
    resource
        .get("Properties")
        .and_then(|properties| properties.get("Events"))
        .into_iter()
        .flat_map(Node::pairs)
}

/// What is said by the functions whose events an API serves.
#[derive(Debug, Default)]
struct Said {
    /// By path and method: the condition of the function, if it has one.
    conditions: BTreeMap<String, BTreeMap<String, Option<String>>>,
    deletion_policies: Vec<String>,
    update_replace_policies: Vec<String>,
}

impl Said {
    fn note(&mut self, path: &str, method: &str, function: &Node) {
        let attribute = |name: &str| function.get(name).and_then(Node::as_str).map(str::to_owned);
        let methods = self.conditions.entry(path.to_owned()).or_default();
        methods.insert(method.to_owned(), attribute("Condition"));
        self.deletion_policies.extend(attribute("DeletionPolicy"));
        self.update_replace_policies.extend(attribute("UpdateReplacePolicy"));
    }
}

/// The conditions of all, if all have one.
fn common<'a>(conditions: impl Iterator<Item = &'a Option<String>>) -> Option<BTreeSet<String>> {
    let all: Option<BTreeSet<String>> = conditions.cloned().collect();
    all.filter(|all| !all.is_empty())
}

/// The name of a condition that holds when one of several does; it is added to the template where it takes one of its own.
fn any_of(template: &mut Node, conditions: &BTreeSet<String>, name: &str) -> String {
    if template.get("Conditions").is_none() && conditions.len() > 1 {
        template.put("Conditions", Map::new());
    }
    let mut nowhere = Node::from(Map::new());
    any_of_these(template.get_mut("Conditions").unwrap_or(&mut nowhere), conditions, name)
}

/// As [`any_of`], for the section `Conditions`.
pub(super) fn any_of_these(all: &mut Node, conditions: &BTreeSet<String>, name: &str) -> String {
    if let Some(only) = conditions.first().filter(|_| conditions.len() == 1) {
        return only.clone();
    }
    let mut rest: Vec<String> = conditions.iter().cloned().collect();
    let mut helpers = rest.len().saturating_sub(2) / (MOST_ALTERNATIVES - 1);
    while rest.len() > 1 {
        let taken: Vec<String> = rest.drain(..rest.len().min(MOST_ALTERNATIVES)).collect();
        let made = match helpers {
            0 => name.to_owned(),
            number => format!("{name}{number}"),
        };
        helpers = helpers.saturating_sub(1);
        let alternatives: Vec<Node> = taken.iter().map(|one| map! {"Condition" => one.as_str()}).collect();
        all.put(&made, map! {"Fn::Or" => alternatives});
        rest.push(made);
    }
    name.to_owned()
}

/// The name of the condition of a path.
fn path_condition(api: &str, path: &str) -> String {
    format!("{api}{}PathCondition", path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB"))
}

/// Gives the API that events make the condition and the policies that all of its functions share.
fn attribute(template: &mut Node, id: &str, said: &Said) {
    let condition = common(said.conditions.values().flat_map(BTreeMap::values));
    let condition = condition.map(|all| any_of(template, &all, &format!("{id}Condition")));
    let strongest = |given: &[String], ranks: &[&'static str]| {
        ranks.iter().find(|rank| given.iter().any(|one| one == **rank)).copied()
    };
    let deletion = strongest(&said.deletion_policies, &["Retain", "Delete"]);
    let replacement = strongest(&said.update_replace_policies, &["Retain", "Snapshot", "Delete"]);
    let Some(api) = template.get_mut("Resources").and_then(|resources| resources.get_mut(id)) else {
        return;
    };
    let attributes = [
        ("Condition", condition),
        ("DeletionPolicy", deletion.map(str::to_owned)),
        ("UpdateReplacePolicy", replacement.map(str::to_owned)),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            api.put(name, value);
        }
    }
}

/// An event of an API, looked at before anything is written out.
struct Seen {
    api: String,
    path: String,
    method: String,
}

/// What the transform asks of an event of either kind of API.
struct Kind {
    event: &'static str,
    /// The property that names the API.
    names: &'static str,
    /// The API that is made where none is named.
    implicit: &'static str,
    /// The type of the API that it may name, and the one that it mustn't.
    other: &'static str,
}

const REST: Kind = Kind { event: "Api", names: "RestApiId", implicit: rest::IMPLICIT, other: http::TYPE };
const HTTP: Kind = Kind { event: "HttpApi", names: "ApiId", implicit: http::IMPLICIT, other: rest::TYPE };

/// Looks an event over, and fills in what it leaves out.
fn look_over(template: &mut Node, kind: &Kind, id: &str, name: &str) -> Expanded<Option<Seen>> {
    let resource = template.get("Resources").and_then(|resources| resources.get(id)).cloned();
    let Some(resource) = resource else {
        return Ok(None);
    };
    let globals = template.get("Globals").and_then(|globals| globals.get("Function")).cloned();
    let is_known =
        |id: &str| template.get("Resources").and_then(|all| all.get(id)).map(|one| one.get("Type").cloned());
    let known = |id: &str| is_known(id).map(|kind| kind.and_then(|kind| kind.as_str().map(str::to_owned)));
    let mut event = match events_of(&resource).find(|(one, _)| *one == name) {
        Some((_, event)) => event.clone(),
        None => return Ok(None),
    };
    let is_http = kind.event == HTTP.event;
    if !event.get("Properties").is_some_and(Node::is_something) {
        if !is_http {
            return Ok(None);
        }
        if event.get("Properties").is_none() {
            event.put("Properties", Map::new());
        }
    }
    let at = event.clone();
    let Some(properties) = event.get_mut("Properties").filter(|one| one.as_mapping().is_some()) else {
        return wrong(id, &at, format!("the Properties of the event {name} must be a map"));
    };
    let names_api = properties.get(kind.names).is_some();
    if !names_api {
        properties.put(kind.names, reference(kind.implicit));
    }
    let is_empty = |name: &str| !properties.get(name).is_some_and(Node::is_something);
    if is_http && is_empty("Path") && is_empty("Method") {
        properties.put("Path", http::DEFAULT_PATH);
        properties.put("Method", editor::ANY_METHOD);
    }
    let text = |name: &str| properties.get(name).and_then(Node::as_str).map(str::to_owned);
    let (Some(api), Some(path), Some(method)) =
        (api_id(properties, kind.names), text("Path"), text("Method"))
    else {
        let reason = format!("the event {name} needs Path, Method and {}, as texts or a Ref", kind.names);
        return wrong(id, &at, reason);
    };
    match known(&api) {
        None => {
            return wrong(
                id,
                &at,
                format!("{} of the event {name} names no resource of the template", kind.names),
            );
        }
        Some(Some(of)) if of == kind.other => {
            return wrong(
                id,
                &at,
                format!("{} of the event {name} names an API of the other kind", kind.names),
            );
        }
        Some(_) => {}
    }
    let events = template
        .get_mut("Resources")
        .and_then(|all| all.get_mut(id)?.get_mut("Properties")?.get_mut("Events"));
    if let Some(events) = events {
        events.put(name, event);
    }
    if !names_api {
        propagate_tags(template, kind.implicit, &resource, globals.as_ref());
    }
    Ok(Some(Seen { api, path, method }))
}

/// Gives the API that events make the tags of a function that propagates them.
fn propagate_tags(template: &mut Node, implicit: &str, function: &Node, globals: Option<&Node>) {
    let something = |name: &str| {
        let own = function.get("Properties").and_then(|properties| properties.get(name));
        own.filter(|one| one.is_something()).or_else(|| globals?.get(name).filter(|one| one.is_something()))
    };
    let (Some(tags), Some(_)) = (something("Tags"), something("PropagateTags")) else {
        return;
    };
    let api = template.get_mut("Resources").and_then(|all| all.get_mut(implicit)?.get_mut("Properties"));
    if let Some(properties) = api {
        if properties.get("Tags").is_none() {
            properties.put("Tags", Map::new());
        }
        if let Some(all) = properties.get_mut("Tags") {
            for (key, value) in tags.pairs() {
                all.put(key, value);
            }
        }
        properties.put("PropagateTags", true);
    }
}

/// Goes over the events of a kind of API: gives what the functions say, by API, and each event to `add`.
fn gather(
    template: &mut Node,
    order: &mut Order,
    kind: &Kind,
    mut add: impl FnMut(&mut Node, &str, &str, &Seen) -> Expanded<()>,
) -> Expanded<IndexMap<String, Said>> {
    let mut said: IndexMap<String, Said> = IndexMap::new();
    let resources = template.get("Resources").cloned().unwrap_or_else(|| Node::from(Map::new()));
    for id in order.ids(&resources) {
        let Some(function) = resources.get(&id) else {
            continue;
        };
        if function.get("Type").and_then(Node::as_str) != Some(function::TYPE) {
            continue;
        }
        let names = order.events(&id, function, kind.event);
        for name in &names {
            if let Some(seen) = look_over(template, kind, &id, name)? {
                said.entry(seen.api.clone()).or_default().note(&seen.path, &seen.method, function);
                add(template, &id, name, &seen)?;
            }
        }
        if !names.is_empty()
            && let Some(function) = template.get_mut("Resources").and_then(|all| all.get_mut(&id))
        {
            order.put_back(&id, function, &names);
        }
    }
    Ok(said)
}

/// Makes the REST API for events that name none, and gives each API the paths of its events.
pub(super) fn rest(
    template: &mut Node,
    order: &mut Order,
    described: &mut IndexMap<String, Described>,
) -> Expanded<bool> {
    let id = rest::IMPLICIT;
    let before = template.get("Resources").and_then(|resources| resources.get(id)).cloned();
    let described_before = described.get(id).cloned();
    if let Some(resources) = template.get_mut("Resources") {
        resources.put(id, map! {"Type" => rest::TYPE, "Properties" => map! {"StageName" => "Prod"}});
    }
    described.insert(id.to_owned(), Described { body: editor::skeleton(), managed: true });
    order.add(id);
    let said = gather(template, order, &REST, |template, function, name, seen| {
        let Some(api) = described.get_mut(&seen.api).filter(|api| api.managed) else {
            return Ok(());
        };
        let of = format!("{function}{name}");
        let mut editor = Editor::new(&of, template, &api.body)?;
        editor.add_path(&seen.path, &method_key(&seen.method))?;
        api.body = editor.done();
        Ok(())
    })?;
    if let Some(said) = said.get(id) {
        attribute(template, id, said);
    }
    let nothing = Said::default();
    for (api, described) in described.iter_mut().filter(|(_, described)| described.managed) {
        let said = said.get(api).unwrap_or(&nothing);
        let at = Node::from(api.as_str());
        let mut editor = Editor::new(api, &at, &described.body)?;
        for path in editor.paths() {
            let conditions = said.conditions.get(&path.text).into_iter().flat_map(BTreeMap::values);
            if let Some(conditions) = common(conditions) {
                let name = any_of(template, &conditions, &path_condition(api, &path.text));
                let word = if conditions.len() == 1 { Word::given(name) } else { Word::own(name) };
                editor.make_conditional(&path.text, word);
            }
        }
        described.body = editor.done();
    }
    let has_paths =
        described.get(id).and_then(|api| api.body.get("paths")).is_some_and(|paths| paths.is_something());
    if has_paths {
        return Ok(true);
    }
    described.shift_remove(id);
    described.extend(described_before.map(|described| (id.to_owned(), described)));
    restore(template, order, id, before);
    Ok(false)
}

/// Puts back what had the logical id of an API that nothing makes.
fn restore(template: &mut Node, order: &mut Order, id: &str, before: Option<Node>) {
    let Some(resources) = template.get_mut("Resources") else {
        return;
    };
    match before {
        Some(before) => resources.put(id, before),
        None => {
            resources.take(id);
            order.remove(id);
        }
    }
}

/// Makes the HTTP API for events that name none, and gives each API the paths of its events.
pub(super) fn http(
    template: &mut Node,
    order: &mut Order,
    described: &mut IndexMap<String, http::Described>,
) -> Expanded<()> {
    let id = http::IMPLICIT;
    let before = template.get("Resources").and_then(|resources| resources.get(id)).cloned();
    let described_before = described.get(id).cloned();
    if let Some(resources) = template.get_mut("Resources") {
        resources.put(id, map! {"Type" => http::TYPE, "Properties" => Map::new()});
    }
    described.insert(id.to_owned(), http::Described { body: http::skeleton(), managed: true });
    order.add(id);
    let said = gather(template, order, &HTTP, |template, function, name, seen| {
        if let Some(api) = described.get_mut(&seen.api).filter(|api| api.managed) {
            http::add_path(&mut api.body, &seen.path, &seen.method);
        }
        http::set_route(template, function, name, &seen.api, &seen.path, &seen.method)
    })?;
    if let Some(said) = said.get(id) {
        attribute(template, id, said);
    }
    for (api, described) in described.iter_mut().filter(|(_, described)| described.managed) {
        let paths: Vec<String> = described
            .body
            .get("paths")
            .into_iter()
            .flat_map(Node::pairs)
            .map(|(path, _)| path.to_owned())
            .collect();
        for path in paths {
            let conditions = said.get(api).and_then(|said| said.conditions.get(&path));
            if let Some(conditions) = common(conditions.into_iter().flat_map(BTreeMap::values)) {
                let name = any_of(template, &conditions, &path_condition(api, &path));
                http::make_conditional(&mut described.body, &path, &name);
            }
        }
    }
    let has_paths = described.get(id).and_then(|api| api.body.get("paths")).is_some_and(Node::is_something);
    if !has_paths {
        described.shift_remove(id);
        described.extend(described_before.map(|described| (id.to_owned(), described)));
        restore(template, order, id, before);
    }
    Ok(())
}

/// The names of functions that an API serves, put together: the API is deployed anew when they change.
pub(super) fn function_names(
    values: &super::values::Values,
    id: &str,
    function: &Node,
    names: &mut IndexMap<String, String>,
) -> Expanded<()> {
    for (_, event) in events_of(function) {
        let properties =
            event.get("Properties").filter(|_| event.get("Type").and_then(Node::as_str) == Some("Api"));
        let Some(api) = properties.and_then(|properties| api_id(properties, "RestApiId")) else {
            continue;
        };
        let name = function.get("Properties").and_then(|properties| properties.get("FunctionName"));
        let name = name.map(|name| values.resolved(id, name)).transpose()?.filter(Node::is_something);
        if let Some(name) = name {
            let text = rest::document::Part::given(&name);
            let text = name.as_str().map_or_else(|| text.printed(), str::to_owned);
            names.entry(api).or_default().push_str(&text);
        }
    }
    Ok(())
}
