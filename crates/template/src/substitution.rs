//! The text of `Fn::Sub`, taken apart.

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'text> {
    /// Text that stays.
    Text(&'text str),
    /// `${!Literal}`, which gives `${Literal}`; here `Literal`.
    Escaped(&'text str),
    /// `${Name}` or `${LogicalId.Attribute}`.
    Variable(&'text str),
}

/// Takes the text apart. A `${` without an end is text.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut waiting: Option<Piece<'_>> = None;
    std::iter::from_fn(move || {
        if let Some(piece) = waiting.take() {
            return Some(piece);
        }
        if rest.is_empty() {
            return None;
        }
        let found = rest.split_once("${").and_then(|(before, after)| {
            let (inside, after) = after.split_once('}')?;
            Some((before, inside, after))
        });
        let Some((before, inside, after)) = found else {
            let text = rest;
            rest = "";
            return Some(Piece::Text(text));
        };
        rest = after;
        let piece = match inside.strip_prefix('!') {
            Some(literal) => Piece::Escaped(literal),
            None => Piece::Variable(inside),
        };
        if before.is_empty() {
            Some(piece)
        } else {
            waiting = Some(piece);
            Some(Piece::Text(before))
        }
    })
}

/// Whether AWS takes this as a variable's name ("variable names in Fn::Sub syntax must contain only alphanumeric
/// characters, underscores, periods, and colons").
pub(crate) fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, *};

    #[test]
    fn text_is_taken_apart() {
        let cases: [(&str, &[Piece<'_>]); 9] = [
            ("", &[]),
            ("plain", &[Text("plain")]),
            ("${A}", &[Variable("A")]),
            ("x${A.B.C}y", &[Text("x"), Variable("A.B.C"), Text("y")]),
            ("${!A}${B}", &[Escaped("A"), Variable("B")]),
            ("$${A}", &[Text("$"), Variable("A")]),
            ("${A", &[Text("${A")]),
            ("a}b{c$", &[Text("a}b{c$")]),
            ("é${A}ß", &[Text("é"), Variable("A"), Text("ß")]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
