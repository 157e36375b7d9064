import { requireWhole } from "./checked-arguments.ts";
import { requireArgument } from "./bpf-fault.ts";
import { nativeLibraries } from "./native.ts";

const DESCRIPTOR_MAX = 0x7fff_ffff;

/** Whoever closes descriptors that it lends. */
export type Lender = { readonly isClosed: boolean };

/**
 * An open file descriptor with one owner. Closed once; use after that throws instead of reaching a stranger's file, which may have
 * been given the same number. A lent one is never closed from here, and ends with its lender.
 */
export class FileDescriptor {
  readonly #what: string;
  readonly #lender: Lender | undefined;
  #number: number;

  constructor(number: number, what: string, lender?: Lender) {
    requireWhole(number, { least: 0, most: DESCRIPTOR_MAX }, `${what}: a file descriptor`);
    this.#number = number;
    this.#what = what;
    this.#lender = lender;
  }

  /** The descriptor's number. @throws AppError `bpf.bad-argument` once closed. */
  get number(): number {
    requireArgument(this.#number >= 0 && this.#lender?.isClosed !== true, `${this.#what} is closed`);
    return this.#number;
  }

  /** Closes it; a second call does nothing. */
  close(): void {
    if (this.#number < 0) return;
    if (this.#lender === undefined) nativeLibraries().close(this.#number);
    this.#number = -1;
  }
}
