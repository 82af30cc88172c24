"""Writes crates/changeset/data/facts.bin from the two published sources. See README.md beside this file."""

import argparse
import pathlib

import container
import merge
import schemas
import service_spec


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-spec", type=pathlib.Path, required=True, help="node_modules with @aws-cdk/aws-service-spec")
    parser.add_argument("--output", type=pathlib.Path, default=root / "crates" / "changeset" / "data" / "facts.bin")
    arguments = parser.parse_args()

    schema_version, base = schemas.load()
    if not any("handlers" in schema for schema in base.values()):
        raise SystemExit("these schemas have no handlers: take cfn-lint 1.58.0 or newer")
    spec_version, second = service_spec.load(arguments.service_spec)
    records = {name: merge.record(schema, second.get(name)) for name, schema in base.items()}
    header = {
        "types": len(records),
        "sources": {"cfn-lint": schema_version, "@aws-cdk/aws-service-spec": spec_version},
        "disputed": sum(len(each.get("disputed", {})) for each in records.values()),
    }
    packed = container.pack(header, records)
    arguments.output.write_bytes(packed)
    print(f"{len(records)} types, {header['disputed']} disputed properties, {len(packed):,} bytes; "
          f"{len(set(second) - set(base))} types only in the second source")


if __name__ == "__main__":
    main()
