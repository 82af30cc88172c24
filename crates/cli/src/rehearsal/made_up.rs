//! Values for secret parameters, which nobody tells a rehearsal: made up within what the template allows.

use regex_syntax::hir::{Class, Hir, HirKind};
use template::{Parameter, ParameterType};

/// The longest value that is tried.
const LONGEST: u64 = 128;

/// A value that the parameter takes; `None`: none could be made up. The same parameter always gets the same one.
///
/// It is recognizable and no secret: a rehearsal's cloud is nobody's.
#[must_use]
pub fn value(parameter: &Parameter) -> Option<String> {
    if let Some(value) = parameter.allowed_values.first() {
        return Some(value.clone());
    }
    if parameter.type_name == ParameterType::Number {
        return Some(parameter.min_value.unwrap_or(1.0).to_string());
    }
    let shortest = parameter.min_length.unwrap_or(0);
    let longest = parameter.max_length.unwrap_or(LONGEST).max(shortest);
    let fits = |text: &String| {
        let length = text.chars().count() as u64;
        length >= shortest && length <= longest
    };
    let Some(pattern) = &parameter.allowed_pattern else {
        let mut text = "Made-up-4-Rehearsal".to_owned();
        while (text.chars().count() as u64) < shortest {
            text.push('x');
        }
        return Some(text.chars().take(usize::try_from(longest).unwrap_or(usize::MAX)).collect());
    };
    let hir = regex_syntax::parse(pattern).ok()?;
    let anchored = regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok()?;
    (0..=longest.min(LONGEST)).find_map(|repeated| {
        let mut text = String::new();
        example(&hir, u32::try_from(repeated).unwrap_or(u32::MAX), &mut text)?;
        (fits(&text) && anchored.is_match(&text)).then_some(text)
    })
}

/// A text that the expression matches, what may be repeated said so many times where it may be.
fn example(hir: &Hir, repeated: u32, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(character(class)?),
        HirKind::Repetition(repetition) => {
            let times = repeated.max(repetition.min).min(repetition.max.unwrap_or(u32::MAX));
            for _ in 0..times {
                example(&repetition.sub, repeated, text)?;
            }
        }
        HirKind::Capture(capture) => example(&capture.sub, repeated, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                example(part, repeated, text)?;
            }
        }
        HirKind::Alternation(ways) => example(ways.first()?, repeated, text)?,
    }
    Some(())
}

/// A character of the class that people would type.
fn character(class: &Class) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|one| (u32::from(one.start()), u32::from(one.end()))).collect()
        }
        Class::Bytes(class) => {
            class.ranges().iter().map(|one| (u32::from(one.start()), u32::from(one.end()))).collect()
        }
    };
    let holds = |one: &char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&u32::from(*one)));
    ['a', 'A', '0', '-', '_', '.', '/'].into_iter().find(holds).or_else(|| char::from_u32(ranges.first()?.0))
}

#[cfg(test)]
mod tests {
    use template::Template;

    use super::value;

    #[test]
    fn a_value_is_within_what_the_template_allows() {
        for (constraints, expected) in [
            ("", Some("Made-up-4-Rehearsal")),
            ("MinLength: 25", Some("Made-up-4-Rehearsalxxxxxx")),
            ("MaxLength: 5", Some("Made-")),
            ("AllowedValues: [one, two]", Some("one")),
            ("AllowedPattern: '[a-f0-9]{4,}'", Some("aaaa")),
            ("AllowedPattern: '^[a-zA-Z0-9]*$'\n    MinLength: 3", Some("aaa")),
            ("AllowedPattern: 'arn:aws:iam::[0-9]{12}:role/.+'", Some("arn:aws:iam::000000000000:role/a")),
            ("AllowedPattern: '(x|y)z?'", Some("x")),
            ("AllowedPattern: 'a{3}'\n    MinLength: 4", None),
        ] {
            let text = format!(
                "Parameters:\n  Secret:\n    Type: String\n    NoEcho: true\n    {constraints}\nResources:\n  A: {{ Type: \"AWS::SNS::Topic\" }}\n"
            );
            let template = Template::parse("t.yaml", text.as_bytes()).expect("a template");
            assert_eq!(value(&template.parameters["Secret"]).as_deref(), expected, "{constraints}");
        }
    }
}
