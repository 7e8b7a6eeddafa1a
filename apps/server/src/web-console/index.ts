export { webConsoleRoutes } from "./web-console-routes.ts";
