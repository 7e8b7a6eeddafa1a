export function DeploymentHistoryPage() {
  return null;
}
