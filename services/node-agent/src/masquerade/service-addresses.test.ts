import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readService, serviceRanges } from "./service-addresses.ts";

describe("readService", () => {
  const cases: [string, object, object | undefined][] = [
    [
      "a ClusterIP",
      { spec: { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1", "fd00:96::1"] } },
      { cluster: ["10.96.0.1", "fd00:96::1"], outside: [] },
    ],
    ["an older ClusterIP", { spec: { clusterIP: "10.96.0.1" } }, { cluster: ["10.96.0.1"], outside: [] }],
    ["a headless Service", { spec: { clusterIP: "None", clusterIPs: ["None"] } }, undefined],
    ["a name elsewhere", { spec: { externalName: "example.com" } }, undefined],
    [
      "a load balancer and external addresses",
      {
        spec: { clusterIPs: ["10.96.0.1"], externalIPs: ["20.0.0.1"] },
        status: { loadBalancer: { ingress: [{ ip: "20.0.0.2" }, { hostname: "x" }] } },
      },
      { cluster: ["10.96.0.1"], outside: ["20.0.0.1", "20.0.0.2"] },
    ],
  ];
  for (const [name, object, expected] of cases) it(`reads ${name}`, () => assert.deepEqual(readService(object), expected));
});

describe("serviceRanges", () => {
  it("names each address once, but none that a range covers", () =>
    assert.deepEqual(
      serviceRanges(
        [
          { cluster: ["10.96.0.1", "10.97.0.1"], outside: ["20.0.0.2"] },
          { cluster: ["fd00::1"], outside: ["20.0.0.2", "20.0.0.1"] },
        ],
        ["10.96.0.0/16"],
      ),
      ["10.97.0.1/32", "20.0.0.1/32", "20.0.0.2/32", "fd00::1/128"],
    ));
});
