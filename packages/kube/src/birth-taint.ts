import { isDeepStrictEqual } from "node:util";
import { NOT_READY_TAINT } from "@hostrouting/domain";

/** Name of the admission policy and of its binding. */
export const BIRTH_TAINT_NAME = "acns-hostrouting-not-ready";

const LABELS = { "app.kubernetes.io/managed-by": "acns-hostrouting" } as const;

const TAINT = `Object.spec.taints{key: "${NOT_READY_TAINT.key}", effect: "${NOT_READY_TAINT.effect}"}`;
const LABEL = (name: string): string => `object.metadata.?labels[?"${name}"].orValue("")`;

/** Every member that the API server would fill in stands here as it would, so that what it holds can be compared with this as a whole. */
const policySpec = (osImages: string) => ({
  // Nodes must be able to join when this cannot be evaluated; the worker then taints them when it sees them.
  failurePolicy: "Ignore",
  matchConstraints: {
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nodes"], scope: "*" }],
  },
  matchConditions: [
    { name: "linux", expression: `${LABEL("kubernetes.io/os")} == "linux"` },
    { name: "no-virtual-node", expression: `${LABEL("type")} != "virtual-kubelet"` },
    // The kubelet says what it runs when it registers; of a node that does not say, nobody knows yet.
    { name: "os-image", expression: `object.status.?nodeInfo.?osImage.orValue("").matches(${JSON.stringify(`^$|${osImages}`)})` },
    { name: "not-tainted-yet", expression: `!object.spec.?taints.orValue([]).exists(taint, taint.key == "${NOT_READY_TAINT.key}")` },
  ],
  mutations: [
    {
      patchType: "JSONPatch",
      jsonPatch: {
        // The list of taints is atomic: it cannot be merged by an ApplyConfiguration.
        expression: `has(object.spec.taints) ? [JSONPatch{op: "add", path: "/spec/taints/-", value: ${TAINT}}] : [JSONPatch{op: "add", path: "/spec/taints", value: [${TAINT}]}]`,
      },
    },
  ],
  reinvocationPolicy: "Never",
});

const API_VERSION = "admissionregistration.k8s.io/v1";

/** An object of admission, as it is written. */
export type AdmissionObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
};

/**
 * The admission policy that taints nodes when they are made (Kubernetes 1.36 and later), and the binding that puts it in force.
 * @param osImages regular expression (RE2) of the names of operating systems that host routing can be on for
 */
export function birthTaint(osImages: string): { readonly policy: AdmissionObject; readonly binding: AdmissionObject } {
  const metadata = { name: BIRTH_TAINT_NAME, labels: LABELS };
  return {
    policy: { apiVersion: API_VERSION, kind: "MutatingAdmissionPolicy", metadata, spec: policySpec(osImages) },
    binding: { apiVersion: API_VERSION, kind: "MutatingAdmissionPolicyBinding", metadata, spec: { policyName: BIRTH_TAINT_NAME } },
  };
}

/** What the API server holds of one of the two; absent where there is none. */
export type HeldAdmissionObject = {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly resourceVersion?: string };
  readonly spec?: unknown;
};

/** Whether an object of our name is of our making. */
export function isOurAdmissionObject({ metadata }: HeldAdmissionObject): boolean {
  return Object.entries(LABELS).every(([key, value]) => metadata.labels?.[key] === value);
}

/** What is there of both, against what ought to be. Pure. */
export function judgeBirthTaint(
  held: { readonly policy: HeldAdmissionObject | undefined; readonly binding: HeldAdmissionObject | undefined },
  osImages: string,
): { readonly kind: "Absent" | "InSync" | "Drifted" | "Foreign" } {
  const { policy, binding } = held;
  const there = [policy, binding].filter((object) => object !== undefined);
  if (there.some((object) => !isOurAdmissionObject(object))) return { kind: "Foreign" };
  if (there.length === 0) return { kind: "Absent" };
  const wanted = birthTaint(osImages);
  const isSame = isDeepStrictEqual(policy?.spec, wanted.policy.spec) && isDeepStrictEqual(binding?.spec, wanted.binding.spec);
  return { kind: isSame ? "InSync" : "Drifted" };
}
