import { type Finding, nothing, type Rule } from "../Scene.ts"
import * as Window from "../Window.ts"

export interface Memory {
  readonly burst: Window.Window
  readonly slow: Window.Window
}

/** System calls that change what a process may do or reach, which ordinary programs leave to their system. */
const privilegedCalls = new Set([
  ...["acct", "add_key", "bpf", "capset", "chroot", "clone3", "create_module", "delete_module", "fanotify_init"],
  ...[
    "finit_module",
    "init_module",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl"
  ],
  ...[
    "mknod",
    "mknodat",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree"
  ],
  ...["perf_event_open", "personality", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl"],
  ...["reboot", "request_key", "setdomainname", "setgid", "sethostname", "setns", "setresgid", "setresuid", "setuid"],
  ...["settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare", "userfaultfd", "vhangup"]
])

/** Many privileged calls in a short time, whether they were let through or not. */
export const privileged: Rule<Memory, "CallDecided" | "Syscall"> = {
  sees: ["CallDecided", "Syscall"],
  empty: { burst: Window.empty, slow: Window.empty },
  step: (memory, { observation, stage, standing }) => {
    const isCall = observation._tag === "CallDecided"
    if (isCall ? !standing.isPrivileged : !privilegedCalls.has(observation.name)) return [memory, nothing]
    const { burst: burstMax, burstMillis, slow: slowMax, slowMillis } = stage.settings.rules.privileged
    const { atMillis, id } = observation
    const amount = isCall ? 1 : Math.max(1, observation.count ?? 1)
    const burst = Window.add(memory.burst, burstMillis, atMillis, amount, id)
    const slow = Window.add(memory.slow, slowMillis, atMillis, amount, id)
    const finding = (window: Window.Window, threshold: number, windowMillis: number): Finding => ({
      rule: "privileged-spike",
      severity: "high",
      title: "many privileged calls",
      evidence: window.evidence,
      details: {
        calls: window.total,
        threshold,
        windowMillis,
        last: isCall ? observation.method : observation.name
      }
    })
    if (burst.total >= burstMax) return [{ burst, slow }, [finding(burst, burstMax, burstMillis)]]
    if (slow.total >= slowMax) return [{ burst, slow }, [finding(slow, slowMax, slowMillis)]]
    return [{ burst, slow }, nothing]
  }
}
