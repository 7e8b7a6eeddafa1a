export { holdGroup } from "./hold-group.ts";
export { createGroupHandlers } from "./operations.ts";
