//! Java's regular expressions as far as `AllowedPattern` needs what `regex-lite` lacks: looking ahead, and a hyphen
//! after a class (`[\w-.]`). Code Ocean's own template has `(?!https?://)`.
//!
//! A pattern becomes a program, which is run with a stack of its own; a place that has been tried is not tried again,
//! so the time is bounded by the program times the text. Looking behind, back references, possessive repeats,
//! `\p{…}` and classes inside classes are not here: such a pattern is not compiled, and whoever asks must say that it
//! was not checked.

use std::collections::HashSet;

use crate::pattern_effort::PatternEffort;

/// How deep groups may nest. Reading a pattern and looking ahead are recursive.
const MAXIMUM_DEPTH: usize = 40;

/// How long a program may be: a counted repeat is written out.
const MAXIMUM_STEPS: usize = 20_000;

/// How many places may be tried for one text before giving up; fewer, when others have taken the effort.
const MAXIMUM_TRIES: usize = 500_000;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct JavaPattern {
    program: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Class(Class),
    Start,
    End,
    /// A word boundary, or none.
    Boundary(bool),
    /// Go on at both.
    Either(usize, usize),
    Jump(usize),
    /// What begins at the next step and ends in `Found` follows here (or doesn't); then go on at `next`.
    Look {
        follows: bool,
        next: usize,
    },
    Found,
}

/// A set of characters.
#[derive(Debug, Clone, PartialEq)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn holds(&self, character: char) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != self.negated
    }

    fn one(character: char) -> Class {
        Class { negated: false, ranges: vec![(character, character)] }
    }
}

impl JavaPattern {
    /// Compiles a pattern; nothing if it is not sound or has what isn't supported here.
    pub(crate) fn compile(pattern: &str) -> Option<JavaPattern> {
        let mut compiler = Compiler { rest: pattern.chars().collect(), next: 0, program: Vec::new() };
        compiler.alternatives(0)?;
        if compiler.next < compiler.rest.len() {
            return None;
        }
        compiler.push(Step::Found)?;
        Some(JavaPattern { program: compiler.program })
    }

    /// Whether the whole text matches; nothing if that takes too long to find out.
    pub(crate) fn matches_whole(&self, text: &str, effort: &mut PatternEffort) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        let most = effort.at_most(MAXIMUM_TRIES);
        let mut left = most;
        let matches = self.run(0, 0, &text, true, &mut left);
        let _taken = effort.spend((most - left) as u64);
        matches
    }

    fn run(&self, step: usize, at: usize, text: &[char], to_the_end: bool, left: &mut usize) -> Option<bool> {
        let mut tried = HashSet::new();
        let mut waiting = vec![(step, at)];
        while let Some((step, at)) = waiting.pop() {
            if !tried.insert((step, at)) {
                continue;
            }
            *left = left.checked_sub(1)?;
            let here = text.get(at).copied();
            let holds = match self.program.get(step)? {
                Step::Found if at == text.len() || !to_the_end => return Some(true),
                Step::Found => false,
                Step::Class(class) => {
                    if here.is_some_and(|character| class.holds(character)) {
                        waiting.push((step + 1, at + 1));
                    }
                    false
                }
                Step::Start => at == 0,
                // Before a line break at the very end too, as in Java.
                Step::End => here.is_none() || (here == Some('\n') && at + 1 == text.len()),
                Step::Boundary(wanted) => {
                    let before = at.checked_sub(1).and_then(|index| text.get(index)).copied();
                    (before.is_some_and(is_word) != here.is_some_and(is_word)) == *wanted
                }
                Step::Either(first, second) => {
                    waiting.push((*second, at));
                    waiting.push((*first, at));
                    false
                }
                Step::Jump(target) => {
                    waiting.push((*target, at));
                    false
                }
                Step::Look { follows, next } => {
                    if self.run(step + 1, at, text, false, left)? == *follows {
                        waiting.push((*next, at));
                    }
                    false
                }
            };
            if holds {
                waiting.push((step + 1, at));
            }
        }
        Some(false)
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Reads a pattern and writes its program. Nothing means: not supported, or not sound.
struct Compiler {
    rest: Vec<char>,
    next: usize,
    program: Vec<Step>,
}

impl Compiler {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.next).copied()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.next += 1;
        Some(character)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        if self.program.len() >= MAXIMUM_STEPS {
            return None;
        }
        self.program.push(step);
        Some(self.program.len() - 1)
    }

    fn set(&mut self, index: usize, step: Step) -> Option<()> {
        *self.program.get_mut(index)? = step;
        Some(())
    }

    /// `a|b|c`: each but the last begins with a choice and ends with a jump behind all.
    fn alternatives(&mut self, depth: usize) -> Option<()> {
        if depth > MAXIMUM_DEPTH {
            return None;
        }
        let mut jumps = Vec::new();
        loop {
            let choice = self.push(Step::Jump(0))?;
            self.sequence(depth)?;
            if !self.take_if('|') {
                self.set(choice, Step::Jump(choice + 1))?;
                break;
            }
            jumps.push(self.push(Step::Jump(0))?);
            self.set(choice, Step::Either(choice + 1, self.program.len()))?;
        }
        let end = self.program.len();
        jumps.into_iter().try_for_each(|jump| self.set(jump, Step::Jump(end)))
    }

    fn sequence(&mut self, depth: usize) -> Option<()> {
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let start = self.program.len();
            let repeatable = self.atom(depth)?;
            self.repeat(start, repeatable)?;
        }
        Some(())
    }

    /// One atom; whether it may be repeated.
    fn atom(&mut self, depth: usize) -> Option<bool> {
        let step = match self.take()? {
            '(' => return self.group(depth),
            '[' => Step::Class(self.class()?),
            '.' => Step::Class(Class {
                negated: true,
                ranges: vec![('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')],
            }),
            '^' => Step::Start,
            '$' => Step::End,
            '\\' => match self.take()? {
                'A' => Step::Start,
                'Z' => Step::End,
                'b' => Step::Boundary(true),
                'B' => Step::Boundary(false),
                letter => Step::Class(self.escape(letter)?),
            },
            '*' | '+' | '?' | '{' => return None,
            character => Step::Class(Class::one(character)),
        };
        let repeatable = matches!(step, Step::Class(_));
        self.push(step)?;
        Some(repeatable)
    }

    fn group(&mut self, depth: usize) -> Option<bool> {
        if !self.take_if('?') {
            self.alternatives(depth + 1)?;
            return self.take_if(')').then_some(true);
        }
        match self.take()? {
            ':' => {
                self.alternatives(depth + 1)?;
                self.take_if(')').then_some(true)
            }
            sign @ ('=' | '!') => {
                let follows = sign == '=';
                let look = self.push(Step::Look { follows, next: 0 })?;
                self.alternatives(depth + 1)?;
                let found = self.push(Step::Found)?;
                self.set(look, Step::Look { follows, next: found + 1 })?;
                self.take_if(')').then_some(false)
            }
            _ => None,
        }
    }

    /// `*`, `+`, `?`, `{n,m}` after the atom whose program begins at `start`. Lazy or greedy is the same for a whole
    /// match; possessive is not.
    fn repeat(&mut self, start: usize, repeatable: bool) -> Option<()> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.next += 1;
                let least = self.number()?;
                let most = if self.take_if(',') {
                    if self.peek() == Some('}') { None } else { Some(self.number()?) }
                } else {
                    Some(least)
                };
                if self.peek() != Some('}') || most.is_some_and(|most| most < least) {
                    return None;
                }
                (least, most)
            }
            _ => return Some(()),
        };
        self.next += 1;
        if !repeatable || matches!(self.peek(), Some('+' | '*' | '{')) {
            return None;
        }
        self.take_if('?');
        if self.peek() == Some('?') {
            return None;
        }
        let atom = self.program.split_off(start);
        for _ in 0..least {
            self.copy(&atom, start)?;
        }
        match most {
            None => {
                let choice = self.push(Step::Jump(0))?;
                self.copy(&atom, start)?;
                let back = self.push(Step::Jump(choice))?;
                self.set(choice, Step::Either(choice + 1, back + 1))
            }
            Some(most) => {
                let mut choices = Vec::new();
                for _ in least..most {
                    choices.push(self.push(Step::Jump(0))?);
                    self.copy(&atom, start)?;
                }
                let end = self.program.len();
                choices.into_iter().try_for_each(|choice| self.set(choice, Step::Either(choice + 1, end)))
            }
        }
    }

    /// Writes an atom, which was compiled at `from`, at the end of the program.
    fn copy(&mut self, atom: &[Step], from: usize) -> Option<()> {
        let to = self.program.len();
        let moved = |target: usize| target.checked_sub(from).map(|offset| offset + to);
        for step in atom {
            let step = match step {
                Step::Either(first, second) => Step::Either(moved(*first)?, moved(*second)?),
                Step::Jump(target) => Step::Jump(moved(*target)?),
                Step::Look { follows, next } => Step::Look { follows: *follows, next: moved(*next)? },
                other => other.clone(),
            };
            self.push(step)?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<usize> {
        let mut number: Option<usize> = None;
        while let Some(digit) = self.peek().and_then(|one| one.to_digit(10)) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit as usize)?);
            self.next += 1;
        }
        number.filter(|number| *number <= MAXIMUM_STEPS)
    }

    /// The class that an escape stands for.
    fn escape(&mut self, letter: char) -> Option<Class> {
        let digits = || vec![('0', '9')];
        let word = || vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
        let space = || vec![('\t', '\r'), (' ', ' ')];
        let class = |negated, ranges| Some(Class { negated, ranges });
        match letter {
            'd' => class(false, digits()),
            'D' => class(true, digits()),
            'w' => class(false, word()),
            'W' => class(true, word()),
            's' => class(false, space()),
            'S' => class(true, space()),
            't' => Some(Class::one('\t')),
            'n' => Some(Class::one('\n')),
            'r' => Some(Class::one('\r')),
            'f' => Some(Class::one('\u{c}')),
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            // Other letters and digits mean something that isn't here, or nothing.
            letter if letter.is_alphanumeric() => None,
            sign => Some(Class::one(sign)),
        }
    }

    fn hexadecimal(&mut self, length: usize) -> Option<Class> {
        let mut code = 0;
        for _ in 0..length {
            code = code * 16 + self.take()?.to_digit(16)?;
        }
        char::from_u32(code).map(Class::one)
    }

    /// A class, after its opening bracket.
    fn class(&mut self) -> Option<Class> {
        let negated = self.take_if('^');
        let mut ranges = Vec::new();
        loop {
            let first = match self.take()? {
                ']' if !ranges.is_empty() => return Some(Class { negated, ranges }),
                // A class in a class and an intersection are Java's own.
                '[' => return None,
                '&' if self.peek() == Some('&') => return None,
                '\\' => {
                    let letter = self.take()?;
                    let class = self.escape(letter)?;
                    if class.negated {
                        return None;
                    }
                    match class.ranges.as_slice() {
                        [(first, last)] if first == last => *first,
                        // After `\w` a hyphen is itself.
                        _ => {
                            ranges.extend(class.ranges);
                            continue;
                        }
                    }
                }
                character => character,
            };
            let is_range =
                self.peek() == Some('-') && !matches!(self.rest.get(self.next + 1), None | Some(']' | '['));
            if !is_range {
                ranges.push((first, first));
                continue;
            }
            self.next += 1;
            let last = match self.take()? {
                '\\' => {
                    let letter = self.take()?;
                    match self.escape(letter)?.ranges.as_slice() {
                        [(first, last)] if first == last => *first,
                        _ => return None,
                    }
                }
                character => character,
            };
            if last < first {
                return None;
            }
            ranges.push((first, last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_as_in_java() {
        #[rustfmt::skip]
        let cases = [
            ("", "", true), ("", "a", false), ("abc", "abc", true), ("abc", "abcd", false),
            ("a|b|", "b", true), ("a|b|", "", true), ("a|b", "ab", false),
            ("(?:ab)+", "abab", true), ("(?:ab)+", "aba", false), ("(ab|c)*d", "abcabd", true),
            ("a{2}", "aa", true), ("a{2}", "aaa", false), ("a{2,}", "aaaa", true), ("a{0,2}", "aaa", false),
            ("(a*)*", "aaaa", true), ("(a*)*b", "aaaa", false), ("a*?b", "aab", true),
            ("[a-c]+", "abcd", false), ("[^a-c]+", "xyz", true), (r"[\w-\.]+", "a-b.c", true),
            (r"[\w-\.]+", "a b", false), ("[a-]+", "a-a", true), (r"[\]\\^-]+", r"]\^-", true),
            (r"\d+\.\d+", "1.20", true), (r"\s\S", " x", true), (r"\x41\u0042", "AB", true),
            ("^a$", "a", true), ("^$|^a$", "", true), ("a^b", "ab", false), (".", "\n", false), (".", "é", true),
            (r"\bab\b", "ab", true), (r"a\Bb", "ab", true), (r"a\bb", "ab", false),
            ("(?=.*[0-9])(?=.*[a-z])[a-z0-9]+", "abc1", true), ("(?=.*[0-9])[a-z0-9]+", "abc", false),
            ("(?!ab)[a-z]+", "abc", false), ("(?!ab)[a-z]+", "acb", true), ("(?!(?=a)b|c)..", "bx", true),
            ("(?:(?!x).)*", "abc", true), ("(?:(?!x).)*", "axc", false),
            (r"^(|(?:(?!https?:\/\/).+[^\/]))$", "", true),
            (r"^(|(?:(?!https?:\/\/).+[^\/]))$", "example.com", true),
            (r"^(|(?:(?!https?:\/\/).+[^\/]))$", "https://example.com", false),
            (r"^(|(?:(?!https?:\/\/).+[^\/]))$", "example.com/", false),
        ];
        for (pattern, text, expected) in cases {
            let compiled = JavaPattern::compile(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(
                compiled.matches_whole(text, &mut PatternEffort::default()),
                Some(expected),
                "{pattern} {text:?}"
            );
            // Where both engines know the pattern they agree.
            if let Ok(other) = regex_lite::Regex::new(&format!("\\A(?:{pattern})\\z")) {
                assert_eq!(other.is_match(text), expected, "{pattern} {text:?} by regex-lite");
            }
        }
    }

    #[test]
    fn what_is_not_supported_or_not_sound_is_not_compiled() {
        let deep = "(".repeat(10_000);
        let long = "((a{100}){100}){100}";
        let cases = [
            "(", ")", "(a", "a)", "[", "[]", "[a", "*", "a**", "a++", "a{", "a{2", "a{3,2}", "\\", "[b-a]",
            "(?<=a)b", "(?<n>a)", r"\1", r"\p{L}", "[a[b]]", "[a&&b]", "(?>a)", r"\Q", "(?i)a", "^*", &deep,
            long,
        ];
        for pattern in cases {
            assert!(JavaPattern::compile(pattern).is_none(), "{pattern:.40}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let text = "a".repeat(4_096);
        for pattern in ["(a|a)*b", "(a*)*b", "(?:(?=a*b)a)*", "(?:a?){2000}b"] {
            let compiled = JavaPattern::compile(pattern).unwrap_or_else(|| panic!("{pattern}"));
            let mut effort = PatternEffort::default();
            assert_ne!(compiled.matches_whole(&text, &mut effort), Some(true), "{pattern}");
        }
    }
}
