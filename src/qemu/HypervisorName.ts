/** The program that runs a machine. Nothing else is here, so that the command line can name it without what starts it. */
export const hypervisor = "qemu-system-x86_64"
