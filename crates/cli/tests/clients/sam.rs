//! AWS SAM's CLI: `deploy --resolve-s3`, which makes a stack of its own for the bucket it uploads to.

use crate::walk::{Step, Walk};

pub const WALK: Walk = Walk {
    client: "sam",
    programs: "sam/bin",
    program: "sam",
    steps: &[
        Step {
            what: "validate",
            script: "sam validate --template template.yaml",
            says: "is a valid SAM Template",
        },
        Step {
            what: "deploy --resolve-s3",
            script: "sam deploy --template template.yaml --stack-name plain --resolve-s3 --capabilities CAPABILITY_IAM",
            says: "Successfully created/updated stack - plain",
        },
        Step {
            what: "the stack that it keeps its bucket in",
            script: "aws cloudformation describe-stacks --stack-name aws-sam-cli-managed-default",
            says: "CREATE_COMPLETE",
        },
        Step {
            what: "deploy again, no change",
            script: "sam deploy --template template.yaml --stack-name plain --resolve-s3 --capabilities CAPABILITY_IAM \
                --no-fail-on-empty-changeset",
            says: "No changes to deploy",
        },
        Step {
            what: "deploy a change of the function's code",
            script: "echo '# changed' >> function/index.py
                sam deploy --template template.yaml --stack-name plain --resolve-s3 --capabilities CAPABILITY_IAM",
            says: "Successfully created/updated stack - plain",
        },
        Step {
            what: "list resources and outputs",
            script: "sam list resources --template template.yaml --stack-name plain
                sam list stack-outputs --stack-name plain",
            says: "plain-Function-",
        },
        Step {
            what: "deploy a serverless function with an API",
            script: "sam deploy --template serverless.yaml --stack-name serverless --resolve-s3 \
                    --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND
                sam list resources --template serverless.yaml --stack-name serverless
                aws cloudformation list-stack-resources --stack-name serverless \
                    --query 'StackResourceSummaries[].ResourceType'",
            says: "AWS::ApiGateway::RestApi",
        },
        Step {
            what: "deploy it again, no change",
            script: "sam deploy --template serverless.yaml --stack-name serverless --resolve-s3 \
                    --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-fail-on-empty-changeset",
            says: "No changes to deploy",
        },
        Step {
            what: "delete",
            script: "sam delete --stack-name plain --no-prompts
                ! aws cloudformation describe-stacks --stack-name plain",
            says: "Deleted successfully",
        },
    ],
};
