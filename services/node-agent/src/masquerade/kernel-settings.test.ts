import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { readKernelSettings } from "./kernel-settings.ts";

const DEFAULTS = {
  timeouts: { tcpEstablished: 432_000, tcpSyn: 60, tcpClosing: 10, udp: 30, udpStream: 120, icmp: 30 },
  ephemeral: { first: 32_768, last: 60_999 },
  reserved: [],
};

describe("readKernelSettings", () => {
  const cases: [string, Record<string, string>, object][] = [
    ["nothing to read", {}, DEFAULTS],
    [
      "every setting",
      {
        "netfilter/nf_conntrack_tcp_timeout_established": "7200\n",
        "netfilter/nf_conntrack_udp_timeout": "31\n",
        "netfilter/nf_conntrack_udp_timeout_stream": "121\n",
        "netfilter/nf_conntrack_icmp_timeout": "32\n",
        "ipv4/ip_local_port_range": "20000\t30000\n",
        "ipv4/ip_local_reserved_ports": "8080,9000-9001\n",
      },
      {
        timeouts: { tcpEstablished: 7200, tcpSyn: 60, tcpClosing: 10, udp: 31, udpStream: 121, icmp: 32 },
        ephemeral: { first: 20_000, last: 30_000 },
        reserved: [
          { first: 8080, last: 8080 },
          { first: 9000, last: 9001 },
        ],
      },
    ],
    ["settings that are no numbers", { "netfilter/nf_conntrack_udp_timeout": "x", "ipv4/ip_local_port_range": "0" }, DEFAULTS],
  ];
  for (const [name, files, expected] of cases)
    it(`reads ${name}`, (t) => {
      const root = mkdtempSync(join(tmpdir(), "settings-"));
      t.after(() => rmSync(root, { recursive: true }));
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), text);
      }
      assert.deepEqual(readKernelSettings(root), expected);
    });
});
