import { changeDeployment } from "../actions/change-deployment.ts";

export const deploymentAbort = changeDeployment({
  operation: "abortDeployment",
  action: "abort",
  isAsked: true,
  details: "For good; devices that have not begun to install give it up.",
  example: "moult deployment abort 'gw2 1.4.0' --yes",
});
