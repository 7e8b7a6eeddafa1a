export { openOperators, type Operators, type OperatorsDeps } from "./open-operators.ts";
