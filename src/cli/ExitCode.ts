/** What the command tells its caller by its exit code. Scripts depend on these numbers: none is ever given another meaning. */
export const exitCodes = {
  completed: { code: 0, meaning: "the run completed, or the command did what it was asked" },
  failed: {
    code: 1,
    meaning:
      "the run failed: the guest threw, a limit ended it, or a shell script's exit code is not 0; or what was checked or built is not as it should be"
  },
  usage: {
    code: 64,
    meaning: "it cannot be done as asked, and nothing was changed: a flag, a file, JSON, an id, an answer"
  },
  unavailable: { code: 69, meaning: "another process holds the session, or no machine could be had: try again later" },
  internal: { code: 70, meaning: "something went wrong inside Caisson" },
  missing: { code: 72, meaning: "a program that it needs is not on this host: `caisson doctor` says which" },
  storage: { code: 74, meaning: "a journal, a snapshot or an audit log could not be read or written" },
  paused: {
    code: 75,
    meaning: "the run is paused: it waits for an answer or a time, and its session can be continued"
  },
  home: { code: 78, meaning: "the home directory cannot be used as it is" },
  interrupted: { code: 130, meaning: "ended by Ctrl-C; a run in progress can be resumed" },
  terminated: { code: 143, meaning: "ended by SIGTERM; a run in progress can be resumed" }
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]["code"]

/** The table as `--help` shows it. */
export const exitCodeTable: string = Object.values(exitCodes)
  .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
  .join("\n")
