//! Inside brackets indentation means nothing to CloudFormation's YAML reader; ours refuses lines there that stand further left
//! than the block around them (saphyr's pull requests 101 and 108). So such lines are moved to the right, and the places that
//! are told afterwards are moved back.

use crate::node::Position;
use crate::read::MAXIMUM_TEMPLATE_BYTES;

/// A text whose lines inside brackets stand to the right of their first bracket.
pub(crate) struct Shifted {
    pub(crate) text: String,
    /// By line, from 0 on: by how many columns it was moved.
    moved: Vec<usize>,
}

/// How much longer a text may become: one of many lines behind a bracket far to the right isn't worth the memory.
const MOST_ADDED_BYTES: usize = 4 * MAXIMUM_TEMPLATE_BYTES;

impl Shifted {
    /// Nothing if no line stands inside brackets, or if the text would become too long.
    pub(crate) fn new(text: &str) -> Option<Shifted> {
        let mut reader = Reader::default();
        let mut moved = Vec::new();
        let mut shifted = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let is_inside = reader.depth > 0 && reader.quote.is_none();
            let by = if is_inside { reader.first_bracket } else { 0 };
            moved.push(by);
            if shifted.len() + by > text.len() + MOST_ADDED_BYTES {
                return None;
            }
            shifted.extend(std::iter::repeat_n(' ', by));
            shifted.push_str(line);
            reader.line(line.trim_end_matches(['\n', '\r']));
        }
        moved.iter().any(|by| *by > 0).then_some(Shifted { text: shifted, moved })
    }

    /// Where a place of the shifted text stands in the one that was given.
    pub(crate) fn place(&self, at: Position) -> Position {
        let by = at.line.checked_sub(1).and_then(|line| self.moved.get(line as usize)).copied().unwrap_or(0);
        Position { column: at.column.saturating_sub(u32::try_from(by).unwrap_or(u32::MAX)).max(1), ..at }
    }
}

/// Follows brackets, quotes, comments and block scalars, line by line.
#[derive(Default)]
struct Reader {
    depth: usize,
    /// The column behind the bracket that opened the outermost collection.
    first_bracket: usize,
    quote: Option<char>,
    /// The indentation of the line that a block scalar began on: what is indented further is its text.
    block_scalar: Option<usize>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let indentation = line.len() - line.trim_start_matches(' ').len();
        if let Some(outer) = self.block_scalar {
            if line.trim().is_empty() || indentation > outer {
                return;
            }
            self.block_scalar = None;
        }
        // Whether a value may begin here: only then a quote or a bracket opens anything outside of brackets.
        let mut may_begin = true;
        let mut previous = ' ';
        let mut column = 0;
        let mut characters = line.chars().peekable();
        while let Some(one) = characters.next() {
            column += 1;
            match self.quote {
                Some('"') if one == '\\' => {
                    column += 1;
                    characters.next();
                }
                Some('\'') if one == '\'' && characters.peek() == Some(&'\'') => {
                    column += 1;
                    characters.next();
                }
                Some(quote) if one == quote => {
                    self.quote = None;
                    may_begin = false;
                }
                Some(_) => {}
                None => {
                    match one {
                        '#' if previous == ' ' || previous == '\t' => return,
                        '"' | '\'' if may_begin => self.quote = Some(one),
                        '[' | '{' if may_begin || self.depth > 0 => {
                            if self.depth == 0 {
                                self.first_bracket = column;
                            }
                            self.depth += 1;
                            may_begin = true;
                        }
                        ']' | '}' if self.depth > 0 => {
                            self.depth -= 1;
                            may_begin = false;
                        }
                        ',' if self.depth > 0 => may_begin = true,
                        '|' | '>' if may_begin && self.depth == 0 => {
                            self.block_scalar = Some(indentation);
                            return;
                        }
                        ':' | '-' | '?' if matches!(characters.peek(), None | Some(' ' | '\t')) => {
                            may_begin = true;
                        }
                        ':' if self.depth > 0 && (previous == '"' || previous == '\'') => may_begin = true,
                        // A tag or an anchor stands before the value.
                        '!' | '&' if may_begin => {
                            while characters.peek().is_some_and(|next| !matches!(next, ' ' | '\t')) {
                                column += 1;
                                characters.next();
                            }
                        }
                        ' ' | '\t' => {}
                        _ => may_begin = false,
                    }
                }
            }
            previous = one;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shifted;

    #[test]
    fn only_lines_inside_brackets_move() {
        let cases = [
            ("a: [\n1\n]\nb: 1\n", vec![0, 4, 4, 0]),
            ("a: b [\nc\n", vec![]),
            ("a: |\n  [\n  x\nb: 1\n", vec![]),
            ("a: '['\nb: \"{\\\"\"\nc: 1 # [\n", vec![]),
            ("a: !Join [',', [\nx\n]]\nb: 'it''s [ '\n", vec![0, 10, 10, 0]),
            ("a: !Sub |\n  {\n  x\nb: {'k':[\n1]}\n", vec![0, 0, 0, 0, 4]),
            ("- {\n\"a\": \"b {\"\n}\n- 1\n", vec![0, 3, 3, 0]),
        ];
        for (text, moved) in cases {
            let found = Shifted::new(text).map(|shifted| shifted.moved).unwrap_or_default();
            assert_eq!(found, moved, "{text}");
        }
    }
}
