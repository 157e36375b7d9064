import { bpfFault, requireArgument } from "./bpf-fault.ts";
import { BpfMap } from "./bpf-map.ts";
import { requireHandle } from "./checked-arguments.ts";
import { nativeLibraries, type Pointer } from "./native.ts";

/** BPF_MAP_TYPE_RINGBUF (linux/bpf.h). */
const TYPE_RINGBUF = 27;

/**
 * Events that programs send through a map of type RINGBUF. Nothing wakes us: the owner calls `consume` from a timer, which is cheaper
 * than a wake-up per event and keeps the callback on the main thread. A program that finds the buffer full gets no room and has
 * to count what it lost by itself; it is never held up.
 */
export class RingBuffer {
  readonly #onEvent: (event: Buffer) => void;
  readonly #callback: bigint;
  #pointer: Pointer | null;
  #failure: unknown;
  #consuming = false;

  private constructor(map: BpfMap, onEvent: (event: Buffer) => void) {
    const native = nativeLibraries();
    this.#onEvent = onEvent;
    this.#callback = native.registerCallback((_, event, length) => this.#take(native.copyBytes(event, Number(length))));
    this.#pointer = native.ringBufferNew(map.fd, this.#callback, null, null);
    if (this.#pointer) return;
    const errno = native.errno();
    native.releaseCallback(this.#callback);
    throw bpfFault(`ring buffer ${map.name}`, errno);
  }

  /** Begins to read a map's events, of which each is given to `onEvent` once, as a copy. The map may be closed afterwards. */
  static open(map: BpfMap, onEvent: (event: Buffer) => void): RingBuffer {
    requireHandle(map, BpfMap, "map");
    requireArgument(map.type === TYPE_RINGBUF, `map ${map.name} is no ring buffer`);
    requireArgument(typeof onEvent === "function", "nobody takes the events");
    return new RingBuffer(map, onEvent);
  }

  /**
   * Hands out what is there and answers how many events that were. What `onEvent` throws is thrown here, after the event that
   * caused it; the rest comes with the next call.
   */
  consume(): number {
    requireArgument(this.#pointer !== null, "the ring buffer is closed");
    requireArgument(!this.#consuming, "the ring buffer is being consumed");
    this.#consuming = true;
    this.#failure = undefined;
    try {
      const result = nativeLibraries().ringBufferConsume(this.#pointer);
      if (this.#failure !== undefined) throw this.#failure;
      if (result < 0) throw bpfFault("events of a ring buffer", result);
      return result;
    } finally {
      this.#consuming = false;
    }
  }

  /** Stops reading; a second call does nothing. Not from within `onEvent`. */
  close(): void {
    if (this.#pointer === null) return;
    requireArgument(!this.#consuming, "the ring buffer is being consumed");
    nativeLibraries().ringBufferFree(this.#pointer);
    nativeLibraries().releaseCallback(this.#callback);
    this.#pointer = null;
  }

  /** An exception must not unwind through C: it is kept, and libbpf is told to stop. */
  #take(event: Buffer): number {
    try {
      this.#onEvent(event);
      return 0;
    } catch (error) {
      this.#failure = error ?? new Error("the event's receiver failed");
      return -1;
    }
  }
}
