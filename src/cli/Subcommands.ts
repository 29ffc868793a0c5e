/** The subcommands by name, in the order of the help. Each is loaded when it is asked for. */
const subcommands = {
  run: async () => (await import("./Run.ts")).run,
  sessions: async () => (await import("./ListSessions.ts")).listSessions,
  show: async () => (await import("./Show.ts")).show,
  answer: async () => (await import("./Answer.ts")).answer,
  resume: async () => (await import("./Resume.ts")).resume,
  reconcile: async () => (await import("./Reconcile.ts")).reconcile,
  cancel: async () => (await import("./Cancel.ts")).cancel,
  fork: async () => (await import("./Fork.ts")).fork,
  rewind: async () => (await import("./Rewind.ts")).rewind,
  close: async () => (await import("./Close.ts")).close,
  files: async () => (await import("./files/Files.ts")).files,
  approvals: async () => (await import("./approvals/Approvals.ts")).approvals,
  guard: async () => (await import("./Guard.ts")).guard,
  declarations: async () => (await import("./Declarations.ts")).declarations,
  keys: async () => (await import("./Keys.ts")).keys,
  token: async () => (await import("./token/Token.ts")).token,
  policy: async () => (await import("./policy/Policy.ts")).policy,
  audit: async () => (await import("./audit/Audit.ts")).audit,
  template: async () => (await import("./template/Template.ts")).template,
  doctor: async () => (await import("./doctor/Doctor.ts")).doctor
}

type Name = keyof typeof subcommands

const isName = (word: string | undefined): word is Name => word !== undefined && Object.hasOwn(subcommands, word)

/** The subcommand that a command line begins with, and nothing that it does without. All of them if it begins otherwise. */
export const load = (words: ReadonlyArray<string>) => {
  const [first] = words
  const names = isName(first) ? [first] : (Object.keys(subcommands) as ReadonlyArray<Name>)
  return Promise.all(names.map((name) => subcommands[name]()))
}
