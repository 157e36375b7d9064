import { deniesPort, type DenyTable } from "../policy/deny-table.ts";

/** Something that a pod tries. `Denied`: a policy says that it must not get there; `Reached`: it must. */
export type ProbeTarget = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly by: "Tcp" | "Dns";
  readonly expected: "Denied" | "Reached";
};

/** Azure's services for nodes, on addresses that are the same everywhere. */
const WIRESERVER = "168.63.129.16";
const METADATA = "169.254.169.254";
const GUARDED = [
  { name: "wireserver-80", address: WIRESERVER, port: 80 },
  { name: "wireserver-32526", address: WIRESERVER, port: 32_526 },
  { name: "metadata-80", address: METADATA, port: 80 },
] as const;
/** What must stay within reach of pods on an address of which other ports are denied. */
const NAME_SERVICE = { name: "wireserver-dns", address: WIRESERVER, port: 53, by: "Dns", expected: "Reached" } as const;

/**
 * What a pod of this node tries: each of Azure's services that the rules deny, and then also what must stay within reach. Nothing where the rules
 * deny none of them: who else is at these addresses is nobody's business. @param control somebody whom every pod reaches.
 */
export function probeTargets(table: DenyTable, control: { readonly address: string; readonly port: number }): readonly ProbeTarget[] {
  const denied = GUARDED.filter(({ address, port }) => deniesPort(table, address, { protocol: "TCP", port })).map(
    (service): ProbeTarget => ({ ...service, by: "Tcp", expected: "Denied" }),
  );
  if (denied.length === 0) return [];
  const hasNames = denied.some(({ address }) => address === WIRESERVER) && !deniesPort(table, WIRESERVER, { protocol: "UDP", port: 53 });
  return [...denied, ...(hasNames ? [NAME_SERVICE] : []), { name: "control", ...control, by: "Tcp", expected: "Reached" }];
}
