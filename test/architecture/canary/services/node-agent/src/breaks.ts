import "../../../packages/store/src/index.ts";
