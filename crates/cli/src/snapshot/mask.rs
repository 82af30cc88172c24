//! A snapshot that may leave the house: account numbers, physical ids, owners and what they call their work stand for others. What a
//! rehearsal depends on stays: names of stacks, templates, parameter values.
//!
//! Parameter values stay as they are, since conditions and names are made of them; but for account numbers and owners in them. Who
//! shares the file reads them first: [`mask`] gives the list.

use std::collections::BTreeMap;

use super::{Snapshot, WorkSnapshot};

/// Mask it. Gives the parameters whose values are still as they were and aren't a number, a word of the template's own list or
/// empty, as `STACK/PARAMETER`.
pub(crate) fn mask(snapshot: &mut Snapshot) -> Vec<String> {
    let mut people = People::default();
    let accounts = accounts(snapshot);
    let work = snapshot.sessions.iter_mut().chain(&mut snapshot.computations);
    for (number, one) in work.enumerate() {
        hide(one, number, &mut people);
    }
    for stack in &mut snapshot.stacks {
        for (number, job) in stack.queues.iter_mut().flat_map(|queue| &mut queue.jobs).enumerate() {
            hide(job, number, &mut people);
        }
        for resource in &mut stack.resources {
            resource.physical_id.clear();
        }
        for machine in &mut stack.machines {
            if let Some(owner) = machine.tags.get_mut("owner") {
                *owner = people.stand_in(owner);
            }
        }
        for value in stack.tags.values_mut() {
            *value = "masked".to_owned();
        }
    }
    let known = people.known.clone();
    let replace = |text: &mut String| {
        for (from, to) in &accounts {
            *text = text.replace(from, to);
        }
        for (from, to) in known.iter().filter(|(from, _)| from.len() > 3) {
            *text = text.replace(from.as_str(), to);
        }
    };
    let mut left = Vec::new();
    for stack in &mut snapshot.stacks {
        replace(&mut stack.account_id);
        replace(&mut stack.template);
        stack.next_template.iter_mut().for_each(replace);
        let template = template::Template::parse(&stack.name, stack.template.as_bytes()).ok();
        for (key, value) in &mut stack.parameters {
            replace(value);
            let of_list = template.as_ref().and_then(|template| template.parameters.get(key));
            let is_of_list = of_list
                .is_some_and(|one| one.allowed_values.contains(value) || one.default.as_ref() == Some(value));
            if !is_of_list && !value.is_empty() && value.parse::<f64>().is_err() {
                left.push(format!("{}/{key}", stack.name));
            }
        }
    }
    let mut settings = serde_json::Value::Object(std::mem::take(&mut snapshot.settings.table));
    if let Some(maintenance) = settings.get_mut("maintenance").and_then(serde_json::Value::as_object_mut) {
        // Addresses that pass the gate, and words to people, are nobody else's business and change nothing.
        for key in ["admitted", "banner", "message"] {
            maintenance.remove(key);
        }
    }
    if let serde_json::Value::Object(table) = settings {
        snapshot.settings.table = table;
    }
    for sentence in &mut snapshot.unread {
        replace(sentence);
    }
    snapshot.masked = true;
    left
}

fn hide(work: &mut WorkSnapshot, number: usize, people: &mut People) {
    work.name = format!("work-{number}");
    work.owner = work.owner.as_deref().map(|owner| people.stand_in(owner));
}

/// Who stands for whom: the same for the same.
#[derive(Default)]
struct People {
    known: BTreeMap<String, String>,
}

impl People {
    fn stand_in(&mut self, owner: &str) -> String {
        let next = format!("person-{}", self.known.len() + 1);
        self.known.entry(owner.to_owned()).or_insert(next).clone()
    }
}

/// The deployment's own accounts, each with another number. Other accounts (AWS's own, a vendor's) say nothing of it.
fn accounts(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let mut all: Vec<&String> = snapshot.stacks.iter().map(|stack| &stack.account_id).collect();
    all.sort();
    all.dedup();
    all.into_iter()
        .zip(1_u64..)
        .map(|(own, number)| (own.clone(), format!("{:012}", number * 111_111_111)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use template::Template;

    use super::super::{MachineSnapshot, QueueSnapshot, Snapshot, WorkSnapshot};
    use super::mask;

    #[test]
    fn nobody_is_recognized_and_the_same_person_stays_the_same() {
        let text = "Parameters:\n  Admin: { Type: String }\n  Size: { Type: Number }\n  Kind: { Type: String, AllowedValues: [a, b] }\nResources:\n  T: { Type: \"AWS::SNS::Topic\" }\n";
        let template = Template::parse("t", text.as_bytes()).expect("a template");
        let given = [("Admin", "ada@example.com"), ("Size", "3"), ("Kind", "a")];
        let given: BTreeMap<String, String> =
            given.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let mut snapshot = Snapshot::of_template("codeocean", text, &template, &given);
        let work = |owner: &str| WorkSnapshot {
            name: "secret project".to_owned(),
            owner: Some(owner.to_owned()),
            unsaved: Some(1),
        };
        snapshot.sessions = vec![work("ada@example.com"), work("grace@example.com")];
        let stack = &mut snapshot.stacks[0];
        stack.account_id = "123456789012".to_owned();
        stack.parameters.insert("Admin".to_owned(), "ada@example.com in 123456789012".to_owned());
        stack.queues =
            vec![QueueSnapshot { logical_id: "Q".to_owned(), jobs: vec![work("ada@example.com")] }];
        let tags = BTreeMap::from([("owner".to_owned(), "ada@example.com".to_owned())]);
        stack.machines = vec![MachineSnapshot { tags }];
        let left = mask(&mut snapshot);
        let written = serde_json::to_string(&snapshot).expect("plain data");
        for known in ["ada@", "grace@", "123456789012", "secret project"] {
            assert!(!written.contains(known), "{known} is in {written}");
        }
        assert_eq!(snapshot.sessions[0].owner, snapshot.stacks[0].queues[0].jobs[0].owner);
        assert_eq!(left, ["codeocean/Admin"]);
    }
}
