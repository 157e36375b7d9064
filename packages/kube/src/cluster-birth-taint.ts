import { AppError } from "@hostrouting/domain";
import type { ApiCall, ApiClient } from "./api-client.ts";
import {
  BIRTH_TAINT_NAME,
  birthTaint,
  isOurAdmissionObject,
  judgeBirthTaint,
  type AdmissionObject,
  type HeldAdmissionObject,
} from "./birth-taint.ts";
import type { ClusterAccess } from "./cluster-access.ts";

const API = "/apis/admissionregistration.k8s.io/v1";
const POLICIES = `${API}/mutatingadmissionpolicies`;
const BINDINGS = `${API}/mutatingadmissionpolicybindings`;

type Client = Pick<ApiClient, "call">;

type Kept = { readonly policy: HeldAdmissionObject | undefined; readonly binding: HeldAdmissionObject | undefined };

/** Asks for a list of one: it is refused where there is no such kind, and empty where there is no such object. */
async function find(client: Client, path: string): Promise<HeldAdmissionObject | undefined> {
  const call: ApiCall = { method: "GET", path, query: { fieldSelector: `metadata.name=${BIRTH_TAINT_NAME}` } };
  const body = (await client.call(call)) as { readonly items?: readonly HeldAdmissionObject[] };
  return body.items?.[0];
}

async function findBoth(client: Client): Promise<Kept> {
  const [policy, binding] = await Promise.all([find(client, POLICIES), find(client, BINDINGS)]);
  return { policy, binding };
}

type Wished = { readonly path: string; readonly wish: AdmissionObject; readonly held: HeldAdmissionObject | undefined };

/** Replaces as a whole, over the version that was read: an apply would leave what others have added. */
async function put(client: Client, { path, wish, held }: Wished): Promise<HeldAdmissionObject> {
  if (held === undefined) return (await client.call({ method: "POST", path, body: wish })) as HeldAdmissionObject;
  if (!isOurAdmissionObject(held))
    throw new AppError("kube.refused", { say: `${wish.kind} ${BIRTH_TAINT_NAME} is somebody else's, and is not overwritten` });
  const metadata = { ...wish.metadata, resourceVersion: held.metadata.resourceVersion };
  return (await client.call({ method: "PUT", path: `${path}/${BIRTH_TAINT_NAME}`, body: { ...wish, metadata } })) as HeldAdmissionObject;
}

/**
 * The admission policy that taints nodes when they are made, and its binding; see ClusterAccess. What was read or answered last is what is written over:
 * whoever wrote since has changed its version, and then it is read anew.
 */
export function birthTaintOf(client: Client): Pick<ClusterAccess, "readBirthTaint" | "applyBirthTaint" | "removeBirthTaint"> {
  let kept: Kept | undefined;
  return {
    async readBirthTaint(osImages) {
      kept = undefined;
      try {
        kept = await findBoth(client);
        return judgeBirthTaint(kept, osImages);
      } catch (error) {
        if (error instanceof AppError && error.code === "kube.not-found") return { kind: "Unsupported" };
        throw error;
      }
    },
    async applyBirthTaint(osImages) {
      const held = kept ?? (await findBoth(client));
      kept = undefined;
      const wished = birthTaint(osImages);
      // The policy comes first: a binding alone does nothing.
      const policy = await put(client, { path: POLICIES, wish: wished.policy, held: held.policy });
      const binding = await put(client, { path: BINDINGS, wish: wished.binding, held: held.binding });
      kept = { policy, binding };
      return judgeBirthTaint(kept, osImages);
    },
    async removeBirthTaint() {
      kept = undefined;
      for (const path of [BINDINGS, POLICIES]) {
        const held = await find(client, path);
        if (held !== undefined && isOurAdmissionObject(held)) await client.call({ method: "DELETE", path: `${path}/${BIRTH_TAINT_NAME}` });
      }
    },
  };
}
