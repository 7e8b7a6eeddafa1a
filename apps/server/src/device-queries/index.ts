export { deviceCondition } from "./device-condition.ts";
export { deviceFacts } from "./device-facts.ts";
