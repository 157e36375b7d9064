import "../../../packages/store/src/index.ts";
import "../../control-plane/src/breaks.ts";
import "../../../infra/tool.ts";
import "../../../packages/domain/src/secret.ts";
import "../../../packages/kube/src/fake-cluster.ts";
import "./breaks.test.ts";
import "fast-check";
import "./nowhere.ts";
