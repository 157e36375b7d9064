import type { PolicyMode } from "@hostrouting/domain";

/** Verbs on resources, as a SelfSubjectRulesReview or a role states them; "*" stands for all. */
export type ResourceRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Names of the objects that the verbs are for; absent or empty for all. */
  readonly resourceNames?: readonly string[];
};

/** One right that the rollout worker needs. `inNamespace`: in the bundle's namespace only, else in the whole cluster. */
export type RequiredPermission = {
  readonly apiGroup: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** The one object that it is for; absent for all of the kind. */
  readonly name?: string;
  readonly inNamespace: boolean;
};

/**
 * Everything that the rollout worker may do in a managed cluster, and nothing more: `infra/k8s/worker-rbac.yaml` grants exactly this list
 * and PF-054 asks for exactly this list.
 */
export const workerPermissions: readonly RequiredPermission[] = [
  { apiGroup: "", resource: "nodes", verbs: ["get", "list", "watch", "patch"], inNamespace: false },
  { apiGroup: "", resource: "pods", verbs: ["list"], inNamespace: false },
  { apiGroup: "", resource: "pods/eviction", verbs: ["create"], inNamespace: false },
  // Kubelets say there which pods they cannot start.
  { apiGroup: "", resource: "events", verbs: ["list"], inNamespace: false },
  { apiGroup: "policy", resource: "poddisruptionbudgets", verbs: ["list"], inNamespace: false },
  {
    apiGroup: "hostrouting.acns.azure.com",
    resource: "hostroutingconfigs",
    verbs: ["get", "list", "watch", "create", "patch"],
    inNamespace: false,
  },
  {
    apiGroup: "hostrouting.acns.azure.com",
    resource: "hostroutingnodes",
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
    inNamespace: false,
  },
  // One policy, by its name; the making of objects cannot be bounded by name.
  {
    apiGroup: "cilium.io",
    resource: "ciliumclusterwidenetworkpolicies",
    name: "block-azure-destinations",
    verbs: ["get", "list", "watch", "patch", "delete"],
    inNamespace: false,
  },
  { apiGroup: "cilium.io", resource: "ciliumclusterwidenetworkpolicies", verbs: ["create"], inNamespace: false },
  // The admission policy that taints nodes which join, and its binding.
  ...["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"].flatMap((resource): RequiredPermission[] => [
    {
      apiGroup: "admissionregistration.k8s.io",
      resource,
      name: "acns-hostrouting-not-ready",
      verbs: ["list", "update", "delete"],
      inNamespace: false,
    },
    { apiGroup: "admissionregistration.k8s.io", resource, verbs: ["create"], inNamespace: false },
  ]),
  // Events about what belongs to no namespace are in `default`.
  { apiGroup: "events.k8s.io", resource: "events", verbs: ["create", "patch"], inNamespace: false },
  { apiGroup: "apps", resource: "daemonsets", verbs: ["get", "list", "watch", "create", "patch", "delete"], inNamespace: true },
  { apiGroup: "", resource: "pods", verbs: ["watch", "delete"], inNamespace: true },
  // Which worker may write.
  { apiGroup: "coordination.k8s.io", resource: "leases", name: "rollout-worker", verbs: ["get", "update"], inNamespace: true },
  { apiGroup: "coordination.k8s.io", resource: "leases", verbs: ["create"], inNamespace: true },
];

/**
 * What the rollout worker may do besides in the namespace of a cluster's own Cilium, with the driver `cilium` only (`infra/k8s/cilium/worker-rbac.yaml`).
 * `pods/exec` is what an agent's own word costs: Cilium tells its routing over a socket in its pod and nowhere else. It cannot be bounded to these pods or to
 * one program, and who may run programs in them is as good as root on the nodes.
 */
export const ciliumPermissions: readonly Omit<RequiredPermission, "inNamespace">[] = [
  { apiGroup: "", resource: "pods", verbs: ["delete"] },
  { apiGroup: "", resource: "pods/exec", verbs: ["get", "create"] },
  { apiGroup: "", resource: "configmaps", name: "cilium-config", verbs: ["get"] },
  { apiGroup: "cilium.io", resource: "ciliumnodeconfigs", verbs: ["list", "create", "patch", "delete"] },
];

const covers = (list: readonly string[], wanted: string): boolean => list.includes("*") || list.includes(wanted);

const coversName = (names: readonly string[], wanted: string | undefined): boolean =>
  names.length === 0 || (wanted !== undefined && names.includes(wanted));

/**
 * What is missing from the granted rules, as "verb resource.group", in the order of `workerPermissions`; empty when nothing is. Rights to the policy are not
 * missed where it is not managed.
 */
export function missingPermissions(granted: readonly ResourceRule[], policyMode: PolicyMode): readonly string[] {
  return missingOf(
    workerPermissions.filter(({ apiGroup }) => apiGroup !== "cilium.io" || policyMode !== "Off"),
    granted,
  );
}

/** The same of what is needed in the namespace of the cluster's own Cilium. */
export function missingCiliumPermissions(granted: readonly ResourceRule[]): readonly string[] {
  return missingOf(ciliumPermissions, granted).map((right) => `${right} in kube-system`);
}

function missingOf(needed: readonly Omit<RequiredPermission, "inNamespace">[], granted: readonly ResourceRule[]): readonly string[] {
  return needed.flatMap((need) =>
    need.verbs
      .filter(
        (verb) =>
          !granted.some(
            (rule) =>
              covers(rule.apiGroups, need.apiGroup) &&
              covers(rule.resources, need.resource) &&
              covers(rule.verbs, verb) &&
              coversName(rule.resourceNames ?? [], need.name),
          ),
      )
      .map((verb) => `${verb} ${need.resource}${need.apiGroup === "" ? "" : `.${need.apiGroup}`}`),
  );
}
