import "../../rollout/src/index.ts";
