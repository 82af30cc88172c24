#!/usr/bin/env python3
"""Writes crates/changeset/data/guide-words.txt: what the user guide says of the properties that the schemas call
conditionally create-only, where neither a recording nor the schema decides.

usage: guide_words.py UPDATE_REQUIRES_TSV      (type, property, words: none, some, replacement, …)
"""
import glob
import json
import os
import re
import sys

import cfnlint

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "..", "crates", "changeset", "data")
HEAD = """\
# What an update of a property requires in the words of the CloudFormation user guide, for the properties that are
# conditionally create-only by their schema or by overrides.txt. The guide is the last that was published as files
# (awsdocs/aws-cloudformation-user-guide at 19dc52cd, September 2023). Written by tools/facts/guide_words.py; what we know better
# stands in src/conditional.rs. TYPE PROPERTY none|replacement: "No interruption" or "Replacement". "Some interruptions" is left out: the
# guide has it for all that is conditional, what is in place and what isn't (InstanceTenancy of a VPC, Engine of a database).
"""


def conditional_paths():
    folder = os.path.join(os.path.dirname(cfnlint.__file__), "data", "schemas", "resources")
    for file in glob.glob(os.path.join(folder, "*.json")):
        with open(file) as opened:
            schema = json.load(opened)
        for path in schema.get("conditionalCreateOnlyProperties", []):
            yield schema["typeName"], path.removeprefix("/properties/").split("/")[0]
    with open(os.path.join(DATA, "overrides.txt")) as opened:
        for line in opened:
            found = re.match(r"recreation (\S+) /(\w+) Conditionally ", line)
            if found:
                yield found.groups()


def main():
    words = {}
    with open(sys.argv[1]) as opened:
        for line in opened:
            if not line.startswith("#"):
                type_name, name, word = line.rstrip("\n").split("\t")
                words[type_name, name] = word
    lines = []
    for type_name, name in sorted(set(conditional_paths())):
        word = words.get((type_name, name))
        if word in ("none", "replacement"):
            lines.append(f"{type_name} {name} {word}\n")
    with open(os.path.join(DATA, "guide-words.txt"), "w") as opened:
        opened.write(HEAD + "".join(lines))
    print(f"{len(lines)} properties")


main()
