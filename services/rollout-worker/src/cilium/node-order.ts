import {
  CILIUM_OBJECT_PREFIX,
  CILIUM_ORDER_ANNOTATION,
  CILIUM_OURS_LABEL,
  type CiliumAccess,
  type CiliumNodeConfigObject,
} from "@hostrouting/kube";
import { ciliumOverrides } from "@hostrouting/preflight";
import type { NodeConfigIntent, NodeSpec } from "@hostrouting/rollout";

/** What a node of a cluster with a Cilium of its own is asked for, and the pod of its agent that must be gone before that is in force. */
export type CiliumOrder = { readonly spec: Omit<NodeSpec, "bootID">; readonly replacesPod: string };

/** Who an order is for. */
type Addressee = { readonly uid: string; readonly hostname: string };

const NOTHING = {};
const overridesOf = (mode: NodeSpec["mode"]): Readonly<Record<string, string>> => (mode === "BpfVeth" ? ciliumOverrides : NOTHING);

/** The object of a node, whole. Cilium takes one without overrides for none; it is kept until host routing is off so that what was asked for last is known. */
export function nodeConfigWish({
  node,
  uid,
  hostname,
  spec,
  replacesPod,
}: NodeConfigIntent): Parameters<CiliumAccess["applyNodeConfig"]>[0] {
  const { mode, generation, fencingToken, operationId } = spec;
  const order = JSON.stringify({ mode, generation, fencingToken, operationId, nodeUID: uid, replacesPod });
  return { node: { name: node, uid }, annotations: { [CILIUM_ORDER_ANNOTATION]: order }, hostname, defaults: overridesOf(mode) };
}

/** Whether an object is ours, by its label. */
export function isOurs({ metadata }: CiliumNodeConfigObject): boolean {
  return Object.entries(CILIUM_OURS_LABEL).every(([key, value]) => metadata.labels?.[key] === value);
}

/** The node of an object of ours, by its name. */
export function nodeOf({ metadata }: CiliumNodeConfigObject): string {
  return (metadata.name ?? "").slice(CILIUM_OBJECT_PREFIX.length);
}

const isSame = (a: Readonly<Record<string, string>> = NOTHING, b: Readonly<Record<string, string>> = NOTHING): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

/**
 * What an object of ours asks for. Nothing where somebody changed it: what it overrides, or for whom, is then not what its annotation says, and it is
 * written again like one that is gone.
 */
export function parseOrder({ metadata, spec }: CiliumNodeConfigObject, { uid, hostname }: Addressee): CiliumOrder | undefined {
  const said = parse(metadata.annotations?.[CILIUM_ORDER_ANNOTATION] ?? "");
  const { mode, generation, fencingToken, operationId, nodeUID, replacesPod } = said;
  if (mode !== "BpfVeth" && mode !== "None") return undefined;
  if (typeof generation !== "number" || typeof fencingToken !== "number" || typeof operationId !== "string") return undefined;
  if (nodeUID !== uid || typeof replacesPod !== "string") return undefined;
  const { matchLabels, matchExpressions = [] } = spec.nodeSelector ?? {};
  if (!isSame(matchLabels, { "kubernetes.io/hostname": hostname }) || matchExpressions.length > 0) return undefined;
  if (!isSame(spec.defaults, overridesOf(mode))) return undefined;
  return {
    spec: { mode, generation, fencingToken, operationId, nodeUID: uid, bundleDigest: "", confirmSeconds: 0, confirmedGeneration: 0 },
    replacesPod,
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : NOTHING;
  } catch {
    return NOTHING;
  }
}
