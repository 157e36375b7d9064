import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";
import type { UserCredentialReferences } from "@hostrouting/domain";
import { planLab } from "../lab/lab-plan.ts";
import type { LabRecord } from "../lab/lab-record.ts";
import { writeKubeconfig } from "../lab/kubeconfig.ts";
import { authorityOf } from "../lab/running-lab.ts";
import type { ClusterWish } from "./cluster-wish.ts";

/** AKS' own name and group of the certificate that both kinds of users get in a cluster without Entra. */
const LOCAL_ACCOUNT = { user: "masterclient", group: "system:masters" };

/**
 * Names within a kubeconfig, as AKS gives them, so that those of several clusters can be merged into one file; az adds `-admin` to an
 * administrator's context by itself. Pure.
 */
export function kubeconfigNames(
  { resourceGroup, name }: Pick<ClusterWish, "resourceGroup" | "name">,
  kind: keyof UserCredentialReferences,
) {
  const user = `${kind === "user" ? "clusterUser" : "clusterAdmin"}_${resourceGroup}_${name}`;
  return { cluster: name, user, context: name };
}

/** Writes the kubeconfigs of a lab's users where they are missing: 0600, gone with the lab. */
export async function ensureUserKubeconfigs(
  cluster: Pick<ClusterWish, "resourceGroup" | "name">,
  record: LabRecord,
): Promise<UserCredentialReferences> {
  const lab = planLab(await realpath(record.stateDir));
  const files = { user: path.join(lab.folder, "cluster-user.kubeconfig"), admin: path.join(lab.folder, "cluster-admin.kubeconfig") };
  const missing = (["user", "admin"] as const).filter((kind) => !existsSync(files[kind]));
  if (missing.length === 0) return files;
  const authority = await authorityOf(lab);
  for (const kind of missing) {
    const user = await authority.issue(LOCAL_ACCOUNT);
    const names = kubeconfigNames(cluster, kind);
    await writeKubeconfig(files[kind], { server: record.server, authority: authority.certificate, user, names });
  }
  return files;
}
