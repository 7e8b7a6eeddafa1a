export { menderRoutes } from "./mender-routes.ts";
