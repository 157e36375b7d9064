/** What clients send to deployments. az splices the text of a template file into JSON, so that what comes is not JSON. */
import type { DeploymentMode } from "@hostrouting/domain";
import { relaxTemplateBody, type JsonValue } from "@hostrouting/template";
import { asJsonObject, isJsonObject, type JsonObject } from "../enablement/json-object.ts";
import { ArmError, armError } from "./arm-error.ts";
import { judgeJson } from "./json-body.ts";

/** 128 levels of a template, and those around it. */
const DEPTH_MAX = 136;

/**
 * How far a question about a deployment goes. `Provider`: as far as the deployment would. `ProviderNoRbac`: the same for somebody who may read what is
 * written, and need not be allowed to write it. `Template`: the template is planned, and nothing in it is tried.
 */
export type ValidationLevel = "Provider" | "ProviderNoRbac" | "Template";

/** A request to deploy, or a question about one. */
export type DeploymentRequest = {
  readonly template: JsonValue;
  readonly parameters: JsonValue | undefined;
  readonly mode: DeploymentMode;
  /** As they were sent; shown again. */
  readonly tags: JsonObject | undefined;
  /** Of validate and what-if only. */
  readonly validationLevel: ValidationLevel;
  /** Of what-if only. */
  readonly resultFormat: "FullResourcePayloads" | "ResourceIdOnly";
};

/** Parses the body of a deployment. @throws ArmError 400 `InvalidRequestContent` */
export function parseTemplateBody(text: string): unknown {
  if (text.trim() === "") return undefined;
  const relaxed = relaxTemplateBody(text);
  if (relaxed.kind === "refused") throw armError(400, relaxed.problem.code, relaxed.problem.message);
  let body: unknown;
  try {
    body = JSON.parse(relaxed.text);
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message.replace(/, ".*" is not valid JSON$/s, "") : "it is nested too deep";
    throw armError(400, "InvalidRequestContent", `The request content was invalid and could not be deserialized: '${why}'.`);
  }
  judgeJson(body, DEPTH_MAX);
  return body;
}

function oneOf<T extends string>(given: unknown, target: string, words: readonly [T, ...T[]]): T {
  if (given === undefined || given === null) return words[0];
  const word = words.find((known) => typeof given === "string" && known.toLowerCase() === given.toLowerCase());
  if (word !== undefined) return word;
  throw new ArmError(400, { code: "InvalidRequestContent", message: `'${target}' must be one of ${words.join(", ")}.`, target });
}

/** What ARM would do for these and we do not is refused, rather than left undone in silence. */
const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  templateLink:
    "Templates are not fetched from addresses, nor read from template specs. Send the template itself as 'properties.template' (az: --template-file).",
  parametersLink: "Parameters are not fetched from addresses. Send them as 'properties.parameters' (az: --parameters @file).",
  onErrorDeployment: "Another deployment in place of one that failed is not supported. Deploy that one yourself.",
};

function refuseUnsupported(properties: JsonObject): void {
  for (const [name, message] of Object.entries(NOT_SUPPORTED))
    if (properties[name] !== undefined && properties[name] !== null)
      throw new ArmError(400, { code: "InvalidRequestContent", message, target: `properties.${name}` });
}

/** Reads a parsed body. @throws ArmError 400 `InvalidRequestContent` */
export function readDeploymentRequest(body: unknown): DeploymentRequest {
  const properties = asJsonObject(body)["properties"];
  if (!isJsonObject(properties))
    throw armError(400, "InvalidRequestContent", "The request content must be a JSON object with the object 'properties'.");
  refuseUnsupported(properties);
  const { template, parameters } = properties;
  if (!isJsonObject(template))
    throw new ArmError(400, {
      code: "InvalidRequestContent",
      message: "The request content must have a template: 'properties.template', a JSON object.",
      target: "properties.template",
    });
  const { tags } = asJsonObject(body);
  return {
    template: template as JsonValue,
    parameters: (parameters ?? undefined) as JsonValue | undefined,
    mode: oneOf(properties["mode"], "properties.mode", ["Incremental", "Complete"]),
    tags: isJsonObject(tags) ? tags : undefined,
    validationLevel: oneOf(properties["validationLevel"], "properties.validationLevel", ["Provider", "ProviderNoRbac", "Template"]),
    resultFormat: oneOf(asJsonObject(properties["whatIfSettings"])["resultFormat"], "properties.whatIfSettings.resultFormat", [
      "FullResourcePayloads",
      "ResourceIdOnly",
    ]),
  };
}
