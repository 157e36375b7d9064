import { AppError, NOT_READY_TAINT } from "@hostrouting/domain";
import type { V1Node } from "@kubernetes/client-node";
import { birthTaint, isOurAdmissionObject, judgeBirthTaint, type HeldAdmissionObject } from "./birth-taint.ts";
import type { BirthTaintLookup } from "./cluster-access.ts";

/** Mutating admission of a fake cluster: it holds the two objects as they were written, and does what ours asks for. The real one's expressions are not run. */
export class FakeAdmission {
  /** Whether the API server knows the kinds at all. */
  isSupported = true;
  policy: HeldAdmissionObject | undefined;
  binding: HeldAdmissionObject | undefined;

  read(osImages: string): BirthTaintLookup {
    return this.isSupported ? judgeBirthTaint(this, osImages) : { kind: "Unsupported" };
  }

  apply(osImages: string): BirthTaintLookup {
    if (!this.isSupported) throw new AppError("kube.not-found", { say: "the server could not find the requested resource" });
    if (this.read(osImages).kind === "Foreign") throw new AppError("kube.refused", { say: "somebody else's" });
    const { policy, binding } = birthTaint(osImages);
    this.policy = structuredClone(policy);
    this.binding = structuredClone(binding);
    return this.read(osImages);
  }

  /** As the real one: somebody else's of our name stay. */
  remove(): void {
    const others = (object: HeldAdmissionObject | undefined) =>
      object !== undefined && !isOurAdmissionObject(object) ? object : undefined;
    this.policy = others(this.policy);
    this.binding = others(this.binding);
  }

  /** What becomes of a node that is made: nothing where a part is missing, since a failing policy is ignored. */
  admitNode(node: V1Node): V1Node {
    if (this.policy === undefined || this.binding === undefined || node.metadata?.labels?.["kubernetes.io/os"] !== "linux") return node;
    return { ...node, spec: { ...node.spec, taints: [...(node.spec?.taints ?? []), { ...NOT_READY_TAINT }] } };
  }
}
