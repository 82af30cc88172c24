//! The release that is chosen, as it is sent.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::proposals::{MOST_TEMPLATE_BYTES, WishedTemplate};
use crate::web::Failure;

/// `{"url": …}`, `{"release": …}`, or `{"fileName": …, "file": …}`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(in crate::api) struct Template {
    url: Option<String>,
    release: Option<String>,
    file_name: Option<String>,
    #[schemars(length(max = MOST_TEMPLATE_BYTES))]
    file: Option<String>,
}

impl Template {
    pub(super) fn wished(self) -> Result<WishedTemplate, Failure> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        match (given(self.url), given(self.release), given(self.file)) {
            (Some(url), None, None) => Ok(WishedTemplate::Url(url.trim().to_owned())),
            (None, Some(version), None) => Ok(WishedTemplate::Release(version)),
            (None, None, Some(text)) => Ok(WishedTemplate::File {
                name: self.file_name.unwrap_or_else(|| "template".to_owned()),
                text,
            }),
            (None, None, None) => Err(Failure::BadInput(
                "Give the release: a URL, a file, or a version of the catalogue.".to_owned(),
            )),
            (_, _, _) => Err(Failure::BadInput("Give one of URL, file and release.".to_owned())),
        }
    }
}
