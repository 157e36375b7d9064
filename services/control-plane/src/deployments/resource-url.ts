/** Path and query of a resource. Names in an id come from a template and may hold any character. */
export function resourceUrl(id: string, apiVersion: string): string {
  return `${id.split("/").map(encodeURIComponent).join("/")}?api-version=${encodeURIComponent(apiVersion)}`;
}
