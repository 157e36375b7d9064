import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutSecrets } from "./write-only-members.ts";

test("secrets are left out of a body, in any letter case, and nothing else is", () => {
  const rest = { location: "x", properties: { dnsPrefix: "secret", other: { secret: 1 }, agentPoolProfiles: [], aadProfile: null } };
  assert.deepEqual(withoutSecrets(rest), rest);
  const body = {
    properties: {
      servicePrincipalProfile: { clientId: "c", secret: "s" },
      WindowsProfile: { adminUsername: "u", AdminPassword: "p" },
      aadProfile: { serverAppID: "i", serverAppSecret: "s" },
    },
  };
  assert.deepEqual(withoutSecrets(body), {
    properties: { servicePrincipalProfile: { clientId: "c" }, WindowsProfile: { adminUsername: "u" }, aadProfile: { serverAppID: "i" } },
  });
  assert.deepEqual(withoutSecrets({ properties: [] }), { properties: [] });
});
