import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ProvisionedFacts, ProvisioningClaim, ProvisioningOutcome } from "@hostrouting/domain";
import type { Store } from "@hostrouting/store";

const LEASE_MS = 60_000;

const folders: string[] = [];
process.once("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A provider that tests play through the store's port: it makes nothing, and says what the test wants. */
export type PlayedProvider = {
  readonly facts: ProvisionedFacts;
  /** Takes up the one cluster that is due. @throws Error when there is none */
  claim(): Promise<ProvisioningClaim>;
  /** Takes it up and says that all is as wished, or gone; or something else. */
  say(outcome?: ProvisioningOutcome): Promise<void>;
  /** Takes up whatever is due, and says of each that it is as wished, or gone. */
  serveAll(): Promise<void>;
};

const AT_ONCE_MAX = 100;

/** A provider `lab` with kubeconfigs in files of its own, of this text for each of `worker`, `user` and `admin`. */
export function playProvider(store: Store, textOf = (whose: string): string => `kubeconfig of ${whose}`): PlayedProvider {
  const folder = mkdtempSync(path.join(tmpdir(), "played-provider-"));
  folders.push(folder);
  const kubeconfig = (whose: string): string => {
    const file = path.join(folder, whose);
    writeFileSync(file, textOf(whose), { mode: 0o600 });
    return file;
  };
  const facts: ProvisionedFacts = {
    fqdn: "made.localhost",
    kubernetesVersion: "1.36.3",
    pools: [],
    credentials: { worker: kubeconfig("worker"), user: kubeconfig("user"), admin: kubeconfig("admin") },
  };
  const claims = (limit: number): Promise<ProvisioningClaim[]> =>
    store.provisioning.claim({ provider: "lab", holder: "played", leaseMs: LEASE_MS, limit });
  const asWished = ({ present }: ProvisioningClaim): ProvisioningOutcome => (present ? { kind: "Done", facts } : { kind: "Removed" });
  const claim = async (): Promise<ProvisioningClaim> => {
    const [taken] = await claims(1);
    if (taken === undefined) throw new Error("nothing is to be done");
    return taken;
  };
  return {
    facts,
    claim,
    async say(outcome) {
      const taken = await claim();
      const recorded = await store.provisioning.record(taken, outcome ?? asWished(taken));
      if (recorded !== "Recorded") throw new Error(`what the provider said was not recorded: ${recorded}`);
    },
    async serveAll() {
      for (const taken of await claims(AT_ONCE_MAX)) await store.provisioning.record(taken, asWished(taken));
    },
  };
}
