export function DeviceDeploymentsPage() {
  return null;
}
