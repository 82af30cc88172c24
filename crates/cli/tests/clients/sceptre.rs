//! Sceptre: two stacks, of which one takes an output of the other.

use crate::walk::{Step, Walk};

pub const WALK: Walk = Walk {
    client: "sceptre",
    programs: "sceptre/bin",
    program: "sceptre",
    steps: &[
        Step {
            what: "launch two stacks, one after the other",
            script: "sceptre launch -y dev
                sceptre status dev",
            says: "CREATE_COMPLETE",
        },
        Step {
            what: "launch again, no change",
            script: "sceptre launch -y dev",
            says: "No updates to perform",
        },
        Step {
            what: "a change set: create, describe, execute",
            script: "sed -i 's/one/two/' config/dev/reader.yaml
                sceptre create -y dev/reader.yaml next
                sceptre list change-sets dev/reader.yaml
                sceptre describe change-set dev/reader.yaml next
                sceptre execute -y dev/reader.yaml next",
            says: "UPDATE_COMPLETE",
        },
        Step {
            what: "launch a change",
            script: "sed -i 's/two/three/' config/dev/reader.yaml
                sceptre launch -y dev",
            says: "project-dev-reader AWS::CloudFormation::Stack UPDATE_COMPLETE",
        },
        Step {
            what: "delete",
            script: "sceptre delete -y dev
                aws cloudformation describe-stacks --query 'length(Stacks)'",
            says: "0",
        },
    ],
};
