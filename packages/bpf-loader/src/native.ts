import koffi from "koffi";

/**
 * The C functions that we call, as typed JavaScript functions: libbpf.so.1 (of the image, not of the host) and libc.
 * Nothing outside this package sees a raw pointer. Memory passed in is always a Buffer of a length that the caller
 * has checked: a short one would let the kernel write past its end.
 */
export type Native = ReturnType<typeof bindAll>;

/** An opaque address of libbpf's; null where libbpf failed. */
export type Pointer = { readonly __pointer: unique symbol };

type Bound<Args extends unknown[], Result> = (...args: Args) => Result;
type Bytes = Buffer | null;

/** Members of `struct bpf_test_run_opts` (bpf/bpf.h). */
export type TestRunOptions = {
  sz: number;
  data_in: Bytes;
  data_out: Bytes;
  data_size_in: number;
  data_size_out: number;
  ctx_in: Bytes;
  ctx_out: Bytes;
  ctx_size_in: number;
  ctx_size_out: number;
  retval: number;
  repeat: number;
  duration: number;
  flags: number;
  cpu: number;
  batch_size: number;
};

let native: Native | undefined;

/** Binds the libraries at the first call, and never again. @throws Error of the dynamic linker when one is missing. */
export function nativeLibraries(): Native {
  native ??= bindAll();
  return native;
}

function declareStructs(): void {
  koffi.struct("bpf_test_run_opts", {
    sz: "size_t",
    data_in: "void*",
    data_out: "void*",
    data_size_in: "uint32_t",
    data_size_out: "uint32_t",
    ctx_in: "void*",
    ctx_out: "void*",
    ctx_size_in: "uint32_t",
    ctx_size_out: "uint32_t",
    retval: "uint32_t",
    repeat: "int",
    duration: "uint32_t",
    flags: "uint32_t",
    cpu: "uint32_t",
    batch_size: "uint32_t",
  });
  koffi.struct("bpf_object_open_opts", {
    sz: "size_t",
    object_name: "void*",
    relaxed_maps: "bool",
    pin_root_path: "void*",
    attach_prog_fd: "uint32_t",
    kconfig: "void*",
    btf_custom_path: "void*",
    kernel_log_buf: "void*",
    kernel_log_size: "size_t",
    kernel_log_level: "uint32_t",
  });
}

function bindAll() {
  const libbpf = koffi.load("libbpf.so.1");
  const libc = koffi.load("libc.so.6");
  declareStructs();
  const bpf = <Args extends unknown[], Result>(signature: string) => libbpf.func(signature) as unknown as Bound<Args, Result>;
  const c = <Args extends unknown[], Result>(signature: string) => libc.func(signature) as unknown as Bound<Args, Result>;
  bpf<[null], null>("void* libbpf_set_print(void*)")(null);
  return {
    errno: () => koffi.errno(),
    ...bindObjects(bpf),
    ...bindMapsAndPrograms(bpf),
    ...bindRingBuffers(bpf),
    ...bindLibc(c),
  };
}

type Bind = <Args extends unknown[], Result>(signature: string) => Bound<Args, Result>;

function bindObjects(bpf: Bind) {
  return {
    objectOpenSize: koffi.sizeof("bpf_object_open_opts"),
    objectOpen: bpf<[string, object], Pointer | null>("void* bpf_object__open_file(const char*, bpf_object_open_opts*)"),
    objectLoad: bpf<[Pointer], number>("int bpf_object__load(void*)"),
    findMap: bpf<[Pointer, string], Pointer | null>("void* bpf_object__find_map_by_name(void*, const char*)"),
    nextProgram: bpf<[Pointer, Pointer | null], Pointer | null>("void* bpf_object__next_program(void*, void*)"),
    programName: bpf<[Pointer], string>("const char* bpf_program__name(void*)"),
    setAutoload: bpf<[Pointer, boolean], number>("int bpf_program__set_autoload(void*, bool)"),
    setMaxEntries: bpf<[Pointer, number], number>("int bpf_map__set_max_entries(void*, uint32_t)"),
    declaredType: bpf<[Pointer], number>("uint32_t bpf_map__type(void*)"),
    declaredKeySize: bpf<[Pointer], number>("uint32_t bpf_map__key_size(void*)"),
    declaredValueSize: bpf<[Pointer], number>("uint32_t bpf_map__value_size(void*)"),
    reuseFd: bpf<[Pointer, number], number>("int bpf_map__reuse_fd(void*, int)"),
    initialValue: bpf<[Pointer, Buffer], Pointer | null>("void* bpf_map__initial_value(void*, void*)"),
    setInitialValue: bpf<[Pointer, Buffer, number], number>("int bpf_map__set_initial_value(void*, void*, size_t)"),
    objectBtf: bpf<[Pointer], Pointer | null>("void* bpf_object__btf(void*)"),
    btfFind: bpf<[Pointer, string, number], number>("int btf__find_by_name_kind(void*, const char*, uint32_t)"),
    btfType: bpf<[Pointer, number], Pointer | null>("void* btf__type_by_id(void*, uint32_t)"),
    btfName: bpf<[Pointer, number], string | null>("const char* btf__name_by_offset(void*, uint32_t)"),
    objectClose: bpf<[Pointer], void>("void bpf_object__close(void*)"),
    findMapFd: bpf<[Pointer, string], number>("int bpf_object__find_map_fd_by_name(void*, const char*)"),
    findProgram: bpf<[Pointer, string], Pointer | null>("void* bpf_object__find_program_by_name(void*, const char*)"),
    programFd: bpf<[Pointer], number>("int bpf_program__fd(void*)"),
  };
}

function bindMapsAndPrograms(bpf: Bind) {
  return {
    possibleCpus: bpf<[], number>("int libbpf_num_possible_cpus()"),
    mapLookup: bpf<[number, Buffer, Buffer], number>("int bpf_map_lookup_elem(int, void*, void*)"),
    mapUpdate: bpf<[number, Buffer, Buffer, number], number>("int bpf_map_update_elem(int, void*, void*, uint64_t)"),
    mapUpdateBatch: bpf<[number, Buffer, Buffer, Buffer, null], number>("int bpf_map_update_batch(int, void*, void*, void*, void*)"),
    mapDelete: bpf<[number, Buffer], number>("int bpf_map_delete_elem(int, void*)"),
    mapLookupBatch: bpf<[number, Bytes, Buffer, Buffer, Buffer, Buffer, null], number>(
      "int bpf_map_lookup_batch(int, void*, void*, void*, void*, void*, void*)",
    ),
    mapNextKey: bpf<[number, Bytes, Buffer], number>("int bpf_map_get_next_key(int, void*, void*)"),
    testRun: bpf<[number, TestRunOptions], number>("int bpf_prog_test_run_opts(int, _Inout_ bpf_test_run_opts*)"),
    testRunSize: koffi.sizeof("bpf_test_run_opts"),
    linkCreate: bpf<[number, number, number, Bytes], number>("int bpf_link_create(int, int, int, void*)"),
    linkDetach: bpf<[number], number>("int bpf_link_detach(int)"),
    iteratorCreate: bpf<[number], number>("int bpf_iter_create(int)"),
    linkNextId: bpf<[number, Buffer], number>("int bpf_link_get_next_id(uint32_t, void*)"),
    linkFdById: bpf<[number], number>("int bpf_link_get_fd_by_id(uint32_t)"),
    linkUpdate: bpf<[number, number, null], number>("int bpf_link_update(int, int, void*)"),
    rawTracepointOpen: bpf<[null, number], number>("int bpf_raw_tracepoint_open(const char*, int)"),
    programQuery: bpf<[number, number, number, Buffer, Buffer, Buffer], number>(
      "int bpf_prog_query(int, int, uint32_t, void*, void*, void*)",
    ),
    objectPin: bpf<[number, string], number>("int bpf_obj_pin(int, const char*)"),
    objectGet: bpf<[string], number>("int bpf_obj_get(const char*)"),
    objectInfo: bpf<[number, Buffer, Buffer], number>("int bpf_obj_get_info_by_fd(int, void*, void*)"),
    programFdById: bpf<[number], number>("int bpf_prog_get_fd_by_id(uint32_t)"),
  };
}

/** What libbpf calls for each event of a ring buffer: context, event, length. 0 = go on. */
type EventCallback = (context: Pointer | null, event: Pointer, length: number | bigint) => number;

function bindRingBuffers(bpf: Bind) {
  const callback = koffi.pointer(koffi.proto("int ring_buffer_event(void* context, void* event, size_t length)"));
  return {
    ringBufferNew: bpf<[number, bigint, null, null], Pointer | null>("void* ring_buffer__new(int, ring_buffer_event*, void*, void*)"),
    ringBufferConsume: bpf<[Pointer], number>("int ring_buffer__consume(void*)"),
    ringBufferFree: bpf<[Pointer], void>("void ring_buffer__free(void*)"),
    registerCallback: (work: EventCallback): bigint => koffi.register(work, callback),
    releaseCallback: (registered: bigint): void => koffi.unregister(registered),
    /** A copy of `length` bytes at an address that C gave us. */
    copyBytes: (address: Pointer, length: number): Buffer => Buffer.from(koffi.decode(address, "uint8_t", length) as Uint8Array),
  };
}

function bindLibc(c: Bind) {
  return {
    close: c<[number], number>("int close(int)"),
    open: c<[string, number], number>("int open(const char*, int)"),
    socket: c<[number, number, number], number>("int socket(int, int, int)"),
    bind: c<[number, Buffer, number], number>("int bind(int, void*, uint32_t)"),
    setsockopt: c<[number, number, number, Buffer, number], number>("int setsockopt(int, int, int, void*, uint32_t)"),
    getsockopt: c<[number, number, number, Buffer, Buffer], number>("int getsockopt(int, int, int, void*, void*)"),
    send: c<[number, Buffer, number, number], number>("int64_t send(int, void*, size_t, int)"),
    sendto: c<[number, Buffer, number, number, Buffer, number], number>("int64_t sendto(int, void*, size_t, int, void*, uint32_t)"),
    recv: c<[number, Buffer, number, number], number>("int64_t recv(int, void*, size_t, int)"),
    unshare: c<[number], number>("int unshare(int)"),
    setns: c<[number, number], number>("int setns(int, int)"),
  };
}
