import "node:fs";
import "../../runtime/src/index.ts";
