import { openStore, type Store } from "@hostrouting/store";
import { makeCluster, register } from "./test-cluster.ts";
import { makeTestDatabase } from "./test-database.ts";
import { startTestInstallation, type TestInstallation } from "./test-installation.ts";

/** What unmodified clients are tried against: the real processes, and the store behind them. */
export type ClientStage = { readonly store: Store; readonly installation: TestInstallation; close(): Promise<void> };

/**
 * Starts the real processes on a database of their own, with clusters of these names. What fails to start leaves nothing that keeps the process alive.
 * @param options as of the installation.
 */
export async function startClientStage(
  clusters: readonly string[],
  options?: Parameters<typeof startTestInstallation>[1],
): Promise<ClientStage> {
  /** How to end what was made so far, the last first. */
  const endings: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.toReversed()) await end();
  };
  try {
    const database = await makeTestDatabase();
    endings.push(() => database.drop());
    const store = await openStore(database.url, () => undefined);
    endings.push(() => store.close());
    await register(
      store,
      clusters.map((name) => makeCluster(name)),
    );
    const installation = await startTestInstallation(database.url, options);
    endings.push(() => installation.close());
    return { store, installation, close };
  } catch (error) {
    await close();
    throw error;
  }
}
