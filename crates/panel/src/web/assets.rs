//! The style and the script, served from this binary under names that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::access::fingerprint;

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

impl Asset {
    fn new(name: &str, ending: &str, content: &'static str, content_type: &'static str) -> Asset {
        let print = fingerprint(content);
        let print = print.get(..16).unwrap_or(&print);
        Asset { path: format!("/assets/{name}-{print}.{ending}"), content, content_type }
    }
}

/// `GET /assets/{name}`: one of the two, or nothing. A name is compared, never looked up on a disk.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let wanted = format!("/assets/{name}");
    match [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.path == wanted) {
        Some(asset) => (
            [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")],
            asset.content,
        )
            .into_response(),
        None => http::StatusCode::NOT_FOUND.into_response(),
    }
}
