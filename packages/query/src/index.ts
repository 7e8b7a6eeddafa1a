export { fits, matches, matchesContext } from "./match-query.ts";
export { orderKey } from "./order-key.ts";
export { parseConditions, parseQuery } from "./parse-query.ts";
export { printQuery } from "./print-query.ts";
export { QueryError, type QueryErrorCode } from "./query-error.ts";
export {
  QUERY_LENGTH_MAX,
  conditionsIn,
  type Condition,
  type ContextName,
  type ContextTexts,
  type FactName,
  type Field,
  type Operator,
  type Pattern,
  type Query,
  type QueryFacts,
} from "./query.ts";
