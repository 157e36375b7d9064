import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** A database of its own for one test file. */
export type TestDatabase = { readonly url: string; drop(): Promise<void> };

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Makes an empty database on the server that HOSTROUTING_TEST_DATABASE_URL (an administrator's) names. */
export async function makeTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env["HOSTROUTING_TEST_DATABASE_URL"];
  if (!adminUrl) throw new Error("Set HOSTROUTING_TEST_DATABASE_URL to an administrator's URL of a Postgres server; npm test does.");
  const name = `control_plane_${randomBytes(6).toString("hex")}`;
  await administer(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => administer(adminUrl, `drop database ${name} with (force)`) };
}
