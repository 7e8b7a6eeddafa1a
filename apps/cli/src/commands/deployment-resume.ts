import { changeDeployment } from "../actions/change-deployment.ts";

export const deploymentResume = changeDeployment({
  operation: "resumeDeployment",
  action: "resume",
  isAsked: false,
  details: "After a pause, or after it stopped itself; failures counted so far no longer stop it.",
  example: "moult deployment resume 'gw2 1.4.0'",
});
