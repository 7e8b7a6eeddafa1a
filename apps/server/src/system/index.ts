export { downloadRoutes } from "./download-routes.ts";
export { createDownloads, type Downloads } from "./downloads.ts";
export { createSystemHandlers } from "./operations.ts";
