export { moultRoutes } from "./moult-routes.ts";
