import { requireArgument } from "./bpf-fault.ts";
import { nativeLibraries } from "./native.ts";

/** An open file descriptor with one owner. Closed once; use after that throws instead of reaching a stranger's file. */
export class FileDescriptor {
  readonly #what: string;
  #number: number;

  constructor(number: number, what: string) {
    requireArgument(Number.isInteger(number) && number >= 0, `${what}: ${number} is no file descriptor`);
    this.#number = number;
    this.#what = what;
  }

  /** The descriptor's number. @throws AppError `bpf.bad-argument` once closed. */
  get number(): number {
    requireArgument(this.#number >= 0, `${this.#what} is closed`);
    return this.#number;
  }

  /** Closes it; a second call does nothing. */
  close(): void {
    if (this.#number < 0) return;
    nativeLibraries().close(this.#number);
    this.#number = -1;
  }
}
