/**
 * The lab provider: makes the managed clusters of provider `lab` real, on this machine. A process of its own, which may be killed at any moment: what it
 * was at stands in the store and in each lab's record, and the next one goes on from there.
 */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openDoorbell } from "@hostrouting/doorbell";
import { ConfigError, createLogger, endInOrder, type Logger } from "@hostrouting/runtime";
import { openStore, type Store } from "@hostrouting/store";
import { cacheFolder } from "../images/cache-folder.ts";
import { readProviderConfig, type ProviderConfig } from "./config.ts";
import { machineLabs } from "./machine-labs.ts";
import { startProvider } from "./provider.ts";

const STORE_PAUSE_MS = 1_000;
/** A start that is broken off removes what it made within two or three seconds; past this whoever ends the installation does. */
const GRACE_MS = 5_000;

function configOrExit(): ProviderConfig {
  try {
    return readProviderConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

async function openWhenThere(databaseUrl: string, logger: Logger): Promise<Store> {
  for (;;)
    try {
      return await openStore(databaseUrl, (error) => logger.warn({ err: error }, "a connection to the database broke"));
    } catch (error) {
      logger.warn({ err: error }, "the database is not there, will try again");
      await pause(STORE_PAUSE_MS);
    }
}

const config = configOrExit();
const logger = createLogger("lab-provider", config.logLevel);
const store = await openWhenThere(config.databaseUrl, logger);
const doorbell = openDoorbell(config, logger);
const labs = machineLabs({ ...config, project: path.resolve(import.meta.dirname, "../.."), cache: cacheFolder(process.env) });
const provider = startProvider({
  store,
  labs,
  holder: `lab-provider ${process.pid} ${randomUUID()}`,
  leaseMs: config.leaseMs,
  logger,
  ring: (id) => doorbell.ring(id),
  nowMs: Date.now,
});
logger.info({ clusters: config.clusters, nodesMax: config.nodesMax }, "lab provider started");

endInOrder(logger, GRACE_MS, async () => {
  await provider.stop();
  await doorbell.close();
  await store.close();
});
