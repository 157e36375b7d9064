import "../../../packages/bpf-loader/src/index.ts";
