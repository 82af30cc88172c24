//! Where a function's code is: inline, in S3, or an image.

use crate::serverless::problem::Expanded;
use crate::serverless::s3_address::S3Address;
use crate::serverless::source::Source;
use crate::serverless::tree::Map;

/// Whether the function is an image.
pub(super) fn is_image(source: &Source) -> Expanded<bool> {
    match source.something("PackageType").map(|kind| (kind, kind.as_str())) {
        None | Some((_, Some("Zip"))) => Ok(false),
        Some((_, Some("Image"))) => Ok(true),
        Some(_) => source.wrong("PackageType is Zip or Image"),
    }
}

/// The property `Code`.
pub(super) fn code(source: &Source) -> Expanded<Map> {
    let logical_id = source.logical_id.as_str();
    if is_image(source)? {
        return match source.something("ImageUri") {
            Some(image) => Ok(Map::from([("ImageUri".to_owned(), image.clone())])),
            None => source.wrong("PackageType Image needs ImageUri"),
        };
    }
    let mut code = match (source.get("InlineCode"), source.get("CodeUri")) {
        (Some(text), _) => Map::from([("ZipFile".to_owned(), text.clone())]),
        (None, Some(uri)) => S3Address::read(logical_id, "CodeUri", uri)?.for_lambda(),
        (None, None) => return source.wrong("the function needs CodeUri or InlineCode"),
    };
    if let Some(key) = source.something("SourceKMSKeyArn") {
        code.insert("SourceKMSKeyArn".to_owned(), key.clone());
    }
    Ok(code)
}

/// Whether what is given fits an image or an archive.
pub(super) fn check(source: &Source) -> Expanded<()> {
    let any = |names: &[&str]| names.iter().any(|name| source.something(name).is_some());
    let all = |names: &[&str]| names.iter().all(|name| source.something(name).is_some());
    match is_image(source)? {
        true if any(&["Handler", "Runtime", "Layers"]) => {
            source.wrong("a function of an image has no Handler, Runtime or Layers")
        }
        false if !all(&["Handler", "Runtime"]) => source.wrong("the function needs Handler and Runtime"),
        false if any(&["ImageConfig"]) => source.wrong("only a function of an image has ImageConfig"),
        _ => Ok(()),
    }
}

/// The function's own properties that are passed on as they are.
pub(super) const PASSED_ON: [&str; 21] = [
    "Handler",
    "Runtime",
    "Description",
    "MemorySize",
    "Timeout",
    "VpcConfig",
    "Environment",
    "KmsKeyArn",
    "ReservedConcurrentExecutions",
    "Layers",
    "FileSystemConfigs",
    "ImageConfig",
    "PackageType",
    "Architectures",
    "SnapStart",
    "EphemeralStorage",
    "CodeSigningConfigArn",
    "RuntimeManagementConfig",
    "LoggingConfig",
    "TenancyConfig",
    "RecursiveLoop",
];
