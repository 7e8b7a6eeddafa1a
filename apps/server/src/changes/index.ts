export { createChangeHandlers } from "./operations.ts";
