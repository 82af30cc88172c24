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
    let mut versions = cloud.world.object_storage.version_ids("templates", "t.json");
    let first = versions.next().expect("a version").to_owned();
    assert!(versions.next().is_some(), "there is a second one");
    drop(versions);
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
