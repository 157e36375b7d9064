import "node:fs";
import "../../store/src/index.ts";
