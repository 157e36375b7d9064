import { randomUUID } from "node:crypto";
import { openDoorbell } from "@hostrouting/doorbell";
import { kubernetesCluster } from "@hostrouting/kube";
import { ConfigError, createLogger, endInOrder, MetricsServer, startLoop, systemTimers, type Logger } from "@hostrouting/runtime";
import { openStore, type Store } from "@hostrouting/store";
import { setTimeout as pause } from "node:timers/promises";
import { accessPool } from "./access-pool.ts";
import { azurePool } from "./azure/azure-pool.ts";
import { readWorkerConfig, type WorkerConfig } from "./config.ts";
import { doorbellFamilies } from "./metrics/doorbell-families.ts";
import { WorkerMetrics } from "./metrics/worker-metrics.ts";
import { httpsWebhook } from "./webhook/ask-webhook.ts";
import { startWorker } from "./worker.ts";

/** A database that is not there yet is tried again this often; a worker has nothing else to do. */
const STORE_PAUSE_MS = 1_000;
/** An address that is taken is tried again this often. */
const METRICS_PAUSE_MS = 30_000;
/** Rounds end within a few calls of five seconds; what is left then is done by the next holder of the lease. */
const GRACE_MS = 8_000;

function configOrExit(): WorkerConfig {
  try {
    return readWorkerConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

async function openWhenThere(config: WorkerConfig, logger: Logger): Promise<Store> {
  for (;;) {
    try {
      return await openStore(config.databaseUrl, (error) => logger.warn({ err: error }, "a connection to the database broke"));
    } catch (error) {
      logger.warn({ err: error }, "the database is not there, will try again");
      await pause(STORE_PAUSE_MS);
    }
  }
}

const config = configOrExit();
const logger = createLogger("rollout-worker", config.logLevel);
const store = await openWhenThere(config, logger);
const doorbell = openDoorbell(config, logger);
const access = accessPool(kubernetesCluster);
const metrics = new WorkerMetrics();
const metricsServer = new MetricsServer({
  collect: () => [...metrics.families(), ...doorbellFamilies(doorbell.figures())],
  logger,
  monotonicNow: () => performance.now(),
});
const listening = startLoop({
  name: "metrics",
  logger,
  faultPauseMs: METRICS_PAUSE_MS,
  async round() {
    metricsServer.follow(config.metrics === undefined ? [] : [config.metrics]);
    return METRICS_PAUSE_MS;
  },
});
const worker = startWorker(
  {
    store,
    access,
    azure: azurePool(),
    workerId: config.workerId,
    newId: randomUUID,
    bundle: { image: config.bundleImage, digest: config.bundleDigest },
    logger,
    askWebhook: httpsWebhook({ loopbackAllowed: config.webhookLoopback === "Allowed" }),
    metrics,
    admission: config.admission,
    stepTriesMax: config.stepTriesMax,
    timers: systemTimers,
  },
  doorbell,
);
logger.info({ workerId: config.workerId, bundleDigest: config.bundleDigest }, "worker started");

endInOrder(logger, GRACE_MS, async () => {
  await worker.stop();
  await listening.stop();
  metricsServer.stop();
  access.close();
  await doorbell.close();
  await store.close();
});
