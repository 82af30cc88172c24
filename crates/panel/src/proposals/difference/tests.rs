//! What is told of two templates, and what never is.

use std::fmt::Write as _;

use upgrade::UpdateKind;

use super::{Line, MOST_LINES, Secrets, TemplateDifference};

fn difference(before: &str, after: &str) -> TemplateDifference {
    let names = ["Token", "Key"].map(str::to_owned).into();
    let values = ["elsewhere-too".to_owned()].into();
    TemplateDifference::new(UpdateKind::Primary, "lab", (before, after), &Secrets::new(&names, &values))
}

fn lines(told: &TemplateDifference) -> Vec<String> {
    let all = told.places.iter().flat_map(|place| &place.lines);
    all.map(|line| match line {
        Line::Same(text) => format!(" {text}"),
        Line::Removed(text) => format!("-{text}"),
        Line::Added(text) => format!("+{text}"),
    })
    .collect()
}

#[test]
fn a_change_is_told_with_what_is_around_it_and_the_rest_is_not() {
    let before: String = (1..=40).map(|number| format!("line {number}\n")).collect();
    let after = before.replace("line 20\n", "line twenty\nand one more\n");
    let told = difference(&before, &after);
    assert_eq!((told.added, told.removed, told.places.len(), told.left_out), (2, 1, 1, 0));
    assert_eq!((told.places[0].before, told.places[0].after), (17, 17));
    assert_eq!(
        lines(&told),
        [
            " line 17",
            " line 18",
            " line 19",
            "-line 20",
            "+line twenty",
            "+and one more",
            " line 21",
            " line 22",
            " line 23"
        ]
    );
    assert_eq!(difference(&before, &before).places, []);
}

#[test]
fn the_default_of_a_secret_is_never_told() {
    let templates = [
        "Parameters:\n  Token:\n    NoEcho: true\n    Default: hush-1\n    Type: String\n  Size:\n    Default: 20\n",
        "Parameters:\n  \"Token\":\n    Default: |\n      hush-1\n\n      hush-2\n    Type: String\n  Size: {Default: 20}\n",
        "Parameters:\n  Token: {NoEcho: true, Default: hush-1}\n  Size:\n    Default: 20\n",
        "Parameters:\n  Token: {NoEcho: true,\n    Default: hush-1, Type: String}\n  Size: {Default: 20}\n",
        "Parameters:\n  'Token' : {'NoEcho': true, 'Default': 'hush-1'}\n  Key: { \"Default\" : hush-2 }\n  Size:\n    Default: 20\n",
        "{\"Parameters\":{\"Token\":{\"Default\":\"hush-1\",\"NoEcho\":true},\"Size\":{\"Default\":20}}}",
        "{\"Parameters\": {\n \"Token\":\n {\"Default\":\n \"hush-1\"},\n \"Size\": {\"Default\": 20}}}",
    ];
    for template in templates {
        for (before, after) in [("", template), (template, "")] {
            let told = lines(&difference(before, after)).join("\n");
            assert!(!told.contains("hush"), "{template}\n\n{told}");
            assert!(told.contains("20"), "{template}\n\n{told}");
        }
    }
}

#[test]
fn the_default_of_a_secret_stands_nowhere_else_either() {
    let told = difference("", "Parameters:\n  ? Token\n  : Default: elsewhere-too\nOutputs: elsewhere-too\n");
    assert!(!lines(&told).join("\n").contains("elsewhere"), "{told:?}");
}

#[test]
fn a_password_that_is_written_out_is_not_told_and_one_from_elsewhere_is() {
    let hidden = [
        "  MasterUserPassword: hush-1\n  Engine: postgres\n",
        "  SecretString: |\n    hush-1\n    hush-2\n  Engine: postgres\n",
        "{\"MasterUserPassword\": \"hush-1\", \"Engine\": \"postgres\"}",
        "- ApiKey: 'hush-1'\n- Engine: postgres\n",
    ];
    for template in hidden {
        let told = lines(&difference("", template)).join("\n");
        assert!(!told.contains("hush") && told.contains("postgres"), "{template}\n\n{told}");
    }
    let shown = [
        "  MasterUserPassword: !Ref Given",
        "  MasterUserPassword: '{{resolve:secretsmanager:given}}'",
        "  ManageMasterUserPassword: true",
        "  AdminToken: { Type: String, NoEcho: true }",
        "  AdminToken:",
    ];
    for template in shown {
        assert_eq!(lines(&difference("", template)), [format!("+{template}")]);
    }
}

#[test]
fn a_password_within_a_line_is_not_told_and_what_is_around_it_is() {
    let lines = [
        (
            "Properties: {MasterUsername: ada, MasterUserPassword: hush, Port: 5432}",
            "{MasterUsername: ada, MasterUserPassword: ****, Port: 5432}",
        ),
        ("- { 'apiKey' : 'a, b}', Name: x }", "- { 'apiKey' : ****, Name: x }"),
        ("Auth: {Token: hush}", "Auth: {Token: ****}"),
        ("Auth: {AuthToken: \"hu:sh\"}  # why", "Auth: {AuthToken: ****}  # why"),
        ("Auth: {AuthToken: hush", "Auth: {AuthToken: ****"),
        ("Auth: {Token: !Ref Token, Url: https://a:1/}", "Auth: {Token: !Ref Token, Url: https://a:1/}"),
        (
            "Auth: {Password: '{{resolve:secretsmanager:x}}'}",
            "Auth: {Password: '{{resolve:secretsmanager:x}}'}",
        ),
        ("{Password: 'it''s hush', Port: 1}", "{Password: ****, Port: 1}"),
        (r#"{Password: "a\" hush", Port: 1}"#, "{Password: ****, Port: 1}"),
        ("Name: b, Password: hush}", "Name: b, Password: ****}"),
        ("Auth: {:::{,:", "Auth: {:::{,:"),
    ];
    for (line, shown) in lines {
        let told = super::masked_within(line);
        assert!(told.ends_with(shown), "{line} is told as {told}");
        let whole = format!("{:?}", difference("", &format!("Resources:\n  {line}\n")));
        assert!(!whole.contains("hush") && !whole.contains("hu:sh"), "{whole}");
    }
}

#[test]
fn json_on_one_line_is_told_line_by_line_and_what_is_too_long_is_cut() {
    let told = difference(r#"{"Resources":{"A":1,"B":2}}"#, r#"{"Resources":{"A":1,"B":3}}"#);
    assert_eq!((told.added, told.removed), (1, 1));
    let told = difference("", &"x".repeat(100_000));
    assert!(lines(&told)[0].chars().count() < 500);
}

#[test]
fn two_large_templates_with_nothing_in_common_are_told_of_within_bounds() {
    let template = |word: &str| {
        let mut text = String::new();
        for number in 0..12_000 {
            let _ = writeln!(text, "  {word}{number}: a value of the template");
        }
        text
    };
    let (before, after) = (template("Old"), template("New"));
    assert!(before.len() > 300_000);
    let told = difference(&before, &after);
    assert_eq!((told.added, told.removed), (12_000, 12_000));
    assert_eq!(lines(&told).len() + told.left_out, 24_000);
    assert_eq!(lines(&told).len(), MOST_LINES);
}
