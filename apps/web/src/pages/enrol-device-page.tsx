import { PageHeader } from "../ui/page-header.tsx";

export function EnrolDevicePage() {
  return <PageHeader title="Enrol a device" />;
}
