//! Patterns of policies: `*`, `?` and variables such as `${aws:username}`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use changeset::wildcard::{self, Token};

use super::condition::Context;

/// A pattern whose variables are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

impl Pattern {
    /// A pattern; `None` when it has a variable that the context doesn't know: then it matches nothing.
    pub(crate) fn new(text: &str, context: &Context) -> Option<Pattern> {
        Pattern::made(text, context, true)
    }

    /// A text whose variables are filled in, and in which `*` and `?` mean themselves.
    pub(crate) fn literal(text: &str, context: &Context) -> Option<Pattern> {
        Pattern::made(text, context, false)
    }

    fn made(text: &str, context: &Context, has_wildcards: bool) -> Option<Pattern> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some((name, after)) = rest.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
                match name {
                    "*" | "?" | "$" => tokens.extend(name.chars().map(Token::Exactly)),
                    _ => tokens.extend(variable(name, context)?.chars().map(Token::Exactly)),
                }
                rest = after;
                continue;
            }
            tokens.push(match character {
                '*' if has_wildcards => Token::Many,
                '?' if has_wildcards => Token::One,
                _ => Token::Exactly(character),
            });
            rest = rest.get(character.len_utf8()..)?;
        }
        Some(Pattern(tokens))
    }

    /// Whether the whole text fits.
    pub(crate) fn matches(&self, text: &str, ignore_case: bool) -> bool {
        wildcard::fits(&self.0, text, ignore_case)
    }
}

/// A variable's value, or its default after a comma: `${aws:PrincipalTag/team, 'company'}`.
fn variable<'a>(name: &'a str, context: &'a Context) -> Option<&'a str> {
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
        None => (name, None),
    };
    match context.values(key.trim()) {
        Some([value]) => Some(value),
        Some(_) | None => default,
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::Context;
    use super::Pattern;

    #[test]
    fn patterns_match_as_iam_s_do() {
        let mut context = Context::default();
        context.set("aws:username", vec!["anna*".to_owned()]);
        for (pattern, text, matches) in [
            ("*", "", true),
            ("*", "anything:at/all", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("s3:?etObject", "s3:GetObject", true),
            ("s3:GetObject", "s3:GetObjects", false),
            ("arn:*:s3:::b/*/x", "arn:aws:s3:::b/1/2/x", true),
            ("arn:*:s3:::b/*/x", "arn:aws:s3:::b/1/2/y", false),
            ("**a*b*", "xxaxxbxx", true),
            ("home/${aws:username}/*", "home/anna*/1", true),
            ("home/${aws:username}/*", "home/annabel/1", false),
            ("home/${AWS:UserName}", "home/anna*", true),
            ("${*}", "*", true),
            ("${*}", "x", false),
            ("${no:such, 'd'}", "d", true),
            ("a${b", "a${b", true),
            ("é?", "éü", true),
        ] {
            let found = Pattern::new(pattern, &context).is_some_and(|made| made.matches(text, false));
            assert_eq!(found, matches, "{pattern} {text}");
        }
        assert_eq!(Pattern::new("${no:such}", &context), None);
        assert!(Pattern::literal("a*", &context).is_some_and(|made| !made.matches("ab", false)));
        let slow = Pattern::new(&"*a".repeat(200), &context).expect("pattern");
        assert!(!slow.matches(&"a".repeat(199), false));
    }
}
