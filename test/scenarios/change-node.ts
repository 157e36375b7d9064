import { startSimulatedCilium, type SimulatedNode } from "@hostrouting/rollout";

type Change = (node: SimulatedNode, what: string) => void;

/** `untold`: its agent does not say. */
const told = (figure: string): number | undefined => (figure === "untold" ? undefined : Number(figure));

/** What is done to a node or becomes of it, by verb: `pool n1 system`, `connections n1 12`. */
const CHANGES: Readonly<Record<string, Change>> = {
  pool(node, what) {
    node.pool = what;
    node.isSystem = what === "system";
  },
  zone: (node, what) => void (node.zone = what),
  image: (node, what) => void (node.image = what),
  reboot(node) {
    node.bootId += "'";
    node.effectiveMode = "Legacy";
    node.confirmed = false;
    startSimulatedCilium(node.cilium);
  },
  cordon: (node) => void (node.unschedulable = true),
  uncordon: (node) => void (node.unschedulable = false),
  /** Somebody takes our cordon away and cordons it for reasons of their own. */
  "cordon-anew"(node) {
    node.cordonedBy = undefined;
    node.unschedulable = true;
  },
  unready: (node) => void (node.ready = false),
  ready: (node) => void (node.ready = true),
  /** Host routing cannot be on for it: `runs-windows`. Such nodes are not tainted at their birth. */
  unsupported(node, what) {
    node.ineligible = what.replaceAll("-", " ");
    node.taints = [];
  },
  "other-taint": (node, what) => void (node.taints = [{ key: what, effect: "NoSchedule" }, ...node.taints]),
  /** Somebody else asks the autoscaler to leave it alone. */
  "keep-for-somebody": (node) => void (node.scaleDownDisabled = "true"),
  /** Its object is deleted. */
  forget: (node) => void (node.spec = undefined),
  /** Somebody else holds it. */
  claimed: (node, what) => void (node.owner = what),
  misses: (node) => void (node.missConfirm = true),
  breaks: (node) => void (node.broken = true),
  silent: (node) => void (node.silent = true),
  /** One more report comes, and none after it: that one stands in its object. */
  stale: (node) => void (node.staleSinceMs = 1),
  /** Pods that come to it while host routing is on get no sandbox. */
  "sandboxes-fail": (node) => void (node.makesNoSandboxes = true),
  heals(node) {
    node.makesNoSandboxes = false;
    node.staleSinceMs = undefined;
    node.broken = false;
    node.silent = false;
  },
  "rules-missing": (node) => void (node.platformRules = "Missing"),
  "rules-unknown": (node) => void (node.platformRules = "Unknown"),
  "rules-present": (node) => void (node.platformRules = "Present"),
  clean: (node) => void (node.rules = "Clean"),
  dirty: (node) => void (node.rules = "Dirty"),
  unjudged: (node) => void (node.rules = "Unknown"),
  /** Its pods have so many; its switches break so many. */
  connections: (node, what) => void (node.connections = what === "unknown" ? "Unknown" : Number(what)),
  resets: (node, what) => void (node.resets = Number(what)),
  /** What its agent counts from now on. */
  "reset-rate": (node, what) => void (node.resetsPerSecond = Number(what)),
  "pods-fail": (node, what) => void (node.podsNotReady = told(what)),
  /** Its Cilium falls back to the stack when its agent starts, or no longer. */
  "cilium-falls-back": ({ cilium }) => void (cilium.fallsBack = true),
  "cilium-heals": ({ cilium }) => void (cilium.fallsBack = false),
  /** Agents that start from now on do not become ready, or do again. */
  "cilium-hangs": ({ cilium }) => void (cilium.hangs = true),
  "cilium-starts": ({ cilium }) => void (cilium.hangs = false),
  "cilium-restarts": ({ cilium }) => void (cilium.isGoing = true),
  /** Somebody deletes our object of it. */
  "cilium-forgets": ({ cilium }) => void (cilium.config = undefined),
  softirq: (node, what) => void (node.softirq = Number(what)),
};

/** Changes a node; false for a verb that is none of a node's own. */
export function changeNode(verb: string, node: SimulatedNode, what: string): boolean {
  const change = Object.hasOwn(CHANGES, verb) ? CHANGES[verb] : undefined;
  change?.(node, what);
  return change !== undefined;
}
