//! `GenerateSecretString`: a password made up, the same in every run with the same seed.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html>

use serde_json::{Value, json};

use super::invalid_parameter;
use crate::{AwsError, Input, World};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
/// As `GetRandomPassword` documents them.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const USUAL_LENGTH: i64 = 32;
const LONGEST: i64 = 4096;

/// The secret's text: the password, or the template with the password under its key.
pub(super) fn generate(world: &mut World, entity: &str, settings: Input<'_>) -> Result<String, AwsError> {
    let password = password(world, entity, settings)?;
    match (settings.string("SecretStringTemplate"), settings.string("GenerateStringKey")) {
        (Some(template), Some(key)) => {
            let mut fields: Value = serde_json::from_str(template)
                .ok()
                .filter(Value::is_object)
                .ok_or_else(|| invalid_parameter("SecretStringTemplate must be a JSON object."))?;
            if let Some(fields) = fields.as_object_mut() {
                fields.insert(key.to_owned(), json!(password));
            }
            Ok(fields.to_string())
        }
        (None, None) => Ok(password),
        _ => Err(invalid_parameter("GenerateStringKey and SecretStringTemplate must be specified together.")),
    }
}

fn password(world: &mut World, entity: &str, settings: Input<'_>) -> Result<String, AwsError> {
    let length = settings.integer("PasswordLength")?.unwrap_or(USUAL_LENGTH);
    if !(1..=LONGEST).contains(&length) {
        return Err(invalid_parameter(format!("PasswordLength must be between 1 and {LONGEST}.")));
    }
    let length = usize::try_from(length).unwrap_or_default();
    let excluded = settings.string("ExcludeCharacters").unwrap_or_default();
    let mut kinds: Vec<Vec<char>> = Vec::new();
    for (switch, characters) in [
        ("ExcludeLowercase", LOWER),
        ("ExcludeUppercase", UPPER),
        ("ExcludeNumbers", NUMBERS),
        ("ExcludePunctuation", PUNCTUATION),
    ] {
        if !settings.boolean(switch)?.unwrap_or(false) {
            kinds.push(characters.chars().filter(|one| !excluded.contains(*one)).collect());
        }
    }
    if settings.boolean("IncludeSpace")?.unwrap_or(false) && !excluded.contains(' ') {
        kinds.push(vec![' ']);
    }
    kinds.retain(|kind| !kind.is_empty());
    let each = settings.boolean("RequireEachIncludedType")?.unwrap_or(true);
    if kinds.is_empty() {
        return Err(invalid_parameter("The password's characters are all excluded."));
    }
    if each && length < kinds.len() {
        return Err(invalid_parameter("PasswordLength is too short to include each type of character."));
    }
    let all: Vec<char> = kinds.iter().flatten().copied().collect();
    let mut stream = Stream { world, entity, bytes: Vec::new() };
    let mut password: Vec<char> = Vec::with_capacity(length);
    for place in 0..length {
        let from = kinds.get(place).filter(|_| each).unwrap_or(&all);
        password.extend(from.get(stream.below(from.len())));
    }
    // What each kind has given stands in front so far.
    for place in (1..password.len()).rev() {
        let other = stream.below(place + 1);
        password.swap(place, other);
    }
    Ok(password.into_iter().collect())
}

/// Numbers out of the world's identities.
struct Stream<'w> {
    world: &'w mut World,
    entity: &'w str,
    bytes: Vec<u8>,
}

impl Stream<'_> {
    /// A number below a bound, which is small against 2^16.
    fn below(&mut self, bound: usize) -> usize {
        if self.bytes.len() < 4 {
            self.bytes = self.world.identities.hex(&format!("password {}", self.entity), 64).into_bytes();
        }
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.bytes.pop().and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0);
            number = number * 16 + digit;
        }
        usize::try_from(number).unwrap_or(0) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::generate;
    use crate::{Config, Input, Timestamp, World};

    fn made(seed: u64, settings: &Value) -> Result<String, String> {
        let mut world = World::new(Config { seed, ..Config::default() }, Timestamp(0));
        generate(&mut world, "Stack/Secret", Input(settings)).map_err(|error| error.message)
    }

    #[test]
    fn passwords_are_made_as_asked() {
        let lower = |one: char| one.is_ascii_lowercase();
        let plain = |one: char| one.is_ascii_alphanumeric();
        let check = |settings: Value, length: usize, allowed: &dyn Fn(char) -> bool| {
            let password = made(1, &settings).expect("made");
            assert_eq!(password.chars().count(), length, "{settings}");
            assert!(password.chars().all(allowed), "{settings}: {password}");
            assert_eq!(made(1, &settings), Ok(password.clone()), "the same again");
            assert_ne!(made(2, &settings), Ok(password), "another seed");
        };
        check(json!({}), 32, &|_| true);
        check(json!({"ExcludePunctuation": "true", "PasswordLength": "16"}), 16, &plain);
        check(json!({"ExcludeCharacters": "\"@/\\"}), 32, &|one| !"\"@/\\".contains(one));
        check(json!({"PasswordLength": 4096}), 4096, &|_| true);
        let only_lower =
            json!({"ExcludeUppercase": true, "ExcludeNumbers": true, "ExcludePunctuation": true});
        check(only_lower, 32, &lower);
    }

    #[test]
    fn every_type_is_included_unless_told_otherwise() {
        for seed in 0..50 {
            let password = made(seed, &json!({"PasswordLength": 4})).expect("made");
            for kind in [super::LOWER, super::UPPER, super::NUMBERS, super::PUNCTUATION] {
                assert!(password.chars().any(|one| kind.contains(one)), "{password}");
            }
        }
        let settings = json!({"SecretStringTemplate": "{\"username\": \"admin\"}", "GenerateStringKey": "password",
            "ExcludePunctuation": true, "PasswordLength": 8});
        let text = made(1, &settings).expect("made");
        let fields: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(fields["username"], "admin");
        assert_eq!(fields["password"].as_str().map(str::len), Some(8));
        for (settings, part) in [
            (json!({"PasswordLength": 0}), "between 1 and 4096"),
            (json!({"PasswordLength": 3}), "too short"),
            (json!({"PasswordLength": "many"}), "integer"),
            (json!({"GenerateStringKey": "k"}), "together"),
            (json!({"GenerateStringKey": "k", "SecretStringTemplate": "[]"}), "JSON object"),
            (
                json!({"ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludeNumbers": true,
                    "ExcludePunctuation": true}),
                "all excluded",
            ),
        ] {
            let words = made(1, &settings).expect_err("refused");
            assert!(words.contains(part), "{settings}: {words}");
        }
        assert!(made(1, &json!({"PasswordLength": 1, "RequireEachIncludedType": "false"})).is_ok());
    }
}
