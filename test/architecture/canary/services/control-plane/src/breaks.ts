import "../../../packages/kube/src/index.ts";
