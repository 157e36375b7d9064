import { readManagedClusterRequest, type ManagedClusterRequest } from "@hostrouting/contracts";
import { asJsonObject, isJsonObject } from "../enablement/json-object.ts";
import { ArmError, armError, manyFaults, type ArmFault } from "./arm-error.ts";
import type { ClusterConverter } from "../versions/cluster-converter.ts";
import { CLUSTER_TYPE } from "./resource-ids.ts";
import { withoutSecrets } from "./write-only-members.ts";

/** Paths under `properties` are named without that prefix, as AKS does. */
const PREFIX = /^properties\./;

/**
 * Reads the body of a PUT of the managed cluster `name`.
 * @param withoutUnknown drops what the request's api-version does not know, so that nobody judges it.
 * @throws ArmError 400: `InvalidRequestContent` for anything of the wrong shape, `InvalidParameter` for words that nobody knows.
 */
export function readPutBody(body: unknown, name: string, withoutUnknown: ClusterConverter["withoutUnknown"]): ManagedClusterRequest {
  if (!isJsonObject(body)) throw armError(400, "InvalidRequestContent", "The request content must be a JSON object: the managed cluster.");
  const other = (member: string, expected: string): boolean => {
    const given = body[member];
    return typeof given === "string" && given.toLowerCase() !== expected.toLowerCase();
  };
  if (other("name", name))
    throw new ArmError(400, {
      code: "InvalidRequestContent",
      message: `The name in the body is not '${name}', the name in the address.`,
      target: "name",
    });
  if (other("type", CLUSTER_TYPE))
    throw new ArmError(400, { code: "InvalidRequestContent", message: `The type in the body is not '${CLUSTER_TYPE}'.`, target: "type" });
  const read = readManagedClusterRequest(withoutUnknown(withoutSecrets(body)));
  if ("request" in read) return read.request;
  const faults = read.problems.map((problem): ArmFault => ({
    code: problem.kind === "Type" ? "InvalidRequestContent" : "InvalidParameter",
    message: problem.message,
    ...(problem.target !== "" && { target: problem.target.replace(PREFIX, "") }),
  }));
  const [first, ...others] = faults;
  throw first === undefined
    ? armError(400, "InvalidRequestContent", "The request content does not fit the contract.")
    : new ArmError(400, manyFaults([first, ...others]));
}

/** The `provisioningState` that a body claims, if it claims one; ARM wants a claim that is wrong refused. */
export function claimedProvisioningState(body: unknown): string | undefined {
  const state = asJsonObject(asJsonObject(body)["properties"])["provisioningState"];
  return typeof state === "string" ? state : undefined;
}
