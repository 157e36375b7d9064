import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ProvisionedFacts, ProvisioningClaim, ProvisioningOutcome } from "@hostrouting/domain";
import type { Store } from "@hostrouting/store";

const LEASE_MS = 60_000;

/** A provider that tests play through the store's port: it makes nothing, and says what the test wants. */
export type PlayedProvider = {
  readonly facts: ProvisionedFacts;
  /** Takes up the one cluster that is due. @throws Error when there is none */
  claim(): Promise<ProvisioningClaim>;
  /** Takes it up and says that all is as wished, or gone; or something else. */
  say(outcome?: ProvisioningOutcome): Promise<void>;
};

/** A provider `lab` with kubeconfigs in files of its own. */
export function playProvider(store: Store): PlayedProvider {
  const folder = mkdtempSync(path.join(tmpdir(), "played-provider-"));
  const kubeconfig = (whose: string): string => {
    const file = path.join(folder, whose);
    writeFileSync(file, `kubeconfig of ${whose}`, { mode: 0o600 });
    return file;
  };
  const facts: ProvisionedFacts = {
    fqdn: "made.localhost",
    kubernetesVersion: "1.36.3",
    pools: [],
    credentials: { worker: kubeconfig("worker"), user: kubeconfig("user"), admin: kubeconfig("admin") },
  };
  const claim = async (): Promise<ProvisioningClaim> => {
    const [taken] = await store.provisioning.claim({ provider: "lab", holder: "played", leaseMs: LEASE_MS, limit: 1 });
    if (taken === undefined) throw new Error("nothing is to be done");
    return taken;
  };
  return {
    facts,
    claim,
    async say(outcome) {
      const taken = await claim();
      const recorded = await store.provisioning.record(taken, outcome ?? (taken.present ? { kind: "Done", facts } : { kind: "Removed" }));
      if (recorded !== "Recorded") throw new Error(`what the provider said was not recorded: ${recorded}`);
    },
  };
}
