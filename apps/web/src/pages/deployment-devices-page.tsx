export function DeploymentDevicesPage() {
  return null;
}
