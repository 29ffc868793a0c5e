import * as Schema from "effect/Schema"
import { QmpError } from "./qmp/QmpError.ts"

/** A program that is needed is not on this host. */
export class NotInstalled extends Schema.TaggedError<NotInstalled>()("NotInstalled", { program: Schema.String }) {
  override get message() {
    return `${this.program} is not installed`
  }
}

/** A program could not be started. */
export class NotStarted extends Schema.TaggedError<NotStarted>()("NotStarted", {
  program: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.program} did not start: ${this.detail}`
  }
}

/** A process ended that should have gone on, or ended otherwise than it should have. */
export class Ended extends Schema.TaggedError<Ended>()("Ended", {
  program: Schema.String,
  /** How it ended: `exit 1` or `SIGKILL`. */
  how: Schema.String,
  /** The end of what it said on standard error. */
  said: Schema.String
}) {
  override get message() {
    return `${this.program} ended (${this.how})${this.said === "" ? "" : `: ${this.said.trimEnd()}`}`
  }
}

/** A machine of root runs as a user of its own, who may not open a file that the machine needs. */
export class NotOpen extends Schema.TaggedError<NotOpen>()("NotOpen", {
  path: Schema.String,
  /** Whom the file belongs to. */
  owner: Schema.Int,
  /** Whom the machine was to run as. */
  user: Schema.Int
}) {
  override get message() {
    const { owner, path, user } = this
    const instead = owner === 0 ? "make it readable for all" : `run this as user ${owner}`
    return `user ${user}, as whom a machine of root runs, may not open ${path}, which belongs to user ${owner}: ${instead}, or set CAISSON_CACHE to a directory of root's own`
  }
}

/** A guest did not come up in time. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", {
  awaited: Schema.String,
  afterMillis: Schema.Number,
  /** What the hypervisor says of the machine, such as `running`; undefined if it says nothing. */
  status: Schema.optionalKey(Schema.String),
  said: Schema.String
}) {
  override get message() {
    const status = this.status === undefined ? "" : ` (the machine is ${this.status})`
    return `no ${this.awaited} within ${this.afterMillis} ms${status}${this.said === "" ? "" : `: ${this.said.trimEnd()}`}`
  }
}

/** The state of a machine was not written, or not read. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  direction: Schema.Literals(["out", "in"]),
  detail: Schema.String
}) {
  override get message() {
    return `the state of the machine was not ${this.direction === "out" ? "written" : "read"}: ${this.detail}`
  }
}

/** A file or socket of a machine could not be made, read or written. */
export class StorageFailed extends Schema.TaggedError<StorageFailed>()("StorageFailed", {
  operation: Schema.String,
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `cannot ${this.operation} ${this.path}: ${this.detail}`
  }
}

export class QemuError extends Schema.TaggedError<QemuError>()("QemuError", {
  reason: Schema.Union([NotInstalled, NotStarted, Ended, NotOpen, NotReady, MigrationFailed, StorageFailed, QmpError])
}) {
  override get message() {
    return this.reason.message
  }
}

export const failed = (reason: QemuError["reason"]): QemuError => new QemuError({ reason })

/** Wraps what the control connection failed with. */
export const controlFailed = (error: QmpError): QemuError => failed(error)

const detailOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What a failed operation on a file or socket becomes. */
export const storageFailed = (operation: string, path: string) => (cause: unknown) =>
  failed(new StorageFailed({ operation, path, detail: detailOf(cause) }))
