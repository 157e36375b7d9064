import { isFault, requireArgument } from "../bpf-fault.ts";
import { NetlinkSocket, NLM_F_CREATE, NLM_F_EXCL } from "../netlink/netlink-socket.ts";
import { requireTranslatedFlow, requireTuple } from "./checked-flow.ts";
import {
  decodeEntry,
  encodeName,
  encodeTranslatedFlow,
  generalMessage,
  type ConntrackEntry,
  type ConntrackTuple,
  type TranslatedFlow,
} from "./conntrack-message.ts";

/** NFNL_SUBSYS_CTNETLINK << 8 (linux/netfilter/nfnetlink.h), with IPCTNL_MSG_CT_NEW, _GET and _DELETE. */
const MESSAGE = { NEW: 0x100, GET: 0x101, DELETE: 0x102 } as const;

/** The kernel's conntrack table of the network namespace where this was opened, through ctnetlink. */
export class Conntrack {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens the table of the current network namespace. @throws AppError `bpf.eprotonosupport` where the kernel has no nfnetlink. */
  static open(): Conntrack {
    return new Conntrack(NetlinkSocket.open("netfilter"));
  }

  /** Every entry of one family. A flow that is born or dies meanwhile may be missing, as with every dump. */
  entries(family: 4 | 6): ConntrackEntry[] {
    requireArgument(family === 4 || family === 6, "entries are of family 4 or 6");
    return this.#socket.dump(MESSAGE.GET, generalMessage(family)).flatMap((payload) => decodeEntry(payload) ?? []);
  }

  /**
   * Enters a flow in the middle of its life, with its source translated; established, and liberal about windows, for TCP.
   * False when the kernel has an entry of that tuple, or somebody else the translated port.
   */
  enterTranslated(flow: TranslatedFlow): boolean {
    requireTranslatedFlow(flow);
    try {
      this.#socket.change(MESSAGE.NEW, NLM_F_CREATE | NLM_F_EXCL, encodeTranslatedFlow(flow));
      return true;
    } catch (error) {
      if (isFault(error, "EEXIST") || isFault(error, "EBUSY")) return false;
      throw error;
    }
  }

  /** Forgets one entry, named by its original tuple. False when there is none. */
  remove(original: ConntrackTuple): boolean {
    requireTuple(original);
    try {
      this.#socket.change(MESSAGE.DELETE, 0, encodeName(original));
      return true;
    } catch (error) {
      if (isFault(error, "ENOENT")) return false;
      throw error;
    }
  }

  /** Closes the socket; a second call does nothing. */
  close(): void {
    this.#socket.close();
  }
}
