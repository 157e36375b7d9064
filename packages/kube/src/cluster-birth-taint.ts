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
import type { BirthTaintLookup } from "./cluster-access.ts";

const API = "/apis/admissionregistration.k8s.io/v1";
const POLICIES = `${API}/mutatingadmissionpolicies`;
const BINDINGS = `${API}/mutatingadmissionpolicybindings`;

type Client = Pick<ApiClient, "call">;

/** Asks for a list of one: it is refused where there is no such kind, and empty where there is no such object. */
async function find(client: Client, path: string): Promise<HeldAdmissionObject | undefined> {
  const call: ApiCall = { method: "GET", path, query: { fieldSelector: `metadata.name=${BIRTH_TAINT_NAME}` } };
  const body = (await client.call(call)) as { readonly items?: readonly HeldAdmissionObject[] };
  return body.items?.[0];
}

/** What is there of the admission policy that taints nodes when they are made; see ClusterAccess. */
export async function readBirthTaint(client: Client, osImages: string): Promise<BirthTaintLookup> {
  try {
    const [policy, binding] = await Promise.all([find(client, POLICIES), find(client, BINDINGS)]);
    return judgeBirthTaint({ policy, binding }, osImages);
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.not-found") return { kind: "Unsupported" };
    throw error;
  }
}

/** Replaces as a whole, over the version that was read: an apply would leave what others have added. */
async function put(client: Client, path: string, wish: AdmissionObject): Promise<void> {
  const held = await find(client, path);
  if (held === undefined) return void (await client.call({ method: "POST", path, body: wish }));
  if (!isOurAdmissionObject(held))
    throw new AppError("kube.refused", { say: `${wish.kind} ${BIRTH_TAINT_NAME} is somebody else's, and is not overwritten` });
  const metadata = { ...wish.metadata, resourceVersion: held.metadata.resourceVersion };
  await client.call({ method: "PUT", path: `${path}/${BIRTH_TAINT_NAME}`, body: { ...wish, metadata } });
}

/** Makes both, or puts them right; see ClusterAccess. The policy comes first: a binding alone does nothing. */
export async function applyBirthTaint(client: Client, osImages: string): Promise<void> {
  const { policy, binding } = birthTaint(osImages);
  await put(client, POLICIES, policy);
  await put(client, BINDINGS, binding);
}

/** Removes those of both that are ours; see ClusterAccess. */
export async function removeBirthTaint(client: Client): Promise<void> {
  for (const path of [BINDINGS, POLICIES]) {
    const held = await find(client, path);
    if (held !== undefined && isOurAdmissionObject(held)) await client.call({ method: "DELETE", path: `${path}/${BIRTH_TAINT_NAME}` });
  }
}
