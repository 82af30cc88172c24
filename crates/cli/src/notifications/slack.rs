//! Slack's incoming webhooks: a message of blocks (docs.slack.dev, "Sending messages using incoming webhooks").

use serde_json::{Value, json};

use super::message::{Message, Urgency, shortened};

/// The most that a header takes ("Header block").
const HEADER_CHARACTERS: usize = 150;
/// The most that a section's text takes ("Section block").
const SECTION_CHARACTERS: usize = 3000;

/// A message as Slack takes it. The link is text and no button: a button has Slack call back, which nobody listens for.
pub(super) fn body(message: &Message) -> Value {
    let sign = match message.urgency {
        Urgency::Told => "",
        Urgency::Look => "\u{26a0}\u{fe0f} ",
        Urgency::Act => "\u{1f6a8} ",
    };
    let title = shortened(&format!("{sign}{}", message.subject), HEADER_CHARACTERS);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": false}}),
        json!({"type": "section", "text": {"type": "mrkdwn", "text": escaped(&message.text, SECTION_CHARACTERS)}}),
    ];
    if let Some(link) = &message.link {
        let link = escaped(link, SECTION_CHARACTERS - 100).replace('|', "%7C");
        blocks.push(json!({
            "type": "section", "text": {"type": "mrkdwn", "text": format!("<{link}|Open it in the Admin Panel>")},
        }));
    }
    // What a notification on a phone shows.
    json!({"text": escaped(&message.subject, SECTION_CHARACTERS), "blocks": blocks})
}

/// A text of which nothing is markup (`<!channel>` would wake everybody), at most so long ("Formatting text").
fn escaped(text: &str, characters: usize) -> String {
    let (mut escaped, mut length) = (String::new(), 0);
    for one in text.chars() {
        let piece = match one {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        };
        length += piece.chars().count();
        if length > characters - 1 {
            escaped.push('…');
            break;
        }
        escaped.push_str(&piece);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup_and_no_entity_is_cut() {
        for (text, characters, expected) in [
            ("<!channel> & co", 100, "&lt;!channel&gt; &amp; co"),
            ("ab&cd", 6, "ab…"),
            ("ab&cd", 8, "ab&amp;…"),
            ("ab&cd", 10, "ab&amp;cd"),
        ] {
            assert_eq!(escaped(text, characters), expected);
        }
    }
}
