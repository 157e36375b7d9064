/**
 * `npm run conformance [-- --only F1-12,F2-3] [--json | --markdown]`: asks every point of the checklist of an installation of the run's own, prints a
 * table, and exits with 1 if a point failed. Of another endpoint with `--endpoint URL --cluster ID` and one of `--token-file F` or `--tenant T
 * --client-id C --secret-file F [--authority-host URL] [--scope S]`; then `--may-change` allows what changes that cluster, `--empty-group G` names a
 * group without clusters, `--api-version V` the version to speak. A private authority of its certificate goes into NODE_EXTRA_CA_CERTS. Secrets are read
 * from files, never from arguments.
 */
import { parseArgs } from "node:util";
import { AppError, advise } from "@hostrouting/domain";
import { startTestDatabase } from "../../infra/dev/test-database.ts";
import { openForeignTarget, type Access, type Endpoint } from "./foreign-target.ts";
import { startOwnTarget } from "./own-target.ts";
import type { Result } from "./point.ts";
import { allPoints } from "./points/all-points.ts";
import { runPoint } from "./run-point.ts";
import { line, sumUp, toJson, toMarkdown } from "./table.ts";
import type { Target } from "./target.ts";

const { values } = parseArgs({
  options: {
    endpoint: { type: "string" },
    cluster: { type: "string" },
    "token-file": { type: "string" },
    tenant: { type: "string" },
    "client-id": { type: "string" },
    "secret-file": { type: "string" },
    "authority-host": { type: "string" },
    scope: { type: "string" },
    "may-change": { type: "boolean", default: false },
    "empty-group": { type: "string" },
    "api-version": { type: "string", default: "2026-04-01" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
  },
});

function readAccess(url: string): Access {
  const { tenant, "client-id": clientId, "secret-file": secretFile, "token-file": tokenFile } = values;
  if (tokenFile !== undefined) return { tokenFile };
  if (tenant === undefined || clientId === undefined || secretFile === undefined)
    throw new AppError("conformance.no-access", {
      say: "How a token for the endpoint is had is not said.",
      do: "Add --token-file F, or --tenant T --client-id C --secret-file F.",
    });
  return { tenantId: tenant, clientId, secretFile, authorityHost: values["authority-host"], scope: values.scope ?? `${url}/.default` };
}

function readEndpoint(given: string): Endpoint {
  const url = given.replace(/\/+$/, "");
  if (!url.startsWith("https://"))
    throw new AppError("conformance.no-https", { say: `--endpoint is '${given}'.`, do: "It must begin with https://." });
  if (values.cluster === undefined)
    throw new AppError("conformance.no-cluster", {
      say: "No cluster of the endpoint is named.",
      do: "Add --cluster /subscriptions/…/managedClusters/NAME.",
    });
  return {
    url,
    cluster: values.cluster,
    mayChange: values["may-change"],
    emptyGroup: values["empty-group"],
    version: values["api-version"],
    access: readAccess(url),
  };
}

/** The target of the run, and how everything ends that was started for it. */
async function openTarget(): Promise<Target> {
  if (values.endpoint !== undefined) return openForeignTarget(readEndpoint(values.endpoint));
  const database = process.env["HOSTROUTING_TEST_DATABASE_URL"] === undefined ? await startTestDatabase() : undefined;
  if (database !== undefined) process.env["HOSTROUTING_TEST_DATABASE_URL"] = database.url;
  try {
    const own = await startOwnTarget();
    return {
      ...own,
      async close() {
        await own.close();
        await database?.stop();
      },
    };
  } catch (error) {
    await database?.stop();
    throw error;
  }
}

async function main(): Promise<number> {
  const wanted = values.only?.split(",").map((id) => id.trim().toUpperCase());
  const unknown = wanted?.filter((id) => !allPoints.some((point) => point.id === id)) ?? [];
  if (unknown.length > 0)
    throw new AppError("conformance.no-point", {
      say: `There is no point ${unknown.join(", ")}.`,
      do: "There are F1-1 to F1-58 and F2-1 to F2-35.",
    });
  const target = await openTarget();
  const results: Result[] = [];
  const quiet = values.json || values.markdown;
  try {
    for (const point of allPoints.filter(({ id }) => wanted?.includes(id) ?? true)) {
      const result = await runPoint(target, point);
      results.push(result);
      if (!quiet) process.stdout.write(`${line(result)}\n`);
    }
  } finally {
    await target.close();
  }
  if (values.json) process.stdout.write(`${toJson(results)}\n`);
  if (values.markdown) process.stdout.write(`${toMarkdown(results)}\n\n${sumUp(results)}\n`);
  if (!quiet) process.stdout.write(`\n${sumUp(results)}\n`);
  return results.some(({ outcome }) => outcome.kind === "failed") ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`conformance: ${advise(error)}\n`);
  process.exitCode = 2;
}
