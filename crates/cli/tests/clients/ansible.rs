//! Ansible's module `amazon.aws.cloudformation`.

use crate::walk::{Step, Walk};

pub const WALK: Walk = Walk {
    client: "ansible",
    programs: "ansible/bin",
    program: "ansible-playbook",
    steps: &[
        Step {
            what: "create",
            script: "ansible-playbook stack.yaml",
            says: "changed=1",
        },
        Step {
            what: "create again, no change",
            script: "ansible-playbook stack.yaml",
            says: "changed=0",
        },
        Step {
            what: "a change set, left for review",
            script: "ansible-playbook stack.yaml -e note=two -e create_changeset=true
                aws cloudformation list-change-sets --stack-name s --query 'Summaries[].[Status,ExecutionStatus]'",
            says: "AVAILABLE",
        },
        Step {
            what: "execute it",
            script: "aws cloudformation execute-change-set --stack-name s --change-set-name next
                aws cloudformation wait stack-update-complete --stack-name s
                aws cloudformation list-change-sets --stack-name s --query 'length(Summaries)'",
            says: "0",
        },
        Step {
            what: "update",
            script: "ansible-playbook stack.yaml -e note=three
                aws cloudformation describe-stacks --stack-name s",
            says: "UPDATE_COMPLETE",
        },
        Step {
            what: "what it tells of the stack",
            script: "ansible-playbook about.yaml",
            says: "UPDATE_COMPLETE",
        },
        Step {
            what: "absent",
            script: "ansible-playbook stack.yaml -e state=absent
                ! aws cloudformation describe-stacks --stack-name s",
            says: "does not exist",
        },
    ],
};
