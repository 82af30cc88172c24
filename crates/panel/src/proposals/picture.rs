//! A picture as text that a page may hold: SVG of a few elements, without script, style, or an address of anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A larger one is none of ours.
const MOST_BYTES: usize = 512 * 1024;

/// What pictures are made of.
const ELEMENTS: [&str; 6] = ["svg", "g", "title", "text", "rect", "line"];

/// What may be said of an element. The value of `xmlns` is a name, and no address that anybody asks.
const ATTRIBUTES: [&str; 17] = [
    "xmlns",
    "viewBox",
    "width",
    "height",
    "role",
    "class",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "rx",
    "text-anchor",
    "font-weight",
    "stroke-dasharray",
    "aria-label",
];

/// SVG that was looked at, whole: it can stand in a page as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Picture(String);

/// Why a text is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    #[error("a picture is one SVG element")]
    NotSvg,
    #[error("a picture has at most {MOST_BYTES} bytes")]
    TooLarge,
    #[error("a picture has no such markup: {0}")]
    Markup(String),
}

impl Picture {
    /// # Errors
    /// The text is anything but SVG of the elements and attributes that pictures have.
    pub fn parse(text: &str) -> Result<Picture, NoPicture> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(NoPicture::TooLarge);
        }
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text;
        while let Some((before, from_tag)) = rest.split_once('<') {
            // Text stands within the picture, and nothing follows it.
            if open.is_empty() && (!before.is_empty() || rest.len() != text.len()) {
                return Err(NoPicture::NotSvg);
            }
            let (tag, after) = from_tag.split_once('>').ok_or(NoPicture::NotSvg)?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(NoPicture::Markup(format!("</{name}>")));
                }
                continue;
            }
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let name = element(tag).ok_or_else(|| NoPicture::Markup(format!("<{tag}>")))?;
            if open.is_empty() && (name != "svg" || is_empty) {
                return Err(NoPicture::NotSvg);
            }
            if !is_empty {
                open.push(name);
            }
        }
        if open.is_empty() && rest.is_empty() && !text.is_empty() {
            Ok(Picture(text.to_owned()))
        } else {
            Err(NoPicture::NotSvg)
        }
    }

    #[must_use]
    pub fn svg(&self) -> &str {
        &self.0
    }
}

/// The name of an element that pictures have, all of whose attributes are theirs; `None`: it is none.
fn element(tag: &str) -> Option<&str> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let name = ELEMENTS.into_iter().find(|element| *element == name)?;
    while !rest.is_empty() {
        let (attribute, value) = rest.split_once("=\"")?;
        if !ATTRIBUTES.contains(&attribute) {
            return None;
        }
        let (_, after) = value.split_once('"')?;
        rest = match after.strip_prefix(' ') {
            Some("") => return None,
            Some(more) => more,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(name)
}

impl TryFrom<String> for Picture {
    type Error = NoPicture;

    fn try_from(text: String) -> Result<Picture, NoPicture> {
        Picture::parse(&text)
    }
}

impl From<Picture> for String {
    fn from(picture: Picture) -> String {
        picture.0
    }
}

#[cfg(test)]
mod tests {
    use super::{NoPicture, Picture};

    #[test]
    fn a_picture_is_of_a_few_elements_and_nothing_else() {
        let whole = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img"><title>a &lt;b&gt;</title><g><rect class="bin" x="1"/></g></svg>"#;
        assert_eq!(Picture::parse(&format!("{whole}\n")).map(String::from), Ok(whole.to_owned()));
        for text in [
            "",
            "words",
            "<svg/>",
            "<svg></svg>more",
            "more<svg></svg>",
            "<svg></svg><svg></svg>",
            "<svg><g></svg></g>",
            "<svg><g></g>",
            "<svg",
            "<p></p>",
            "<svg><script>alert(1)</script></svg>",
            "<svg><style>*{}</style></svg>",
            "<svg><a href=\"https://elsewhere\"></a></svg>",
            "<svg><g><!-- --></g></svg>",
            "<svg><![CDATA[x]]></svg>",
            "<?xml version=\"1.0\"?><svg></svg>",
            "<svg onload=\"alert(1)\"></svg>",
            "<svg x=\"1\"onload=\"alert(1)\"></svg>",
            "<svg x=\"1\" onload=alert(1)></svg>",
            "<svg x='1'></svg>",
            "<svg x=\"1\" ></svg>",
            "<svg style=\"x\"></svg>",
            "<SVG></SVG>",
            "<svg\tonload=\"x\"></svg>",
            "<svg x=\"a>b\"></svg>",
        ] {
            assert!(Picture::parse(text).is_err(), "{text}");
        }
        let large = format!("<svg>{}</svg>", "x".repeat(600_000));
        assert_eq!(Picture::parse(&large), Err(NoPicture::TooLarge));
    }
}
