//! Patterns with `*` for any text and `?` for any one character: those of IAM, of stack policies, of EC2's filters, and of a
//! listener's rules.

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// This character.
    Exactly(char),
    /// Any one character.
    One,
    /// Any text, none included.
    Many,
}

/// A pattern's parts. There is no way to write a star that is only a star: whoever has one makes the parts by themselves.
#[must_use]
pub fn tokens(pattern: &str) -> Vec<Token> {
    let token = |character| match character {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Exactly(other),
    };
    pattern.chars().map(token).collect()
}

/// Whether a whole text fits a pattern.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    fits(&tokens(pattern), text, false)
}

/// Whether a whole text fits. Greedy with one way back, so it takes at most the product of both lengths, whatever the pattern is.
#[must_use]
pub fn fits(tokens: &[Token], text: &str, ignore_case: bool) -> bool {
    let same = |a: char, b: char| a == b || (ignore_case && a.to_lowercase().eq(b.to_lowercase()));
    let text: Vec<char> = text.chars().collect();
    let (mut token, mut place) = (0, 0);
    // Where to go on when what follows the last `*` doesn't fit: one character later.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(character) = text.get(place) {
        let fits = match tokens.get(token) {
            Some(Token::Many) => {
                retry = Some((token + 1, place));
                token += 1;
                continue;
            }
            Some(Token::One) => true,
            Some(Token::Exactly(wanted)) => same(*wanted, *character),
            None => false,
        };
        if fits {
            token += 1;
            place += 1;
        } else if let Some((after_star, from)) = retry {
            token = after_star;
            place = from + 1;
            retry = Some((after_star, place));
        } else {
            return false;
        }
    }
    tokens.get(token..).is_some_and(|rest| rest.iter().all(|token| *token == Token::Many))
}

#[cfg(test)]
mod tests {
    use super::{fits, matches, tokens};

    #[test]
    fn a_star_is_any_text_and_a_question_mark_any_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?", "a", true),
            ("a", "a", true),
            ("a", "A", false),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a*b*", "acb", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("Update:*", "Update:Replace", true),
            ("LogicalResourceId/*DB*", "LogicalResourceId/AnalyticsDBInstance", true),
            ("LogicalResourceId/DB", "LogicalResourceId/DBInstance", false),
            ("AWS::EC2::?PC", "AWS::EC2::VPC", true),
            ("**a", "ba", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(fits(&tokens("*.Example.com"), "www.eXAMPLE.com", true));
    }
}
