import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { managedClusterRequest } from "./arm-schemas.gen.ts";
import type { components } from "./arm.gen.ts";
import { foldRequest } from "./fold-request.ts";

/** Body of a PUT of a managed cluster, as the contract has it; read-only members are absent. */
export type ManagedClusterRequest = components["schemas"]["ManagedCluster"];

/** A member that does not fit. `Type`: wrong JSON type or a member is missing; `Value`: right type, but a word that nobody knows. */
export type RequestProblem = { readonly kind: "Type" | "Value"; readonly target: string; readonly message: string };

/** Faults beyond this many are not listed: a body of 4 MiB may hold a million. */
const PROBLEMS_MAX = 50;

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(managedClusterRequest);

/** `/properties/agentPoolProfiles/0/name` → `properties.agentPoolProfiles[0].name`. */
function dotted(pointer: string): string {
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`), "");
}

function toProblem(error: ErrorObject): RequestProblem {
  const target = dotted(error.instancePath);
  if (error.keyword === "enum") {
    const words = (error.params["allowedValues"] as readonly (string | null)[]).filter((word) => word !== null);
    return { kind: "Value", target, message: `The value of ${target} must be one of ${words.join(", ")}.` };
  }
  return { kind: "Type", target, message: `${target === "" ? "The body" : target} ${error.message ?? "does not fit the contract"}.` };
}

/**
 * Reads the body of a PUT: folds the letter case of enumerations, drops read-only members, and checks all of it.
 * A member of the wrong type is reported as that only, not also as an unknown word.
 */
export function readManagedClusterRequest(body: unknown): { request: ManagedClusterRequest } | { problems: readonly RequestProblem[] } {
  const folded = foldRequest(managedClusterRequest, body);
  if (validate(folded)) return { request: folded as ManagedClusterRequest };
  const problems = (validate.errors ?? []).map(toProblem);
  const wrongType = new Set(problems.filter((problem) => problem.kind === "Type").map((problem) => problem.target));
  return { problems: problems.filter((problem) => problem.kind === "Type" || !wrongType.has(problem.target)).slice(0, PROBLEMS_MAX) };
}
