import { unreachable } from "@hostrouting/domain";
import { sql, type RawBuilder } from "kysely";

/**
 * Which clusters a list is narrowed to. Texts are compared without letter case, locations without spaces too; values of tags as they are. `All` of none holds
 * always, `Any` of none never. A tag without `value` only has to be there; `isPrefix`: one whose name begins so.
 */
export type ClusterCondition =
  | { readonly kind: "All" | "Any"; readonly of: readonly ClusterCondition[] }
  | { readonly kind: "Not"; readonly of: ClusterCondition }
  | { readonly kind: "Is"; readonly member: "name" | "resourceGroup" | "location"; readonly value: string }
  | { readonly kind: "Contains"; readonly member: "name" | "resourceGroup"; readonly text: string }
  | { readonly kind: "Tagged"; readonly name: string; readonly isPrefix?: true; readonly value?: string };

/** Each member in the form in which it is compared. */
const COLUMNS = {
  name: sql<string>`lower(name)`,
  resourceGroup: sql<string>`resource_group_key`,
  location: sql<string>`replace(lower(location), ' ', '')`,
} as const;

function tagged({ name, isPrefix, value }: Extract<ClusterCondition, { kind: "Tagged" }>): RawBuilder<boolean> {
  const key = name.toLowerCase();
  const isIt = isPrefix === true ? sql`starts_with(lower(tag.key), ${key})` : sql`lower(tag.key) = ${key}`;
  const has = value === undefined ? sql`true` : sql`tag.value = ${value}`;
  return sql<boolean>`exists (select from jsonb_each_text(tags) tag where ${isIt} and ${has})`;
}

/** The condition over a row of `managed_cluster`. */
export function conditionSql(condition: ClusterCondition): RawBuilder<boolean> {
  switch (condition.kind) {
    case "All":
      return sql<boolean>`(true${sql.join(
        condition.of.map((one) => sql` and ${conditionSql(one)}`),
        sql``,
      )})`;
    case "Any":
      return sql<boolean>`(false${sql.join(
        condition.of.map((one) => sql` or ${conditionSql(one)}`),
        sql``,
      )})`;
    case "Not":
      return sql<boolean>`not ${conditionSql(condition.of)}`;
    case "Is": {
      const value = condition.value.toLowerCase();
      return sql<boolean>`${COLUMNS[condition.member]} = ${condition.member === "location" ? value.replaceAll(" ", "") : value}`;
    }
    case "Contains":
      return sql<boolean>`strpos(${COLUMNS[condition.member]}, ${condition.text.toLowerCase()}) > 0`;
    case "Tagged":
      return tagged(condition);
    default:
      return unreachable(condition);
  }
}
