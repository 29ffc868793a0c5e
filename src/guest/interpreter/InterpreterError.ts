import * as Schema from "effect/Schema"
import { Exit } from "../wire/Reply.ts"

/** The interpreter said what none says. Whatever it says from now on is not heard. */
export class Misbehaved extends Schema.TaggedError<Misbehaved>()("Misbehaved", { detail: Schema.String }) {
  override get message() {
    return `the interpreter breaks its protocol: ${this.detail}`
  }
}

/** The interpreter has ended, and the state of its programs with it. `log` is the end of what it said of itself. */
export class InterpreterEnded extends Schema.TaggedError<InterpreterEnded>()("InterpreterEnded", {
  exit: Exit,
  log: Schema.String
}) {
  override get message() {
    const { code, how, signal } = this.exit
    const number = code ?? signal
    return `the interpreter has ended (${how}${number === undefined ? "" : ` ${number}`})${this.log && `: ${this.log}`}`
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
