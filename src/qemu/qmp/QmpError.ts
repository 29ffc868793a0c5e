import * as Schema from "effect/Schema"

/** What came is not what the protocol says. The connection is of no use any more. */
export class QmpMalformed extends Schema.TaggedError<QmpMalformed>()("QmpMalformed", { detail: Schema.String }) {
  override get message() {
    return `not QMP: ${this.detail}`
  }
}

/** The hypervisor understood a command and did not do it. */
export class QmpRefused extends Schema.TaggedError<QmpRefused>()("QmpRefused", {
  command: Schema.String,
  /** The protocol's class of errors, nearly always `GenericError`. */
  errorClass: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.command} was refused: ${this.detail}`
  }
}

/** The connection ended, or could not be written to. */
export class QmpClosed extends Schema.TaggedError<QmpClosed>()("QmpClosed", { detail: Schema.String }) {
  override get message() {
    return `the QMP connection is closed: ${this.detail}`
  }
}

/** An answer, or an event, did not come in time. */
export class QmpTimeout extends Schema.TaggedError<QmpTimeout>()("QmpTimeout", {
  awaited: Schema.String,
  afterMillis: Schema.Number
}) {
  override get message() {
    return `no ${this.awaited} within ${this.afterMillis} ms`
  }
}

export class QmpError extends Schema.TaggedError<QmpError>()("QmpError", {
  reason: Schema.Union([QmpMalformed, QmpRefused, QmpClosed, QmpTimeout])
}) {
  override get message() {
    return this.reason.message
  }
}
