import type { PolicyIcmp } from "./cilium-policy.ts";

/** Types as nft names them. nft(8), "ICMP TYPE TYPE" and "ICMPV6 TYPE TYPE"; iptables-save prints numbers. */
const NAMES: Readonly<Record<PolicyIcmp["family"], Readonly<Record<string, number>>>> = {
  IPv4: {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    redirect: 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "info-request": 15,
    "info-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
  },
  IPv6: {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
  },
};

const TYPE_MAX = 255;

/** The one type that a rule's options ask for, without a code; undefined for anything else. */
export function icmpTypeOf(options: readonly string[]): PolicyIcmp | undefined {
  const [option, ...more] = options;
  if (option === undefined || more.length > 0) return undefined;
  const [, six, word] = /^(?:--)?icmp(v6)?[- ]type (\S+)$/.exec(option) ?? [];
  if (word === undefined) return undefined;
  const family = six === undefined ? "IPv4" : "IPv6";
  const type = /^\d{1,3}$/.test(word) ? Number(word) : NAMES[family][word];
  return type === undefined || type > TYPE_MAX ? undefined : { family, type };
}
