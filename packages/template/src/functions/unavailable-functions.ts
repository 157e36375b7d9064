/** Functions of Azure Resource Manager that nothing here can answer, by their name in lower case, with what to do instead. */
export const unavailableFunctions: ReadonlyMap<string, string> = new Map([
  ["managementgroup", "There are no management groups here: write the id that is needed, or pass it as a parameter"],
  ["providers", "Write the API version itself: what a provider knows changes with time, and Azure has withdrawn the function for that"],
  ...["tologicalzone", "tologicalzones", "tophysicalzone", "tophysicalzones"].map(
    (name) => [name, "Zones have no second name here: write the zones that are meant, or pass them as a parameter"] as const,
  ),
  ["externalinput", "It stands in files of parameters only, where the tool that sends them puts the value in its place: pass the value"],
]);
