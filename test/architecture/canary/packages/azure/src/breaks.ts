import "../../rollout/src/index.ts";
import "../../../services/cli/src/breaks.ts";
