/**
 * A stand-in for Entra ID in development: tokens for applications (secret, assertion) and for people (device code, authorization code), of
 * several tenants. Loopback only, its own process, absent from images; it refuses to run where NODE_ENV says production.
 */
import { readFileSync } from "node:fs";
import { AppError, advise } from "@hostrouting/domain";
import { createLogger, endInOrder, systemClock } from "@hostrouting/runtime";
import { authorizationCodes } from "./authorization-codes.ts";
import { createAuthorityServer } from "./authority-server.ts";
import { readAuthorityConfig } from "./config.ts";
import { deviceCodes } from "./device-codes.ts";
import { userOf, type Directory } from "./directory.ts";
import { readTenants, togetherWith } from "./directory-file.ts";
import { shortLived } from "./short-lived.ts";
import { ensureSigningKey } from "./signing-key.ts";

const END_GRACE_MS = 2_000;
/** Each some 200 bytes: 4 MB of what was shown and replaced at most. */
const REMEMBERED_MAX = 10_000;

type Config = ReturnType<typeof readAuthorityConfig>;

function readDirectory(config: Config): Directory {
  const secret = readFileSync(config.clientSecretFile, "utf8").trim();
  if (secret === "")
    throw new AppError("authority.no-secret", {
      say: `The client secret file ${config.clientSecretFile} is empty.`,
      do: "Write the installation's secret into it, or remove it and start the installation: then it is made anew.",
    });
  const { tenantId, clientId } = config;
  const own = { tenantId, clients: [{ clientId, displayName: "Installation", secret }], users: [] };
  const directory = togetherWith(own, config.directoryFile === "" ? [] : readTenants(config.directoryFile));
  if (config.approveAs !== "" && userOf(directory, config.approveAs) === undefined)
    throw new AppError("authority.unknown-approver", {
      say: "HOSTROUTING_AUTHORITY_APPROVE_AS names nobody who is in the directory.",
      do: "Name one of its people by userName, or leave it unset.",
    });
  return directory;
}

async function serve(): Promise<void> {
  if (process.env["NODE_ENV"] === "production")
    throw new AppError("authority.production", {
      say: "The development authority does not run in production.",
      do: "Use Entra ID: leave HOSTROUTING_AUTHORITY_URL unset.",
    });
  const config = readAuthorityConfig(process.env);
  const logger = createLogger("authority", config.logLevel);
  const server = createAuthorityServer({
    publicUrl: config.publicUrl,
    directory: readDirectory(config),
    key: await ensureSigningKey(config.keyFile),
    deviceCodes: deviceCodes(),
    authorizationCodes: authorizationCodes(),
    signIns: shortLived(REMEMBERED_MAX),
    assertions: shortLived(REMEMBERED_MAX),
    approvedUser: config.approveAs || undefined,
    clock: systemClock,
    logger,
  });
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
  process.stderr.write(`authority: ${advise(error)}\n`);
  process.exit(1);
}
