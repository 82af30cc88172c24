"""boto3, with nothing of ours on its side, takes every vendor's releases through the local cloud.

For each folder of real releases: the first is created from an S3 URL, each next one is made a change set,
described in both modes, executed, and the last is deleted. Prints what was done, and `N of M versions deployed`.

usage: vendor_chains.py FOLDER   (the environment points boto3 at the local cloud)
"""

import json
import pathlib
import sys

import boto3
from botocore.exceptions import ClientError, WaiterError

BUCKET = "vendor-releases"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
QUICK = {"Delay": 1, "MaxAttempts": 120}

# The Elastic CI Stack's templates are the vendor's sources: their image mappings are filled in at release time, so
# an image is given. Some of its versions differ only in these mappings.
MORE_PARAMETERS = {"buildkite": {"ImageId": "ami-0123456789abcdef0"}}

# Updates that fail on AWS too: Metaflow's compute environment has a name of its own, and releases change what only a
# new one can have, since `ReplaceComputeEnvironment` is true unless a template says otherwise. `slackwater changeset`
# foretells it.
# What AWS refuses of the vendors' own releases, and `changeset` foretells.
FORETOLD_TO_FAIL = {
    "metaflow": ["custom-named resource requires replacing", "AllowMajorVersionUpgrade"],
    "runs-on": ["conflicts with another subnet", "more than one GSI creation or deletion"],
}

cloudformation = boto3.client("cloudformation")
s3 = boto3.client("s3")


def parameters(folder, url):
    """Those of the vendor's values that this version takes."""
    known = {p["ParameterKey"] for p in cloudformation.get_template_summary(TemplateURL=url)["Parameters"]}
    values = json.loads((folder / "parameters.json").read_text()) | MORE_PARAMETERS.get(folder.name, {})
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items() if k in known]


def upload(folder, template):
    key = f"{folder.name}/{template.name}"
    s3.upload_file(str(template), BUCKET, key)
    return f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{key}"


def create(stack, folder, url):
    cloudformation.create_stack(
        StackName=stack, TemplateURL=url, Parameters=parameters(folder, url), Capabilities=CAPABILITIES
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=QUICK)


def update(stack, folder, url, number):
    name = f"to-{number}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        TemplateURL=url,
        Parameters=parameters(folder, url),
        Capabilities=CAPABILITIES,
    )
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=name, WaiterConfig=QUICK
        )
    except WaiterError:
        made = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        if "didn't contain changes" in made.get("StatusReason", ""):
            return 0
        raise
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name)
    plain = [change for page in pages for change in page["Changes"]]
    values = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name, IncludePropertyValues=True)
    assert values["Status"] == "CREATE_COMPLETE"
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig=QUICK)
    return len(plain)


def delete(stack):
    stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=QUICK)
    resources = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    kept = [
        r["LogicalResourceId"]
        for page in resources
        for r in page["StackResourceSummaries"]
        if r["ResourceStatus"] == "DELETE_SKIPPED"
    ]
    assert cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    return kept


def first_failure(stack):
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    failed = [e for page in pages for e in page["StackEvents"] if e["ResourceStatus"].endswith("_FAILED")]
    return failed[-1]["LogicalResourceId"] + ": " + failed[-1]["ResourceStatusReason"] if failed else "no resource failed"


def main():
    s3.create_bucket(Bucket=BUCKET)
    deployed = tried = 0
    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        stack = folder.name
        versions = sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))
        for number, template in enumerate(versions):
            tried += 1
            url = upload(folder, template)
            try:
                if number == 0:
                    create(stack, folder, url)
                    print(f"{stack}: created from {template.name}")
                else:
                    print(f"{stack}: {update(stack, folder, url, number)} changes to {template.name}")
            except (ClientError, WaiterError) as error:
                failure = first_failure(stack)
                if not any(words in failure for words in FORETOLD_TO_FAIL.get(stack, [])):
                    print(f"{stack}: {template.name} FAILED: {error}\n  {failure}")
                    break
                print(f"{stack}: {template.name} rolled back as foretold: {failure}")
                delete(stack)
                create(stack, folder, url)
                print(f"{stack}: created anew from {template.name}")
            deployed += 1
        kept = delete(stack)
        print(f"{stack}: deleted, {len(kept)} resources retained")
    print(f"{deployed} of {tried} versions deployed")
    sys.exit(deployed != tried)


main()
