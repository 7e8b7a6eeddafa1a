import { changeDeployment } from "../actions/change-deployment.ts";

export const deploymentPause = changeDeployment({
  operation: "pauseDeployment",
  action: "pause",
  isAsked: false,
  details: "No further device is offered it; devices in the update finish it.",
  example: "moult deployment pause 'gw2 1.4.0'",
});
