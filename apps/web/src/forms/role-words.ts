import type { Role } from "@moult/api";

/** From least to most, as the server orders them; what each may do, in words. */
export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: "sees everything",
  publisher: "uploads releases and deploys",
  operator: "also admits devices and keeps groups",
  admin: "also changes products and people",
};

/** Up to `highest`, as choices of a field. */
export const roleChoices = (highest: Role = "admin") => {
  const roles = Object.keys(ROLE_WORDS) as readonly Role[];
  return roles
    .slice(0, roles.indexOf(highest) + 1)
    .map((value) => ({ value, label: `${value}: ${ROLE_WORDS[value]}` }));
};
