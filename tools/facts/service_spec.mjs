// Prints what service_spec.py needs of the npm package @aws-cdk/aws-service-spec as JSON.
// The package's own loader is used because its file format is an internal matter of the package.
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const { loadAwsServiceSpecSync } = require("@aws-cdk/aws-service-spec");
const database = loadAwsServiceSpecSync();
const MAXIMUM_DEPTH = 8;

function replacements(properties, prefix, seen, into) {
  for (const [name, property] of Object.entries(properties)) {
    const path = prefix + "/" + name;
    if (property.causesReplacement === "yes" || property.causesReplacement === "maybe") into[path] = property.causesReplacement;
    nested(property.type, path, seen, into);
  }
}

function nested(type, path, seen, into) {
  if (type?.type === "array") return nested(type.element, path + "/*", seen, into);
  if (type?.type === "map") return nested(type.element, path + "/*", seen, into);
  if (type?.type === "union") return type.types.forEach((each) => nested(each, path, seen, into));
  if (type?.type !== "ref" || seen.includes(type.reference.$ref) || seen.length >= MAXIMUM_DEPTH) return;
  const definition = database.get("typeDefinition", type.reference.$ref);
  replacements(definition.properties, path, [...seen, type.reference.$ref], into);
}

const types = {};
for (const resource of database.all("resource")) {
  const into = {};
  replacements(resource.properties, "", [], into);
  for (const path of resource.additionalReplacementProperties ?? []) into["/" + path.join("/")] = "yes";
  types[resource.cloudFormationType] = {
    properties: Object.keys(resource.properties),
    attributes: Object.keys(resource.attributes),
    replacements: into,
    reference: resource.cfnRefIdentifier ?? resource.primaryIdentifier ?? [],
    stateful: resource.isStateful === true,
    tags: resource.tagInformation ?? null,
  };
}
const { version } = require("@aws-cdk/aws-service-spec/package.json");
console.log(JSON.stringify({ version, types }));
