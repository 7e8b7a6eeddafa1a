export { queryCondition } from "./condition-queries.ts";
export { queryFactsOf } from "./facts-queries.ts";
