//! How wide the terminal is, and lines made to fit it. Colour is no matter of this module: `output` drops it where nobody wants it.

/// Narrower than this nothing is readable, wider nobody reads it.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=140;

/// Where there is no terminal, and nobody says how wide it should be.
const ELSEWHERE: usize = 100;

/// The columns that are there: as `COLUMNS` says, else as the terminal has them; `None`: there is no terminal.
pub(crate) fn columns() -> Option<usize> {
    let said =
        std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    said.or_else(|| Some(usize::from(terminal_size::terminal_size()?.0.0)))
}

/// How wide what is read may be.
pub(crate) fn width() -> usize {
    columns().unwrap_or(ELSEWHERE).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// The same text with lines that the terminal has room for. Where there is none they stay whole: they are searched.
pub(crate) fn fit(text: &str) -> String {
    match columns() {
        Some(columns) => fold(text, columns.clamp(*WIDTHS.start(), *WIDTHS.end())),
        None => text.to_owned(),
    }
}

/// The same text with every line broken at spaces that is wider than `width`. What goes on stands below the last column of its
/// line, else a little further in than the line began. A word that doesn't fit stays whole: it may be copied from there.
pub(crate) fn fold(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if visible(line) <= width {
            folded.push_str(line);
        } else {
            fold_line(&mut folded, line, width);
        }
        folded.push_str(end);
    }
    folded
}

fn fold_line(folded: &mut String, line: &str, width: usize) {
    let indent = hanging(line, width);
    let mut column = 0;
    for piece in pieces(line, width - indent) {
        let wide = visible(piece.trim_end_matches(' '));
        if column > indent && column + wide > width {
            while folded.ends_with(' ') {
                folded.pop();
            }
            folded.push('\n');
            folded.extend(std::iter::repeat_n(' ', indent));
            column = indent;
            if wide == 0 {
                continue;
            }
        }
        folded.push_str(piece);
        column += visible(piece);
    }
}

/// A line's words, each with the spaces after it. What stands in backquotes is one word where it fits: a command is copied.
fn pieces(line: &str, room: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.split_inclusive(' ').next().unwrap_or(rest);
        let quoted = match word.matches('`').count() % 2 {
            0 => None,
            _ => {
                let opened = word.rfind('`').unwrap_or(0);
                let closed = rest[opened + 1..].find('`').map(|at| opened + 1 + at);
                closed.map(|at| rest[at..].find(' ').map_or(rest.len(), |space| at + space + 1))
            }
        };
        let end = quoted.filter(|end| visible(rest[..*end].trim_end()) <= room).unwrap_or(word.len());
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}

/// Where what goes on of a line stands.
fn hanging(line: &str, width: usize) -> usize {
    let plain = anstream::adapter::strip_str(line).to_string();
    let begins = plain.chars().take_while(|one| *one == ' ').count();
    let mut last_column = None;
    let mut spaces = 0;
    for (at, one) in plain.chars().enumerate() {
        match one {
            ' ' => spaces += 1,
            _ if spaces >= 2 && at > begins => {
                last_column = Some(at);
                spaces = 0;
            }
            _ => spaces = 0,
        }
    }
    last_column.filter(|column| *column <= width / 2).unwrap_or((begins + 2).min(width / 2))
}

/// Columns that a text takes, escape sequences not counted.
fn visible(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

/// As many names as fit into `room`, and how many more there are.
pub(crate) fn fitting(names: &[String], room: usize) -> String {
    for shown in (1..=names.len()).rev() {
        let more = names.len() - shown;
        let text = names[..shown].join(", ");
        let text = if more > 0 { format!("{text} and {more} more") } else { text };
        if text.chars().count() <= room || shown == 1 {
            return text;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::{fitting, fold};

    #[test]
    fn lines_are_broken_at_spaces_and_go_on_below_their_last_column() {
        for (text, width, expected) in [
            ("short", 20, "short"),
            ("one two three four", 10, "one two\n  three\n  four"),
            ("  retry  try it once more\nx", 20, "  retry  try it once\n         more\nx"),
            ("    one two three", 10, "    one\n     two\n     three"),
            ("a https://a.long/address b", 10, "a https://a.long/address\n  b"),
            ("\u{1b}[31mred\u{1b}[0m is six", 10, "\u{1b}[31mred\u{1b}[0m is six"),
            ("", 10, ""),
            ("do it by `run show it`, then", 18, "do it by\n  `run show it`,\n  then"),
            ("by `a command far too long to fit`", 16, "by `a command\n  far too long\n  to fit`"),
            ("don`t look", 7, "don`t\n  look"),
        ] {
            assert_eq!(fold(text, width), expected, "{text:?} at {width}");
        }
    }

    #[test]
    fn names_that_do_not_fit_are_counted() {
        let names: Vec<String> = ["alpha", "beta", "gamma"].map(str::to_owned).into();
        for (room, expected) in
            [(40, "alpha, beta, gamma"), (17, "alpha and 2 more"), (3, "alpha and 2 more")]
        {
            assert_eq!(fitting(&names, room), expected);
        }
        assert_eq!(fitting(&[], 9), "");
    }
}
