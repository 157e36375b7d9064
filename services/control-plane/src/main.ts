/** The control plane's process: reads its environment, builds what is real, serves until told to end. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { advise } from "@hostrouting/domain";
import { openDoorbell } from "@hostrouting/doorbell";
import { createLogger, endInOrder, systemClock } from "@hostrouting/runtime";
import { issuerKeys, tokenVerifier } from "./arm/bearer-token.ts";
import { readControlPlaneConfig, type ControlPlaneConfig } from "./config.ts";
import { connectStore } from "./connected-store.ts";
import { buildInternalServer } from "./internal-server.ts";
import { buildServer } from "./server.ts";

/** Below the 6 s after which a supervisor would kill. */
const END_GRACE_MS = 5_000;

async function serve(config: ControlPlaneConfig): Promise<void> {
  const logger = createLogger("control-plane", config.logLevel);
  const store = connectStore(config.databaseUrl, logger);
  const doorbell = openDoorbell(config, logger);
  const deps = {
    store: () => store.current(),
    doorbell,
    verifyToken: tokenVerifier(config, issuerKeys(config.jwksUrl)),
    clock: systemClock,
    newId: randomUUID,
    logger,
    settings: config,
  };
  const tls = { cert: readFileSync(config.tlsCertFile), key: readFileSync(config.tlsKeyFile) };
  const app = await buildServer(deps, tls);
  const clientCa = config.internalClientCaFile === "" ? undefined : readFileSync(config.internalClientCaFile);
  const internal = config.internalPort === undefined ? undefined : buildInternalServer(deps, { ...tls, clientCa });
  endInOrder(logger, END_GRACE_MS, async () => {
    await Promise.all([app.close(), internal?.close()]);
    await doorbell.close();
    await store.close();
  });
  const address = await app.listen({ port: config.port, host: config.listenAddress });
  const internalAddress = await internal?.listen({ port: config.internalPort ?? 0, host: config.internalListenAddress });
  logger.info({ address, publicUrl: config.publicUrl, ...(internalAddress !== undefined && { internalAddress }) }, "listening");
}

function refuse(error: unknown): never {
  process.stderr.write(`control-plane: ${advise(error)}\n`);
  process.exit(1);
}

try {
  await serve(readControlPlaneConfig(process.env));
} catch (error) {
  refuse(error);
}
