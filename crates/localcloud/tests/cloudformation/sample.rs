//! Values that a type's schema allows, made up from it: the least, another one for each edition where the schema leaves room.

use changeset::facts::{Kind, Schema, TypeSchema};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

/// Deeper than any schema needs for its required parts; what is deeper refers to itself.
const DEPTH: usize = 12;

/// A value of a top-level property; `None` where the schema hasn't got it.
pub fn property(schema: &TypeSchema, name: &str, edition: u64) -> Option<Value> {
    Some(value(schema, schema.top.properties.get(name)?, edition, 0))
}

/// The top-level properties that must be there: those of the schema and of its first alternatives.
pub fn required(schema: &TypeSchema) -> Vec<String> {
    let mut names = schema.top.required.clone();
    for choice in first_choices(&schema.top) {
        names.extend(choice.required.iter().cloned());
    }
    names
}

fn first_choices(schema: &Schema) -> impl Iterator<Item = &Schema> {
    schema.one_of.first().into_iter().chain(schema.any_of.first()).chain(&schema.all_of)
}

/// The schema with what it refers to and its first alternatives written into it.
fn whole(types: &TypeSchema, schema: &Schema, depth: usize) -> Schema {
    let mut made = schema.clone();
    let referred = schema.reference.as_ref().and_then(|name| types.definition(name));
    for more in referred.into_iter().chain(first_choices(schema)).filter(|_| depth < DEPTH) {
        let more = whole(types, more, depth + 1);
        if made.kinds.is_empty() {
            made.kinds = more.kinds;
        }
        made.required.extend(more.required);
        made.closed |= more.closed;
        made.others = made.others.or(more.others);
        for (name, inner) in more.properties {
            made.properties.entry(name).or_insert(inner);
        }
        made.pattern = made.pattern.or(more.pattern);
        made.constant = made.constant.or(more.constant);
        made.items = made.items.or(more.items);
        made.min_items = made.min_items.max(more.min_items);
        made.min_length = made.min_length.max(more.min_length);
        made.max_length = made.max_length.or(more.max_length);
        made.minimum = made.minimum.or(more.minimum);
        made.maximum = made.maximum.or(more.maximum);
        if made.allowed_values.is_empty() {
            made.allowed_values = more.allowed_values;
        }
    }
    made
}

fn value(types: &TypeSchema, schema: &Schema, edition: u64, depth: usize) -> Value {
    let schema = whole(types, schema, 0);
    if let Some(constant) = schema.constant {
        return constant;
    }
    if !schema.allowed_values.is_empty() {
        let place = usize::try_from(edition).unwrap_or_default() % schema.allowed_values.len();
        return schema.allowed_values[place].clone();
    }
    let kind = schema.kinds.iter().find(|kind| **kind != Kind::Null).copied().unwrap_or(Kind::String);
    match kind {
        Kind::Boolean => json!(edition.is_multiple_of(2)),
        Kind::Integer | Kind::Number => {
            let least = schema.minimum.unwrap_or(1.0).max(0.0).ceil();
            json!((least as u64 + edition).min(schema.maximum.unwrap_or(f64::MAX) as u64))
        }
        Kind::Array => {
            let items = schema.items.unwrap_or_default();
            let count = if depth > DEPTH {
                schema.min_items.unwrap_or(0)
            } else {
                schema.min_items.unwrap_or(1).max(1)
            };
            (0..count).map(|number| value(types, &items, edition + number, depth + 1)).collect()
        }
        Kind::Object => {
            let mut made = Map::new();
            for name in schema.required.iter().filter(|_| depth <= DEPTH) {
                let inner = schema.properties.get(name).cloned().unwrap_or_default();
                made.insert(name.clone(), value(types, &inner, edition, depth + 1));
            }
            if made.is_empty() && depth <= DEPTH {
                let any = match (
                    schema.properties.first_key_value(),
                    schema.pattern_properties.is_empty(),
                    schema.others,
                ) {
                    (Some((name, inner)), ..) => {
                        Some((name.clone(), value(types, inner, edition, depth + 1)))
                    }
                    (None, true, Some(inner)) => {
                        Some(("Key".to_owned(), value(types, &inner, edition, depth + 1)))
                    }
                    (None, true, None) if !schema.closed => {
                        Some(("Key".to_owned(), json!(format!("value-{edition}"))))
                    }
                    (None, ..) => None,
                };
                made.extend(any);
            }
            Value::Object(made)
        }
        Kind::String | Kind::Null => json!(text(&schema, edition)),
    }
}

fn text(schema: &Schema, edition: u64) -> String {
    let least = usize::try_from(schema.min_length.unwrap_or_default()).unwrap_or_default();
    let most = usize::try_from(schema.max_length.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let plain = format!("{:x>least$}", format!("text-{edition}"));
    let plain = plain.get(plain.len().saturating_sub(most)..).unwrap_or(&plain).to_owned();
    let Some(pattern) = &schema.pattern else { return plain };
    let Ok(compiled) = regex_lite::Regex::new(pattern) else { return plain };
    let fits = |text: &String| {
        let length = text.chars().count();
        compiled.is_match(text) && (least..=most).contains(&length)
    };
    if fits(&plain) {
        return plain;
    }
    let Ok(hir) = regex_syntax::Parser::new().parse(pattern) else { return plain };
    let longer = (0..=(least + 2) as u32).map(|more| {
        let mut made = String::new();
        write(&hir, more, edition, &mut made);
        made
    });
    longer.into_iter().find(fits).unwrap_or(plain)
}

/// A text that the pattern matches, with `more` repetitions than the least where it may repeat.
fn write(hir: &Hir, more: u32, edition: u64, made: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => made.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => made.push(member(class, edition)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..(repetition.min + more).min(most) {
                write(&repetition.sub, more, edition, made);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, more, edition, made),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, more, edition, made)),
        HirKind::Alternation(parts) => write(&parts[0], more, edition, made),
    }
}

fn member(class: &Class, edition: u64) -> char {
    let holds = |wanted: char| match class {
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&wanted)),
        Class::Bytes(class) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&(wanted as u8)))
        }
    };
    let places = u32::try_from(edition % 10).unwrap_or_default();
    let wished = [
        char::from_digit(places, 10),
        char::from_u32(u32::from(b'a') + places),
        char::from_u32(u32::from(b'A') + places),
    ];
    let others = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(' '..='~');
    wished.into_iter().flatten().chain(others).find(|one| holds(*one)).unwrap_or('x')
}
