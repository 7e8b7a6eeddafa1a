export function DeploymentPlanPage() {
  return null;
}
