/**
 * `node grant-owner.ts SUBSCRIPTION OBJECT_ID [User|ServicePrincipal]`: makes somebody Owner of a subscription, past the surface. For operators who
 * can reach the database (HOSTROUTING_DATABASE_URL): the first Owner of a subscription comes to be like this, and a new one where all are gone.
 */
import { AppError, advise } from "@hostrouting/domain";
import { ensureOwner, openStore } from "@hostrouting/store";
import { isGuid } from "./arm/resource-ids.ts";

const USAGE = "Usage: grant-owner SUBSCRIPTION OBJECT_ID [User|ServicePrincipal], with HOSTROUTING_DATABASE_URL; both ids are GUIDs";

async function grant([subscriptionId = "", principalId = "", principalType = "User"]: readonly string[]): Promise<string> {
  const databaseUrl = process.env["HOSTROUTING_DATABASE_URL"];
  const isType = principalType === "User" || principalType === "ServicePrincipal";
  if (databaseUrl === undefined || !isGuid(subscriptionId) || !isGuid(principalId) || !isType)
    throw new AppError("grant-owner.usage", { say: USAGE });
  const store = await openStore(databaseUrl, () => undefined);
  try {
    const done = await ensureOwner(store, { subscriptionId, principalId: principalId.toLowerCase(), principalType });
    return done === "Created"
      ? `${principalId} is Owner of ${subscriptionId} now.`
      : `${principalId} is Owner of ${subscriptionId} already.`;
  } finally {
    await store.close();
  }
}

try {
  process.stdout.write(`${await grant(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`grant-owner: ${advise(error)}\n`);
  process.exitCode = 1;
}
