export function DeploymentNowPage() {
  return null;
}
