//! Microsoft Teams' workflows that begin with "When a Teams webhook request is received": a message with an Adaptive Card
//! (learn.microsoft.com, "Create and send messages"; adaptivecards.io, version 1.4).

use serde_json::{Value, json};

use super::message::{Message, Urgency, shortened};

/// A message has at most 28 KB, whatever script it is written in.
const TEXT_CHARACTERS: usize = 5000;
const TITLE_CHARACTERS: usize = 300;

/// A message as Teams takes it. What comes from outside stands in text runs: a text block would read it as Markdown.
pub(super) fn body(message: &Message) -> Value {
    let color = match message.urgency {
        Urgency::Told => "default",
        Urgency::Look => "warning",
        Urgency::Act => "attention",
    };
    let title = shortened(&message.subject, TITLE_CHARACTERS);
    let text = shortened(&message.text, TEXT_CHARACTERS);
    let run = |text: &str| json!({"type": "TextRun", "text": text});
    let mut title = run(&title);
    title["weight"] = json!("bolder");
    title["size"] = json!("medium");
    title["color"] = json!(color);
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        // What is read aloud, and shown where the card can't be.
        "fallbackText": message.subject,
        "msteams": {"width": "Full"},
        "body": [
            {"type": "RichTextBlock", "inlines": [title]},
            {"type": "RichTextBlock", "inlines": [run(&text)]},
        ],
    });
    if let Some(link) = &message.link {
        card["actions"] =
            json!([{"type": "Action.OpenUrl", "title": "Open it in the Admin Panel", "url": link}]);
    }
    json!({
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card},
        ],
    })
}
