/**
 * For the early user space: which slot systemd-boot started, and by which variables. systemd-boot itself says nothing on the
 * serial line, so this does, before anything is mounted.
 */
export const FIND_ROOT_BY_VARIABLES = `
/bin/busybox mount -t sysfs sys /sys
efi=/sys/firmware/efi/efivars
/bin/busybox mount -t efivarfs efivarfs $efi
slot_in() {
  for variable in $efi/$1-*; do
    [ -e "$variable" ] || continue
    name=$(/bin/busybox tail -c +5 "$variable" | /bin/busybox tr -d '\\000')
    name=\${name#moult-}
    echo "\${name%.efi}"
  done
}
slot=$(/bin/moult-slot)
good=$(slot_in LoaderEntryDefault)
[ -n "$good" ] || good=a
trial=$(slot_in MoultTrial)
[ "$trial" != "$good" ] || trial=
echo "moult: start slot=$slot good=$good trial=$trial tries=0"
case $slot in
  a) root=/dev/vda3 ;;
  b) root=/dev/vda4 ;;
esac
/bin/busybox umount $efi
/bin/busybox umount /sys
`;
