import { AppError, explain, type ManagedCluster, type RolloutPolicy } from "@hostrouting/domain";
import {
  BUNDLE_NAMESPACE,
  bundleManifest,
  CILIUM_NAMESPACE,
  type ClusterAccess,
  type GrantedRules,
  type ServerVersion,
  type V1PodDisruptionBudget,
} from "@hostrouting/kube";
import type { ClusterFacts, Known, PodFacts, ResourceRule } from "@hostrouting/preflight";
import type { Bundle } from "@hostrouting/rollout";
import { budgetFacts, podFacts } from "./pod-facts.ts";

/** What a look at the nodes does not tell, and what is asked of the API server for a preflight. */
export type Asked = Pick<
  ClusterFacts,
  "serverVersion" | "clockAheadMs" | "permissions" | "ciliumPermissions" | "pods" | "budgets" | "admission"
>;

const FOR_PREFLIGHT = { known: false, because: "it is read for preflight only" } as const;

/** Between preflights. */
export const NOT_ASKED: Asked = {
  serverVersion: FOR_PREFLIGHT,
  clockAheadMs: FOR_PREFLIGHT,
  permissions: FOR_PREFLIGHT,
  ciliumPermissions: FOR_PREFLIGHT,
  pods: FOR_PREFLIGHT,
  budgets: FOR_PREFLIGHT,
  admission: FOR_PREFLIGHT,
};

async function known<T>(promise: Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await promise };
  } catch (error) {
    return { known: false, because: explain(error) };
  }
}

/** Rights that the API server could not name in full are known only if nothing is missing; PF-054 decides what is. */
function permissions(granted: Known<GrantedRules>): Known<readonly ResourceRule[]> {
  if (!granted.known) return granted;
  if (granted.value.isComplete || granted.value.rules.length > 0) return { known: true, value: granted.value.rules };
  return { known: false, because: "the API server could not list them" };
}

function clockAhead(version: Known<ServerVersion>): Known<number> {
  if (!version.known) return version;
  const { aheadMs } = version.value;
  return aheadMs === undefined ? { known: false, because: "its answer has no date" } : { known: true, value: aheadMs };
}

/** Budgets matter where nodes are drained; nobody asks for them elsewhere. */
async function budgetsFor(access: ClusterAccess, { nodeAction }: RolloutPolicy): Promise<Known<readonly V1PodDisruptionBudget[]>> {
  if (nodeAction === "SwitchInPlace") return { known: false, because: "no node is drained" };
  return known(access.listBudgets());
}

async function readPods(access: ClusterAccess, budgets: readonly V1PodDisruptionBudget[]): Promise<readonly PodFacts[]> {
  const facts: PodFacts[] = [];
  await access.eachPodPage((page) => {
    for (const pod of page) {
      const read = pod.metadata?.namespace === BUNDLE_NAMESPACE ? undefined : podFacts(pod, budgets);
      if (read !== undefined) facts.push(read);
    }
  });
  return facts;
}

/** How the API server words what admission refuses; other 403 are of rights, of which PF-054 speaks. */
const ADMISSION = /admission webhook|denied the request|ValidatingAdmissionPolicy|violates PodSecurity/i;

/** Whether an error says that the bundle is refused, and not that nobody could try. */
function isRefusal(error: unknown): error is AppError {
  if (!(error instanceof AppError) || /does not support dry run/.test(error.message)) return false;
  return error.code === "kube.refused" || (error.code === "kube.forbidden" && ADMISSION.test(error.message));
}

/** Tries the bundle's DaemonSet. That it is refused is an answer. */
async function tryBundle(access: ClusterAccess, bundle: Bundle): Promise<ClusterFacts["admission"]> {
  try {
    await access.tryBundle(bundleManifest(bundle));
    return { known: true, value: { refusal: undefined } };
  } catch (error) {
    if (isRefusal(error)) return { known: true, value: { refusal: error.message } };
    return { known: false, because: explain(error) };
  }
}

/** Nobody asks for rights there. */
const NO_RIGHTS: Known<GrantedRules> = { known: true, value: { rules: [], isComplete: true } };

/** Asks everything that preflight wants of the API server; what it does not answer is unknown, never absent. */
export async function askCluster(
  access: ClusterAccess,
  { cluster, policy }: { readonly cluster: Pick<ManagedCluster, "driver">; readonly policy: RolloutPolicy },
  bundle: Bundle,
): Promise<Asked> {
  const [version, granted, grantedOfCilium, budgets, admission] = await Promise.all([
    known(access.serverVersion()),
    known(access.grantedRules(BUNDLE_NAMESPACE)),
    cluster.driver === "cilium" ? known(access.grantedRules(CILIUM_NAMESPACE)) : NO_RIGHTS,
    budgetsFor(access, policy),
    tryBundle(access, bundle),
  ]);
  return {
    serverVersion: version.known ? { known: true, value: version.value.gitVersion } : version,
    clockAheadMs: clockAhead(version),
    permissions: permissions(granted),
    ciliumPermissions: permissions(grantedOfCilium),
    pods: await known(readPods(access, budgets.known ? budgets.value : [])),
    budgets: budgets.known ? { known: true, value: budgets.value.map(budgetFacts) } : budgets,
    admission,
  };
}
