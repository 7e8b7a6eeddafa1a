# Moult: starts the slot that the boot environment chooses, and counts the starts of a trial. For U-Boot with the hush shell;
# commands: env import, env export, setexpr, itest, part, load, and read and write of the disk. docs/guide/system-updates.md
# says how to use it.
#
# Set before this:
#   moult_if, moult_dev  the disk: mmc, nvme, virtio, ... and its number
#   moult_env_part       the number of the partition of the boot environment: raw, 1 MiB
#   moult_part_a         the number of the partition of slot a, with /boot/vmlinuz and, if need be, /boot/initrd; moult_part_b: b
#   moult_root_a         what the kernel is told as root= for slot a; moult_root_b: for slot b
#   moult_args           more for the kernel; has to make it restart when it cannot go on (panic=1)
#   kernel_addr_r, ramdisk_addr_r  where a kernel and an initrd have room, as most boards say anyway
#   moult_boot           booti or bootz; moult_fdt: where the device tree is
#
# Two copies, one sector each, at the start and in the middle of the partition, as `env export -c` writes them; the one with the
# higher generation holds. This only lowers moult_tries, in place, in the copy that holds: the agent has made the other one durable
# before, and is the only one to write it.

setenv moult_vars moult_generation moult_good moult_trial moult_tries
setenv moult_at ${kernel_addr_r}
setenv moult_first
part start ${moult_if} ${moult_dev} ${moult_env_part} moult_first
setexpr moult_sector_0 ${moult_first} + 0
setexpr moult_sector_1 ${moult_first} + 400
${moult_if} dev ${moult_dev}

# Reads the copy at moult_sector; moult_valid says whether it is one.
setenv moult_load 'setenv moult_generation; setenv moult_good; setenv moult_trial; setenv moult_tries; setenv moult_valid; if ${moult_if} read ${moult_at} ${moult_sector} 1; then if env import -c ${moult_at} 200 ${moult_vars}; then if test "${moult_good}" = a || test "${moult_good}" = b; then setenv moult_valid yes; fi; fi; fi'

# Starts slot moult_to; comes back only when that does not work.
setenv moult_start 'if test "${moult_to}" = a; then setenv moult_part ${moult_part_a}; setenv moult_root ${moult_root_a}; else setenv moult_part ${moult_part_b}; setenv moult_root ${moult_root_b}; fi; setenv bootargs root=${moult_root} moult.slot=${moult_to} ${moult_args}; if load ${moult_if} ${moult_dev}:${moult_part} ${kernel_addr_r} /boot/vmlinuz; then if load ${moult_if} ${moult_dev}:${moult_part} ${ramdisk_addr_r} /boot/initrd; then ${moult_boot} ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${moult_fdt}; else ${moult_boot} ${kernel_addr_r} - ${moult_fdt}; fi; fi; echo "moult: slot ${moult_to} cannot be started"'

setenv moult_holds
setenv moult_both
setenv moult_sector ${moult_sector_0}
run moult_load
if test -n "${moult_valid}"; then
  setenv moult_holds ${moult_sector_0}
  setenv moult_generation_0 ${moult_generation}
fi
setenv moult_sector ${moult_sector_1}
run moult_load
if test -n "${moult_valid}"; then
  if test -z "${moult_holds}"; then
    setenv moult_holds ${moult_sector_1}
  else
    setenv moult_both yes
    if itest ${moult_generation} -gt ${moult_generation_0}; then setenv moult_holds ${moult_sector_1}; fi
  fi
fi
setenv moult_valid
if test -n "${moult_holds}"; then
  setenv moult_sector ${moult_holds}
  run moult_load
fi
if test -z "${moult_valid}"; then
  echo "moult: no boot environment"
  setenv moult_good a
  setenv moult_trial
  setenv moult_tries 0
fi

# Reading again may leave none of these.
setenv moult_sure ${moult_good}
setenv moult_next ${moult_trial}
setenv moult_left ${moult_tries}
setenv moult_slot ${moult_sure}
if test -n "${moult_next}"; then
  if itest ${moult_left} -gt 0; then
    # The only copy is not written: power that goes meanwhile could leave none. And a start that is not counted for certain
    # could be repeated for ever, so what was written is read again.
    setexpr moult_left ${moult_tries} - 1
    if test -n "${moult_both}"; then
      setenv moult_tries ${moult_left}
      if env export -c -s 200 ${moult_at} ${moult_vars}; then
        if ${moult_if} write ${moult_at} ${moult_holds} 1; then
          run moult_load
          if test "${moult_valid}${moult_tries}" = "yes${moult_left}"; then setenv moult_slot ${moult_next}; fi
        fi
      fi
    fi
    if test "${moult_slot}" = "${moult_sure}"; then echo "moult: tries cannot be counted"; fi
  fi
fi

echo "moult: start slot=${moult_slot} good=${moult_sure} trial=${moult_next} tries=${moult_left}"
setenv moult_to ${moult_slot}
run moult_start
if test "${moult_slot}" != "${moult_sure}"; then
  setenv moult_to ${moult_sure}
  run moult_start
fi
if test "${moult_sure}" = a; then setenv moult_to b; else setenv moult_to a; fi
run moult_start
sleep 5
reset
