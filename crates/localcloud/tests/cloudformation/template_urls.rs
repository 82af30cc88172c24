//! Templates that are read from S3.

use localcloud::wire::Service;
use serde_json::json;

use crate::support::{Cloud, one};

#[test]
fn a_template_url_may_name_a_version() {
    let mut cloud = Cloud::new();
    let versioning = json!({"Bucket": "templates", "Status": "Enabled"});
    cloud.service(Service::ObjectStorage, "PutBucketVersioning", versioning).expect("enabled");
    let url = cloud.url("t.json", &one("first").to_string());
    cloud.url("t.json", &one("second").to_string());
    let listed = cloud
        .service(Service::ObjectStorage, "ListObjectVersions", json!({"Bucket": "templates"}))
        .expect("versions");
    let mut versions: Vec<(bool, String)> = listed["Versions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|version| {
            let id = version["VersionId"].as_str().expect("an id").to_owned();
            (version["IsLatest"].as_bool().expect("a flag"), id)
        })
        .collect();
    versions.sort();
    let first = versions.first().map(|(_, id)| id.clone()).expect("a version");
    for (name, url, value) in
        [("old", format!("{url}?versionId={first}"), "first"), ("new", url.clone(), "second")]
    {
        cloud.get("CreateStack", json!({"StackName": name, "TemplateURL": url}));
        cloud.settle();
        assert_eq!(cloud.status(name), "CREATE_COMPLETE");
        let template = cloud.get("GetTemplate", json!({"StackName": name}))["TemplateBody"].clone();
        assert!(template.to_string().contains(value), "{template}");
    }
    let unknown = json!({"StackName": "x", "TemplateURL": format!("{url}?versionId=nothing")});
    let refusal = cloud.refused("CreateStack", unknown);
    assert!(
        refusal.starts_with("ValidationError S3 error: The specified version does not exist."),
        "{refusal}"
    );
}
