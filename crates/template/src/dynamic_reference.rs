//! Dynamic references: `{{resolve:service:key}}` in a text. CloudFormation resolves them when it makes the resource
//! and never shows what they give; here they stay text, and this only finds them.

/// A dynamic reference in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DynamicReference<'text> {
    /// The whole of it, braces included.
    pub text: &'text str,
    /// `ssm`, `ssm-secure` or `secretsmanager`.
    pub service: &'text str,
    /// What follows the service: name and version, or secret, key and stage.
    pub key: &'text str,
}

/// The dynamic references of a text, in order.
pub fn dynamic_references(text: &str) -> impl Iterator<Item = DynamicReference<'_>> {
    const OPENING: &str = "{{resolve:";
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(OPENING)?;
            let from = rest.get(start..)?;
            let (inside, after) = from.strip_prefix(OPENING)?.split_once("}}")?;
            rest = after;
            let whole = from.get(..OPENING.len() + inside.len() + 2)?;
            if let Some((service, key)) = inside.split_once(':')
                && !inside.contains(['{', '}'])
            {
                return Some(DynamicReference { text: whole, service, key });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_references_are_found() {
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("", &[]),
            ("{{resolve:ssm:name:3}}", &[("ssm", "name:3")]),
            (
                "a{{resolve:secretsmanager:arn:aws:x:SecretString:password}}b{{resolve:ssm-secure:n}}",
                &[("secretsmanager", "arn:aws:x:SecretString:password"), ("ssm-secure", "n")],
            ),
            ("{{resolve:ssm:name", &[]),
            ("{{resolve:}} {{resolve:ssm:é}}", &[("ssm", "é")]),
            ("{{other:ssm:name}}", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = dynamic_references(text).map(|one| (one.service, one.key)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
