export { createEnrolmentCommandHandlers } from "./operations.ts";
