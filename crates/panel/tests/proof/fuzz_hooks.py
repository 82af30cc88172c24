"""What schemathesis would never guess: the names of what is there, and how people write."""

import os
import unicodedata

import schemathesis

THERE = {"name": "lab", "run_id": "one", "proposal_id": os.environ["PROPOSAL"]}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of the time it asks for what is there."""
    if not path_parameters:
        return path_parameters
    return {
        name: THERE[name] if name in THERE and len(str(value)) % 2 == 1 else value
        for name, value in path_parameters.items()
    }


@schemathesis.hook
def map_body(context, body):
    """Most messages have no control characters, or hardly any would be taken."""
    if not isinstance(body, dict):
        return body
    return {
        name: "".join(one for one in value if unicodedata.category(one) != "Cc")
        if name in ("text", "message") and isinstance(value, str) and len(value) % 4
        else value
        for name, value in body.items()
    }


@schemathesis.hook
def before_call(context, case, **kwargs):
    """It finds out who it is, and would take its own role or token away, or give the proposal up: nothing after that
    would prove anything."""
    own = {"person": "a-admin", "token_id": "1"}
    if case.method == "DELETE":
        own["proposal_id"] = THERE["proposal_id"]
    for name, value in (case.path_parameters or {}).items():
        if own.get(name) == str(value):
            case.path_parameters[name] = "77"
