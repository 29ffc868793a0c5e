import * as Schema from "effect/Schema"
import { Exit } from "../wire/Reply.ts"

/** The interpreter said what none says. Whatever it says from now on is not heard. */
export class Misbehaved extends Schema.TaggedError<Misbehaved>()("Misbehaved", { detail: Schema.String }) {
  override get message() {
    return `the interpreter breaks its protocol: ${this.detail}`
  }
}

const hows: Readonly<Record<Exclude<Exit["how"], "exited" | "signalled">, string>> = {
  timedOut: "out of time",
  outOfMemory: "out of memory",
  outOfProcesses: "out of processes"
}

const describe = ({ code, how, signal }: Exit): string => {
  if (how !== "exited" && how !== "signalled") return hows[how]
  return code === undefined ? `signal ${signal}` : `exit code ${code}`
}

/** What an interpreter says last of why it ends. All else in its log is not for those whose code it runs. */
const lastWords = (log: string): string | undefined => [...log.matchAll(/^(?:interpreter|guest): (.+)$/gm)].at(-1)?.[1]

/** The interpreter has ended, and the state of its programs with it. `log` is the end of what it said of itself. */
export class InterpreterEnded extends Schema.TaggedError<InterpreterEnded>()("InterpreterEnded", {
  exit: Exit,
  log: Schema.String
}) {
  override get message() {
    return lastWords(this.log) ?? `the interpreter has ended: ${describe(this.exit)}`
  }
}

/** Its host stopped waiting in the middle of a turn. */
export class Abandoned extends Schema.TaggedError<Abandoned>()("Abandoned", {}) {
  override get message() {
    return "the interpreter was left in the middle of a turn"
  }
}

/** What went wrong with an interpreter, rather than with the agent that it is reached by. */
export class InterpreterError extends Schema.TaggedError<InterpreterError>()("InterpreterError", {
  reason: Schema.Union([Misbehaved, InterpreterEnded, Abandoned])
}) {
  override get message() {
    return this.reason.message
  }
}

export const misbehaved = (detail: string): InterpreterError =>
  new InterpreterError({ reason: new Misbehaved({ detail }) })
