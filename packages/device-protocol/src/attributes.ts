// Attributes that a device says of itself in its inventory and that servers read.

/**
 * The artifact that a person at the device installed from a file and has not decided on. While it is there the device takes no
 * update, so its server offers none.
 */
export const UNDECIDED_ATTRIBUTE = "moult.undecided";

/** `file`: what runs was installed by a person at the device; otherwise the attribute is not there. */
export const INSTALLED_FROM_ATTRIBUTE = "moult.installed-from";
