//! AWS CDK: `bootstrap`, `deploy` with assets, `diff`, `rollback`, `destroy`.

use crate::walk::{Step, Walk};

pub const WALK: Walk = Walk {
    client: "cdk",
    programs: "cdk/node_modules/.bin",
    program: "cdk",
    steps: &[
        Step { what: "bootstrap", script: "cdk bootstrap", says: "bootstrapped" },
        Step {
            what: "bootstrap again, no change",
            script: "cdk bootstrap",
            says: "bootstrapped (no changes)",
        },
        Step { what: "deploy with assets", script: "cdk deploy --require-approval never", says: "✅  App" },
        Step {
            what: "deploy again, no change",
            script: "cdk deploy --require-approval never",
            says: "(no changes)",
        },
        Step {
            what: "diff",
            script: "echo 'changed' >> web/index.html
                cdk diff",
            says: "Number of stacks with differences: 1",
        },
        Step {
            what: "deploy a change of both assets",
            script: "echo '// changed' >> function/index.js
                cdk deploy --require-approval never",
            says: "✅  App",
        },
        Step {
            what: "deploy --no-rollback, which fails",
            script: "! cdk deploy --no-rollback --require-approval never -c broken=yes",
            says: "You can't specify both SecretString and GenerateSecretString",
        },
        Step {
            what: "rollback",
            script: "cdk rollback
                aws cloudformation describe-stacks --stack-name App --query 'Stacks[0].StackStatus'",
            says: "UPDATE_ROLLBACK_COMPLETE",
        },
        Step {
            what: "destroy",
            script: "cdk destroy --force
                ! aws cloudformation describe-stacks --stack-name App",
            says: "does not exist",
        },
    ],
};
