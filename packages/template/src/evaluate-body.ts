import { isDeployment } from "./declared-resources.ts";
import { evaluateTree, type TreeWalk, within } from "./evaluate-tree.ts";
import { isObject, type JsonObject, memberName, memberOf, objectOf } from "./json-value.ts";

/** Members of a resource that say how it is deployed, and are not sent. */
const NOT_SENT = new Set([
  "type",
  "apiversion",
  "name",
  "dependson",
  "condition",
  "copy",
  "existing",
  "resources",
  "comments",
  "scope",
  "asserts",
  "import",
  "@options",
]);
const NOT_SENT_OF_DEPLOYMENTS = new Set(["resourcegroup", "subscriptionid", "location"]);

/** Evaluates what is sent of a resource. The template of a nested deployment stays as it is: planning it evaluates it. */
export function evaluateBody(resource: JsonObject, type: string, walk: TreeWalk): JsonObject {
  const isNested = isDeployment(type);
  const sent = Object.entries(resource).filter(
    ([name]) => !NOT_SENT.has(name.toLowerCase()) && !(isNested && NOT_SENT_OF_DEPLOYMENTS.has(name.toLowerCase())),
  );
  const members = sent.map(([name, value]) => {
    const evaluated =
      isNested && name.toLowerCase() === "properties" && isObject(value)
        ? within(walk, name, () => evaluateDeployment(value, walk))
        : within(walk, name, () => evaluateTree(value, walk));
    return [name, evaluated] as const;
  });
  return objectOf(members);
}

function evaluateDeployment(properties: JsonObject, walk: TreeWalk): JsonObject {
  const key = memberName(properties, "template");
  const rest = objectOf(Object.entries(properties).filter(([name]) => name !== key));
  const evaluated = evaluateTree(rest, walk);
  const template = memberOf(properties, "template");
  return template === undefined || key === undefined || !isObject(evaluated) ? rest : { ...evaluated, [key]: template };
}
