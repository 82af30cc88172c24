//! The style, the script and the tab's pictures, served from this binary under names that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::access::fingerprint;
use crate::words::Tone;

/// A file of ours.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: String,
    content: &'static str,
    content_type: &'static str,
}

/// How everything looks.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("panel", "css", include_str!("../assets/panel.css"), "text/css; charset=utf-8")
});

/// What makes pages live.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("panel", "js", include_str!("../assets/panel.js"), "text/javascript; charset=utf-8")
});

/// A tab's picture: how what it shows stands, by colour and by shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Icon(usize);

const ICONS: [(&str, &str); 5] = [
    ("icon-quiet", include_str!("../assets/icon-quiet.svg")),
    ("icon-good", include_str!("../assets/icon-good.svg")),
    ("icon-busy", include_str!("../assets/icon-busy.svg")),
    ("icon-mind", include_str!("../assets/icon-mind.svg")),
    ("icon-bad", include_str!("../assets/icon-bad.svg")),
];

static ICON_FILES: LazyLock<[Asset; 5]> =
    LazyLock::new(|| ICONS.map(|(name, content)| Asset::new(name, "svg", content, "image/svg+xml")));

impl Icon {
    pub(crate) fn of(tone: Tone) -> Icon {
        Icon(match tone {
            Tone::Quiet => 0,
            Tone::Good => 1,
            Tone::Busy => 2,
            Tone::Mind => 3,
            Tone::Bad => 4,
        })
    }

    /// Where it is served.
    pub(crate) fn path(self) -> &'static str {
        ICON_FILES.get(self.0).map_or("", |asset| asset.path.as_str())
    }
}

impl Asset {
    fn new(name: &str, ending: &str, content: &'static str, content_type: &'static str) -> Asset {
        let print = fingerprint(content);
        let print = print.get(..16).unwrap_or(&print);
        Asset { path: format!("/assets/{name}-{print}.{ending}"), content, content_type }
    }
}

/// `GET /assets/{name}`: one of ours, or nothing. A name is compared, never looked up on a disk.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let wanted = format!("/assets/{name}");
    match [&*STYLE, &*SCRIPT].into_iter().chain(ICON_FILES.iter()).find(|asset| asset.path == wanted) {
        Some(asset) => (
            [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")],
            asset.content,
        )
            .into_response(),
        None => http::StatusCode::NOT_FOUND.into_response(),
    }
}
