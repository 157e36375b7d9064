/**
 * A stand-in for Entra ID in development: one tenant, one client, tokens by client secret. Loopback only, its own process,
 * absent from images; it refuses to run where NODE_ENV says production.
 */
import { readFileSync } from "node:fs";
import { createLogger, endInOrder, systemClock } from "@hostrouting/runtime";
import { createAuthorityServer } from "./authority-server.ts";
import { readAuthorityConfig } from "./config.ts";
import { ensureSigningKey } from "./signing-key.ts";

const END_GRACE_MS = 2_000;

async function serve(): Promise<void> {
  if (process.env["NODE_ENV"] === "production") throw new Error("The development authority does not run in production: use Entra ID.");
  const config = readAuthorityConfig(process.env);
  const logger = createLogger("authority", config.logLevel);
  const clientSecret = readFileSync(config.clientSecretFile, "utf8").trim();
  if (clientSecret === "") throw new Error(`The client secret file ${config.clientSecretFile} is empty.`);
  const key = await ensureSigningKey(config.keyFile);
  const server = createAuthorityServer({ tenant: { ...config, clientSecret }, key, clock: systemClock, logger });
  endInOrder(logger, END_GRACE_MS, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(config.port, "127.0.0.1", resolve));
  logger.info({ address: server.address(), publicUrl: config.publicUrl }, "listening");
}

try {
  await serve();
} catch (error) {
  process.stderr.write(`authority: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
