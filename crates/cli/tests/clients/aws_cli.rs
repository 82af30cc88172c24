//! The AWS CLI: `package`, `deploy`, `delete-stack`, `wait`.

use crate::walk::{Step, Walk};

pub const WALK: Walk = Walk {
    client: "aws-cli",
    programs: "bin",
    program: "aws",
    steps: &[
        Step {
            what: "package, a function's folder and a nested template",
            script: "aws s3 mb s3://artifacts
                aws cloudformation package --template-file template.yaml --s3-bucket artifacts \
                    --output-template-file packaged.yaml
                grep -q 'S3Bucket: artifacts' packaged.yaml",
            says: "",
        },
        Step {
            what: "deploy",
            script: "aws cloudformation deploy --stack-name s --template-file packaged.yaml \
                --capabilities CAPABILITY_IAM --tags team=research",
            says: "Successfully created/updated stack - s",
        },
        Step {
            what: "use the bucket that the stack has made",
            script: "aws s3api head-bucket --bucket $(./output s Bucket)
                echo kept > kept.txt
                aws s3 cp kept.txt s3://$(./output s Bucket)/kept.txt
                aws s3 ls s3://$(./output s Bucket)
                aws s3api get-bucket-tagging --bucket $(./output s Bucket)",
            says: "aws:cloudformation:stack-name",
        },
        Step {
            // A nested stack is a change on AWS whatever its template holds, so this one has none.
            what: "deploy again, no change",
            script: "aws cloudformation deploy --stack-name topic --template-file nested.yaml
                aws cloudformation deploy --stack-name topic --template-file nested.yaml --no-fail-on-empty-changeset",
            says: "No changes to deploy. Stack topic is up to date",
        },
        Step {
            what: "deploy a change of the function's code",
            script: "echo '# changed' >> function/index.py
                aws cloudformation package --template-file template.yaml --s3-bucket artifacts \
                    --output-template-file packaged.yaml
                aws cloudformation deploy --stack-name s --template-file packaged.yaml --capabilities CAPABILITY_IAM",
            says: "Successfully created/updated stack - s",
        },
        Step {
            what: "delete-stack, refused by a bucket that holds something",
            script: "aws cloudformation delete-stack --stack-name s
                ! aws cloudformation wait stack-delete-complete --stack-name s
                aws cloudformation describe-stack-events --stack-name s \
                    --query \"StackEvents[?ResourceStatus=='DELETE_FAILED'].ResourceStatusReason\"",
            says: "The bucket you tried to delete is not empty",
        },
        Step {
            what: "delete-stack and wait",
            script: "bucket=$(aws cloudformation describe-stack-resource --stack-name s --logical-resource-id Bucket \
                    --query StackResourceDetail.PhysicalResourceId --output text)
                aws s3 rm --recursive s3://$bucket
                aws cloudformation delete-stack --stack-name s
                aws cloudformation wait stack-delete-complete --stack-name s
                ! aws s3api head-bucket --bucket $bucket",
            says: "404",
        },
    ],
};
