"""Takes one emulator through an upgrade with boto3, and prints how long each part took, as JSON.

    emulators.py ENDPOINT OLD NEW PARAMETERS RUNS

PARAMETERS is a JSON object. What the emulator can't do is printed as its own words.
"""

import json
import sys
import time

import boto3
from botocore.config import Config


def clients(endpoint):
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=120)
    return [
        boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", config=config)
        for name in ("s3", "cloudformation")
    ]


def wait(look, good):
    """Look again until nothing is in progress."""
    for _ in range(6000):
        status = look()
        if status == good:
            return
        if "IN_PROGRESS" not in status and "PENDING" not in status:
            raise RuntimeError(f"came to {status}")
        time.sleep(0.005)
    raise RuntimeError("not within half a minute")


def run(endpoint, old, new, parameters, number, own_urls):
    s3, cloudformation = clients(endpoint)
    name = f"platform-{number}"
    bucket = f"releases-{number}"
    s3.create_bucket(Bucket=bucket)
    templates = []
    for key, text in (("old.yaml", old), ("new.yaml", new)):
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        # MiniStack knows URLs of its own alone.
        of_aws = f"https://{bucket}.s3.us-east-1.amazonaws.com/{key}"
        url = f"{endpoint}/{bucket}/{key}" if own_urls else of_aws
        templates.append({"TemplateBody": text} if len(text) <= 51200 else {"TemplateURL": url})
    more = {
        "StackName": name,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }

    def status():
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]

    def change_set():
        return cloudformation.describe_change_set(StackName=name, ChangeSetName="next")["Status"]

    took, part, began = {}, "create", time.perf_counter()
    try:
        cloudformation.create_stack(**templates[0], **more)
        wait(status, "CREATE_COMPLETE")
        took[part] = time.perf_counter() - began
        part, began = "change set", time.perf_counter()
        cloudformation.create_change_set(ChangeSetName="next", **templates[1], **more)
        wait(change_set, "CREATE_COMPLETE")
        took[part] = time.perf_counter() - began
        part, began = "update", time.perf_counter()
        cloudformation.execute_change_set(StackName=name, ChangeSetName="next")
        wait(status, "UPDATE_COMPLETE")
        took[part] = time.perf_counter() - began
    except Exception as error:  # What it can't do is part of what is to be told.
        words = str(error).split("\n")[0]
        try:
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            failed = [e for e in reversed(events) if e["ResourceStatus"].endswith("FAILED")]
            if failed:
                words += f": {failed[0]['LogicalResourceId']}: {failed[0].get('ResourceStatusReason', '')}"
        except Exception:
            pass
        took[part] = words[:160]
    else:
        took["resources"] = sum(
            len(page["StackResourceSummaries"])
            for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        )
    return took


def main():
    endpoint, old, new, parameters, runs = sys.argv[1:]
    old, new = open(old).read(), open(new).read()
    parameters, done = json.loads(parameters), []
    own_urls = False
    for number in range(int(runs)):
        told = run(endpoint, old, new, parameters, number, own_urls)
        if "Invalid TemplateURL" in str(told) and not own_urls:
            own_urls = True
            told = run(endpoint, old, new, parameters, f"{number}-again", own_urls)
        done.append(told)
    print(json.dumps(done))


main()
