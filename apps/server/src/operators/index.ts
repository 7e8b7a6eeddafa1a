export { openOperators, type Operators } from "./open-operators.ts";
