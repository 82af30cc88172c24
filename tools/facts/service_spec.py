"""The npm package @aws-cdk/aws-service-spec, read through its own loader: the second opinion."""

import json
import pathlib
import subprocess


def load(node_modules: pathlib.Path) -> tuple[str, dict[str, dict]]:
    """Gives the package's version and its resource types by name."""
    script = pathlib.Path(__file__).with_name("service_spec.mjs")
    folder = node_modules.resolve() / "@aws-cdk" / "aws-service-spec"
    result = subprocess.run(["node", str(script), str(folder)], check=True, capture_output=True, text=True)
    loaded = json.loads(result.stdout)
    return loaded["version"], loaded["types"]
