/** What a deployment's plan is made of: as it came, as it may be kept, and as the template evaluator wants it. */
import { createHash } from "node:crypto";
import type { DeploymentMode } from "@hostrouting/domain";
import {
  hideSecure,
  type DeploymentScope,
  type JsonObject,
  type JsonPath,
  type JsonValue,
  type TemplateInput,
  type TemplatePlan,
} from "@hostrouting/template";
import { isJsonObject } from "../enablement/json-object.ts";
import { deployableTypes, listActions } from "./deployable-types.ts";

/** Equal inputs give equal plans, whenever and wherever they are made. */
export type DeploymentInput = {
  readonly template: JsonValue;
  readonly parameters: JsonValue | undefined;
  readonly deploymentName: string;
  readonly mode: DeploymentMode;
  readonly scope: DeploymentScope;
  /** What `utcNow()` says, milliseconds since 1970. */
  readonly nowMs: number;
  /** Parameters of which whoever deploys says that they are secret, whatever their type. */
  readonly secretParameters: readonly string[];
  /** What `deployer()` says. Undefined in what was kept before there was one. */
  readonly deployer: JsonObject | undefined;
  /** What `newGuid()` is made from. Random; it may become a secure parameter's value, and is then as secret. */
  readonly seed: string;
};

/** A UUID of version 4 that nobody can tell without the seed. */
function guid(seed: string, key: string): string {
  const bytes = createHash("sha256").update(`${seed}:${key}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The input in the template evaluator's words. */
export function toTemplateInput({ seed, ...input }: DeploymentInput): TemplateInput {
  return { ...input, newGuid: (key) => guid(seed, key), resourceTypes: deployableTypes, listActions };
}

function secureNames(plan: TemplatePlan): ReadonlySet<string> {
  const names = Object.entries(plan.parameters).filter(([, { type }]) => /^secure(string|object)$/i.test(type));
  return new Set(names.map(([name]) => name.toLowerCase()));
}

/** The members of an object whose names are in the set are changed. */
function mapNamed(value: unknown, names: ReadonlySet<string>, change: (member: unknown) => JsonValue | undefined): JsonObject {
  const members = Object.entries(isJsonObject(value) ? value : {});
  const changed = members.map(([name, member]) => [name, names.has(name.toLowerCase()) ? change(member) : member] as const);
  return Object.fromEntries(changed.filter(([, member]) => member !== undefined)) as JsonObject;
}

function withoutDefault(definition: unknown): JsonValue {
  const members = Object.entries(isJsonObject(definition) ? definition : {});
  return Object.fromEntries(members.filter(([name]) => name.toLowerCase() !== "defaultvalue")) as JsonValue;
}

/** The template as it may be kept and handed out: default values of secure parameters are missing. */
function publicTemplate(template: JsonValue, secure: ReadonlySet<string>): JsonValue {
  return isJsonObject(template)
    ? mapNamed(template, new Set(["parameters"]), (definitions) => mapNamed(definitions, secure, withoutDefault))
    : template;
}

/**
 * What may be kept of an input. Without secrets that is all of it.
 * @param securePaths places in the request's body that were made of somebody else's secure parameters.
 */
export function keptInput(
  input: DeploymentInput,
  plan: TemplatePlan,
  securePaths: readonly JsonPath[],
): { readonly kept: Readonly<Record<string, unknown>>; readonly hasSecrets: boolean } {
  const secure = secureNames(plan);
  if (secure.size === 0 && securePaths.length === 0) return { kept: input, hasSecrets: false };
  const { seed: _seed, ...rest } = input;
  const body = { properties: { template: input.template, parameters: input.parameters ?? {} } };
  const { properties } = hideSecure(body, securePaths) as unknown as typeof body;
  const template = publicTemplate(properties.template, secure);
  return { kept: { ...rest, template, parameters: mapNamed(properties.parameters, secure, () => undefined) }, hasSecrets: true };
}

/** Names of parameters that were made of secure ones, of all places in a request that were. */
export function secretParametersOf(securePaths: readonly JsonPath[]): readonly string[] {
  return securePaths.flatMap(([first, second, name]) =>
    first === "properties" && second === "parameters" && typeof name === "string" ? [name] : [],
  );
}
