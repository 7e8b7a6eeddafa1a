import { changeDeployment } from "../actions/change-deployment.ts";

export const deploymentAdvance = changeDeployment({
  operation: null,
  action: "advance",
  isAsked: true,
  details:
    "Now, whatever the open stage still waits for; and the only way out of one that waits for a person.",
  example: "moult deployment advance 'gw2 1.4.0' --yes",
});
