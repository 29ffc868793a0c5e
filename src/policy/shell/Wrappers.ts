/** Commands that run the command in their words, and which of these are theirs. */
import { known, type Word } from "./Word.ts"

interface Wrapper {
  /** Short flags that take the next word. */
  readonly values?: string
  /** Long flags that take the next word. */
  readonly longValues?: ReadonlyArray<string>
  /** Words of its own before the command. */
  readonly own?: number
  /** Whether it gives the command more words than those that are written. */
  readonly appends?: true
}

const plain: Wrapper = {}

const wrappers: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  [
    "sudo",
    {
      values: "ughpCrtTUDRca",
      longValues: ["user", "group", "host", "prompt", "chdir", "chroot", "role", "type", "other-user", "close-from"]
    }
  ],
  ["doas", { values: "uC" }],
  ["pkexec", { longValues: ["user"] }],
  ["env", { values: "uC", longValues: ["unset", "chdir"] }],
  ["nohup", plain],
  ["setsid", plain],
  ["command", plain],
  ["builtin", plain],
  ["exec", { values: "a" }],
  ["nice", { values: "n", longValues: ["adjustment"] }],
  ["ionice", { values: "cn", longValues: ["class", "classdata"] }],
  ["chrt", { values: "TPD", own: 1 }],
  ["taskset", { own: 1 }],
  ["time", { values: "fo", longValues: ["format", "output"] }],
  ["timeout", { values: "sk", longValues: ["signal", "kill-after"], own: 1 }],
  ["stdbuf", { values: "ioe", longValues: ["input", "output", "error"] }],
  ["chroot", { longValues: ["userspec", "groups"], own: 1 }],
  ["unshare", { values: "SG", longValues: ["setuid", "setgid", "root", "wd"] }],
  ["nsenter", { values: "tSG", longValues: ["target", "setuid", "setgid"] }],
  ["setpriv", { longValues: ["reuid", "regid", "groups", "inh-caps", "bounding-set"] }],
  ["strace", { values: "eopsuaISPEbX" }],
  ["ltrace", { values: "eopsunaADFlwx" }],
  [
    "xargs",
    {
      values: "ILnPdsEaJRS",
      longValues: ["max-args", "max-procs", "delimiter", "max-chars", "arg-file", "process-slot-var"],
      appends: true
    }
  ],
  [
    "parallel",
    { values: "jIaSdnNL", longValues: ["jobs", "arg-file", "colsep", "max-args", "delay", "timeout"], appends: true }
  ],
  ["busybox", plain],
  ["toybox", plain],
  ["gosu", { own: 1 }],
  ["su-exec", { own: 1 }],
  ["fakeroot", plain],
  [
    "systemd-run",
    { values: "pEtMHu", longValues: ["unit", "property", "slice", "uid", "gid", "setenv", "working-directory"] }
  ],
  ["tini", plain],
  ["dumb-init", plain],
  ["unbuffer", plain],
  ["rlwrap", plain],
  ["caffeinate", { values: "tw" }],
  ["firejail", plain],
  ["proxychains", { values: "f" }],
  ["proxychains4", { values: "f" }],
  ["torsocks", plain],
  ["noglob", plain],
  ["nocorrect", plain],
  ["runuser", { values: "ugG", longValues: ["user", "group", "supp-group"] }],
  ["setarch", { own: 1 }],
  ...["linux32", "linux64", "i386", "x86_64", "uname26"].map((name) => [name, plain] as const),
  ["prlimit", { values: "po", longValues: ["pid", "output"] }],
  ["choom", { values: "n", longValues: ["adjust"] }],
  ["numactl", { values: "iwNmCpP", longValues: ["interleave", "cpunodebind", "membind", "physcpubind", "preferred"] }],
  ["chpst", { values: "uUbe/nlLmdopfcrt" }],
  ["setuidgid", { own: 1 }],
  ["ssh-agent", { values: "aEOPt" }],
  ["dbus-run-session", { longValues: ["config-file", "dbus-daemon"] }],
  [
    "xvfb-run",
    { values: "efnps", longValues: ["error-file", "auth-file", "server-num", "xauth-protocol", "server-args"] }
  ],
  ["faketime", { own: 1 }],
  ["eatmydata", plain],
  ["chronic", plain],
  ["entr", plain],
  ["flock", { values: "wE", longValues: ["timeout", "wait", "conflict-exit-code"], own: 1 }]
])

const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/

/** What a wrapper runs: the words of a command, and assignments before it. */
export interface Wrapped {
  readonly words: ReadonlyArray<Word>
  readonly assignments: ReadonlyArray<Word>
  readonly appends: boolean
}

const takesNext = (flag: string, { longValues = [], values = "" }: Wrapper): boolean => {
  // Long names can be cut short.
  if (flag.startsWith("--")) return longValues.some((name) => name.startsWith(flag.slice(2)))
  // Of a cluster, only the last can take the next word: one before it takes the rest of the cluster.
  const first = [...flag.slice(1)].findIndex((letter) => values.includes(letter))
  return first !== -1 && first === flag.length - 2
}

/** The command that a wrapper of this name runs; undefined if there is no such wrapper. */
export const unwrap = (name: string, words: ReadonlyArray<Word>): Wrapped | undefined => {
  const wrapper = wrappers.get(name)
  if (wrapper === undefined) return undefined
  const assignments: Array<Word> = []
  let own = wrapper.own ?? 0
  let at = 1
  for (; at < words.length; at++) {
    const word = words[at]
    const text = word === undefined ? undefined : known(word)
    if (word === undefined || word.splits || (text === undefined && own === 0)) break
    if (text === undefined) own--
    else if (text === "--") continue
    else if (/^[-+]/.test(text)) at += takesNext(text, wrapper) ? 1 : 0
    else if (assignment.test(text)) assignments.push(word)
    else if (own > 0) own--
    else break
  }
  return { words: words.slice(at), assignments, appends: wrapper.appends === true }
}
