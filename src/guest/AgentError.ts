import * as Schema from "effect/Schema"
import { LinkClosed } from "./Link.ts"
import { Refusal } from "./wire/Reply.ts"

/** The guest sent what no agent sends. It is not to be trusted with anything any more. */
export class Violation extends Schema.TaggedError<Violation>()("Violation", { detail: Schema.String }) {
  override get message() {
    return `the guest breaks the protocol: ${this.detail}`
  }
}

/** The agent could not read what it was sent. A new connection over the same link mends it. */
export class Broken extends Schema.TaggedError<Broken>()("Broken", { detail: Schema.String }) {
  override get message() {
    return `the agent lost the thread: ${this.detail}`
  }
}

/** Nothing came from the guest for so long, in spite of a ping. */
export class Silent extends Schema.TaggedError<Silent>()("Silent", { millis: Schema.Finite }) {
  override get message() {
    return `the guest was silent for ${this.millis} ms`
  }
}

/** The agent did not answer a hello in time, or could not do what it asks for. Nothing was run. */
export class NotWelcome extends Schema.TaggedError<NotWelcome>()("NotWelcome", {
  reason: Schema.Literals(["Late", "Flood", "ClockNotSet", "NotReseeded"]),
  detail: Schema.String
}) {
  override get message() {
    return `no connection to the agent (${this.reason}): ${this.detail}`
  }
}

/** The agent did not do what it was asked for. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  code: Refusal.fields.code,
  operation: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.operation} was refused (${this.code}): ${this.detail}`
  }
}

/** What the host asked for cannot be said to an agent. */
export class Unsayable extends Schema.TaggedError<Unsayable>()("Unsayable", { detail: Schema.String }) {
  override get message() {
    return `it cannot be asked for: ${this.detail}`
  }
}

/** The connection was left by its own host. */
export class Left extends Schema.TaggedError<Left>()("Left", {}) {
  override get message() {
    return "the connection was left"
  }
}

export class AgentError extends Schema.TaggedError<AgentError>()("AgentError", {
  reason: Schema.Union([LinkClosed, Violation, Broken, Silent, NotWelcome, Refused, Unsayable, Left])
}) {
  override get message() {
    return this.reason.message
  }
}

/** The guest broke the protocol. */
export const violation = (detail: string): AgentError => new AgentError({ reason: new Violation({ detail }) })
