import type { ForecastChange } from "@hostrouting/domain";
import {
  API_VERSION,
  birthTaint,
  BUNDLE_NAME,
  BUNDLE_NAMESPACE,
  bundleManifest,
  CILIUM_NAMESPACE,
  CILIUM_OBJECT_PREFIX,
  CONFIG_NAME,
  ROLLOUT_LEASE_NAME,
} from "@hostrouting/kube";
import { azureDestinationsPolicy } from "@hostrouting/policy";
import { SUPPORTED_OS_IMAGES } from "@hostrouting/preflight";
import type { ClusterObservation, Intent, NodeSpec, PatchNodeIntent } from "@hostrouting/rollout";
import { configSpec } from "../apply/apply-config.ts";
import { nodePatch } from "../apply/patch-node.ts";
import { nodeConfigWish } from "../cilium/node-order.ts";

/** What stands in the cluster already. */
export type ChangeContext = {
  readonly observed: ClusterObservation;
  readonly hasPolicy: boolean;
  readonly hasLease: boolean;
};

const CONFIG = { apiVersion: API_VERSION, kind: "HostRoutingConfig", names: [CONFIG_NAME] };
const BUNDLE = { apiVersion: "apps/v1", kind: "DaemonSet", names: [BUNDLE_NAME], namespace: BUNDLE_NAMESPACE };
const NODE_OBJECT = { apiVersion: API_VERSION, kind: "HostRoutingNode" };
const LEASE = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", names: [ROLLOUT_LEASE_NAME], namespace: BUNDLE_NAMESPACE };

const ofKind = <K extends Intent["kind"]>(intents: readonly Intent[], kind: K): readonly Extract<Intent, { kind: K }>[] =>
  intents.filter((intent): intent is Extract<Intent, { kind: K }> => intent.kind === kind);

function configChanges(intents: readonly Intent[], { observed }: ChangeContext): readonly ForecastChange[] {
  const last = ofKind(intents, "ApplyConfig").at(-1);
  if (last === undefined) return [];
  const content = { apiVersion: API_VERSION, kind: CONFIG.kind, metadata: { name: CONFIG_NAME }, spec: configSpec(last) };
  return [{ action: observed.config === undefined ? "Create" : "Update", ...CONFIG, content }];
}

function bundleChanges(intents: readonly Intent[], { observed }: ChangeContext): readonly ForecastChange[] {
  const ensured = ofKind(intents, "EnsureBundle").at(-1);
  if (ensured !== undefined) {
    const { bundle } = observed;
    if (bundle?.digest === ensured.bundle.digest && bundle.image === ensured.bundle.image && !bundle.deleting) return [];
    return [{ action: bundle === undefined ? "Create" : "Update", ...BUNDLE, content: bundleManifest(ensured.bundle) }];
  }
  return intents.some(({ kind }) => kind === "RemoveBundle") ? [{ action: "Delete", ...BUNDLE }] : [];
}

function policyChanges(intents: readonly Intent[], { hasPolicy }: ChangeContext): readonly ForecastChange[] {
  const { apiVersion, kind, metadata } = azureDestinationsPolicy;
  const object = { apiVersion, kind, names: [metadata.name] };
  if (intents.some((intent) => intent.kind === "ApplyPolicy"))
    return hasPolicy ? [] : [{ action: "Create", ...object, content: azureDestinationsPolicy }];
  return hasPolicy && intents.some((intent) => intent.kind === "RemovePolicy") ? [{ action: "Delete", ...object }] : [];
}

function birthTaintChanges(intents: readonly Intent[], { observed }: ChangeContext): readonly ForecastChange[] {
  const { policy, binding } = birthTaint(SUPPORTED_OS_IMAGES);
  const { kind } = observed.birthTaint;
  const change = (action: ForecastChange["action"]): readonly ForecastChange[] =>
    [policy, binding].map((object) => ({
      action,
      apiVersion: object.apiVersion,
      kind: object.kind,
      names: [object.metadata.name],
      ...(action !== "Delete" && { content: object }),
    }));
  if (intents.some((intent) => intent.kind === "ApplyBirthTaint")) {
    if (kind === "Absent") return change("Create");
    return kind === "Drifted" ? change("Update") : [];
  }
  const isThere = kind === "InSync" || kind === "Drifted";
  return isThere && intents.some((intent) => intent.kind === "RemoveBirthTaint") ? change("Delete") : [];
}

/** What all nodes are told alike: what is a node's own, and what is of one operation, is left out. */
function commonSpec({ mode, bundleDigest, confirmSeconds }: NodeSpec): Pick<NodeSpec, "mode" | "bundleDigest" | "confirmSeconds"> {
  return { mode, bundleDigest, confirmSeconds };
}

function nodeObjectChanges(intents: readonly Intent[], { observed }: ChangeContext): readonly ForecastChange[] {
  const there = new Set<string>(observed.nodeObjects);
  const gone = new Set<string>(ofKind(intents, "DeleteNodeObject").map(({ node }) => node));
  const written = ofKind(intents, "WriteNodeSpec").filter(({ node }) => !gone.has(node));
  const byChange = Map.groupBy(written, ({ node, spec }) => JSON.stringify([there.has(node) ? "Update" : "Create", commonSpec(spec)]));
  const changes = [...byChange].map(([key, alike]): ForecastChange => {
    const [action, spec] = JSON.parse(key) as [ForecastChange["action"], unknown];
    return { action, ...NODE_OBJECT, names: alike.map(({ node }) => node), content: { ...NODE_OBJECT, spec } };
  });
  const removed = [...gone].filter((node) => there.has(node));
  return removed.length === 0 ? changes : [...changes, { action: "Delete", ...NODE_OBJECT, names: removed }];
}

/** Of Cilium's own kind: one object for each node, alike but for the node. */
function nodeConfigChanges(intents: readonly Intent[], { observed }: ChangeContext): readonly ForecastChange[] {
  const there = new Set<string>(observed.nodes.filter(({ spec }) => spec !== undefined).map(({ name }) => name));
  const gone = new Set<string>(ofKind(intents, "DeleteNodeConfig").map(({ node }) => node));
  const written = ofKind(intents, "WriteNodeConfig").filter(({ node }) => !gone.has(node));
  const object = { apiVersion: "cilium.io/v2", kind: "CiliumNodeConfig", namespace: CILIUM_NAMESPACE };
  const named = (node: string): string => `${CILIUM_OBJECT_PREFIX}${node}`;
  const byChange = Map.groupBy(written, (intent) =>
    JSON.stringify([there.has(intent.node) ? "Update" : "Create", nodeConfigWish(intent).defaults]),
  );
  const changes = [...byChange].map(([key, alike]): ForecastChange => {
    const [action, defaults] = JSON.parse(key) as [ForecastChange["action"], unknown];
    const { apiVersion, kind } = object;
    return { action, ...object, names: alike.map(({ node }) => named(node)), content: { apiVersion, kind, spec: { defaults } } };
  });
  const removed = [...gone].filter((node) => there.has(node));
  return removed.length === 0 ? changes : [...changes, { action: "Delete", ...object, names: removed.map(named) }];
}

/** The patch without what says which node is meant. */
function shownPatch(intent: PatchNodeIntent): Record<string, unknown> {
  const { metadata, spec } = nodePatch(intent);
  const { labels, annotations } = metadata;
  return { metadata: { ...(labels && { labels }), ...(annotations && { annotations }) }, ...(spec && { spec }) };
}

type Member = "labelled" | "userRules" | "taints" | "owner" | "cordonedBy" | "scaleDownHeldBy";
const LASTING: readonly Member[] = ["labelled", "userRules", "taints"];
const PASSING: readonly Member[] = ["owner", "cordonedBy", "scaleDownHeldBy"];

/** Members of a node's patches: of those that stay the last word, of those that are taken away again what stood there meanwhile. */
function folded(patches: readonly PatchNodeIntent[], members: readonly Member[], isPassing: boolean): PatchNodeIntent | undefined {
  const [first] = patches;
  if (first === undefined) return undefined;
  const { kind, node, uid, resourceVersion } = first;
  const said = members.flatMap((member) => {
    const values = patches.map((patch) => patch[member]).filter((value) => value !== undefined && !(isPassing && value === null));
    return values.length === 0 ? [] : [[member, isPassing ? "<operation>" : values.at(-1)] as const];
  });
  return said.length === 0 ? undefined : ({ kind, node, uid, resourceVersion, ...Object.fromEntries(said) } as PatchNodeIntent);
}

function nodeChanges(intents: readonly Intent[]): readonly ForecastChange[] {
  const byNode = Map.groupBy(ofKind(intents, "PatchNode"), ({ node }) => node);
  const patched = [...byNode].map(([node, patches]) => {
    const content = folded(patches, LASTING, false);
    const whileItRuns = folded(patches, PASSING, true);
    return {
      node,
      shown: { ...(content && { content: shownPatch(content) }), ...(whileItRuns && { whileItRuns: shownPatch(whileItRuns) }) },
    };
  });
  return [...Map.groupBy(patched, ({ shown }) => JSON.stringify(shown)).values()].map((alike) => ({
    action: "Update",
    apiVersion: "v1",
    kind: "Node",
    names: alike.map(({ node }) => node),
    ...alike[0]?.shown,
  }));
}

/**
 * The objects that an operation would write or remove, as the worker's own code renders them, net of what is there already and of what comes and goes.
 * Events are not among them, nor the pods that a drain evicts. Pure.
 */
export function renderChanges(intents: readonly Intent[], context: ChangeContext): readonly ForecastChange[] {
  const changes = [
    ...bundleChanges(intents, context),
    ...configChanges(intents, context),
    ...policyChanges(intents, context),
    ...birthTaintChanges(intents, context),
    ...nodeObjectChanges(intents, context),
    ...nodeConfigChanges(intents, context),
    ...nodeChanges(intents),
  ];
  return changes.length === 0 ? [] : [{ action: context.hasLease ? "Update" : "Create", ...LEASE }, ...changes];
}
