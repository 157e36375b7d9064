import assert from "node:assert/strict";
import { test } from "node:test";
import { readControlPlaneConfig } from "./config.ts";

const good = {
  HOSTROUTING_PORT: "8443",
  HOSTROUTING_TLS_CERT_FILE: "/c",
  HOSTROUTING_TLS_KEY_FILE: "/k",
  HOSTROUTING_DATABASE_URL: "postgresql:///x",
  HOSTROUTING_PUBLIC_URL: "https://localhost:8443/",
  HOSTROUTING_ISSUER: "https://localhost:8443/t/",
  HOSTROUTING_JWKS_URL: "http://127.0.0.1:1/keys",
};

test("defaults: loopback, Azure's audiences with and without a slash, nothing forwarded", () => {
  const config = readControlPlaneConfig(good);
  assert.deepEqual([config.listenAddress, config.publicUrl, config.authorityUrl], ["127.0.0.1", "https://localhost:8443", undefined]);
  for (const audience of ["https://localhost:8443", "https://management.azure.com/", "https://management.core.windows.net"])
    assert.ok(config.audiences.includes(audience));
});

test("a price is an amount and a currency, and there is none unless it is given", () => {
  assert.equal(readControlPlaneConfig(good).nodeHourPrice, undefined);
  const priced = readControlPlaneConfig({ ...good, HOSTROUTING_PRICE_PER_NODE_HOUR: "0.016 USD" });
  assert.deepEqual(priced.nodeHourPrice, { amount: 0.016, currency: "USD" });
  assert.throws(() => readControlPlaneConfig({ ...good, HOSTROUTING_PRICE_PER_NODE_HOUR: "0.016" }), /HOSTROUTING_PRICE_PER_NODE_HOUR/);
});

test("audiences that are named replace the defaults", () => {
  const { audiences } = readControlPlaneConfig({ ...good, HOSTROUTING_AUDIENCES: "https://a/, https://b" });
  assert.deepEqual(audiences, ["https://a", "https://a/", "https://b", "https://b/"]);
});

test("everything that is missing or wrong is named at once, and no value is", () => {
  const wrong = { ...good, HOSTROUTING_PORT: "99999", HOSTROUTING_PUBLIC_URL: "http://localhost", HOSTROUTING_ISSUER: "" };
  assert.throws(
    () => readControlPlaneConfig(wrong),
    (error: Error) =>
      ["HOSTROUTING_PORT", "HOSTROUTING_PUBLIC_URL", "HOSTROUTING_ISSUER"].every((name) => error.message.includes(name)) &&
      !error.message.includes("99999"),
  );
});

test("limits are two numbers, origins are origins, and the inner listener is off, on loopback, or behind certificates", () => {
  const { throttle, corsOrigins, internalPort } = readControlPlaneConfig(good);
  assert.deepEqual([throttle.reads, corsOrigins, internalPort], [{ size: 250, refillPerSecond: 25 }, [], undefined]);
  const own = readControlPlaneConfig({
    ...good,
    HOSTROUTING_THROTTLE_WRITES: "7/3",
    HOSTROUTING_CORS_ORIGINS: "https://a.test, http://localhost:3000",
    HOSTROUTING_INTERNAL_PORT: "9443",
    HOSTROUTING_INTERNAL_LISTEN_ADDRESS: "::1",
  });
  assert.deepEqual(own.throttle.writes, { size: 7, refillPerSecond: 3 });
  assert.deepEqual([own.corsOrigins, own.internalPort], [["https://a.test", "http://localhost:3000"], 9_443]);
  const wrong: Readonly<Record<string, readonly string[]>> = {
    HOSTROUTING_THROTTLE_READS: ["0/1", "5", "1/0", "9999999/1", "a/b"],
    HOSTROUTING_CORS_ORIGINS: ["*", "https://a.test/", "https://a.test/path", "a.test", "https://a.test,,"],
    HOSTROUTING_INTERNAL_PORT: ["-1", "x"],
    HOSTROUTING_REQUEST_TIMEOUT_MS: ["99", "600001", "30s"],
  };
  for (const [name, values] of Object.entries(wrong))
    for (const value of values) assert.throws(() => readControlPlaneConfig({ ...good, [name]: value }), new RegExp(name), value);
  const open = { ...good, HOSTROUTING_INTERNAL_PORT: "9443", HOSTROUTING_INTERNAL_LISTEN_ADDRESS: "0.0.0.0" };
  assert.throws(() => readControlPlaneConfig(open), /HOSTROUTING_INTERNAL_CLIENT_CA_FILE/);
  assert.equal(readControlPlaneConfig({ ...open, HOSTROUTING_INTERNAL_CLIENT_CA_FILE: "/ca" }).internalClientCaFile, "/ca");
});
