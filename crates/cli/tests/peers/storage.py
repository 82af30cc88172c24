"""boto3 and the AWS CLI as clients of the local cloud's S3: uploads in parts, sync, presigned URLs, versions, settings.

Prints `N of N storage checks` at the end; the first that fails ends it.

usage: storage.py   (the environment points boto3 and `aws` at the local cloud)
"""

import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

AWS = str(pathlib.Path(sys.executable).with_name("aws"))
LARGE = os.urandom(20 * 1024 * 1024)
done = 0


def check(what, holds):
    global done
    assert holds, what
    done += 1


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        check(f"{call.__name__} {arguments}: {found} instead of {code}", found == code)
    else:
        check(f"{call.__name__} {arguments} was answered", False)


def aws(*arguments):
    made = subprocess.run([AWS, *arguments], capture_output=True, text=True)
    assert made.returncode == 0, f"aws {arguments}: {made.stdout}{made.stderr}"
    return made.stdout


def objects(s3, folder):
    s3.create_bucket(Bucket="bucket")
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="bucket")
    s3.get_waiter("bucket_exists").wait(Bucket="bucket")
    check("location", s3.get_bucket_location(Bucket="bucket")["LocationConstraint"] is None)
    check("region", s3.head_bucket(Bucket="bucket")["BucketRegion"] == "us-east-1")
    check("listed", [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["bucket"])
    s3.put_object(Bucket="bucket", Key="a b/ü+&.txt", Body=b"hello", ContentType="text/plain",
                  Metadata={"one": "1"}, CacheControl="no-cache", Tagging="t=1")
    got = s3.get_object(Bucket="bucket", Key="a b/ü+&.txt", ChecksumMode="ENABLED")
    check("body", got["Body"].read() == b"hello")
    check("settings", (got["ContentType"], got["Metadata"], got["CacheControl"]) == ("text/plain", {"one": "1"}, "no-cache"))
    check("tag", got["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"')
    check("object tags", s3.get_object_tagging(Bucket="bucket", Key="a b/ü+&.txt")["TagSet"] == [{"Key": "t", "Value": "1"}])
    part = s3.get_object(Bucket="bucket", Key="a b/ü+&.txt", Range="bytes=1-2")
    check("range", (part["Body"].read(), part["ContentRange"]) == (b"el", "bytes 1-2/5"))
    s3.copy_object(Bucket="bucket", Key="copy", CopySource={"Bucket": "bucket", "Key": "a b/ü+&.txt"})
    check("copied", s3.head_object(Bucket="bucket", Key="copy")["Metadata"] == {"one": "1"})
    refused("404", s3.head_object, Bucket="bucket", Key="none")
    refused("NoSuchKey", s3.get_object, Bucket="bucket", Key="none")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="none")
    refused("PreconditionFailed", s3.put_object, Bucket="bucket", Key="copy", Body=b"", IfNoneMatch="*")
    refused("NotImplemented", s3.get_bucket_replication, Bucket="bucket")
    keys = [f"many/{number:04}" for number in range(25)]
    for key in keys:
        s3.put_object(Bucket="bucket", Key=key, Body=b"")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix="many/", PaginationConfig={"PageSize": 10}))
    check("pages", len(pages) == 3 and [o["Key"] for page in pages for o in page["Contents"]] == keys)
    folders = s3.list_objects_v2(Bucket="bucket", Delimiter="/")
    check("folders", [p["Prefix"] for p in folders["CommonPrefixes"]] == ["a b/", "many/"])
    made = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": key} for key in keys]})
    check("deleted", len(made["Deleted"]) == 25)


def large(s3, folder):
    s3.upload_fileobj(io.BytesIO(LARGE), "bucket", "large")
    check("in parts", "-" in s3.head_object(Bucket="bucket", Key="large")["ETag"])
    back = io.BytesIO()
    s3.download_fileobj("bucket", "large", back)
    check("back again", back.getvalue() == LARGE)
    s3.copy({"Bucket": "bucket", "Key": "large"}, "bucket", "large-copy")
    check("copied", s3.head_object(Bucket="bucket", Key="large-copy")["ContentLength"] == len(LARGE))
    begun = s3.create_multipart_upload(Bucket="bucket", Key="begun")
    one = {"Bucket": "bucket", "Key": "begun", "UploadId": begun["UploadId"]}
    s3.upload_part(**one, PartNumber=1, Body=b"x")
    check("parts", len(s3.list_parts(**one)["Parts"]) == 1)
    check("uploads", len(s3.list_multipart_uploads(Bucket="bucket")["Uploads"]) == 1)
    s3.abort_multipart_upload(**one)
    refused("NoSuchUpload", s3.list_parts, **one)


def settings(s3, folder):
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket="bucket")
    s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    check("tags", s3.get_bucket_tagging(Bucket="bucket")["TagSet"] == [{"Key": "k", "Value": "v"}])
    rules = s3.get_bucket_encryption(Bucket="bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    check("encrypted", rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"}}
    s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration={"Rules": [rule]})
    rules = s3.get_bucket_encryption(Bucket="bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    check("by a key", rules[0]["ApplyServerSideEncryptionByDefault"] == rule["ApplyServerSideEncryptionByDefault"])
    s3.put_bucket_policy(Bucket="bucket", Policy='{"Statement": []}')
    check("policy", s3.get_bucket_policy(Bucket="bucket")["Policy"] == '{"Statement": []}')
    block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    s3.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration=block)
    check("blocked", s3.get_public_access_block(Bucket="bucket")["PublicAccessBlockConfiguration"] == block)
    check("no versions", "Status" not in s3.get_bucket_versioning(Bucket="bucket"))
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket="bucket", Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket="bucket", Key="v", Body=b"2")
    check("older", s3.get_object(Bucket="bucket", Key="v", VersionId=one)["Body"].read() == b"1")
    check("marker", s3.delete_object(Bucket="bucket", Key="v")["DeleteMarker"])
    listed = s3.list_object_versions(Bucket="bucket", Prefix="v")
    check("versions", (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1))


def presigned(s3, folder):
    # Without being told, boto3 signs URLs for us-east-1 with the second version of the signature.
    fourth = boto3.client("s3", config=Config(signature_version="s3v4"))
    for client in [s3, fourth]:
        url = client.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "a b/ü+&.txt"}, ExpiresIn=60)
        check("presigned", urllib.request.urlopen(url).read() == b"hello")
        for wrong in [url.replace("Signature=", "Signature=0"), url.replace("bucket/a", "bucket/b")]:
            try:
                urllib.request.urlopen(wrong)
                check("a wrong URL was answered", False)
            except urllib.error.HTTPError as error:
                check("refused", error.code == 403)
    put = fourth.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "put"}, ExpiresIn=60)
    check("put", urllib.request.urlopen(urllib.request.Request(put, data=b"by url", method="PUT")).status == 200)
    check("is there", s3.get_object(Bucket="bucket", Key="put")["Body"].read() == b"by url")


def command_line(s3, folder):
    (folder / "up" / "in").mkdir(parents=True)
    (folder / "up" / "large").write_bytes(LARGE)
    (folder / "up" / "in" / "small.yaml").write_text("Resources: {}")
    aws("s3", "mb", "s3://cli")
    aws("s3", "cp", str(folder / "up" / "large"), "s3://cli/large")
    aws("s3", "cp", "s3://cli/large", str(folder / "back"))
    check("the same", (folder / "back").read_bytes() == LARGE)
    aws("s3", "sync", str(folder / "up"), "s3://cli/tree")
    check("nothing to do", aws("s3", "sync", str(folder / "up"), "s3://cli/tree") == "")
    aws("s3", "sync", "s3://cli/tree", str(folder / "down"))
    check("down", (folder / "down" / "in" / "small.yaml").read_text() == "Resources: {}")
    check("ls", "small.yaml" in aws("s3", "ls", "s3://cli", "--recursive"))
    aws("s3", "mv", "s3://cli/large", "s3://cli/moved")
    url = aws("s3", "presign", "s3://cli/tree/in/small.yaml").strip()
    check("presigned", urllib.request.urlopen(url).read() == b"Resources: {}")
    aws("s3", "rm", "s3://cli", "--recursive")
    aws("s3", "rb", "s3://cli")


def template_urls(s3, folder):
    body = b'{"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}}'
    s3.put_object(Bucket="bucket", Key="templates/t.json", Body=body)
    cloudformation = boto3.client("cloudformation")
    for url in ["https://bucket.s3.amazonaws.com/", "https://bucket.s3.us-east-1.amazonaws.com/",
                "https://s3.us-east-1.amazonaws.com/bucket/"]:
        summary = cloudformation.get_template_summary(TemplateURL=url + "templates/t.json")
        check(url, summary["ResourceTypes"] == ["AWS::SSM::Parameter"])
    # AWS takes this form in AWS::Include alone.
    refused("ValidationError", cloudformation.get_template_summary, TemplateURL="s3://bucket/templates/t.json")


def main():
    paths = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    # As the SDK would address a bucket by itself: http://bucket.localhost:PORT.
    endpoint = os.environ["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")
    hosts = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "virtual"}))
    with tempfile.TemporaryDirectory() as folder:
        for step in [objects, large, settings, presigned, command_line, template_urls]:
            step(paths, pathlib.Path(folder))
            print(f"{step.__name__}: fine")
    try:
        check("by host", hosts.get_object(Bucket="bucket", Key="put")["Body"].read() == b"by url")
    except (OSError, Exception) as error:
        # A name under localhost resolves where the machine's resolver knows RFC 6761; the wire's own tests name hosts.
        if "resolve" not in str(error) and "Could not connect" not in str(error):
            raise
        print("by host: this machine doesn't resolve bucket.localhost")
    print(f"{done} of {done} storage checks")


main()
