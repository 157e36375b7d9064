/**
 * A nested deployment whose expressions are the outer template's, written out: what is sent is a template by itself, in which every expression stands as
 * its value. As Azure does it, `reference()` in such a template is asked before that deployment begins.
 */
import { isObject, type JsonObject, type JsonValue, isArray, objectOf } from "./json-value.ts";
import { resourceIdOf, scopeId } from "./resource-id.ts";
import { isDeployment } from "./declared-resources.ts";
import type { JsonPath, PlannedResource, ReferenceNeed, Resolution, ResolvedBody, ShownValue, TemplatePlan } from "./template-plan.ts";

/** What a template is written out from: its plan, the final bodies of its resources, and its outputs. */
export type WrittenParts = {
  readonly plan: TemplatePlan;
  readonly bodyOf: (resource: PlannedResource) => Resolution<ResolvedBody>;
  readonly outputs: () => Resolution<Readonly<Record<string, ShownValue>>>;
};

/** The members of `properties` that are sent. `secretNames`: its parameters, all of them secret. */
export type WrittenNested = { readonly template: JsonObject; readonly parameters: JsonObject; readonly secretNames: readonly string[] };

const SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

/** A value in which nothing is an expression any more. */
function literal(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.startsWith("[") && value.endsWith("]") ? `[${value}` : value;
  if (isArray(value)) return value.map(literal);
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).map(([name, member]) => [String(literal(name)), literal(member)]));
}

/** Secrets go as parameters, so that whoever carries the deployment out knows what they are. */
function secretsOf(parameters: Map<string, JsonValue>): (value: JsonValue) => string {
  return (value) => {
    const name = `secret${parameters.size}`;
    parameters.set(name, { value: { is: value } });
    return `[parameters('${name}').is]`;
  };
}

type Written = { readonly isTemplate: boolean; readonly keep: (value: JsonValue) => string };

/** A body with literal values, secrets as parameters, and a template within as it is. */
function writeBody(value: JsonValue, paths: readonly JsonPath[], { isTemplate, keep }: Written): JsonValue {
  if (paths.some((path) => path.length === 0)) return keep(value);
  if (value === null || typeof value !== "object") return literal(value);
  const below = (step: string | number): JsonPath[] => paths.filter(([first]) => first === step).map((path) => path.slice(1));
  if (isArray(value)) return value.map((part, index) => writeBody(part, below(index), { isTemplate: false, keep }));
  if (!isObject(value)) return value;
  return objectOf(
    Object.entries(value).map(([name, part]) => {
      if (isTemplate && name.toLowerCase() === "template") return [name, part];
      return [String(literal(name)), writeBody(part, below(name), { isTemplate: false, keep })];
    }),
  );
}

function writeResource(plan: TemplatePlan, resource: PlannedResource, sent: { body: ResolvedBody; keep: Written["keep"] }): JsonObject {
  const { id, type, name, apiVersion, existing, dependsOn } = resource;
  const isNested = isDeployment(type);
  const suffix = resourceIdOf("", type, name.split("/")) ?? "";
  const scope = id.slice(0, id.length - suffix.length);
  const { body, securePaths } = sent.body;
  const members = Object.entries(body).map(([member, value]): [string, JsonValue] => {
    const paths = securePaths.filter(([first]) => first === member).map((path) => path.slice(1));
    return [member, writeBody(value, paths, { isTemplate: isNested && member.toLowerCase() === "properties", keep: sent.keep })];
  });
  const written = new Set(plan.resources.filter(({ condition }) => condition).map((one) => one.id));
  return {
    ...objectOf(members),
    ...{ type: literal(type), apiVersion: literal(apiVersion), name: literal(name) },
    ...(isNested || scope === scopeId(plan.context.input.scope) ? {} : { scope: literal(scope) }),
    ...(existing ? { existing } : {}),
    dependsOn: dependsOn.filter((one) => written.has(one)).map(literal),
  };
}

/** Writes a planned template out. Asks for all that is not known at once. */
export function writeOutNested({ plan, bodyOf, outputs }: WrittenParts): Resolution<WrittenNested> {
  const parameters = new Map<string, JsonValue>();
  const keep = secretsOf(parameters);
  const needs: ReferenceNeed[] = [];
  const resources: JsonObject[] = [];
  for (const resource of plan.resources.filter(({ condition }) => condition)) {
    const answer = bodyOf(resource);
    if (answer.kind === "refused") return answer;
    if (answer.kind === "needs") needs.push(...answer.references);
    else resources.push(writeResource(plan, resource, { body: answer.value, keep }));
  }
  const shown = outputs();
  if (shown.kind === "refused") return shown;
  if (shown.kind === "needs") needs.push(...shown.references);
  if (needs.length > 0 || shown.kind !== "resolved") return { kind: "needs", references: needs };
  const written = Object.entries(shown.value).flatMap(([name, { type, value }]): [string, JsonValue][] =>
    value === undefined ? [] : [[name, { type, value: literal(value) }]],
  );
  const template = {
    $schema: SCHEMA,
    contentVersion: "1.0.0.0",
    parameters: objectOf([...parameters.keys()].map((name) => [name, { type: "secureObject" }])),
    resources,
    outputs: objectOf(written),
  };
  return { kind: "resolved", value: { template, parameters: objectOf(parameters), secretNames: [...parameters.keys()] } };
}
