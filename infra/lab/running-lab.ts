import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { AppError } from "@hostrouting/domain";
import type { Series } from "../guests/guest-kernel.ts";
import { prepareGuests } from "../guests/prepare-guests.ts";
import { cacheFolder } from "../images/cache-folder.ts";
import { withFileLock } from "../images/with-file-lock.ts";
import { connectApi, type ApiClient } from "./api-client.ts";
import type { NodeSupplies } from "./bring-up-node.ts";
import { readHierarchies } from "./cgroups.ts";
import { openClusterAuthority, type ClusterAuthority } from "./cluster-keys.ts";
import { planLab, type LabPlan } from "./lab-plan.ts";
import { readLabRecord, type LabRecord } from "./lab-record.ts";

const LOCK_WAIT_MS = 60_000;

/** A lab that runs, while nobody else may start, stop or change it. */
export interface RunningLab {
  readonly lab: LabPlan;
  readonly record: LabRecord;
  /** As the administrator. */
  readonly api: ApiClient;
}

/** Does something to the running lab of a state folder. Throws AppError `lab.absent` when none runs, `lock.busy` when somebody holds it for a minute. */
export async function withRunningLab<T>(stateDir: string, work: (running: RunningLab) => Promise<T>): Promise<T> {
  const absent = new AppError("lab.absent", { say: "No lab runs for this state folder", do: "Start it: npm run lab -- up" });
  const lab = planLab(await realpath(stateDir).catch(() => Promise.reject(absent)));
  return withFileLock(
    { file: join(lab.stateDir, "lab.lock"), waitMs: LOCK_WAIT_MS, holder: "Another start or stop of this lab" },
    async () => {
      const record = await readLabRecord(lab);
      if (record?.phase !== "ready") throw absent;
      const api = await connectApi(record.adminKubeconfig);
      try {
        return await work({ lab, record, api });
      } finally {
        api.close();
      }
    },
  );
}

/** What more nodes of a running lab are made with. */
export async function suppliesOf({ lab, record }: RunningLab, machines: readonly Series[]): Promise<NodeSupplies> {
  const authority = await authorityOf(lab);
  const images = { pause: record.pauseImage, template: record.template };
  const { programs, template, kubeProxyMode, nodeResourceGroup } = record;
  const [hierarchies, proxy, guests] = await Promise.all([
    readHierarchies(),
    authority.issue({ user: "system:kube-proxy" }),
    prepareGuests(machines, { cache: cacheFolder(process.env), programs, template, onProgress: () => undefined }),
  ]);
  const way = { kubeProxyMode, nodeResourceGroup, serviceCidrs: record.network.serviceCidrs };
  return { lab, hierarchies, programs, images, guests, authority, proxy, ...way };
}

/** The authority of a lab that was started, which signs for more nodes and users. */
export async function authorityOf(lab: LabPlan): Promise<ClusterAuthority> {
  const folder = join(lab.folder, "control-plane");
  const [certificate, key] = await Promise.all([readFile(join(folder, "ca.crt"), "utf8"), readFile(join(folder, "ca.key"), "utf8")]);
  return openClusterAuthority({ certificate, key });
}
