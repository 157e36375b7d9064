import { createHash } from "node:crypto";
import type { RolloutPolicy } from "@hostrouting/domain";
import { isJsonObject } from "../enablement/json-object.ts";

/** 96 bits: a version is compared with others of the same cluster only. */
const ETAG_HEX = 24;

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => [name, inOrder(member)]);
}

/**
 * The version of `hostRoutings/default` as far as requests write it: it changes with the cluster's own part of the policy and with nothing that the
 * worker sees. It is made of the content, so a policy that is as it was has the version that it had.
 */
export function policyEtag(rolloutPolicy: Partial<RolloutPolicy>): string {
  return createHash("sha256")
    .update(JSON.stringify(inOrder(rolloutPolicy)))
    .digest("hex")
    .slice(0, ETAG_HEX);
}
