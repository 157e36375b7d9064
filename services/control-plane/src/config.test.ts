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
