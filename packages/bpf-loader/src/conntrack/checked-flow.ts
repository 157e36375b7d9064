import { isIP } from "node:net";
import { requireArgument } from "../bpf-fault.ts";
import { requireU32, requireWhole } from "../checked-arguments.ts";
import type { ConntrackTuple, TranslatedFlow } from "./conntrack-message.ts";

const U8 = { least: 0, most: 0xff } as const;
const U16 = { least: 0, most: 0xffff } as const;

/** A tuple whose addresses are of one family and whose numbers fit. */
export function requireTuple(tuple: unknown): asserts tuple is ConntrackTuple {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType } = fields(tuple, "tuple");
  const family = familyOf(source);
  requireArgument(family !== 0 && familyOf(destination) === family, "a tuple has two addresses of one family");
  requireWhole(protocol, U8, "the protocol of a tuple");
  for (const port of [sourcePort, destinationPort]) requireWhole(port, U16, "a port of a tuple");
  if (icmpType !== undefined) requireWhole(icmpType, U8, "the ICMP type of a tuple");
}

/** A tuple with a translated source of the same family, and a timeout of 32 bits. */
export function requireTranslatedFlow(flow: unknown): asserts flow is TranslatedFlow {
  const { original, translated, timeoutSeconds } = fields(flow, "flow");
  requireTuple(original);
  const { address, port } = fields(translated, "translated source");
  requireArgument(familyOf(address) === familyOf(original.source), "a source is translated into one of its family");
  requireWhole(port, U16, "a translated port");
  requireU32(timeoutSeconds, "the timeout of a flow");
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  requireArgument(typeof value === "object" && value !== null, `that is no ${what}`);
  return value as Readonly<Record<string, unknown>>;
}

/** 0 for what is no address; a zone ("fe80::1%eth0") has no place in conntrack. */
function familyOf(value: unknown): number {
  return typeof value === "string" && !value.includes("%") ? isIP(value) : 0;
}
