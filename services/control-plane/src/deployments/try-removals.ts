/** What Complete mode would do to the clusters that a template does not name, learnt as everything in a trial: by the requests that the deployment would make. */
import type { DeploymentError } from "@hostrouting/domain";
import { CONTRACT_API_VERSION } from "../arm/api-versions.ts";
import { judgeWrite } from "./judge-reply.ts";
import type { OtherCluster } from "./other-clusters.ts";
import { resourceUrl } from "./resource-url.ts";
import { write, type TrialRun } from "./try-template.ts";

/** What becomes of a cluster that the template does not name. `Unknown`: that could not be found out, and why. */
export type Leftover = { readonly cluster: OtherCluster } & (
  | { readonly kind: "Kept" }
  | { readonly kind: "Deleted" }
  | { readonly kind: "Refused"; readonly error: DeploymentError }
  | { readonly kind: "Unknown"; readonly why: string }
);

async function tryRemoval(run: TrialRun, cluster: OtherCluster): Promise<Leftover> {
  if (!run.hasTime()) return { cluster, kind: "Unknown", why: "There was no time left to try this deletion." };
  const url = resourceUrl(cluster.id, CONTRACT_API_VERSION);
  const outcome = judgeWrite(await write(run, { method: "DELETE", url }), url);
  if (outcome.kind === "Unanswered") return { cluster, kind: "Unknown", why: outcome.error.message };
  // Gone since it was listed is as good as deleted.
  if (outcome.kind === "Failed" && outcome.status !== 404) return { cluster, kind: "Refused", error: outcome.error };
  return { cluster, kind: "Deleted" };
}

/** Tries the deletion of each of these clusters, in their order. */
export async function tryRemovals(run: TrialRun, clusters: readonly OtherCluster[]): Promise<readonly Leftover[]> {
  const tried: Leftover[] = [];
  for (const cluster of clusters) tried.push(await tryRemoval(run, cluster));
  return tried;
}
