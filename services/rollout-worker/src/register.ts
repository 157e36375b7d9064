/**
 * `node register.ts --provider azure|kubeconfig --driver aks-arm|cilium|bundle --tenant ID --access FILE [--resource FILE]`: makes a cluster that is there
 * already known, past the surface. For operators who can reach the database (HOSTROUTING_DATABASE_URL).
 */
import { parseArgs } from "node:util";
import { AppError, advise } from "@hostrouting/domain";
import { openStore } from "@hostrouting/store";
import { registrationOf } from "./register/adopted-cluster.ts";
import { registerCluster } from "./register/register-cluster.ts";

const text = { type: "string" } as const;

async function run(args: readonly string[]): Promise<string> {
  const { values } = parseArgs({ args: [...args], options: { provider: text, driver: text, tenant: text, access: text, resource: text } });
  const registration = registrationOf(values);
  const databaseUrl = process.env["HOSTROUTING_DATABASE_URL"];
  const wrong = [
    ...("provider" in registration ? [] : registration),
    ...(databaseUrl === undefined ? ["HOSTROUTING_DATABASE_URL is not set"] : []),
  ];
  if (databaseUrl === undefined || !("provider" in registration))
    throw new AppError("register.usage", { say: wrong.join("; "), do: "See docs/aks.md." });
  const store = await openStore(databaseUrl, () => undefined);
  try {
    return `${await registerCluster(store, registration, new Date())} is registered with driver ${registration.driver}.`;
  } finally {
    await store.close();
  }
}

try {
  process.stdout.write(`${await run(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`register: ${advise(error)}\n`);
  process.exitCode = 1;
}
