import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownRoute } from "./unknown-route.ts";

const C = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService";
const rows: readonly (readonly [request: string, status: number, code: string, allow?: string])[] = [
  [`DELETE ${C}/managedClusters`, 405, "MethodNotAllowed", "GET"],
  [`PUT ${C}/managedClusters`, 405, "MethodNotAllowed", "GET"],
  [`POST ${C}/managedClusters/x/hostRoutings/default`, 405, "MethodNotAllowed", "GET, PUT, PATCH"],
  [`GET ${C}/MANAGEDCLUSTERS/x/hostroutings/default/cancel/`, 405, "MethodNotAllowed", "POST"],
  [`PUT ${C}/managedClusters/x/hostRoutings/default/resume`, 405, "MethodNotAllowed", "POST"],
  ["POST /subscriptions", 405, "MethodNotAllowed", "GET"],
  [`GET ${C}/managedClusters/x/snapshots`, 404, "NotFound"],
  ["POST /subscriptions/s/resourceGroups/g", 405, "MethodNotAllowed", "GET, PUT, PATCH, DELETE"],
  ["GET /subscriptions/s/nonsense/g", 404, "NotFound"],
  ["GET /subscriptions/s/providers/Microsoft.Resources/deployments/", 400, "OperationNotSupported"],
  ["POST /subscriptions/s/providers/microsoft.resources/deployments/d/whatIf", 400, "OperationNotSupported"],
  ["PUT /providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Resources/deployments/d", 400, "OperationNotSupported"],
  ["PUT /providers/Microsoft.Resources/deployments/d", 400, "OperationNotSupported"],
  ["GET /subscriptions/s/providers/Microsoft.Resources/deploymentStacks/d", 404, "NotFound"],
  ["GET /", 404, "NotFound"],
];
for (const [request, status, code, allow] of rows)
  test(`${request}: ${status} ${code}`, () => {
    const [method = "", path = ""] = request.split(" ");
    const error = unknownRoute(method, path);
    assert.deepEqual([error.status, error.fault.code, error.headers["Allow"]], [status, code, allow]);
  });
