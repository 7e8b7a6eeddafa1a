/** What SWUpdate's configuration says to come here as a device of this name. */
export const swupdateSettings = (id: string, url: string, token: string): string =>
  `suricatta : {
  tenant = "DEFAULT";
  id = "${id}";
  url = "${url}";
  targettoken = "${token}";
};`;

/** What rauc-hawkbit-updater's does. */
export function raucSettings(id: string, url: string, token: string): string {
  const { protocol, host } = new URL(url);
  return `[client]
hawkbit_server = ${host}
ssl = ${protocol === "https:" ? "true" : "false"}
tenant_id = DEFAULT
target_name = ${id}
auth_token = ${token}
bundle_download_location = /data/bundle.raucb`;
}
